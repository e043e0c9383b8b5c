"""What the process of a unit does, by the unit's kind."""
