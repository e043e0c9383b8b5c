"""One folder for each provider; none imports another."""
