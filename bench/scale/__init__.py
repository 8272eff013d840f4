"""Measure the search over made-up catalogues of growing size, beside three plain engines on the same words."""
