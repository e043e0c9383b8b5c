"""What every collector shares."""
