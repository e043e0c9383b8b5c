"""Google Cloud collection."""
