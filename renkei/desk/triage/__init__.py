"""Sorting consultations."""
