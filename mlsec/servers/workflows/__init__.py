"""Workflows of GitHub and GitLab that ship models: what they sign in with, run and wait for."""
