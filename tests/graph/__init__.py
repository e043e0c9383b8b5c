"""Tests of the graph and its derived facts."""
