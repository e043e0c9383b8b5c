"""Readers of GGUF."""
