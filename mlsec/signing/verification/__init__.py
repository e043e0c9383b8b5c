"""Verification of a model that has signature files."""
