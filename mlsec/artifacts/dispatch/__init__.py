"""Formats that are distinguished by what a file says: JSON by its keys, protobuf by its fields."""
