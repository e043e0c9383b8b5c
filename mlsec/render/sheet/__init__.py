"""The sheet of one framework: what was tested of each control, where, and what was seen."""
