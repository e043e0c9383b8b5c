"""Processes with limits in which files are read."""
