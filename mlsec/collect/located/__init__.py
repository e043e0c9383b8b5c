"""Parsed text whose every value knows its line."""
