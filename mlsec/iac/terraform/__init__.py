"""Terraform's language: parsed, evaluated without running anything, and read from plans."""
