"""Tests of the Azure collector."""
