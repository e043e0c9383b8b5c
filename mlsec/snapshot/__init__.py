"""The evidence on disk: what was asked, what was answered, what was not."""
