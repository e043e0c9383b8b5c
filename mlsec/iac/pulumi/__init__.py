"""Pulumi: what its commands print of a stack, and programs that are written in YAML."""
