"""RFC 3161 timestamps: requests, tokens and their verification."""
