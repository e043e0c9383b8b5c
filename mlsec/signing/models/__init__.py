"""Where a model lies, its files and its signature files."""
