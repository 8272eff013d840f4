"""Both ways at their edges: odd texts and facts are answered, hidden rows move nothing, a suggestion is the holder's alone."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction

from renkei.base import clock
from renkei.base.actor import GUEST, SYSTEM, link_holder
from renkei.base.context import acting
from renkei.cases.actions.suggesting import MOST_A_CASE, Open, answer_suggestion, fitting, suggest, tell_case
from renkei.cases.models import Case, Suggestion
from renkei.cases.queries.reach import cases_for, firms_for
from renkei.cases.queries.similar import MOST_WORDS, SHARED, ranked, similar_cases, telling_words
from renkei.matching.actions import EntryRow, put_entries, withdraw_entries
from renkei.matching.entries import Match
from renkei.matching.knowledge import knowledge
from renkei.matching.models import Entry, Judgment
from renkei.plan.models import Body
from tests.cases.making import NOON, arrived, company, events, need_of, refuses
from tests.cases.test_similar import TEXT, case
from tests.world import BANK, CENTER, DESK, LAB, World

ODD = [
    "", "め", "a", "🙂", "🙂🙂🙂", "'; DROP TABLE cases_case; --", "%", "_%_%", "\\", "\x00電源\x00絶縁", "ABC雷サージ电源تجربة", "㌔㍍㌘", "\u200b" * 50, " \n\t　",
    "電" * 3000, "電源装置の絶縁。" * 1300, "の" * 100, "1234567890 " * 50, "<b>電源</b><i>絶縁</i>", "e\u0301e\u0301",
]  # fmt: skip


def put(id_: str = "SD1", **more: Any) -> Entry:
    given: dict[str, Any] = {"kind": "seed", "name": "サージに強い絶縁膜の塗布", "body": LAB, "summary": "電源装置を雷サージから守る絶縁膜。"}
    put_entries([EntryRow(id=id_, **(given | more))], kept_by="test", by=SYSTEM)
    return Entry.objects.get(pk=id_)


def test_odd_texts_find_what_they_say_or_nothing(world: World) -> None:
    near = case(world, "電源の試験", "雷サージに弱い電源装置の絶縁を試験する。")
    for text in ODD:
        words = telling_words(text)
        assert len(words) <= MOST_WORDS
        assert len(set(words)) == len(words)
        for one in similar_cases(text, actor=world.desk):
            assert one.case.pk == near.pk
            assert len(one.words) >= SHARED
            assert set(one.words) <= set(words)
    assert [one.case.pk for one in similar_cases("電源装置の絶縁。" * 600_000, actor=world.desk)] == [near.pk]  # ten megabytes


def test_odd_facts_of_an_entry_stop_no_page(world: World) -> None:
    good = company(DESK, "良い会社", products="電源装置、絶縁部品", strengths="塗布の設備")
    for facts in ({}, {"eligible": None}, {"eligible": []}, {"eligible": "市内"}, {"eligible": {"municipalities": None}}, {"eligible": {"municipalities": []}}, {"eligible": 5}):
        assert [one.company.pk for one in firms_for(put(facts=facts), actor=world.desk)] == [good.pk], facts
    for facts in ({"eligible": {"municipalities": ["000000"]}}, {"eligible": {"municipalities": [123456]}}):
        assert firms_for(put(facts=facts), actor=world.desk) == []
    put_entries([EntryRow(id="X", kind="seed", name="🙂")], kept_by="test", by=SYSTEM)
    assert (cases_for(Entry.objects.get(pk="X"), actor=world.desk), firms_for(Entry.objects.get(pk="X"), actor=world.desk)) == ([], [])


def test_the_rarer_word_weighs_more_and_one_word_is_no_likeness() -> None:
    import uuid

    a, b, c = (uuid.UUID(int=n) for n in (1, 2, 3))
    rows = [(a, 0), (a, 1), (b, 1), (b, 2), (c, 2), (a, 1)]
    assert ranked(rows, rows) == [(a, [0, 1]), (b, [2, 1])]  # c has one word only; a has the rare one
    assert ranked([], rows) == []


def test_hidden_rows_move_neither_order_nor_words(committed_world: World, login: Any) -> None:
    """Under the real login: what a body may not see changes neither who is found, in what order, nor which words are told."""
    world = committed_world
    one, two = case(world, "電源の絶縁", "雷サージ", LAB), case(world, "装置の絶縁", "雷サージの試験", LAB)
    firms = [company(LAB, "甲", products="電源装置、絶縁部品"), company(LAB, "乙", products="絶縁膜の塗布、サージ")]
    entry = put()

    def told() -> Any:
        with login("web"), acting(world.lab):
            return (
                [(found.case.pk, found.words) for found in similar_cases(TEXT, actor=world.lab)],
                [(found.case.pk, found.words) for found in cases_for(entry, actor=world.lab)],
                [(found.company.pk, found.words) for found in firms_for(entry, actor=world.lab)],
            )

    before = told()
    assert {found for found, _words in before[0]} == {one.pk, two.pk}
    assert {found for found, _words in before[2]} == {firm.pk for firm in firms}
    for number in range(5):
        case(world, f"電源装置の雷サージ{number}", "絶縁の劣化", BANK)
        company(BANK, f"銀行の客{number}", products="絶縁膜の塗布、電源装置、サージ")
    assert told() == before
    with login("web"):
        for actor in (world.center, GUEST, link_holder(one.pk)):
            with acting(actor):
                assert similar_cases(TEXT, actor=actor) == []
                assert firms_for(entry, actor=actor) == []


@pytest.fixture
def suggestion(world: World) -> Suggestion:
    made = arrived(world).case
    put("EQ1", kind="equipment", service="equipment-tests", body=CENTER)
    return Suggestion.objects.create(case=made, need=need_of(made, world), entry_id="EQ1", score=1, words="電源", found_at=NOON)


def test_only_the_holder_answers_and_the_last_word_counts(world: World, suggestion: Suggestion) -> None:
    for answer in ("", "x", "USED", "used ", "🙂"):
        with refuses("unknown_answer", "answer"), transaction.atomic():
            answer_suggestion(suggestion, by=world.desk, answer=answer)
    for actor in (world.lab, world.center, world.bank, GUEST, SYSTEM):
        with refuses("not_holder"), transaction.atomic():
            answer_suggestion(suggestion, by=actor, answer="used")
    assert (events("case.suggestion"), Judgment.objects.count()) == (0, 0)
    for answer in ("used", "used", "unfit"):
        assert answer_suggestion(suggestion, by=world.desk, answer=answer).answer == answer
    assert events("case.suggestion") == 2  # the same press twice is one
    assert list(Judgment.objects.order_by("pk").values_list("entry_id", flat=True)) == ["EQ1", "EQ1"]
    assert set(Judgment.objects.values_list("fits", flat=True)) == {True, False}
    Case.objects.filter(pk=suggestion.case_id).update(holder=Body.objects.get(pk=LAB))
    with refuses("not_holder"), transaction.atomic():
        answer_suggestion(suggestion, by=world.desk, answer="used")
    assert answer_suggestion(suggestion, by=world.lab, answer="used").answered_by_id == world.lab.person
    withdraw_entries(["EQ1"], kept_by="test", on=clock.today(), by=SYSTEM)
    assert not Suggestion.objects.open().exists()


def test_nothing_is_told_of_closed_cases_asked_bodies_or_twice(world: World) -> None:
    made = arrived(world).case
    need = need_of(made, world)
    entries = [put(f"EQ{n}", kind="equipment", body=(CENTER if n else LAB)) for n in range(MOST_A_CASE + 2)]

    found = [(Open(need, "電源装置", "電源装置"), Match(entry, (), 0.9, ((0, 2),), ())) for entry in entries]
    assert tell_case(made, found, by=SYSTEM) == MOST_A_CASE
    assert tell_case(made, found, by=SYSTEM) == 2  # the rest another time, none twice
    assert tell_case(made, found, by=SYSTEM) == 0
    assert set(Suggestion.objects.values_list("words", flat=True)) == {"電源"}
    Suggestion.objects.all().delete()
    Case.objects.filter(pk=made.pk).update(state="closed", closed_at=clock.now(), close_reason="solved")
    assert tell_case(made, found, by=SYSTEM) == 0
    assert fitting([], [], knowledge()) == fitting(entries, [], knowledge()) == []
    assert suggest(clock.now(), on=clock.today()) == 0
