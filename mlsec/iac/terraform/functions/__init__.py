"""Terraform's functions, each of values to a value, without side effects."""
