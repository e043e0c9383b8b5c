"""The files of a model on disk: listed without following links, and hashed."""
