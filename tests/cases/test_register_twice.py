"""A running sheet comes again and again: what came in before is known, whether its rows have numbers or not."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from renkei.base import clock
from renkei.cases.actions.register import import_register, read_register, undo_import
from renkei.cases.actions.triage import set_summary
from renkei.cases.models import Case, ImportedCase, ImportRun
from renkei.cases.queries.register import Preview, row_digest
from renkei.plan.models import Body
from tests.cases.making import NOON, fresh, refuses
from tests.cases.test_board import queries
from tests.cases.test_register import CLOSED, OPEN, sheet
from tests.storm.racing import at_once, codes
from tests.world import DESK, LAB, World

FREE = OPEN | {"受付番号": ""}
ENDED = CLOSED | {"受付番号": "", "件名": "展示会"}
KNOWN = "受付日、会社名、件名、内容の同じ相談が、もう入っています（%s）。別の相談なら、件名を変えてください。"


@pytest.fixture(autouse=True)
def _noon() -> Any:
    with clock.moved_to(NOON):
        yield


def body(code: str = DESK) -> Body:
    return Body.objects.get(pk=code)


def read(*rows: dict[str, Any], code: str = DESK) -> Preview:
    return read_register(sheet(*rows), body=body(code))


def run(world: World, *rows: dict[str, Any], code: str = DESK) -> ImportRun:
    return import_register(read(*rows, code=code), by=world.actor(code), body=body(code))


def problems(*rows: dict[str, Any], code: str = DESK) -> list[list[str]]:
    return [row.problems for row in read(*rows, code=code).rows]


def test_rows_that_came_in_are_known_and_new_ones_are_taken(world: World) -> None:
    run(world, FREE, ENDED)
    first, second = Case.objects.filter(imported__row=2).get(), Case.objects.filter(imported__row=3).get()
    later = FREE | {"件名": "次の相談"}
    preview = read(FREE, ENDED, later)
    assert [row.problems for row in preview.rows] == [[KNOWN % first.number], [KNOWN % second.number], []]
    made = import_register(preview, by=world.desk, body=body())
    assert (made.rows, Case.objects.count()) == (1, 3)
    with refuses("nothing_to_import", "file"):
        run(world, FREE, ENDED, later)


def test_what_changes_while_a_case_runs_does_not_make_it_another(world: World) -> None:
    run(world, FREE)
    case = Case.objects.get()
    set_summary(case, title="窓口が付けた件名", summary="要約", by=world.desk)
    for change in (
        {"次の一手": "電話する", "期日": dt.date(2026, 12, 24)}, {"状態": "終了", "終了日": dt.date(2026, 11, 1), "結果": "解決した"},
        {"主担当": "工業試験所"}, {"担当者": "別の人", "電話": ""}, {"会社名": "（株）まぼろし計測".replace("（株）", "株式会社")},
        {"件名": " 水質計の 試験 "}, {"内容": "落下試験をしたい。 "},
    ):  # fmt: skip
        assert problems(FREE | change) == [[KNOWN % case.number]], change
    for change in ({"受付日": dt.date(2026, 10, 6)}, {"会社名": "つばめ工業"}, {"件名": "水質計の試験（2回目）"}, {"内容": "振動試験をしたい。"}, {"受付番号": "新-1"}):
        assert problems(FREE | change) == [[]], change


def test_confirmed_twice_without_looking_again(world: World) -> None:
    preview = read(FREE, ENDED)
    first = import_register(preview, by=world.desk, body=body())
    with refuses("same_rows", "file"):
        import_register(preview, by=world.desk, body=body())
    assert (Case.objects.count(), list(ImportRun.objects.all())) == (2, [first])
    again = read_register(sheet(ENDED, FREE))  # the same rows in another order are the same sheet
    with refuses("same_rows", "file"):
        import_register(again, by=world.desk, body=body())


def test_taken_back_it_may_come_in_again(world: World) -> None:
    for _turn in range(3):
        made = run(world, FREE, ENDED)
        undo_import(made, by=world.desk)
    assert problems(FREE) == [[]]
    assert ImportRun.objects.filter(undone_at__isnull=True).count() == 0


def test_each_body_has_its_own_sheet(world: World) -> None:
    own = FREE | {"主担当": ""}
    run(world, own, code=LAB)
    assert problems(own, code=DESK) == [[]]
    run(world, own, code=DESK)
    assert ImportedCase.objects.count() == 2


def test_two_of_a_kind_in_one_sheet_come_in_once_and_both_are_known(world: World) -> None:
    run(world, FREE, FREE)
    assert Case.objects.count() == 2
    assert [len(one) for one in problems(FREE, FREE)] == [1, 1]


def test_rows_with_numbers_go_by_their_numbers_alone(world: World) -> None:
    made = run(world, OPEN, CLOSED)
    assert (made.digest, set(ImportedCase.objects.values_list("digest", flat=True))) == ("", {""})
    assert row_digest(OPEN) == ""
    assert row_digest(FREE | {"受付日": None}) == ""
    assert problems(OPEN) == [["「受付番号」旧-101は、もう入っています。"]]
    assert problems(OPEN | {"受付番号": "旧-102"}) == [[]]


def test_bad_rows_do_not_count_as_come_in(world: World) -> None:
    bad = ENDED | {"終了日": None}
    made = run(world, FREE, bad)
    assert made.rows == 1
    assert [len(one) for one in problems(FREE, ENDED)] == [1, 0]
    run(world, FREE, ENDED)
    assert Case.objects.count() == 2


def test_the_database_holds_it(world: World) -> None:
    given = {"body": body(), "done_at": clock.now(), "rows": 1}
    ImportRun.objects.create(**given, digest="x")
    with pytest.raises(IntegrityError, match="import_run_same_rows_once"), transaction.atomic():
        ImportRun.objects.create(**given, digest="x")
    for more in ({"digest": ""}, {"digest": ""}, {"digest": "x", "undone_at": clock.now()}, {"digest": "x", "body": body(LAB)}):
        ImportRun.objects.create(**given | more)


def test_known_rows_cost_one_question(world: World) -> None:
    many = [FREE | {"件名": f"相談{n}"} for n in range(30)]
    run(world, *many)
    assert queries(lambda: read(*many[:3])) == queries(lambda: read(*many))


@pytest.mark.storm
def test_pressed_twice_at_once(committed_world: World, login: Any) -> None:
    world = committed_world
    preview = read(FREE, ENDED)
    with login("web"):
        got = at_once(*[(world.desk, lambda: import_register(preview, by=world.desk, body=body()))] * 2)
    assert codes(got) == ["ok", "same_rows"]
    assert (Case.objects.count(), fresh(ImportRun.objects.get()).rows) == (2, 2)
