"""Techniques of privilege escalation as data: what they need, read, asked and followed."""
