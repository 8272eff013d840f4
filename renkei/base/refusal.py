"""The one way an action says no."""

from __future__ import annotations


class Refused(Exception):  # noqa: N818  an answer to a person, not a fault of the program
    """An action refuses. ``message`` is shown to the person as it is; ``code`` is for tests and forms.

    ``field`` names the form field the sentence belongs to, where there is one.
    """

    def __init__(self, message: str, code: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.message = str(message)
        self.code = code
        self.field = field
