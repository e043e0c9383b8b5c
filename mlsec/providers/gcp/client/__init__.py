"""The client of Google Cloud: sign-in, requests, errors."""
