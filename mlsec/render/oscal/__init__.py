"""results.oscal.json."""
