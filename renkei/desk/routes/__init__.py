"""The support route of a case: made, edited, sent, followed."""
