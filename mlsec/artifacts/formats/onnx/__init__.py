"""Readers of ONNX."""
