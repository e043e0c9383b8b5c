"""mlsec: a security and compliance scanner for machine-learning deployments."""

__version__ = "0.1.0"
