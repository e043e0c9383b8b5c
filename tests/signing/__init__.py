"""Signing and verifying models."""
