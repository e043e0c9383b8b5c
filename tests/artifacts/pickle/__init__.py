"""Pickles: the machine beside Python's own readers, and what is said of what they do."""
