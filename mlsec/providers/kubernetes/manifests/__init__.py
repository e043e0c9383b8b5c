"""Manifests of a folder."""
