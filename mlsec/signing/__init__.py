"""Signed models: read bundles, prove who signed them and that the files are those that were."""
