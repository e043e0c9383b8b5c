"""Reads the files around the weights: configurations, code, templates and model cards."""
