"""The nouns of the house; this layer imports nothing else of ours."""
