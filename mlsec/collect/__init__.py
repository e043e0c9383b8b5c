"""Ask a provider for facts; what could not be read becomes a gap."""
