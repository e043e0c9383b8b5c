"""ARM templates, and what Bicep compiles to."""
