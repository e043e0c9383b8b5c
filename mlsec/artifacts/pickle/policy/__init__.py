"""What names, calls, texts and code in a pickle mean."""
