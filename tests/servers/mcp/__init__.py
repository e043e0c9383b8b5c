"""Servers of the Model Context Protocol in settings."""
