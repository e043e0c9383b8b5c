"""Buckets of the clouds: listed by prefix, read by ranges of one version."""
