"""The trend of a history, as text and as a page with plots."""
