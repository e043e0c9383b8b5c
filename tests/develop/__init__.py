"""What a contributor runs in a checkout: scaffolds for new services."""
