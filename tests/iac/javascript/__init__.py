"""JavaScript that fetches models."""
