"""Judges Jinja templates as programs: parsed to a tree, folded, never rendered."""
