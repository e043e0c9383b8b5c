"""Settings of a scan from mlsec.yaml and from MLSEC_* variables: find, read, merge, show."""
