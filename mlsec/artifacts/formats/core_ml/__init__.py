"""Readers of Core ML."""
