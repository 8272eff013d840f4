"""What somebody typed into a page that answers no more: it is given back to them, and to nobody else."""

from __future__ import annotations

import re

from django.http import QueryDict

# Codes, ids and single choices are no words: only what a person wrote is worth keeping.
_TOKEN = re.compile(r"[\w.:@|/-]*", re.ASCII)
_HIDDEN = {"csrfmiddlewaretoken", "code", "login"}


def typed_words(post: QueryDict) -> list[str]:
    """Return the free text of a form that was sent, in its order; never a password, a code or a choice."""
    values = [value for name, given in post.lists() if name not in _HIDDEN and "password" not in name for value in given]
    return [value for value in values if value.strip() and not _TOKEN.fullmatch(value)]
