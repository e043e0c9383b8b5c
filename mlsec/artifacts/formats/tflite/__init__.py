"""Readers of TensorFlow Lite."""
