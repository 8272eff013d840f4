"""The call screen and the inbox."""
