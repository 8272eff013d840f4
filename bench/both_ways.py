"""Search, likeness and re-matching at size: ``RENKEI_HOME=… python -m bench.both_ways`` (fill the home first: bench.fill_home).

Prints JSON: sizes, and milliseconds (median and p95, of the clock and of this process) of the search page's work for words and for
none, of the cases like a consultation, of firms like one that is named, and the seconds of one re-match of all needs under way.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from typing import Any

from renkei.run.database import database, start_django
from renkei.run.home import Home

ROUNDS = 15
TEXTS = ("ひび", "補助金", "膜厚", "めっき 剥がれ", "旋盤 加工 精度が出ない", "電波", "")


def timed(act: Callable[[], Any]) -> dict[str, float]:
    """Return median and p95 of ``ROUNDS`` runs after a first one."""
    act()
    clock_ms, own_ms = [], []
    for _ in range(ROUNDS):
        begun, used = time.perf_counter(), time.process_time()
        act()
        clock_ms.append((time.perf_counter() - begun) * 1000)
        own_ms.append((time.process_time() - used) * 1000)
    last = -max(1, ROUNDS // 20)
    return {"p50": round(statistics.median(clock_ms), 1), "p95": round(sorted(clock_ms)[last], 1),
            "own_p50": round(statistics.median(own_ms), 1)}  # fmt: skip


def main() -> None:
    """Join the running database of the home, measure, print."""
    home = Home.open()
    with database(home) as chosen:
        start_django(home, chosen.urls, login="owner", example=True)
        print(json.dumps(measure(), ensure_ascii=False, indent=1))


def measure() -> dict[str, Any]:
    """Return everything measured."""
    from renkei.accounts.models import Membership
    from renkei.base.actor import GUEST, staff
    from renkei.base.memo import remembering
    from renkei.cases.actions.suggesting import fitting, open_needs
    from renkei.cases.models import Case, Consultation
    from renkei.cases.queries.similar import similar_cases
    from renkei.companies.models import Company
    from renkei.companies.queries import possible_duplicates
    from renkei.matching.finding import Wish, look
    from renkei.matching.index import refresh
    from renkei.matching.knowledge import knowledge
    from renkei.matching.models import Entry
    from renkei.matching.showing import shown
    from renkei.plan.queries import front_desk

    refresh()
    member = Membership.objects.current().filter(body=front_desk()).select_related("person").first()
    assert member is not None
    desk = staff(member.person_id, member.body_id, member.person.name)
    texts = list(Consultation.objects.exclude(text="").order_by("consulted_at", "pk").values_list("text", flat=True)[:10])

    def page(text: str, actor: Any) -> None:
        with remembering():
            shown(look(Wish(q=text), actor=actor), str)

    found: dict[str, Any] = {"entries": Entry.objects.count(), "cases": Case.objects.count()}
    found["search"] = {text or "(none)": timed(lambda one=text: page(one, desk)) for text in TEXTS}
    found["search_public"] = timed(lambda: page("補助金", GUEST))
    found["like"] = [timed(lambda one=text: similar_cases(one, actor=desk)) for text in texts]
    firms = list(Company.objects.order_by("pk").values_list("name", "phone")[:10])
    found["same firm"] = [timed(lambda one=name, its=phone: possible_duplicates(name=one, phone=its, email="", actor=desk)) for name, phone in firms]
    with remembering():
        needs = open_needs()
        some = needs[:200]
        begun, used = time.perf_counter(), time.process_time()
        fitting(Entry.objects.filter(kind__in=["seed", "equipment"])[:5_000], some, knowledge())
        spent, own = time.perf_counter() - begun, time.process_time() - used
    found["rematch"] = {"needs_under_way": len(needs), "needs_measured": len(some), "seconds": round(spent, 1), "own_seconds": round(own, 1),
                        "seconds_for_4000": round(spent / max(1, len(some)) * 4_000)}  # fmt: skip
    return found


if __name__ == "__main__":
    main()
