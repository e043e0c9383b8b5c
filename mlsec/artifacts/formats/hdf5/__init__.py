"""Reads HDF5 files: groups, attributes and links, by a reader of our own."""
