"""Renders charts and kustomizations of a repository, each in a process that can reach nothing."""
