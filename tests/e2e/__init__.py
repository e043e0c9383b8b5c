"""The whole flow against the loopback AWS: found, honest, resumable, reproducible."""
