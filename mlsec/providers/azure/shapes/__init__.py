"""Named functions that turn values of Azure into values of properties."""
