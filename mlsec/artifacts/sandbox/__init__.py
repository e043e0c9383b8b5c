"""Confined processes in which files are read."""
