"""The live page of a history: read-only, for this machine or behind a token."""
