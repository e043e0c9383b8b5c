"""Python source: what its calls are named and given; nothing of it runs."""
