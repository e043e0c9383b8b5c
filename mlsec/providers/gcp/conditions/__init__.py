"""Conditions of Google's policies: their language, and whether some request meets one."""
