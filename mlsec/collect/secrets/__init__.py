"""Secrets in text and values: recognised, masked, reduced."""
