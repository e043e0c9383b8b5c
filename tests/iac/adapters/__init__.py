"""Adapters of Terraform modules, held against the modules themselves."""
