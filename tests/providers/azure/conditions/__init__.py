"""Tests of the conditions of role assignments."""
