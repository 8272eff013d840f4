"""Openings in every state: each act is done, or refused with one code and nothing written; days end at midnight in Tokyo."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from renkei.audit.models import Event
from renkei.base import clock
from renkei.base.actor import GUEST, SYSTEM, Actor, ActorKind
from renkei.base.context import acting
from renkei.base.refusal import Refused
from renkei.cases.actions.closing import close_case
from renkei.cases.actions.openings import accept_terms, answer_opening, open_to, read_opening, shut, write_note
from renkei.cases.models import Opening, PartnerNote, Transition
from renkei.post.models import Link, Mail, Nudge
from tests.cases import trying
from tests.cases.test_openings import WHO, partner, through_link, to
from tests.portal.scene import BANK, CENTER, LAB, Firm, came, running
from tests.world import DESK, World

DAY = dt.timedelta(days=1)
LAST = dt.date(2027, 3, 31)


def tried(act: Callable[[], object]) -> str:
    code = trying.tried(act, Opening, PartnerNote, Link)
    return "ok" if code == "same" else code


@pytest.fixture
def firm(world: World) -> Firm:
    return running(world)


def _made(firm: Firm, state: str) -> tuple[Opening, Actor]:
    """An opening in a state, and a partner who holds (or held) its link."""
    company = through_link(firm)
    opening = to(firm, "outside" if state in {"asked", "declined"} else "inside", until=LAST)
    actor = Actor(ActorKind.PARTNER, link=company.link, name="だれか") if state in {"asked", "declined"} else partner()
    if state == "declined":
        answer_opening(opening, given=False, by=company)
    if state in {"accepted", "run out", "shut"}:
        accept_terms(opening, by=actor)
    if state == "shut":
        shut(opening, by=company)
    return Opening.objects.get(pk=opening.pk), actor


TABLE = {  # the firm says yes, no; shut; the partner accepts, reads, writes; the body writes; the body opens it once more
    "asked": ("ok", "ok", "ok", "not_allowed", "terms", "not_allowed", "shut", "open_already"),
    "declined": ("answered", "answered", "ok", "not_allowed", "terms", "not_allowed", "shut", "ok"),
    "given": ("answered", "answered", "ok", "ok", "terms", "terms", "ok", "open_already"),
    "accepted": ("answered", "answered", "ok", "ok", "ok", "ok", "ok", "open_already"),
    "shut": ("answered", "answered", "ok", "not_allowed", "ok", "not_allowed", "shut", "ok"),
    "run out": ("answered", "answered", "ok", "not_allowed", "ok", "not_allowed", "shut", "ok"),
}


@pytest.mark.covers("C12", "C18")
@pytest.mark.parametrize("state", TABLE)
def test_every_act_in_every_state(firm: Firm, state: str) -> None:
    company, lab = through_link(firm), firm.world.lab
    with clock.moved_to(clock.at(LAST, 12)):
        opening, actor = _made(firm, state)
    moment = clock.at(LAST + DAY, 9) if state == "run out" else clock.at(LAST, 23, 59)
    with clock.moved_to(moment):
        acts: list[Callable[[], object]] = [
            lambda: answer_opening(opening, given=True, by=company), lambda: answer_opening(opening, given=False, by=company),
            lambda: shut(opening, by=lab), lambda: accept_terms(opening, by=actor), lambda: read_opening(opening, by=actor),
            lambda: write_note(opening, text="40度です", by=actor), lambda: write_note(opening, text="何度ですか", by=lab),
            lambda: to(firm, "inside"),
        ]  # fmt: skip
        assert tuple(tried(act) for act in acts) == TABLE[state]


def test_what_ran_out_is_ended_when_it_is_opened_again(firm: Firm) -> None:
    with clock.moved_to(clock.at(LAST, 12)):
        old = to(firm, until=LAST)
    with clock.moved_to(clock.at(LAST + DAY, 0, 1)):
        new = to(firm)
        old.refresh_from_db()
        assert (old.ended_at, new.is_open, old.is_open) == (clock.now(), True, False)
        assert {one.subject: one.closed_at is None for one in Link.objects.filter(purpose="partner")} == {old.pk: False, new.pk: True}
    assert sorted(Transition.objects.filter(verb__in=["opened_out", "shut_out"]).values_list("verb", flat=True)) == [
        "opened_out", "opened_out", "shut_out"]  # fmt: skip


def test_a_yes_comes_too_late_and_a_no_never(firm: Firm) -> None:
    company = through_link(firm)
    with clock.moved_to(clock.at(LAST, 12)):
        opening = to(firm, "outside", until=LAST)
        assert tried(lambda: answer_opening(opening, given=True, by=company)) == "ok"
    with clock.moved_to(clock.at(LAST + DAY, 0)):
        assert tried(lambda: answer_opening(opening, given=True, by=company)) == "run_out"
        assert tried(lambda: answer_opening(opening, given=False, by=company)) == "ok"


def test_a_closed_case_opens_to_nobody_more(world: World) -> None:
    firm = came(world)
    company = through_link(firm)
    opening = to(firm, "outside", by=world.desk, classes=("summary",))
    close_case(firm.case, by=world.desk, reason="solved", words="済んだ", result="solved", needs="settled")
    assert tried(lambda: answer_opening(opening, given=True, by=company)) == "case_closed"
    assert tried(lambda: answer_opening(opening, given=False, by=company)) == "ok"
    assert tried(lambda: to(firm, by=world.desk, email="b@x.example")) == "case_closed"
    assert tried(lambda: shut(opening, by=company)) == "ok"


@pytest.mark.parametrize(
    ("moment", "opens"),
    [(clock.at(LAST, 0), True), (clock.at(LAST, 23, 59), True), (clock.at(LAST + DAY, 0), False), (clock.at(LAST + DAY, 8, 59), False)],
)
def test_the_last_day_of_the_year_counts_to_midnight_in_tokyo(firm: Firm, moment: dt.datetime, opens: bool) -> None:
    with clock.moved_to(clock.at(LAST - DAY, 12)):
        opening = to(firm, until=LAST)
    with clock.moved_to(moment):
        assert (opening.is_open, Opening.objects.live().filter(pk=opening.pk).exists(), opening.has_run_out) == (opens, opens, not opens)


@pytest.mark.parametrize(
    ("more", "code", "field"),
    [
        ({"name": "あ" * 101}, "too_long", "name"), ({"organisation": "あ" * 201}, "too_long", "organisation"),
        ({"purpose": "あ" * 201}, "too_long", "purpose"), ({"name": "\u202e\u200b"}, "name_missing", "name"),
        ({"organisation": "\n"}, "name_missing", "organisation"), ({"email": "a@b@c.example"}, "email_wrong", "email"),
        ({"email": "a@x.example\nBcc: b@x.example"}, "email_wrong", "email"), ({"email": ""}, "email_wrong", "email"),
        ({"classes": ("summary", "")}, "unknown_class", "classes"),
    ],
)  # fmt: skip
def test_hostile_words_are_refused_at_their_field(firm: Firm, more: dict[str, Any], code: str, field: str) -> None:
    with pytest.raises(Refused) as refused:
        to(firm, **more)
    assert (refused.value.code, refused.value.field) == (code, field)
    assert not Opening.objects.exists()


def test_the_longest_words_arrive_whole_and_in_one_line(firm: Firm) -> None:
    made = to(firm, name="研究\n花子" + "あ" * 90, organisation="大" * 200, purpose="使" * 200, email=" A@B.example ")
    kept = Opening.objects.get(pk=made.pk)
    assert (kept.name, kept.organisation, kept.purpose, kept.email) == ("研究 花子" + "あ" * 90, "大" * 200, "使" * 200, "a@b.example")
    mail = Mail.objects.get(purpose="partner")
    assert (mail.to, "\n" in mail.subject, kept.name in mail.text) == ("a@b.example", False, True)


@pytest.mark.parametrize(("who", "code"), [("center", "ok"), ("bank", "not_allowed"), ("desk", "ok"), ("guest", "not_staff"), ("system", "not_staff")])
def test_who_may_open(firm: Firm, who: str, code: str) -> None:
    by = {"center": firm.world.center, "bank": firm.world.bank, "desk": firm.world.desk, "guest": GUEST, "system": SYSTEM}[who]
    got = tried(lambda: to(firm, by=by, classes=("summary",)))
    assert got == code or (code == "not_staff" and got == "not_allowed")


def test_each_act_leaves_its_own_traces_and_no_other(firm: Firm) -> None:
    company = through_link(firm)
    known = set(Event.objects.values_list("pk", flat=True))
    opening = to(firm, "outside")
    answer_opening(opening, given=True, by=company)
    actor = partner()
    accept_terms(opening, by=actor)
    write_note(opening, text="何度ですか", by=actor)
    write_note(opening, text="40度です", by=firm.world.lab)
    shut(opening, by=company)
    assert sorted(Event.objects.exclude(pk__in=known).values_list("verb", flat=True)) == [
        "opening.accept", "opening.answer", "opening.ask", "opening.note", "opening.note", "opening.shut"]  # fmt: skip
    assert sorted(Mail.objects.filter(purpose="partner").values_list("to", "to_body")) == [
        ("hanako@daigaku.example", ""), ("hanako@daigaku.example", "")]  # fmt: skip
    assert [(one.body, one.settled_at is not None) for one in Nudge.objects.filter(kind="partner")] == [(LAB, True)]
    assert all("40度" not in one.text and "何度" not in one.text for one in Mail.objects.filter(purpose="partner"))


def test_one_person_through_two_bodies_is_two_openings(firm: Firm) -> None:
    first = to(firm, classes=("summary",))
    second = to(firm, by=firm.world.desk, classes=("summary",))
    assert {first.body_id, second.body_id} == {LAB, DESK}
    shut(first, by=firm.world.lab)
    assert Opening.objects.live().get() == second


def test_the_link_of_another_firm_finds_no_opening(firm: Firm) -> None:
    other = running(firm.world)
    opening = to(firm, "outside")
    known = Client().get(firm.url("opening", opening=opening.pk))
    assert known.status_code == 200
    for url in (other.url("opening", opening=opening.pk), f"{other.url('opening', opening=opening.pk)}?of={firm.case_id}"):
        assert [Client().get(url).status_code, Client().post(url, {"answer": "yes"}).status_code] == [404, 404]
    assert Opening.objects.get().is_asked


def test_under_the_web_login_it_is_opened_again_after_its_day(committed_world: World, login: Any) -> None:
    firm = running(committed_world)
    with clock.moved_to(clock.at(LAST, 12)):
        to(firm, until=LAST)
    with clock.moved_to(clock.at(LAST + DAY, 9)), login("web"):
        with acting(firm.world.lab):
            open_to(firm.case, by=firm.world.lab, kind="inside", classes=["summary"], **WHO)
            assert sorted(one.ended_at is None for one in Opening.objects.all()) == [False, True]
        for body in (CENTER, BANK):
            with acting(firm.world.actor(body)):
                assert list(Opening.objects.all()) == []
