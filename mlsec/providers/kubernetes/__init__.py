"""Kubernetes: manifests and live clusters, into the same types."""
