"""Named functions that turn values of Google Cloud into values of properties."""
