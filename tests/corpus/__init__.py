"""Makes and measures what is too big or too foreign to live in the repository."""
