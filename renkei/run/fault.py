"""What a person at the command line can mend, said in one or two sentences and without a traceback."""

from __future__ import annotations


class Fault(Exception):  # noqa: N818  an answer to a person, not a fault of the program
    """A command stops. The message says what is wrong and what to do; ``code`` becomes the exit code."""

    def __init__(self, message: str, code: int = 1) -> None:
        super().__init__(message)
        self.code = code
