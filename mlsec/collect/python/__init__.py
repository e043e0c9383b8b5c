"""Python source as it is written: names, values and calls of one file; nothing is run."""
