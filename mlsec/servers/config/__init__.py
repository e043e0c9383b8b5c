"""Configuration files and environments of servers."""
