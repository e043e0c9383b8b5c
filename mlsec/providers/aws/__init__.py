"""Amazon Web Services: one file per service says which calls give which types."""
