"""Waivers from files and from comments in code."""
