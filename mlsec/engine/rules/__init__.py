"""Rule files: loaded, checked, cached."""
