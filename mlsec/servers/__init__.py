"""Self-hosted servers: which processes code starts, of which product, with which settings."""
