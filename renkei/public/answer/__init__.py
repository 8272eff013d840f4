"""The answer page behind a mail link."""
