"""JavaScript and TypeScript as code that fetches models, and what it holds of secrets."""
