"""Notices between bodies."""
