"""The people of a body: who they are, who is invited, and what its administrators do about both."""
