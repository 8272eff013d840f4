"""What the pages of coordinators show."""
