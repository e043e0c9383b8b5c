"""The two reports of GitLab."""
