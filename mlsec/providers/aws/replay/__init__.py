"""A snapshot served back as an AWS API on this machine."""
