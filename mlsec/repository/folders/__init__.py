"""Which files of a repository are deployed from it, and which are tests, examples or copies."""
