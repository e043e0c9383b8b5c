"""Python files and notebooks: what they load, fetch and deploy, and with which settings."""
