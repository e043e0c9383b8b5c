"""Infrastructure code, manifests and server configuration of a folder target."""
