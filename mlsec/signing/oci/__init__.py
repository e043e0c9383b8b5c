"""Signatures over OCI image layouts: Notary Project, cosign, and bundles kept beside images."""
