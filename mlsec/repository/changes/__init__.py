"""What a pull request changed, read from git's objects without letting git run anything."""
