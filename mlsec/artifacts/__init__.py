"""Model files read as bytes: what they are, what they can execute, what could not be read."""
