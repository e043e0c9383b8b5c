"""Self-hosted servers: from what code declares to their settings."""
