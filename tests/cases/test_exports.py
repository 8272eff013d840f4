"""Lists taken out: what is in them, up to how many rows, and that it stays on record."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from openpyxl import load_workbook

from renkei.base import clock
from renkei.base.actor import GUEST
from renkei.base.context import acting
from renkei.cases.actions.exports import KINDS, count_rows, export_firms, export_list, export_timeline
from renkei.cases.actions.talk import log_contact
from renkei.cases.models import Case, Export
from tests.cases.making import events, refuses
from tests.desk.scene import Scene, arrived, running
from tests.world import BANK, CENTER, DESK, LAB, World


def rows_of(data: bytes) -> list[tuple[Any, ...]]:
    return list(load_workbook(io.BytesIO(data)).worksheets[0].iter_rows(values_only=True))


@pytest.fixture
def scene(world: World) -> Scene:
    made = running(world)
    log_contact(made.case, by=world.lab, channel="phone", text='=HYPERLINK("http://x")', klass="summary")
    log_contact(made.case, by=world.lab, channel="phone", text="配合の秘密", klass="technical")
    return made


def test_an_export_is_on_record_and_keeps_no_content(world: World, scene: Scene) -> None:
    export_list("cases", f"by={LAB}&page=3", by=world.desk)
    made = Export.objects.get()
    assert (made.body_id, made.person_id, made.what, made.query, made.count) == (DESK, world.desk.person, "cases", f"by={LAB}", 1)
    assert events("list.export") == 1


def test_cases_are_those_of_the_filter_and_of_the_body(world: World, scene: Scene) -> None:
    arrived(world, "有限会社浦島製網")
    assert [len(rows_of(export_list("cases", query, by=world.desk))) for query in ("", "q=浦島", "state=all")] == [3, 2, 3]
    assert len(rows_of(export_list("cases", "state=all", by=world.lab))) == 2


def test_requests_are_those_sent_and_received(world: World, scene: Scene) -> None:
    sent = rows_of(export_list("requests", "", by=world.desk))
    assert {(row[2], row[3], row[4], row[6]) for row in sent[1:]} == {("設備・試験", "産業課", "工業試験所", "引受け"), ("販路相談", "産業課", "センター", "辞退")}
    mine = rows_of(export_list("requests", "", by=world.center))
    assert [(row[0], row[4], row[10]) for row in mine[1:]] == [(scene.case.number, "センター", "専門の外")]


def test_a_request_whose_case_is_out_of_sight_shows_no_title(world: World, scene: Scene) -> None:
    from renkei.cases.models import Consent

    Consent.objects.filter(body=CENTER).update(withdrawn_at=clock.now())
    assert [row[:2] for row in rows_of(export_list("requests", "", by=world.center))[1:]] == [("", "")]


def test_contacts_come_in_the_classes_one_reads(world: World, scene: Scene) -> None:
    def texts(by: Any) -> set[str]:
        return {str(row[6]) for row in rows_of(export_list("contacts", "state=all", by=by))[1:]}

    assert {"配合の秘密", '=HYPERLINK("http://x")'} <= texts(world.desk)
    assert "配合の秘密" not in texts(world.center)
    assert '=HYPERLINK("http://x")' in texts(world.center)


def _xml(data: bytes) -> bytes:
    import zipfile

    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return archive.read("xl/worksheets/sheet1.xml")


def test_no_cell_is_a_formula(world: World, scene: Scene) -> None:
    for what in KINDS:
        assert b"<f>" not in _xml(export_list(what, "", by=world.desk)), what


def test_the_timeline_of_a_case(world: World, scene: Scene) -> None:
    lines = rows_of(export_timeline(scene.case, by=world.desk))
    assert any("工業試験所（設備・試験）が引き受けました" in str(row[4]) for row in lines)
    assert any(row[5] == "配合の秘密" for row in lines)
    few = rows_of(export_timeline(scene.case, by=world.center))
    assert not any(row[5] == "配合の秘密" for row in few)
    assert list(Export.objects.order_by("made_at").values_list("what", "query", "count")) == [
        ("timeline", scene.case.number, len(lines) - 1), ("timeline", scene.case.number, len(few) - 1)]


@pytest.mark.parametrize(("what", "query", "code"), [("secrets", "", "unknown_list"), ("cases", "state=closed", "nothing"), ("contacts", "q=浦島", "nothing")])
def test_refusals(world: World, scene: Scene, what: str, query: str, code: str) -> None:
    with refuses(code):
        export_list(what, query, by=world.desk)
    assert Export.objects.count() == 0


def test_beyond_the_limit_nothing_leaves(world: World, scene: Scene, settings: Any) -> None:
    arrived(world)
    settings.RENKEI_EXPORT_ROWS = 1
    for what in KINDS:
        with refuses("too_many_rows"):
            export_list(what, "", by=world.desk)
    with refuses("too_many_rows"):
        export_timeline(scene.case, by=world.desk)
    assert (Export.objects.count(), len(rows_of(export_list("cases", f"by={LAB}", by=world.desk)))) == (0, 2)


def test_firms_leave_under_the_same_limit_and_on_the_same_list(world: World, scene: Scene, settings: Any) -> None:
    name = str(scene.case.company)
    assert len(rows_of(export_firms(name, by=world.desk))) == 2
    assert list(Export.objects.values_list("what", "query", "count", "body")) == [("companies", name, 1, DESK)]
    assert (events("list.export"), events("company.export")) == (1, 1)
    assert len(rows_of(export_firms("どこにもない会社", by=world.desk))) == 1
    settings.RENKEI_EXPORT_ROWS = 0
    with refuses("too_many_rows"):
        export_firms("", by=world.desk)
    assert Export.objects.count() == 2
    with refuses("not_allowed"):
        export_firms("", by=GUEST)


def test_only_staff_take_lists_out(world: World, scene: Scene) -> None:
    with refuses("not_allowed"):
        export_list("cases", "", by=GUEST)
    assert count_rows("cases", "", by=world.bank) == 0


def test_each_body_sees_its_own_exports_and_nobody_changes_them(committed_world: World, login: Any) -> None:
    world = committed_world
    running(world)
    with login("web"):
        for actor in (world.desk, world.lab):
            with acting(actor):
                export_list("cases", "", by=actor)
        for actor, bodies in ((world.desk, [DESK]), (world.lab, [LAB]), (world.bank, []), (GUEST, [])):
            with acting(actor):
                assert list(Export.objects.values_list("body_id", flat=True)) == bodies
                assert list(Export.objects.visible_to(actor).values_list("body_id", flat=True)) == bodies
        with acting(world.bank), pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
            Export.objects.create(body_id=DESK, person_id=world.desk.person, what="cases", count=1, made_at=clock.now())
        with acting(world.desk), pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
            Export.objects.filter(body_id=DESK).update(count=0)
    assert Case.objects.exclude(holder=BANK).exists()
