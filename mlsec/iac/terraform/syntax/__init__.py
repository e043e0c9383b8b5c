"""HCL as a syntax tree with places."""
