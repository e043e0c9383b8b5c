"""Servers of the Model Context Protocol, as clients and the registry have them in settings."""
