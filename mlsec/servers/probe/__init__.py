"""Ask a named server what anybody may ask of it: read-only, bounded, and nothing but the target."""
