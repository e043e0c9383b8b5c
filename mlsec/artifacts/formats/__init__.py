"""One room for each model format."""
