"""Intake at its edges: lengths, titles made from words, hostile characters, days, and what a failure leaves behind."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from renkei.audit.models import Event
from renkei.base import clock
from renkei.base.text import clean_text
from renkei.cases import mails as mail_texts
from renkei.cases.actions.intake import MOST_IN, bind_company, plain, receive
from renkei.cases.models import Case, Consultation, Passage, Register, Transition
from renkei.companies.models import Sight
from renkei.plan.models import Body
from renkei.post.models import Link, Mail
from tests.cases.making import NOON, arrived, company, events, fresh, refuses, said, steps
from tests.world import DESK, LAB, World

INVISIBLE = "\u202e\u200b\ufeff\x00\x07"
TYPED = st.text("aあ\x00\u200b", max_size=4)


@pytest.fixture(autouse=True)
def _noon() -> Any:
    with clock.moved_to(NOON):
        yield


def desk() -> Body:
    return Body.objects.get(pk=DESK)


def stored() -> list[int]:
    """How many rows intake has written, table by table."""
    return [table.objects.count() for table in (Case, Consultation, Passage, Transition, Event, Link, Mail, Register)]


class TestTitle:
    @pytest.mark.parametrize(
        ("text", "title"),
        [
            ("試験をしたい。補助も。", "試験をしたい"),
            ("。先に句点を打った", "先に句点を打った"),
            ("。。。雷の試験。。", "雷の試験"),
            ("。", "。"),
            ("。。\n。", "。。 。"),
            ("一行目\n二行目", "一行目 二行目"),
            ("あ" * 40, "あ" * 40),
            ("あ" * 41, "あ" * 39 + "…"),
            ("あ" * 8000, "あ" * 39 + "…"),
            ("\u202e試験。", "試験"),
            ("<script>alert(1)</script>。", "<script>alert(1)</script>"),
            ("x", "x"),
        ],
    )
    def test_is_the_first_sentence_when_nobody_gave_one(self, world: World, text: str, title: str) -> None:
        assert arrived(world, text=text).case.title == title

    def test_given_title_wins_and_an_invisible_one_does_not(self, world: World) -> None:
        assert arrived(world, title=" 件名 ").case.title == "件名"
        assert arrived(world, title=INVISIBLE, text="本文。").case.title == "本文"

    @settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(text=st.text("。\n 　あa\u200b", min_size=1, max_size=60))
    def test_every_text_that_says_something_gets_a_title(self, world: World, text: str) -> None:
        assume(clean_text(text))
        case = arrived(world, text=text).case
        assert 1 <= len(case.title) <= 40
        assert "\n" not in case.title


class TestLengths:
    @pytest.mark.parametrize(("name", "most"), sorted(MOST_IN.items()))
    def test_the_last_character_fits_and_the_next_is_refused_by_name(self, world: World, name: str, most: int) -> None:
        full = ("a" * (most - 12) + "@x.example")[-most:] if name == "email" else "あ" * most
        if name != "email":
            assert arrived(world, **{name: full}).case.pk
        before = stored()
        with refuses("too_long", name):
            arrived(world, **{name: "あ" * (most + 1)})
        assert stored() == before

    def test_the_sentence_says_how_long_it_is_and_how_long_it_may_be(self, world: World) -> None:
        with pytest.raises(Exception, match=r"1,000字までです（いま1,234字）") as caught:
            arrived(world, wish="あ" * 1234)
        assert "ファイル" in str(caught.value)

    def test_length_counts_what_is_kept_not_what_was_sent(self, world: World) -> None:
        arrived(world, wish="  " + "あ" * 1000 + "\u200b" * 50 + "\r\n")
        assert len(Consultation.objects.get().wish) == 1000

    @pytest.mark.parametrize(("count", "fits"), [(8000, True), (8001, False)])
    def test_eight_thousand_characters_of_words(self, world: World, count: int, fits: bool) -> None:
        if fits:
            arrived(world, text="字" * count)
            assert len(Consultation.objects.get().text) == count
        else:
            with refuses("text_too_long", "text"):
                arrived(world, text="字" * count)
            assert not Case.objects.exists()

    @pytest.mark.parametrize("most", [100, 101])
    def test_each_body_asked_before_is_measured(self, world: World, most: int) -> None:
        bodies = ["短い", "機" * most]
        if most == 100:
            arrived(world, prior_bodies=bodies)
            assert Consultation.objects.get().prior_bodies == bodies
        else:
            with refuses("too_long", "prior_bodies"):
                arrived(world, prior_bodies=bodies)

    @pytest.mark.parametrize(
        ("yen", "fits"), [(0, True), (1, True), (10**12 - 1, True), (10**12, False), (-1, False), (2**63, False)]
    )
    def test_budget(self, world: World, yen: int, fits: bool) -> None:
        if fits:
            arrived(world, budget_yen=yen)
            assert Consultation.objects.get().budget_yen == yen
        else:
            with refuses("budget_out_of_range", "budget_yen"):
                arrived(world, budget_yen=yen)


class TestHostileCharacters:
    def test_no_field_keeps_what_cannot_be_seen(self, world: World) -> None:
        typed = {name: INVISIBLE + word for name, word in {
            "text": "本文", "wish": "希望", "company_given": "会社", "person_given": "人", "phone": "04-7100-0000",
            "reach_me": "朝", "title": "件名", "summary": "要約", "financial": "お金"}.items()}  # fmt: skip
        case = arrived(world, **typed, prior_bodies=[INVISIBLE + "商工会"], facts={"a\x00": {"b": ["c\x00", 1]}}).case
        words = Consultation.objects.get()
        kept = [words.text, words.wish, words.company_given, words.person_given, words.phone, words.reach_me,
                *words.prior_bodies, case.title, case.summary, case.company_given, case.next_phone,
                Passage.objects.get().text]  # fmt: skip
        assert kept == ["本文", "希望", "会社", "人", "04-7100-0000", "朝", "商工会", "件名", "要約", "会社",
                        "04-7100-0000", "お金"]  # fmt: skip
        assert words.facts == {"a": {"b": ["c", 1]}}

    def test_a_number_padded_with_invisible_characters_still_fits_the_next_step(self, world: World) -> None:
        assert arrived(world, phone="04-7100-0000" + "\u200b" * 30).case.next_phone == "04-7100-0000"

    def test_only_invisible_words_say_nothing(self, world: World) -> None:
        with refuses("text_empty", "text"):
            arrived(world, text=INVISIBLE + " \r\n　")
        assert arrived(world, company_given=INVISIBLE).case.company_given == "社名は未確認"

    @pytest.mark.parametrize("email", ["a", "a@", "@b.example", "a b@c.example", "a@b\r\nBcc: x@y.example", "<a@b.example>", "a@b@c"])
    def test_an_address_that_cannot_be_one(self, world: World, email: str) -> None:
        before = stored()
        with refuses("email_wrong", "email"):
            arrived(world, email=email)
        assert stored() == before

    @given(st.recursive(st.none() | st.integers() | TYPED, lambda inner: st.lists(inner) | st.dictionaries(TYPED, inner),
                        max_leaves=8))  # fmt: skip
    @settings(max_examples=50)
    def test_answers_of_any_shape_lose_only_what_the_database_refuses(self, value: Any) -> None:
        clean = plain(value)
        assert plain(clean) == clean
        assert not re.search(r"\\x00|\\u200b", repr(clean))
        assert type(clean) is type(value)


class TestWhen:
    @pytest.mark.parametrize("ahead", [dt.timedelta(seconds=1), dt.timedelta(days=1), dt.timedelta(days=3650)])
    def test_nobody_can_have_called_tomorrow(self, world: World, ahead: dt.timedelta) -> None:
        with refuses("future", "consulted_at"):
            arrived(world, consulted_at=NOON + ahead)

    def test_this_very_moment_is_not_the_future(self, world: World) -> None:
        assert arrived(world, consulted_at=NOON).consultation.consulted_at == NOON

    @pytest.mark.parametrize(
        ("hour", "minute", "day"), [(23, 59, dt.date(2026, 11, 24)), (0, 0, dt.date(2026, 11, 25)), (8, 59, dt.date(2026, 11, 25))]
    )
    def test_the_day_it_happened_is_a_day_in_tokyo(self, world: World, hour: int, minute: int, day: dt.date) -> None:
        case = arrived(world, consulted_at=clock.at(day, hour, minute)).case
        step = Transition.objects.get(case=case)
        assert (step.happened_on, step.recorded_at) == (day, NOON)

    def test_entered_a_year_late_it_is_numbered_and_dated_from_today(self, world: World) -> None:
        case = arrived(world, consulted_at=clock.at(dt.date(2025, 3, 31), 10)).case
        assert (case.number, case.arrived_at, case.next_on) == ("県 8-0001", NOON, dt.date(2026, 11, 27))
        assert Transition.objects.get().happened_on == dt.date(2025, 3, 31)

    @pytest.mark.parametrize(
        ("arrives", "answer"),
        [
            (dt.date(2026, 11, 20), dt.date(2026, 11, 25)),  # Friday; a weekend and a holiday on Monday
            (dt.date(2026, 11, 21), dt.date(2026, 11, 25)),  # Saturday
            (dt.date(2026, 12, 25), dt.date(2027, 1, 4)),  # the year's end is closed from the 29th
            (dt.date(2026, 12, 28), dt.date(2027, 1, 5)),
            (dt.date(2026, 12, 31), dt.date(2027, 1, 5)),
            (dt.date(2027, 3, 31), dt.date(2027, 4, 2)),
            (dt.date(2028, 2, 28), dt.date(2028, 3, 1)),  # a leap day is a working day
            (dt.date(2028, 2, 29), dt.date(2028, 3, 2)),
            (dt.date(2027, 4, 28), dt.date(2027, 5, 6)),  # the holidays of May
        ],
    )
    def test_the_first_answer_is_due_on_the_second_business_day(self, world: World, arrives: dt.date, answer: dt.date) -> None:
        with clock.moved_to(clock.at(arrives, 16)):
            case = arrived(world).case
        assert (case.next_on, case.next_kind, case.next_body_id) == (answer, "answer", DESK)


class TestTwiceAndHalfway:
    def test_the_first_words_win_when_a_key_comes_again_with_others(self, world: World) -> None:
        first = receive(said(), by=world.desk, body=desk(), idempotency_key="k")
        before = stored()
        again = receive(said(text="別の話"), by=world.desk, body=desk(), idempotency_key="k")
        assert (again.case, again.consultation.text, again.token) == (first.case, said().text, "")
        assert stored() == before

    def test_another_key_is_another_case(self, world: World) -> None:
        one, two = (receive(said(), by=world.desk, body=desk(), idempotency_key=key).case for key in ("k", "l"))
        assert one.number != two.number

    def test_bad_words_are_refused_even_under_a_key_that_is_known(self, world: World) -> None:
        receive(said(), by=world.desk, body=desk(), idempotency_key="k")
        with refuses("text_empty", "text"):
            receive(said(text=" "), by=world.desk, body=desk(), idempotency_key="k")

    @pytest.mark.parametrize("place", ["receipt", "make_link", "log_step", "_write_financial"])
    def test_what_fails_halfway_leaves_nothing(self, world: World, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
        def fail(*_args: Any, **_more: Any) -> None:
            raise OSError("the disk is full")

        arrived(world)
        before = stored()
        where = mail_texts if place == "receipt" else "renkei.cases.actions.intake"
        monkeypatch.setattr(where, place, fail) if place == "receipt" else monkeypatch.setattr(f"{where}.{place}", fail)
        with pytest.raises(OSError, match="disk"):
            arrived(world, financial="資金の話")
        assert stored() == before
        assert Register.objects.get().last == 1

    def test_classes_are_kept_once_each_in_order(self, world: World) -> None:
        assert arrived(world, standing_classes=["technical", "summary", "technical"]).case.standing_classes == [
            "summary", "technical"]
        with refuses("unknown_class", "standing_classes"):
            arrived(world, standing_classes=["summary", "secret"])

    @pytest.mark.parametrize(("summary", "seen", "marked"), [("要約", True, True), ("要約", False, False), (" ", True, False)])
    def test_only_a_summary_that_is_there_can_have_been_seen(
        self, world: World, summary: str, seen: bool, marked: bool
    ) -> None:
        case = arrived(world, summary=summary, summary_seen=seen).case
        assert (case.summary_seen_at is not None) is marked


class TestHolder:
    @pytest.mark.parametrize(
        ("to_desk", "holder", "state", "person"), [(True, DESK, "arrived", False), (False, LAB, "active", True)]
    )
    def test_a_body_sends_to_the_desk_or_keeps(self, world: World, to_desk: bool, holder: str, state: str, person: bool) -> None:
        case = receive(said(), by=world.lab, body=Body.objects.get(pk=LAB), to_desk=to_desk).case
        assert (case.holder_id, case.next_body_id, case.received_by_id, case.state, case.at_desk) == (
            holder, holder, LAB, state, to_desk)
        assert case.holder_person_id == (world.lab.person if person else None)
        assert case.number == "試 8-0001"

    def test_the_same_firm_twice_is_no_step(self, world: World) -> None:
        case = arrived(world).case
        known = company(name="狐火エレクトロ株式会社")
        bind_company(case, known, by=world.desk)
        before = (fresh(case).version, steps(case), events("case.bind_company"))
        bind_company(fresh(case), known, by=world.desk)
        assert (fresh(case).version, steps(case), events("case.bind_company")) == before

    def test_who_took_it_binds_although_it_does_not_hold_it(self, world: World) -> None:
        case = receive(said(), by=world.lab, body=Body.objects.get(pk=LAB)).case
        own = company(LAB, name="まぼろし計測")
        assert bind_company(case, own, by=world.lab).company == own
        assert fresh(case).company_given == "まぼろし計測"
        assert Case.objects.containing("まぼろし").get() == case

    def test_a_firm_one_has_lost_sight_of_cannot_be_bound(self, world: World) -> None:
        case = receive(said(), by=world.lab, body=Body.objects.get(pk=LAB), to_desk=False).case
        once = company(LAB, name="まぼろし計測")
        Sight.objects.update(ended_on=clock.today())
        once.entered_by_id = DESK
        once.save()
        with refuses("not_visible"):
            bind_company(case, once, by=world.lab)
