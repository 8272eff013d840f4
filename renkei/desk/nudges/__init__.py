"""What people are told about cases (知らせ), and how they want to be told."""
