"""Rules: read, check, compile and evaluate them."""
