"""Case parts opened to people by name: a body's researcher under the body's consent, an outside partner by the firm's yes."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from renkei.audit.models import Event
from renkei.base import clock
from renkei.base.actor import GUEST, Actor, ActorKind, link_holder
from renkei.base.context import acting
from renkei.base.refusal import Refused
from renkei.cases.actions.consents import withdraw_consent
from renkei.cases.actions.openings import accept_terms, answer_opening, open_to, read_opening, shut, write_note
from renkei.cases.models import Case, Consent, Contact, Message, Opening, PartnerNote, Passage, Transition
from renkei.cases.queries.readers import readings
from renkei.post.links import open_link
from renkei.post.models import Link, Mail
from tests.portal.scene import BANK, CENTER, LAB, Firm, running
from tests.world import World

WHO = {"name": "研究 花子", "organisation": "ひばり大学", "email": "Hanako@Daigaku.example"}


@pytest.fixture
def firm(world: World) -> Firm:
    return running(world)


def through_link(firm: Firm) -> Actor:
    return link_holder(open_link(firm.token).id)  # type: ignore[union-attr]


def to(firm: Firm, kind: str = "inside", by: Actor | None = None, classes: tuple[str, ...] = ("summary", "technical"), **more: Any) -> Opening:
    return open_to(firm.case, by=by or firm.world.lab, kind=kind, classes=list(classes), **(WHO | more))


def partner() -> Actor:
    token = Mail.objects.filter(text__contains="/partner/").latest("made_at").text.split("/partner/")[1].split("/")[0]
    link = open_link(token)
    assert link is not None
    return Actor(ActorKind.PARTNER, link=link.id, name=link.recipient_name)


def refuses(code: str, act: Any, field: str = "") -> None:
    before = (Event.objects.count(), Transition.objects.count(), Mail.objects.count())
    with pytest.raises(Refused) as refusal, transaction.atomic():
        act()
    assert (refusal.value.code, refusal.value.field or "") == (code, field)
    assert (Event.objects.count(), Transition.objects.count(), Mail.objects.count()) == before


@pytest.mark.covers("C12", "C85")
class TestInsideABody:
    def test_a_researcher_gets_the_parts_the_firm_opened_to_the_body(self, firm: Firm) -> None:
        opening = to(firm, purpose="計り方の助言", until=clock.today() + dt.timedelta(days=30))
        assert (opening.given_at is not None, opening.email, opening.classes) == (True, "hanako@daigaku.example", ["summary", "technical"])
        step = Transition.objects.filter(verb="opened_out").get()
        assert (step.about_body, step.to_state, step.reason) == (LAB, "summary,technical", "inside")
        assert Event.objects.filter(verb="opening.ask").count() == 1
        mail = Mail.objects.get(purpose="partner")
        assert (mail.to, firm.case.title in mail.text) == ("hanako@daigaku.example", False)

    def test_never_more_than_the_body_may_read(self, firm: Firm) -> None:
        refuses("more_than_body", lambda: to(firm, classes=("summary", "financial")), "classes")
        refuses("more_than_body", lambda: to(firm, by=firm.world.center, classes=("summary", "technical")), "classes")

    @pytest.mark.parametrize(
        ("more", "code", "field"),
        [({"kind": "friend"}, "unknown_kind", "kind"), ({"classes": ()}, "unknown_class", "classes"),
         ({"classes": ("summary", "gossip")}, "unknown_class", "classes"), ({"classes": ("technical",)}, "summary_needed", "classes"),
         ({"name": " "}, "name_missing", "name"), ({"organisation": ""}, "name_missing", "organisation"),
         ({"email": "ちがう"}, "email_wrong", "email"), ({"until": dt.date(2020, 1, 1)}, "until_past", "until")],
    )  # fmt: skip
    def test_what_is_wrong_stands_at_its_field(self, firm: Firm, more: dict[str, Any], code: str, field: str) -> None:
        refuses(code, lambda: to(firm, **more), field)
        assert not Opening.objects.exists()

    def test_once_a_person_and_not_by_strangers(self, firm: Firm) -> None:
        to(firm)
        refuses("open_already", lambda: to(firm), "email")
        refuses("not_allowed", lambda: to(firm, by=firm.world.bank))
        refuses("not_allowed", lambda: to(firm, by=through_link(firm)))


@pytest.mark.covers("C18")
class TestOutside:
    def test_nothing_opens_before_the_firm_says_yes_to_this_person(self, firm: Firm) -> None:
        opening = to(firm, "outside")
        assert (opening.is_asked, Link.objects.filter(purpose="partner").count()) == (True, 0)
        assert not Transition.objects.filter(verb="opened_out").exists()
        refuses("not_company", lambda: answer_opening(opening, given=True, by=firm.world.lab))
        answer_opening(opening, given=True, by=through_link(firm))
        assert Transition.objects.filter(verb="opened_out", reason="outside").count() == 1
        assert Link.objects.get(purpose="partner").subject == opening.pk
        refuses("answered", lambda: answer_opening(opening, given=False, by=through_link(firm)))

    def test_no_is_no(self, firm: Firm) -> None:
        opening = answer_opening(to(firm, "outside"), given=False, by=through_link(firm))
        assert (opening.is_open, Link.objects.filter(purpose="partner").exists()) == (False, False)
        assert not Transition.objects.filter(verb="opened_out").exists()
        assert to(firm, "outside").is_asked  # may be asked again, of another purpose


class TestReading:
    def test_terms_first_and_every_reading_is_told(self, firm: Firm) -> None:
        opening = to(firm)
        actor = partner()
        refuses("terms", lambda: read_opening(Opening.objects.get(), by=actor))
        refuses("terms", lambda: write_note(opening, text="質問です", by=actor))
        accept_terms(opening, by=actor)
        accept_terms(opening, by=actor)
        assert Event.objects.filter(verb="opening.accept").count() == 1
        read_opening(Opening.objects.get(), by=actor)
        told = readings(firm.case, actor=through_link(firm))
        assert [(one.body, one.person, one.classes) for one in told if one.person == "研究 花子"] == [
            ("ひばり大学", "研究 花子", ["summary"])
        ]

    def test_writing_both_ways(self, firm: Firm) -> None:
        opening = to(firm)
        accept_terms(opening, by=partner())
        write_note(Opening.objects.get(), text="温度を教えてください", by=partner())
        write_note(opening, text="40度です", by=firm.world.lab)
        assert [(one.from_partner, one.author_name) for one in PartnerNote.objects.order_by("written_at")] == [
            (True, "研究 花子"), (False, firm.world.lab.name)]  # fmt: skip
        refuses("text_empty", lambda: write_note(opening, text=" ", by=firm.world.lab), "text")
        refuses("too_long", lambda: write_note(opening, text="あ" * 4001, by=firm.world.lab), "text")
        refuses("not_allowed", lambda: write_note(opening, text="x", by=firm.world.center))

    @pytest.mark.parametrize("who", ["firm", "lab", "desk"])
    def test_shut_by_the_firm_by_the_body_and_by_who_runs_it(self, firm: Firm, who: str) -> None:
        opening = to(firm)
        by = through_link(firm) if who == "firm" else firm.world.actor({"lab": LAB, "desk": "hibari-desk"}[who])
        shut(opening, by=by)
        shut(opening, by=by)
        assert Transition.objects.filter(verb="shut_out").count() == 1
        assert Link.objects.get(purpose="partner").closed_at is not None

    def test_not_by_others(self, firm: Firm) -> None:
        opening = to(firm)
        for body in (CENTER, BANK):
            refuses("not_allowed", lambda body=body: shut(opening, by=firm.world.actor(body)))


@pytest.mark.covers("C12", "C18", "C85")
@pytest.mark.parametrize("kind", ["inside", "outside"])
def test_under_the_web_login_a_partner_reads_what_was_opened_and_nothing_else(committed_world: World, login: Any, kind: str) -> None:
    firm = running(committed_world)
    other = running(committed_world)
    case, company = firm.case, through_link(firm)
    Passage.objects.create(case=case, klass="technical", text="配合の秘密", author_body_id=LAB, written_at=clock.now())
    Passage.objects.create(case=case, klass="financial", text="借入の話", author_body_id=LAB, written_at=clock.now())
    with login("web"):
        with acting(firm.world.lab):
            opening = open_to(case, by=firm.world.lab, kind=kind, classes=["summary", "technical"], **WHO)
        if kind == "outside":
            with acting(company):
                answer_opening(opening, given=True, by=company)
    with acting(GUEST):
        actor = partner()
    with login("web"):
        with acting(actor):
            assert not Case.objects.exists()
            accept_terms(Opening.objects.get(), by=actor)
        with acting(actor):
            assert [one.pk for one in Case.objects.all()] == [case.pk] != [other.case_id]
            assert [one.text for one in Passage.objects.all()] == ["配合の秘密"]
            assert not Message.objects.exists()
            assert not Contact.objects.exists()
            with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
                Message.objects.create(case=case, text="x", from_company=True, sent_at=clock.now())
            write_note(Opening.objects.get(), text="温度は", by=actor)
        with acting(company):
            for consent in Consent.objects.filter(case=case, body_id=LAB, klass="technical"):
                withdraw_consent(consent, by=company, how="link")
        with acting(actor):
            assert [one.text for one in Passage.objects.all()] == ([] if kind == "inside" else ["配合の秘密"])
        with acting(company):
            shut(Opening.objects.get(), by=company)
        with acting(actor):
            assert not Case.objects.exists()
            assert not Passage.objects.exists()
    with login("web"), acting(firm.world.bank):
        assert readings(case, actor=firm.world.bank) == []
