"""RFC 3161 timestamps: requests, tokens and whom a token's time is believed from."""
