"""Bicep source as the ARM template that it stands for; no compiler is run."""
