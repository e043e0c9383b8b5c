"""Readers of NumPy arrays."""
