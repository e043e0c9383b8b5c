"""What was signed against what is there: statement, policy and files."""
