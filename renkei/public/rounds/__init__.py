"""A body answers a circulation from the link in its mail."""
