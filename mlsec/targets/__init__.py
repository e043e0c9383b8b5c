"""The kinds of targets: what collects each, and what is derived of it."""
