"""The client of Kubernetes: sign-in, requests, errors."""
