"""Kubernetes from target to snapshot, and from snapshot to inventory."""
