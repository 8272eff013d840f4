"""A person's calendar: the address, and what their calendar reads there."""
