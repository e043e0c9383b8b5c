"""The client of AWS: sign-in, requests, errors."""
