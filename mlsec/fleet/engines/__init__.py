"""What hands units to workers: a queue in PostgreSQL."""
