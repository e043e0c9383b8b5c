"""Workloads, their containers and what they serve."""
