"""Reads the configurations in which Keras stores its models."""
