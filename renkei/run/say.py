"""Speak to the person who started us."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterator

to_error = False  # commands whose standard output is data speak on standard error


def say(text: str = "") -> None:
    """Print one line at once. A closed pipe is no reason to stop a server."""
    with contextlib.suppress(BrokenPipeError, ValueError):
        print(text, file=sys.stderr if to_error else sys.stdout, flush=True)


def complain(text: str) -> None:
    """Print one line to standard error."""
    with contextlib.suppress(BrokenPipeError, ValueError):
        print(text, file=sys.stderr, flush=True)


@contextlib.contextmanager
def step(title: str) -> Iterator[None]:
    """Name a step while it runs, and say how long it took."""
    begun = time.monotonic()
    say(f"  {title} …")
    yield
    say(f"  {title}：済み（{time.monotonic() - begun:.1f}秒）")


def speak_utf8() -> None:
    """Never fail on a character the terminal does not know; read UTF-8, bad bytes as surrogates that commands refuse."""
    encoding = "utf-8" if os.environ.get("LC_ALL", os.environ.get("LANG", "C")) in {"", "C", "POSIX"} else None
    for stream, errors in ((sys.stdin, "surrogateescape"), (sys.stdout, "replace"), (sys.stderr, "replace")):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding=encoding, errors=errors)
