"""Root causes: the findings that one change would end."""
