"""From declarations to resources, as the vocabulary says."""
