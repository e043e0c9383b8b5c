"""Benchmarks: what is measured, beside what; run with ``python -m tests.bench``."""
