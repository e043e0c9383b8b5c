"""Shell text: split, expanded, followed; never run."""
