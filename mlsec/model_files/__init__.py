"""Model files in a folder or a bucket: listed, read as bytes, never loaded."""
