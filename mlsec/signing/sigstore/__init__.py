"""Sigstore bundles verified offline: trusted roots, Fulcio certificates, transparency logs."""
