"""A consultation arrives: stored, held, dated, then acknowledged."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from renkei.base import clock
from renkei.base.actor import GUEST, link_holder
from renkei.base.context import acting
from renkei.cases.actions.intake import (
    bind_company,
    claimed_company,
    receive,
    refer_to_desk,
    save_draft,
    send_draft,
    start_draft,
)  # fmt: skip
from renkei.cases.models import Case, Consultation, Draft, Passage, Register
from renkei.cases.numbers import draw_number
from renkei.companies.models import CompanyPerson
from renkei.plan.models import Body
from renkei.post.links import open_link
from renkei.post.models import Link, Mail
from tests.cases.making import NOON, WORDS, arrived, company, events, fresh, refuses, said, steps
from tests.world import CENTER, DESK, LAB, World


@pytest.fixture(autouse=True)
def _noon() -> Any:
    with clock.moved_to(NOON):
        yield


def test_real_login_sees_nothing_without_actor(committed_world: World, login: Any) -> None:
    receive(said(), by=committed_world.desk, body=Body.objects.get(pk=DESK))
    with login("web"):
        assert list(Case.objects.all()) == []
        assert Body.objects.count() == 4


@pytest.mark.covers("C92")
def test_arrives_held_dated_and_acknowledged(world: World) -> None:
    got = receive(said(wish="電話は夕方に", budget_yen=7_000_000, prior_bodies=["商工会"], facts={"size": "30cm"},
                       financial="取引銀行はひばり銀行"), by=world.desk, body=Body.objects.get(pk=DESK))
    case = fresh(got.case)
    assert (case.number, case.state, case.holder_id, case.received_by_id, case.at_desk) == (
        "県 8-0001", "arrived", DESK, DESK, True)
    assert (case.next_kind, case.next_on, case.next_body_id, case.next_phone) == (
        "answer", dt.date(2026, 11, 27), DESK, "04-7100-0000")
    assert (case.title, case.company_name, case.holder_person_id) == (
        "電源装置を新しく作りたい", "狐火エレクトロ株式会社", world.desk.person)
    consultation = case.consultations.get()
    assert (consultation.text, consultation.wish, consultation.budget_yen, consultation.facts) == (
        WORDS, "電話は夕方に", 7_000_000, {"size": "30cm"})
    assert list(Passage.objects.values_list("klass", "text")) == [("financial", "取引銀行はひばり銀行")]
    assert steps(case) == [("received", "", "arrived")]
    assert events("case.receive") == 1
    mail = Mail.objects.get()
    assert (mail.to, mail.purpose) == ("saito@kitsunebi.example", "receipt")
    assert "県 8-0001" in mail.text
    assert "11月27日" in mail.text
    assert got.token in mail.text
    assert not {"電源", "サージ", "ひばり銀行"} & set(mail.text.split())
    assert "電源" not in mail.text + mail.subject


def test_mail_makes_sense_without_its_link(world: World) -> None:
    arrived(world)
    text = "\n".join(line for line in Mail.objects.get().text.splitlines() if "http" not in line)
    assert "受け付けました" in text
    assert "000-000-0000" in text


@pytest.mark.covers("C92")
def test_another_body_keeps_its_own_consultation(world: World) -> None:
    case = receive(said(), by=world.lab, body=Body.objects.get(pk=LAB), to_desk=False).case
    assert (case.number, case.state, case.holder_id, case.at_desk, case.next_body_id) == (
        "試 8-0001", "active", LAB, False, LAB)


@pytest.mark.covers("C92")
def test_another_body_opens_a_case_for_the_desk(world: World) -> None:
    case = receive(said(), by=world.lab, body=Body.objects.get(pk=LAB)).case
    assert (case.number, case.holder_id, case.received_by_id, case.holder_person_id) == ("試 8-0001", DESK, LAB, None)


def test_numbers_count_by_body_and_fiscal_year(world: World) -> None:
    desk, lab = Body.objects.get(pk=DESK), Body.objects.get(pk=LAB)
    drawn = [draw_number(desk, dt.date(2026, 11, 25)), draw_number(desk, dt.date(2027, 3, 31)),
             draw_number(desk, dt.date(2027, 4, 1)), draw_number(lab, dt.date(2026, 11, 25))]
    assert drawn == ["県 8-0001", "県 8-0002", "県 9-0001", "試 8-0001"]


def test_refused_consultation_uses_no_number(world: World) -> None:
    with refuses("unknown_channel", "channel"):
        receive(said(channel="smoke"), by=world.desk, body=Body.objects.get(pk=DESK))
    taken = arrived(world).case.pk
    with pytest.raises(IntegrityError), transaction.atomic():
        receive(said(), by=world.desk, body=Body.objects.get(pk=DESK), case_id=taken)
    assert Register.objects.get().last == 1
    assert receive(said(), by=world.desk, body=Body.objects.get(pk=DESK)).case.number == "県 8-0002"


@pytest.mark.parametrize(
    ("more", "code", "field"),
    [
        ({"text": " \x00 "}, "text_empty", "text"),
        ({"text": "あ" * 8001}, "text_too_long", "text"),
        ({"channel": "smoke"}, "unknown_channel", "channel"),
        ({"wish": "あ" * 1001}, "too_long", "wish"),
        ({"company_given": "あ" * 201}, "too_long", "company_given"),
        ({"person_given": "あ" * 101}, "too_long", "person_given"),
        ({"phone": "1" * 21}, "too_long", "phone"),
        ({"reach_me": "あ" * 201}, "too_long", "reach_me"),
        ({"email": "not an address"}, "email_wrong", "email"),
        ({"email": "a@b.example\nBcc: c@d.example"}, "email_wrong", "email"),
        ({"title": "あ" * 101}, "too_long", "title"),
        ({"summary": "あ" * 601}, "too_long", "summary"),
        ({"financial": "あ" * 4001}, "too_long", "financial"),
        ({"prior_bodies": ["あ" * 101]}, "too_long", "prior_bodies"),
        ({"budget_yen": -1}, "budget_out_of_range", "budget_yen"),
        ({"budget_yen": 10**15}, "budget_out_of_range", "budget_yen"),
        ({"consulted_at": NOON + dt.timedelta(hours=1)}, "future", "consulted_at"),
        ({"standing_classes": ["everything"]}, "unknown_class", "standing_classes"),
    ],
)
def test_refuses_bad_input(world: World, more: dict[str, Any], code: str, field: str) -> None:
    with refuses(code, field):
        receive(said(**more), by=world.desk, body=Body.objects.get(pk=DESK))
    assert not Case.objects.exists()
    assert not Mail.objects.exists()


def test_hostile_text_is_kept_without_control_characters(world: World) -> None:
    case = arrived(world, text="<script>\x00alert(1)</script>\u202eです", facts={"a\x00": ["\x00b", {"c": "d\x00"}]}).case
    consultation = case.consultations.get()
    assert consultation.text == "<script>alert(1)</script>です"
    assert consultation.facts == {"a": ["b", {"c": "d"}]}


def test_unknown_caller_and_no_mail_address(world: World) -> None:
    got = receive(said(company_given="", email="", person_given=""), by=world.desk, body=Body.objects.get(pk=DESK))
    assert got.case.company_name == "社名は未確認"
    assert not Mail.objects.exists()


def test_receipt_goes_to_the_known_person(world: World) -> None:
    firm = company()
    person = CompanyPerson.objects.create(company=firm, name="齋藤 亘", email="known@kitsunebi.example")
    arrived(world, email="", person=person, company=firm)
    assert Mail.objects.get().to == "known@kitsunebi.example"


def test_telephone_call_entered_two_days_late(world: World) -> None:
    case = arrived(world, channel="phone", consulted_at=clock.at(dt.date(2026, 11, 22), 17, 30)).case
    step = case.transitions.get()
    assert (step.happened_on, step.recorded_at) == (dt.date(2026, 11, 22), clock.now())


def test_twice_with_one_key_gives_the_first_case(world: World) -> None:
    desk = Body.objects.get(pk=DESK)
    first = receive(said(), by=world.desk, body=desk, idempotency_key="k1")
    again = receive(said(text="ちがう文"), by=world.desk, body=desk, idempotency_key="k1")
    other = receive(said(), by=world.desk, body=desk, idempotency_key="k2")
    assert (again.case.pk, again.token) == (first.case.pk, "")
    assert other.case.pk != first.case.pk
    assert (Case.objects.count(), Mail.objects.count(), events("case.receive")) == (2, 2, 2)


def test_status_link_opens_this_case_only(world: World) -> None:
    one, two = arrived(world), arrived(world)
    link = open_link(one.token)
    assert link is not None
    actor = link_holder(link.id)
    assert list(Case.objects.visible_to(actor)) == [one.case]
    assert list(Consultation.objects.visible_to(actor)) == [one.consultation]
    assert two.case.number == "県 8-0002"
    Link.objects.filter(pk=link.id).update(expires_at=clock.now())
    assert not Case.objects.visible_to(actor).exists()
    assert not Consultation.objects.visible_to(actor).exists()


class TestDraft:
    """A firm writes without an account, comes back by link and sends; all under the real web login."""

    def test_saves_returns_and_sends_once(self, committed_world: World, login: Any) -> None:
        with login("web"):
            with acting(GUEST):
                token, link = start_draft()
            guest = link_holder(link)
            with acting(guest):
                save_draft({"text": "下書き\x00"}, by=guest, step=2)
            with acting(guest):
                assert [(d.data, d.step) for d in Draft.objects.all()] == [({"text": "下書き"}, 2)]
                sent = send_draft(said(), by=guest, token=token)
            with acting(guest):
                again = send_draft(said(text="もう一度"), by=guest, token=token)
                assert [case.pk for case in Case.objects.all()] == [sent.case.pk]
                with refuses("draft_sent"):
                    save_draft({}, by=guest)
            with acting(committed_world.lab):
                assert not Case.objects.exists()
                assert not Draft.objects.exists()
        assert (again.case.pk, again.token) == (sent.case.pk, token)
        assert (sent.case.holder_id, sent.case.at_desk, sent.case.state) == (DESK, True, "arrived")
        assert Mail.objects.filter(purpose="receipt").count() == 1
        assert Draft.objects.get().data == {}
        assert Link.objects.get(pk=link).purpose == "status"

    def test_drafts_do_not_see_each_other(self, committed_world: World, login: Any) -> None:
        with login("web"):
            with acting(GUEST):
                (_t1, one), (_t2, two) = start_draft(), start_draft()
            with acting(link_holder(one)):
                save_draft({"text": "ひみつ"}, by=link_holder(one))
            with acting(link_holder(two)):
                assert not Draft.objects.exists()

    def test_refuses_without_link(self, world: World) -> None:
        with refuses("no_draft"):
            save_draft({}, by=GUEST)
        with refuses("no_draft"):
            send_draft(said(), by=world.desk, token="")


class TestBindCompany:
    def test_binds_once(self, world: World) -> None:
        case, firm = arrived(world, company_given="きつねび").case, company()
        bound = bind_company(case, firm, by=world.desk)
        assert (bound.company_id, bound.company_name) == (firm.pk, "狐火エレクトロ株式会社")
        assert list(Case.objects.containing("狐火")) == [bound]
        bind_company(case, firm, by=world.desk)
        assert steps(case) == [("received", "", "arrived"), ("company_bound", "", "")]
        assert events("case.bind_company") == 1

    def test_refusals(self, world: World) -> None:
        case, firm, other = arrived(world).case, company(), company(name="別の会社", body=CENTER)
        with refuses("not_allowed"):
            bind_company(case, firm, by=world.lab)
        bind_company(case, firm, by=world.desk)
        with refuses("other_company"):
            bind_company(case, other, by=world.desk)
        kept = receive(said(), by=world.lab, body=Body.objects.get(pk=LAB), to_desk=False).case
        with refuses("not_visible"):
            bind_company(kept, other, by=world.lab)

    def test_claimed_by_number_and_name_together(self, world: World) -> None:
        firm = company(corporate_number="7000012050002")
        assert claimed_company("7000012050002", "（株）狐火エレクトロ") == firm
        assert claimed_company("7000012050002", "別の会社") is None
        assert claimed_company("7000012050003", "狐火エレクトロ") is None


@pytest.mark.covers("C92")
def test_body_refers_its_consultation_to_the_desk(committed_world: World, login: Any) -> None:
    world = committed_world
    case = receive(said(), by=world.lab, body=Body.objects.get(pk=LAB), to_desk=False).case
    with login("web"):
        with acting(world.desk):
            assert not Consultation.objects.exists()  # the desk knows of it by its summary only
        with acting(world.lab):
            refer_to_desk(case, by=world.lab, note="手に余ります")
        with acting(world.desk):
            assert [one.text for one in Consultation.objects.all()] == [WORDS]
    moved = fresh(case)
    assert (moved.holder_id, moved.at_desk, moved.next_body_id, moved.received_by_id) == (DESK, True, DESK, LAB)
    assert moved.next_on >= clock.today()
    assert "referred" in {verb for verb, _before, _after in steps(case)}
