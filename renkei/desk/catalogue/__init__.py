"""The catalogue (台帳): what can be matched, kept by its owners."""
