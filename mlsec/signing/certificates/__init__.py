"""X.509 certificates: reading, path validation, revocation and the names they carry."""
