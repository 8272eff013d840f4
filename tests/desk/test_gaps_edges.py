"""What was missing, and what may climb, at the edges: every sentence of the form, whole tables, 1 April, English, other bodies [C33, C37]."""

from __future__ import annotations

import datetime as dt
import io
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import openpyxl
import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from renkei.audit.models import Event
from renkei.base import clock
from renkei.base.context import acting
from renkei.base.fiscal_year import FiscalYear
from renkei.cases.actions.answers import decline
from renkei.cases.actions.escalation import climb
from renkei.cases.actions.gaps import MOST_YEN, Missing, record_gap
from renkei.cases.models import Case, Escalation, Gap, GapSource, Need
from renkei.cases.queries.gaps import alike, gaps_of, sources_of
from renkei.cases.queries.proposed import proposed_climbs, waiting_to_climb
from tests.cases.making import NOON, arrived, events, fresh, need_of, offered, refuses
from tests.desk.pages import HOSTILE, address, client, fault, said
from tests.world import BANK, CENTER, DESK, LAB, World

pytestmark = pytest.mark.covers("C33", "C37")
Login = Callable[[str], AbstractContextManager[None]]
LONG = "長" * 10_000
TANK = Missing("equipment", "大きな恒温槽", "metal", "入る槽がない。", 12_000_000)
GOOD = {"kind": "equipment", "what": "大きな恒温槽", "tech_field": "", "words": "", "yen": ""}


@pytest.fixture(autouse=True)
def noon() -> Iterator[None]:
    with clock.moved_to(NOON):
        yield


def a_need(world: World, title: str = "大きな部品の試験") -> Need:
    return need_of(arrived(world).case, world, title=title)


def declined(world: World, reason: str = "no_equipment") -> Need:
    support = offered(world)
    decline(support, by=world.lab, reason=reason)
    return fresh(support.need)


def form_of(need: Need, body: str = DESK) -> str:
    return address("desk-case-gap", body, case=need.case_id, subject=need.pk)


def sheet(answer: Any) -> list[list[Any]]:
    found = openpyxl.load_workbook(io.BytesIO(answer.content)).active
    assert found is not None
    return [[cell.value for cell in row] for row in found.iter_rows()]


# The form


@pytest.mark.parametrize(
    ("more", "field", "sentence"),
    [
        ({"what": ""}, "what", "足りなかったものを、ひとことで書いてください。"), ({"what": "\x00\u200b"}, "what", "足りなかったものを、ひとことで書いてください。"),
        ({"what": "。、・"}, "what", "足りなかったものを、ひとことで書いてください。"), ({"what": "株式会社"}, "what", "足りなかったものを、ひとことで書いてください。"),
        ({"what": LONG}, "what", "100字までです（いま10,000字）。短くするか、ファイルで付けてください。"),
        ({"words": LONG}, "words", "400字までです（いま10,000字）。短くするか、ファイルで付けてください。"),
        ({"what": "狐火エレクトロの槽"}, "what", "会社の名前が入っています。すべての機関が読むので、名を伏せてください。"),
        ({"words": "㈱狐火ｴﾚｸﾄﾛ が要る"}, "what", "会社の名前が入っています。すべての機関が読むので、名を伏せてください。"),
    ],
)  # fmt: skip
def test_a_gap_typed_wrongly_is_sent_back_with_its_sentence(world: World, more: dict[str, str], field: str, sentence: str) -> None:
    answer = client(world).post(form_of(a_need(world)), GOOD | more)
    assert (fault(answer, field), Gap.objects.count(), GapSource.objects.count()) == (sentence, 0, 0)


@pytest.mark.parametrize(("given", "field"), [
    ({"kind": "odd"}, "kind"), ({"kind": ""}, "kind"), ({"tech_field": "odd"}, "tech_field"), ({"yen": "たくさん"}, "yen"), ({"yen": "-1"}, "yen"), ({"yen": "9" * 40}, "yen"),
    ({"yen": str(MOST_YEN + 1)}, "yen"),
])  # fmt: skip
def test_what_is_no_choice_and_no_amount_is_refused_beside_its_field(world: World, given: dict[str, str], field: str) -> None:
    answer = client(world).post(form_of(a_need(world)), GOOD | given)
    assert (bool(fault(answer, field)), Gap.objects.count()) == (True, 0)


@pytest.mark.parametrize("missing", ["kind", "what"])
def test_a_gap_without_a_field_is_refused(world: World, missing: str) -> None:
    answer = client(world).post(form_of(a_need(world)), {key: value for key, value in GOOD.items() if key != missing})
    assert (bool(fault(answer, missing)), Gap.objects.count()) == (True, 0)


def test_the_smallest_and_the_largest_cost_are_allowed(world: World) -> None:
    for what, yen in (("安い槽", 0), ("高い槽", MOST_YEN)):
        record_gap(a_need(world), Missing("skill", what, yen=yen), by=world.desk)
    assert set(Gap.objects.values_list("yen", flat=True)) == {0, MOST_YEN}
    with refuses("bad_cost", "yen"):
        record_gap(a_need(world), Missing("skill", "費用", yen=-1), by=world.desk)


def test_a_word_that_may_lead_there_is_asked_about_once_and_then_taken(world: World) -> None:
    one, form = client(world), form_of(a_need(world))
    first = one.post(form, GOOD | {"what": "齋藤さんの槽"})
    assert ("齋藤" in fault(first, "sure"), Gap.objects.count()) == (True, 0)
    assert one.post(form, GOOD | {"what": "齋藤さんの槽", "sure": "on"}).status_code == 302
    assert list(Gap.objects.values_list("what", flat=True)) == ["齋藤さんの槽"]


def test_the_form_offers_what_was_missing_before_the_most_felt_first(world: World) -> None:
    for what in ("広い槽", "大きな恒温槽", "大きな恒温槽"):
        record_gap(a_need(world), Missing("equipment", what), by=world.desk)
    page = said(client(world).get(form_of(a_need(world))))
    assert 0 < page.index('大きな恒温槽"') < page.index('広い槽"')


def test_the_form_begins_with_the_needs_own_field(world: World) -> None:
    need = a_need(world)
    Need.objects.filter(pk=need.pk).update(tech_fields=["electronics"])
    Case.objects.filter(pk=need.case_id).update(tech_fields=["metal"])
    assert 'value="electronics" selected' in said(client(world).get(form_of(need)))


def test_nobody_says_a_gap_of_a_case_it_only_helps_in(world: World) -> None:
    need = declined(world)
    codes = {body: (client(world, body).get(form_of(need, body)).status_code, client(world, body).post(form_of(need, body), GOOD).status_code) for body in (LAB, BANK, CENTER)}
    assert {code for pair in codes.values() for code in pair} <= {403, 404}
    assert Gap.objects.count() == 0


def test_a_need_of_another_case_is_no_subject_of_this_one(world: World) -> None:
    need, other = a_need(world), a_need(world)
    wrong = address("desk-case-gap", DESK, case=need.case_id, subject=other.pk)
    assert [client(world).post(page, GOOD).status_code for page in (wrong, address("desk-case-gap", DESK, case=need.case_id, subject=uuid.uuid4()))] == [404, 404]
    assert Gap.objects.count() == 0


def test_the_forms_are_refused_without_their_token(world: World) -> None:
    need = declined(world)
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(world.people[DESK])
    assert [strict.post(page, GOOD).status_code for page in (form_of(need), address("desk-climb", DESK, need=need.pk))] == [403, 403]
    assert (Gap.objects.count(), Escalation.objects.count()) == (0, 0)


def test_the_audit_names_who_said_it_for_which_body(world: World) -> None:
    need = a_need(world)
    made = record_gap(need, TANK, by=world.desk)
    found = Event.objects.get(verb="gap.record")
    assert (found.body, found.person, found.stream) == (DESK, world.people[DESK].pk, f"cases.gap:{made.pk}")
    assert {one.split(":")[1] for one in found.objects_touched} == {str(made.pk), str(need.pk), str(need.case_id)}


def test_a_gap_said_again_keeps_the_first_words_cost_and_day(world: World) -> None:
    need = a_need(world)
    first = record_gap(need, TANK, by=world.desk)
    with clock.moved_to(NOON + dt.timedelta(days=200)):
        again = record_gap(need, Missing("equipment", "大きな　恒温槽", "electronics", "ほかの話", 5), by=world.desk)
    assert (again.pk, again.words, again.yen, again.tech_field, again.said_on) == (first.pk, "入る槽がない。", 12_000_000, "metal", NOON.date())
    assert events("gap.record") == 1


# The year's list


def test_the_sheet_is_the_page_line_by_line(world: World) -> None:
    for yen in (30_000_000, 12_000_000):
        record_gap(a_need(world), Missing("equipment", "大きな恒温槽", "metal", "入る槽がない。", yen), by=world.desk)
    record_gap(a_need(world), Missing("skill", "電波の測り方"), by=world.desk)
    answer = client(world, BANK).get(address("desk-gaps-xlsx", BANK), {"year": "2026"})
    assert (answer["Content-Disposition"], answer["Content-Type"]) == (
        "attachment; filename=gaps-2026.xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    )  # fmt: skip
    assert sheet(answer)[-3:] == [
        ["何が足りなかったか", "足りなかったもの", "課題の数（年度）", "課題の数（これまで）", "技術分野", "言った機関", "費用（少ない方、円）", "費用（多い方、円）", "新しい記録の言葉"],
        ["設備・機器", "大きな恒温槽", 2, 2, "金属", "産業課", 12_000_000, 30_000_000, "入る槽がない。"],
        ["技術・知識のある人", "電波の測り方", 1, 1, "", "産業課", "", "", ""],
    ]
    page = said(client(world, BANK).get(address("desk-gaps", BANK)))
    assert ("1,200万円〜3,000万円" in page, page.index("大きな恒温槽") < page.index("電波の測り方")) == (True, True)


def test_a_formula_in_a_gap_is_no_formula_in_the_sheet(world: World) -> None:
    for what in ("=1+1", "+HYPERLINK(0)", "@SUM(1)"):
        record_gap(a_need(world), Missing("other", what), by=world.desk)
    found = openpyxl.load_workbook(io.BytesIO(client(world).get(address("desk-gaps-xlsx", DESK)).content)).active
    assert found is not None
    cells = [cell for row in found.iter_rows() for cell in row if isinstance(cell.value, str) and any(word in cell.value for word in ("1+1", "HYPERLINK", "SUM"))]
    assert (len(cells), {cell.data_type for cell in cells}) == (3, {"s"})


def test_the_first_of_april_turns_the_list_over(world: World) -> None:
    with clock.moved_to(clock.at(dt.date(2027, 3, 31), 23, 59)):
        record_gap(a_need(world), TANK, by=world.desk)
        last = said(client(world).get(address("desk-gaps", DESK)))
    with clock.moved_to(clock.at(dt.date(2027, 4, 1), 0, 0)):
        one = client(world)
        now, before = said(one.get(address("desk-gaps", DESK))), said(one.get(address("desk-gaps", DESK), {"year": "2026"}))
    shown = [(TANK.what in page, "この年度の記録は、まだありません" in page, "今年度に戻る" in page) for page in (last, now, before)]
    assert shown == [(True, False, False), (False, True, False), (True, False, True)]
    assert ("?year=2026" in now, "?year=2028" in now) == (True, True)


def test_a_gap_of_two_years_counts_in_each_and_ever_only_up_to_it(world: World) -> None:
    for day in (dt.date(2026, 3, 31), dt.date(2026, 4, 1), dt.date(2027, 4, 1)):
        with clock.moved_to(clock.at(day, 9)):
            record_gap(a_need(world), TANK, by=world.desk)
    found = {start: [(one.needs, one.ever) for one in gaps_of(world.bank, FiscalYear(start))] for start in (2024, 2025, 2026, 2027)}
    assert found == {2024: [], 2025: [(1, 1)], 2026: [(1, 2)], 2027: [(1, 3)]}


def test_kinds_are_apart_and_what_is_felt_more_stands_first(world: World) -> None:
    for kind, what in (("skill", "測り方"), ("equipment", "測り方"), ("equipment", "そくりかた"), ("equipment", "測り方")):
        record_gap(a_need(world), Missing(kind, what), by=world.desk)
    assert [(one.kind_name, one.newest.what, one.needs) for one in gaps_of(world.desk, FiscalYear(2026))] == [
        ("設備・機器", "測り方", 2), ("設備・機器", "そくりかた", 1), ("技術・知識のある人", "測り方", 1),
    ]  # fmt: skip


def test_what_is_behind_a_line_is_every_year_and_every_spelling(world: World) -> None:
    needs = [a_need(world, title) for title in ("一つ目", "二つ目")]
    with clock.moved_to(clock.at(dt.date(2025, 5, 1), 9)):
        old = record_gap(needs[0], Missing("equipment", "大きな　恒温槽", words="昔の話\n二行目"), by=world.desk)
    new = record_gap(needs[1], TANK, by=world.desk)
    assert [one.pk for one in alike(old, world.bank)] == [new.pk, old.pk]
    assert {key: one.need.title for key, one in sources_of([old, new], world.desk).items()} == {old.pk: "一つ目", new.pk: "二つ目"}
    pages = [said(client(world).get(address("desk-gap", DESK, gap=one.pk))) for one in (old, new)]
    assert ["昔の話<br>二行目" in page and "1,200万円" in page for page in pages] == [True, True]


def test_markup_in_a_gap_is_shown_as_letters(world: World) -> None:
    made = record_gap(a_need(world), Missing("other", HOSTILE, words=HOSTILE), by=world.desk)
    one = client(world)
    for page in (address("desk-gaps", DESK), address("desk-gap", DESK, gap=made.pk), form_of(a_need(world))):
        assert "<script>alert" not in said(one.get(page)), page


def test_a_gap_of_nobody_is_not_found_and_lists_are_only_read(world: World) -> None:
    one = client(world)
    made = record_gap(a_need(world), TANK, by=world.desk)
    assert one.get(address("desk-gap", DESK, gap=uuid.uuid4())).status_code == 404
    pages = [address("desk-gaps", DESK), address("desk-gaps-xlsx", DESK), address("desk-gap", DESK, gap=made.pk), address("desk-climbs", DESK)]
    assert [one.post(page).status_code for page in pages] == [405] * 4


def test_the_pages_are_there_in_english(world: World) -> None:
    need = declined(world)
    made = record_gap(need, TANK, by=world.desk)
    one = client(world)
    one.post("/language/", {"language": "en", "next": "/"})
    for page in (address("desk-gaps", DESK), address("desk-gap", DESK, gap=made.pk), address("desk-climbs", DESK), form_of(need)):
        shown = said(one.get(page))
        assert ('<html lang="en">' in shown, "足りなかったもの</h1>" in shown, "会議に上げる</button>" in shown) == (True, False, False), page


# What may climb


def test_the_reason_names_every_body_asked_in_vain(world: World) -> None:
    need = declined(world, "busy")
    assert client(world).post(address("desk-climb", DESK, need=need.pk)).status_code == 302
    assert {one.reason for one in Escalation.objects.all()} == {"頼んだ機関がどこも引き受けられなかった：工業試験所（手がいっぱい）"}
    assert events("need.climb") == 1


@pytest.mark.parametrize("state", ["settled", "dropped"])
def test_a_need_that_is_over_is_refused_in_words(world: World, state: str) -> None:
    need = declined(world)
    Need.objects.filter(pk=need.pk).update(state=state)
    answer = client(world).post(address("desk-climb", DESK, need=need.pk), follow=True)
    assert (answer.status_code, Escalation.objects.count()) == (200, 0)
    assert "片づいた課題です。上げるときは、対応中に戻してください。" in said(answer)


def test_a_need_of_nobody_and_a_link_do_not_climb(world: World) -> None:
    need, one = declined(world), client(world)
    assert one.post(address("desk-climb", DESK, need=uuid.uuid4())).status_code == 404
    assert one.get(address("desk-climb", DESK, need=need.pk)).status_code == 405
    assert Escalation.objects.count() == 0


def test_the_lists_ask_as_often_for_three_as_for_one(world: World) -> None:
    one = client(world)

    def asked() -> list[int]:
        counts = []
        for page in (address("desk-climbs", DESK), address("desk-gaps", DESK), address("desk-gap", DESK, gap=Gap.objects.earliest("said_at").pk)):
            with CaptureQueriesContext(connection) as queries:
                assert one.get(page).status_code == 200
            counts.append(len(queries))
        return counts

    record_gap(declined(world), TANK, by=world.desk)
    first = asked()
    for _turn in range(2):
        record_gap(declined(world), TANK, by=world.desk)
    assert (asked(), len(proposed_climbs(world.desk))) == (first, 3)


def test_everybody_is_proposed_what_it_sees_from_inside_under_the_real_login(committed_world: World, login: Login) -> None:
    world = committed_world
    need = declined(world)
    moved = declined(world)
    Case.objects.filter(pk=moved.case_id).update(holder_id=CENTER, at_desk=False)
    seen = {}
    with login("web"):
        for body in (DESK, LAB, CENTER, BANK):
            actor = world.actor(body)
            with transaction.atomic(), acting(actor):
                assert {one.pk for one in waiting_to_climb(actor)} == {one.need.pk for one in proposed_climbs(actor)}, body
                seen[body] = {(one.need.pk, one.may_run) for one in proposed_climbs(actor)}
        with transaction.atomic(), acting(world.desk):
            climb(fresh(need), by=world.desk, reason="断られた", proposed=True)
        with refuses("not_allowed"), transaction.atomic(), acting(world.bank):
            record_gap(need, TANK, by=world.bank)
    assert seen == {DESK: {(need.pk, True), (moved.pk, False)}, CENTER: {(moved.pk, True)}, LAB: set(), BANK: set()}
    assert (Escalation.objects.filter(need=need).count(), Escalation.objects.filter(need=moved).count(), Gap.objects.count()) == (2, 0, 0)


def test_the_years_list_of_the_region_is_one_for_every_body(world: World) -> None:
    record_gap(a_need(world), TANK, by=world.desk)
    shown = {said(client(world, body).get(address("desk-gaps", body))).count(TANK.what) for body in (DESK, LAB, CENTER, BANK)}
    assert shown == {1}
    assert reverse("desk-gaps", kwargs={"body": DESK}) != reverse("desk-gaps", kwargs={"body": BANK})
