"""The yearly report of a plan: drafted from the figures, worded by people, approved and frozen (form L)."""
