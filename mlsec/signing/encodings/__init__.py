"""Strict readers of the encodings that signatures come in: JSON, base64 and CBOR."""
