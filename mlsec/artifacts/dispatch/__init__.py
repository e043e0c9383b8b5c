"""Formats that are told apart by what a file says: JSON by its keys, protobuf by its fields."""
