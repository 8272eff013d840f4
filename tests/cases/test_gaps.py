"""What was missing: written down without the firm, counted by fiscal year, a need once [C33]."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from renkei.base import clock
from renkei.base.actor import GUEST, SYSTEM, link_holder
from renkei.base.context import acting
from renkei.base.fiscal_year import FiscalYear
from renkei.cases.actions.answers import accept
from renkei.cases.actions.gaps import MOST_YEN, Missing, record_gap
from renkei.cases.models import Case, Gap, GapSource, Need
from renkei.cases.queries.gaps import alike, gaps_of, sources_of
from renkei.post.models import Link
from tests.cases.making import NOON, arrived, events, fresh, need_of, offered, refuses
from tests.world import DESK, LAB, World

pytestmark = pytest.mark.covers("C33")
TANK = Missing("equipment", "大きな恒温槽", "metal", "入る槽がない。", 12_000_000)
YEAR = FiscalYear(2026)
Login = Callable[[str], AbstractContextManager[None]]


@pytest.fixture(autouse=True)
def _noon() -> Any:
    with clock.moved_to(NOON):
        yield


def a_need(world: World, title: str = "大きな部品の試験") -> Need:
    return need_of(arrived(world).case, world, title=title)


def test_a_gap_is_kept_apart_from_its_case(world: World) -> None:
    need = a_need(world)
    made = record_gap(need, Missing("equipment", " 大きな\n恒温槽 ", "metal", "入る槽がない。", 12_000_000), by=world.desk)
    assert list(Gap.objects.values_list("kind", "what", "tech_field", "words", "yen", "said_body_id", "said_by_id", "said_on", "said_at")) == [
        ("equipment", "大きな 恒温槽", "metal", "入る槽がない。", 12_000_000, DESK, world.people[DESK].pk, NOON.date(), NOON)
    ]
    assert list(GapSource.objects.values_list("gap_id", "case_id", "need_id")) == [(made.pk, need.case_id, need.pk)]
    assert events("gap.record") == 1


def test_the_same_at_the_same_need_counts_once(world: World) -> None:
    need = a_need(world)
    first = record_gap(need, TANK, by=world.desk)
    again = record_gap(need, Missing("equipment", "大きな 恒温槽"), by=world.desk)
    other_kind = record_gap(need, Missing("skill", "大きな恒温槽"), by=world.desk)
    assert (first.pk == again.pk, first.pk == other_kind.pk, Gap.objects.count(), events("gap.record")) == (True, False, 2, 2)


@pytest.mark.parametrize(
    ("missing", "code", "field"),
    [
        (Missing("odd", "槽"), "unknown_kind", "kind"), (Missing("skill", " 　"), "what_empty", "what"), (Missing("skill", "長" * 101), "too_long", "what"),
        (Missing("skill", "槽", words="長" * 401), "too_long", "words"), (Missing("skill", "槽", "odd"), "unknown_field", "tech_field"),
        (Missing("skill", "槽", yen=-1), "bad_cost", "yen"), (Missing("skill", "槽", yen=MOST_YEN + 1), "bad_cost", "yen"),
        (Missing("skill", "狐火エレクトロの槽"), "names_firm", "what"), (Missing("skill", "槽", words="㈱狐火ｴﾚｸﾄﾛ が要る"), "names_firm", "what"),
        (Missing("skill", "齋藤さんの槽"), "giveaway", "sure"),
    ],
)  # fmt: skip
def test_what_a_gap_needs(world: World, missing: Missing, code: str, field: str) -> None:
    need = a_need(world)
    with refuses(code, field):
        record_gap(need, missing, by=world.desk)
    assert (Gap.objects.count(), GapSource.objects.count(), events("gap.record")) == (0, 0, 0)


def test_somebody_who_is_sure_may_use_a_word_but_never_the_firms_name(world: World) -> None:
    need = a_need(world)
    assert record_gap(need, Missing("skill", "齋藤さんの槽"), by=world.desk, sure=True).what == "齋藤さんの槽"
    with refuses("names_firm", "what"):
        record_gap(need, Missing("skill", "狐火エレクトロの槽"), by=world.desk, sure=True)


def test_who_runs_or_took_the_case_says_it_also_after_the_end(world: World) -> None:
    support = offered(world)
    accept(support, by=world.lab, text="できます。")
    for actor in (world.lab, world.bank, GUEST, SYSTEM):
        with refuses("not_allowed"):
            record_gap(support.need, TANK, by=actor)
    Case.objects.update(state="closed", closed_at=NOON, close_reason="not_possible")
    assert record_gap(fresh(support.need), TANK, by=world.desk).said_body_id == DESK


# The year


def test_what_is_written_alike_is_one_line_of_its_year(world: World) -> None:
    for title, yen in (("一つ目", 12_000_000), ("二つ目", None), ("三つ目", 30_000_000)):
        record_gap(a_need(world, title), Missing("equipment", "大きな恒温槽" if title != "二つ目" else "大きな　恒温槽", "metal", yen=yen), by=world.desk)
    record_gap(a_need(world, "四つ目"), Missing("skill", "電波の測り方", "electronics"), by=world.desk)
    with clock.moved_to(clock.at(dt.date(2026, 3, 31), 23, 59)):
        last_year = record_gap(Need.objects.get(title="四つ目"), Missing("equipment", "大きな恒温槽"), by=world.desk)
    found = [(one.newest.kind, one.needs, one.ever, one.fields, one.bodies, one.least, one.most) for one in gaps_of(world.bank, YEAR)]
    assert found == [("equipment", 3, 4, ["金属"], ["産業課"], 12_000_000, 30_000_000), ("skill", 1, 1, ["電子"], ["産業課"], None, None)]
    before = gaps_of(world.bank, FiscalYear(2025))
    assert [(one.newest.pk, one.needs, one.ever) for one in before] == [(last_year.pk, 1, 1)]
    assert (gaps_of(world.bank, FiscalYear(2027)), gaps_of(GUEST, YEAR)) == ([], [])
    assert len(alike(last_year, world.bank)) == 4


@pytest.mark.parametrize(("day", "year"), [(dt.date(2026, 3, 31), 2025), (dt.date(2026, 4, 1), 2026), (dt.date(2027, 3, 31), 2026), (dt.date(2027, 4, 1), 2027)])
def test_a_gap_belongs_to_the_fiscal_year_it_was_said_in(world: World, day: dt.date, year: int) -> None:
    need = a_need(world)
    with clock.moved_to(clock.at(day, 12)):
        record_gap(need, TANK, by=world.desk)
    assert [start for start in range(2024, 2029) if gaps_of(world.desk, FiscalYear(start))] == [year]


def test_the_database_says_no(world: World) -> None:
    made = record_gap(a_need(world), TANK, by=world.desk)
    wrong: list[tuple[dict[str, Any], str]] = [({"what": ""}, "gap_says_what"), ({"key": ""}, "gap_says_what"), ({"kind": "odd"}, "gap_kind"), ({"yen": -1}, "gap_cost")]
    for given, name in wrong:
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            Gap.objects.filter(pk=made.pk).update(**given)


def test_every_body_reads_the_gap_and_only_who_is_inside_the_case(committed_world: World, login: Login) -> None:
    world = committed_world
    support = offered(world)
    accept(support, by=world.lab, text="できます。")
    link = link_holder(Link.objects.get(purpose="status", case=support.case_id).pk)
    with login("web"):
        with transaction.atomic(), acting(world.desk):
            made = record_gap(fresh(support.need), TANK, by=world.desk)
        seen = {}
        for name, actor in {"desk": world.desk, "lab": world.lab, "bank": world.bank, "guest": GUEST, "firm": link}.items():
            with transaction.atomic(), acting(actor):
                for table in (Gap, GapSource):
                    assert set(table.objects.visible_to(actor)) == set(table.objects.all()), (name, table)
                seen[name] = (Gap.objects.count(), len(sources_of([made], actor)))
        for attempt in (lambda: Gap.objects.all().delete(), lambda: GapSource.objects.create(gap=made, case_id=support.case_id, need_id=support.need_id)):
            with pytest.raises(DatabaseError), transaction.atomic(), acting(world.lab):
                attempt()
        with transaction.atomic(), acting(world.desk):
            assert Gap.objects.update(what="別のもの") == 0
    assert seen == {"desk": (1, 1), "lab": (1, 0), "bank": (1, 0), "guest": (0, 0), "firm": (0, 0)}
    assert support.body_id == LAB
