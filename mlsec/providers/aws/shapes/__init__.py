"""Named functions that turn values of AWS into values of properties."""
