"""Texts analysed on more than one core: helpers are processes of their own that get documents and give numbers back.

A helper reads its standard input until that ends, so it goes when whoever started it is gone, however that came about. It opens
no database. Where none can be started the work is done here.
"""

from __future__ import annotations

import logging
import os
import pickle
import subprocess
import sys
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import IO, Self

from renkei.matching.digest import Digest, digest
from renkei.matching.terms import Document, analysed

_FROM = 3_000  # fewer documents are done before a helper has started
_MOST_HELPERS = 3
_PROGRAM = ("-m", "renkei.matching.analysing")
_AHEAD = 4  # blocks a helper has before it: with two it waits a tenth of its time
_PIPE = 1 << 20  # bytes a pipe holds: for each filling the thread that waits gets its turn in this busy process only after some milliseconds
_log = logging.getLogger("renkei.matching")


def numbers_of(blocks: Iterable[Sequence[Document]], *, count: int) -> Iterator[Digest]:
    """Yield blocks of documents as numbers, in their order; ``count`` documents are expected in all."""
    helpers = min(_MOST_HELPERS, _cores() - 1)
    if count < _FROM or helpers < 1:
        yield from map(_here, blocks)
        return
    with _Helpers(helpers) as shared:
        yield from shared.numbers_of(blocks)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _here(block: Sequence[Document]) -> Digest:
    return digest(analysed(block))


class _Helpers:
    """Helpers at work, each with a thread that waits for it."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._idle: deque[subprocess.Popen[bytes]] = deque()
        self._started: list[subprocess.Popen[bytes]] = []
        self._threads = ThreadPoolExecutor(count, thread_name_prefix="index-analysing")

    def __enter__(self) -> Self:
        path = os.pathsep.join([str(Path(__file__).parents[2]), *filter(None, [os.environ.get("PYTHONPATH")])])
        for _number in range(self._count):
            try:
                one = subprocess.Popen(  # noqa: S603  our own program
                    [sys.executable, *_PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, pipesize=_PIPE,
                    env=os.environ | {"PYTHONPATH": path, "OPENBLAS_NUM_THREADS": "1"},
                )  # fmt: skip
            except OSError:
                _log.warning("no helper can be started", exc_info=True)
                break
            self._started.append(one)
        self._idle.extend(self._started)
        return self

    def __exit__(self, *_error: object) -> None:
        for one in self._started:
            one.kill()
        self._threads.shutdown(cancel_futures=True)
        for one in self._started:
            one.communicate()

    def numbers_of(self, blocks: Iterable[Sequence[Document]]) -> Iterator[Digest]:
        """Yield the numbers of blocks in order: what the helpers have no time for is done here."""
        waiting: deque[Future[Digest]] = deque()
        for block in blocks:
            at_work = sum(not one.done() for one in waiting)
            if at_work < self._count * _AHEAD:
                waiting.append(self._threads.submit(self._asked, block))
            else:
                waiting.append(Future())
                waiting[-1].set_result(_here(block))
            while waiting and (waiting[0].done() or len(waiting) > self._count * _AHEAD * 4):
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()

    def _asked(self, block: Sequence[Document]) -> Digest:
        """Return what a helper says of a block; one that fails is left aside, and its block done here."""
        try:
            one = self._idle.popleft()
        except IndexError:
            return _here(block)
        try:
            told = _exchange(one, block)
        except (OSError, EOFError, pickle.UnpicklingError):
            _log.warning("a helper has ended early", exc_info=True)
            return _here(block)
        self._idle.append(one)
        return told


def _exchange(one: subprocess.Popen[bytes], block: Sequence[Document]) -> Digest:
    assert one.stdin is not None  # noqa: S101  asked for when it was started
    assert one.stdout is not None  # noqa: S101  as above
    pickle.dump(list(block), one.stdin, pickle.HIGHEST_PROTOCOL)
    one.stdin.flush()
    found: Digest = pickle.load(one.stdout)  # noqa: S301  from a process of our own
    return found


def _serve(asked: IO[bytes], told: IO[bytes]) -> None:
    while True:
        try:
            block: list[Document] = pickle.load(asked)  # noqa: S301  from the process that started this one
        except EOFError:
            return
        pickle.dump(_here(block), told, pickle.HIGHEST_PROTOCOL)
        told.flush()


if __name__ == "__main__":
    _serve(sys.stdin.buffer, sys.stdout.buffer)
