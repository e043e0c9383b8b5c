"""Self-hosted model servers, as their command lines, environment and files configure them."""
