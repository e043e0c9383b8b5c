"""Bounded bytes, and fields read from them."""
