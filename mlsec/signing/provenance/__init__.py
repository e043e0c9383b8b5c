"""Build provenance (SLSA, GitHub attestations) of a model."""
