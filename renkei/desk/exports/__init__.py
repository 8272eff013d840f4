"""Lists taken out of the house, and who took them."""
