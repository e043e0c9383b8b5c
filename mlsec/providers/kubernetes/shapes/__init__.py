"""Named functions that turn values of Kubernetes into values of properties."""
