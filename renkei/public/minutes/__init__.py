"""A body confirms minutes from the link in its mail."""
