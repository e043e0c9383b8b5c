"""JavaScript and TypeScript as it is written: values and calls of one file; nothing is run."""
