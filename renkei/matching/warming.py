"""What the first question to a process would wait seconds for is loaded soon after it has started.

The dictionary, the words that mean the same, the vectors and the compiled loops: a question is asked as anybody from outside, and its
answer thrown away.
"""

from __future__ import annotations

import logging
import threading

from django.db import connections

from renkei.base.actor import GUEST
from renkei.base.context import acting
from renkei.base.memo import remembering
from renkei.base.refusal import Refused
from renkei.matching import index
from renkei.matching.finding import Wish, look
from renkei.matching.showing import shown

_AFTER = 10.0  # seconds: the first pages of a server that has just started go before
_QUESTION = "さびた金属の成分を調べたい"
_log = logging.getLogger("renkei.matching")


def soon() -> threading.Timer:
    """Ask a question in a while, beside whatever this process does."""
    timer = threading.Timer(_AFTER, ask)
    timer.name, timer.daemon = "warming", True
    timer.start()
    return timer


def ask() -> None:
    """Ask a question. A fault is told to the log alone: whoever really asks is told it anyway."""
    try:
        with acting(GUEST), remembering():
            look(Wish(), actor=GUEST)  # what is told of each entry by itself: its fee, its area, its fields
            shown(look(Wish(q=_QUESTION), actor=GUEST), str)
            index.find(_QUESTION, audience="staff", kinds=(), limit=1)  # opens the other half: of its entries none is read
        index.read_through()
    except Refused:
        _log.info("no plan is published: nothing to look for yet")
    except Exception:  # noqa: BLE001  as above
        _log.warning("the first question could not be asked", exc_info=True)
    finally:
        connections.close_all()
