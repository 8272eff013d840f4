"""What became of closed cases: what is due, asked and answered."""
