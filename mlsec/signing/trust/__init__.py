"""Trust policies, and the keys, certificates and lock files that they point to."""
