"""Hubs of models and data: what their names look like."""
