"""Readers of PyTorch archives and exported programs."""
