"""OMS v1.0 statements and manifests: which files were signed, with which digests."""
