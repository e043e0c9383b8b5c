"""The client of Azure: sign-in, requests, errors."""
