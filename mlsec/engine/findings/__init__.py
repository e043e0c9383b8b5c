"""From a verdict to a finding with its evidence."""
