"""What people do on a case: one form a deed, each with its own page that works without scripts."""
