"""A body answers what it is asked."""
