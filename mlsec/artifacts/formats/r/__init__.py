"""Readers of R objects."""
