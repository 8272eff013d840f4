"""Saved views of the list of cases: kept, renamed, shared, put in order, removed."""
