"""Settings beside a model: what they make a loader import, run or fetch."""
