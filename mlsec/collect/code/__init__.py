"""Files of a repository that declare something, and how they start processes."""
