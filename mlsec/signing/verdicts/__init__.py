"""The result of a verification: checks with their reasons, signers and the answer."""
