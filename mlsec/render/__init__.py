"""Reports, each rendered from an assessment and nothing else."""
