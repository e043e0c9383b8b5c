"""Pickle read as bytes: what it imports, what it calls and with what, without ever loading it."""
