"""Files by their content: the bytes lie on disk, synced, before any row names them."""
