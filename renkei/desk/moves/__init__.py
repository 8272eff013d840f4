"""A person's caseload is given away and received."""
