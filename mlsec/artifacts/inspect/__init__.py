"""The inspection of one file, and the table of readers."""
