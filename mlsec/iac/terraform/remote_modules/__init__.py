"""Modules from elsewhere: as ``terraform init`` installed them, or by an adapter."""
