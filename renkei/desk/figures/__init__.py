"""Figures (数字): of a year, as known on a day, each number leading to its records."""
