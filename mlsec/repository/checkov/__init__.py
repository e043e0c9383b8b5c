"""checkov beside us: run in an environment of its own, or its saved JSON; never imported."""
