"""The case page, its deeds, and lists of cases."""
