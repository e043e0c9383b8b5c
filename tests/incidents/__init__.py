"""Incidents of others, as states that could have been read beforehand."""
