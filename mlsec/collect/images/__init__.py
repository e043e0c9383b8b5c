"""Container images by their address."""
