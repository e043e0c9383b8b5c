"""results.sarif."""
