"""The walk over a plan: list, read, follow references, account for everything."""
