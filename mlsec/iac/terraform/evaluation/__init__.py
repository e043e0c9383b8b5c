"""HCL expressions to values; what is not known stays unknown."""
