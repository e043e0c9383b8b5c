"""Folders on disk: walked by descriptors, links followed only inside."""
