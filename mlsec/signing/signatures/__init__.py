"""One signature against the signers of a policy, and how many of them are needed."""
