"""Benchmarks: speed and quality, never timed tests."""
