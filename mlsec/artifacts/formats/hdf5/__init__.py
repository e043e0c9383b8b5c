"""Reads HDF5 files: groups, attributes and links, by its own parser."""
