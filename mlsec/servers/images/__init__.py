"""Dockerfiles and what is installed by them."""
