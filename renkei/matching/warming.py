"""What a page would wait for is loaded beside it: soon after a process has started, and after entries came in.

The pages themselves, the dictionary, the words that mean the same, the vectors and the compiled loops: a question is asked as anybody from outside, and its
answer thrown away. What is told of each entry by itself, and the index opened anew, whenever the index has changed. Nothing but public
entries is read: what is kept among the staff is told when somebody of the staff meets it.
"""

from __future__ import annotations

import gc
import logging
import threading
import time
from collections.abc import Callable

from django.db import connections
from django.urls import get_resolver

from renkei.base.actor import GUEST
from renkei.base.context import acting
from renkei.base.memo import remembering
from renkei.base.refusal import Refused
from renkei.matching import index, shelf, whole
from renkei.matching.finding import Wish, look
from renkei.matching.knowledge import knowledge
from renkei.matching.showing import shown

_AFTER = 10.0  # seconds: the first pages of a server that has just started go before
_EVERY = 5.0  # seconds between two looks at the index; it must stand still for so long
_DAY = 86_400.0  # seconds between two readings of all of it, for what the disk has changed
_QUESTION = "さびた金属の成分を調べたい"
_log = logging.getLogger("renkei.matching")


def soon() -> threading.Event:
    """Ask a question in a while and follow the index from then on, beside whatever this process does. Set what is returned to end it."""
    end = threading.Event()
    threading.Thread(target=_run, args=[end], name="warming", daemon=True).start()
    return end


def _run(end: threading.Event) -> None:
    if not end.wait(_AFTER):
        ask()
        _settle()
        follow(end)


def ask() -> None:
    """Ask a question. A fault is told to the log alone: whoever really asks is told it anyway."""
    _quietly(_ask)


def follow(end: threading.Event) -> None:
    """Load what has come in, whenever the index has changed and then stood still for a while; look it through once a day."""
    loaded = before = None
    looked = time.monotonic()
    while not end.wait(_EVERY):
        if time.monotonic() - looked > _DAY:
            _quietly(whole.look_after)
            looked = time.monotonic()
        now = index.state()
        if now is not None and now == before and now != loaded:
            _quietly(_load)
            if loaded is None:
                _settle()
            loaded = now
        before = now


def _settle() -> None:
    """Say that what is loaded stays: looking through it all for waste stops every page for a fifth of a second."""
    gc.collect()
    gc.freeze()


def _ask() -> None:
    get_resolver().url_patterns  # noqa: B018  reads every page
    with acting(GUEST), remembering():
        look(Wish(), actor=GUEST)  # what is told of each entry by itself: its fee, its area, its fields
        shown(look(Wish(q=_QUESTION), actor=GUEST), str)
        index.find(_QUESTION, audience="staff", kinds=(), limit=1)  # opens the other half: of its entries none is read
    whole.read_through()


def _load() -> None:
    with acting(GUEST), remembering():
        index.open_halves()
        shelf.tell(knowledge())


def _quietly(do: Callable[[], None]) -> None:
    try:
        do()
    except Refused:
        _log.info("no plan is published: nothing to look for yet")
    except Exception:  # noqa: BLE001  a fault is told to the log alone
        _log.warning("what pages wait for could not be loaded", exc_info=True)
    finally:
        connections.close_all()
