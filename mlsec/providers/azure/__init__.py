"""Microsoft Azure: one file per service says which reads give which types."""
