"""Kubernetes objects and paths into them."""
