"""Letters of a case: written, decided, sent; and the templates of a body."""
