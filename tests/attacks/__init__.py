"""Attacks on the scanner itself, one subject a file, each with the harmless case beside it."""
