"""Modules of Terraform: instances, scopes, providers, data sources."""
