"""Signing a model as OMS v1.0."""
