"""Clients of APIs: rate limits, retries, recording."""
