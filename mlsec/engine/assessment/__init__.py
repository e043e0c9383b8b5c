"""The judgement of a whole graph."""
