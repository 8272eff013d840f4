"""Mails out and in: whether they arrived, and letters that wait for a word."""
