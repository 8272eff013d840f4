"""The 相談台帳 in and out."""
