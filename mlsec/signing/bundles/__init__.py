"""Sigstore bundles and DSSE envelopes as they are read from signature files."""
