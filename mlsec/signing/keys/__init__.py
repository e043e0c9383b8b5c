"""Public keys and signature algorithms that are accepted, and signing with a private key."""
