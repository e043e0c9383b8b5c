"""Python that loads, fetches and deploys: what is said of it."""
