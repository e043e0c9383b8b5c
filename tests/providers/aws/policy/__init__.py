"""The evaluator of AWS policies."""
