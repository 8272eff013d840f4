"""What became of mails, in words: every state, every number of tries, whose case it is, and a mail sent again under its own."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.translation import override

from renkei.audit.models import Event
from renkei.base import clock
from renkei.base.actor import GUEST, SYSTEM
from renkei.base.context import acting
from renkei.cases.actions.mail_out import send_again, send_request_again, tell_of_failed, tell_undelivered
from renkei.cases.actions.talk import write_to_company
from renkei.cases.models import Case, Consultation
from renkei.cases.queries.delivery import Delivery, Sent, deliveries, mails_to_firm
from renkei.post.models import Mail, MailState, Nudge
from tests.cases.making import NOON, arrived, company, fresh, offered, refuses
from tests.cases.trying import tried
from tests.world import BANK, CENTER, DESK, LAB, World

WORDS = {"waiting": "送信待ち", "sent": "送信済み", "failed": "送れませんでした", "cancelled": "取りやめ", "joined": "ほかのメールと一緒に送信済み",
         "bounced": "届きませんでした"}  # fmt: skip
LOST = {"failed", "bounced"}
MINUTE = dt.timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _noon() -> Any:
    with clock.moved_to(NOON):
        yield


def delivery(state: str, attempts: int = 0) -> Delivery:
    return Delivery(uuid.uuid4(), "件名", "offer", state, attempts, NOON, None, "", "a…@b…", LAB, None, None, may_again=False)


def sent(state: str, attempts: int = 0) -> Sent:
    return Sent(uuid.uuid4(), "件名", "company", state, attempts, NOON, None, "", "a…@b…", uuid.uuid4())


def written(world: World, name: str, state: str = "", text: str = "大きさは？") -> tuple[Case, Mail]:
    """A case whose firm was written to, and the mail in that state."""
    case = arrived(world, company=company(name=name)).case
    write_to_company(case, by=world.desk, text=text)
    mail = Mail.objects.get(purpose="company", case=case.pk)
    if state:
        Mail.objects.filter(pk=mail.pk).update(state=state, error="550", **({"sent_at": NOON} if state in {"sent", "bounced"} else {}))
    return case, Mail.objects.get(pk=mail.pk)


def test_every_state_has_its_words_in_both_lists() -> None:
    assert set(WORDS) == set(MailState.values)
    for make in (delivery, sent):
        assert {state: make(state).label for state in WORDS} == WORDS
        assert {state for state in WORDS if make(state).is_lost} == LOST
        for state in set(WORDS) - {"waiting"}:
            assert make(state, 3).label == WORDS[state]  # tries count only while more will come
        assert [make("waiting", n).label for n in (0, 1, 12)] == [
            "送信待ち", "送れなかったので、もう一度試します（1回目まで済み）", "送れなかったので、もう一度試します（12回目まで済み）"]
        with override("en"):
            english = [make(state).label for state in WORDS] + [make("waiting", 2).label]
            assert len(set(english)) == len(english)
            assert all(label.isascii() for label in english)


def test_each_body_is_told_of_what_it_runs_and_of_nothing_else(world: World) -> None:
    first, _mail = written(world, "浦島製網株式会社")
    second, _other = written(world, "竜宮金属株式会社")
    support = offered(world, case=fresh(second))
    with acting(world.desk):
        assert {one.case for one in mails_to_firm()} == {first.pk, second.pk}
        assert {one.case for one in mails_to_firm(first.pk)} == {first.pk}
        assert {(one.purpose, one.to_body) for one in deliveries(second.pk)} == {("receipt", ""), ("company", ""), ("offer", LAB)}
        assert {(one.purpose, one.to_body) for one in deliveries(first.pk)} == {("receipt", ""), ("company", "")}
        assert {one.support for one in deliveries(second.pk)} == {None, support.pk}
        assert mails_to_firm(uuid.uuid4()) == deliveries(uuid.uuid4()) == []
    for nobody in (world.lab, world.center, world.bank, GUEST):
        with acting(nobody):
            assert (mails_to_firm(), mails_to_firm(first.pk), deliveries(second.pk)) == ([], [], [])


def test_newest_first_and_the_address_only_as_a_hint(world: World) -> None:
    case, _mail = written(world, "浦島製網株式会社")
    with clock.moved_to(NOON + MINUTE):
        write_to_company(fresh(case), by=world.desk, text="重さは？")
    with acting(world.desk):
        for rows in (deliveries(case.pk), mails_to_firm(case.pk)):
            moments = [one.made_at for one in rows]
            assert moments == sorted(moments, reverse=True)
            assert {one.address for one in rows} == {"s…@k…"}
            assert len(rows) == 3


def test_the_lists_ask_one_question_however_many_mails(world: World) -> None:
    case, _mail = written(world, "浦島製網株式会社")
    with acting(world.desk):
        for read in (lambda: deliveries(case.pk), lambda: mails_to_firm(), lambda: mails_to_firm(case.pk)):
            with CaptureQueriesContext(connection) as asked:
                read()
            assert len(asked) == 1


@pytest.mark.parametrize("state", sorted(set(WORDS) - {"joined"}))  # what left inside another mail: tests/cases/test_deliveries.py
def test_only_what_is_lost_goes_again(world: World, state: str) -> None:
    case, mail = written(world, "浦島製網株式会社", state)
    with acting(world.desk):
        assert tried(lambda: send_again(case, mail.pk, by=world.desk), Mail) == ("ok" if state in LOST else "not_lost")


def test_under_another_case_it_is_no_mail_of_it_and_nothing_is_on_record(world: World) -> None:
    """The acting body runs both: without the look at the case the deed would stand in the wrong one's history."""
    case, mail = written(world, "浦島製網株式会社", "bounced")
    other, theirs = written(world, "竜宮金属株式会社", "failed")
    with acting(world.desk):
        assert tried(lambda: send_again(other, mail.pk, by=world.desk), Mail) == "not_lost"
        assert tried(lambda: send_again(case, theirs.pk, by=world.desk), Mail) == "not_lost"
        assert tried(lambda: send_again(case, uuid.uuid4(), by=world.desk), Mail) == "not_lost"
        assert tried(lambda: send_request_again(case, mail.pk, by=world.desk), Mail) == "not_lost"
        new = send_again(case, mail.pk, by=world.desk)
    row = Event.objects.get(verb="mail.send_again")
    assert {str(one) for one in (mail.pk, new, case.pk)} == {key for key in map(str, (mail.pk, theirs.pk, new, case.pk, other.pk)) if key in str(row.objects_touched)}
    assert Mail.objects.get(pk=new).case == case.pk
    assert {one.state for one in Mail.objects.filter(pk=mail.pk)} == {"cancelled"}


def test_a_corrected_address_is_kept_for_what_follows_and_for_that_case_only(world: World) -> None:
    case, mail = written(world, "浦島製網株式会社", "bounced")
    other, _theirs = written(world, "竜宮金属株式会社")
    with acting(world.desk):
        new = send_again(case, mail.pk, by=world.desk, address="  right@kitsunebi.example\u200b ")
    assert Mail.objects.get(pk=new).to == "right@kitsunebi.example"
    assert set(Consultation.objects.filter(case=case).values_list("email", flat=True)) == {"right@kitsunebi.example"}
    assert set(Consultation.objects.filter(case=other).values_list("email", flat=True)) == {"saito@kitsunebi.example"}
    with clock.moved_to(NOON + MINUTE):
        write_to_company(fresh(case), by=world.desk, text="次の質問")
    assert [one.to for one in Mail.objects.filter(case=case.pk, made_at=NOON + MINUTE)] == ["right@kitsunebi.example"]


@pytest.mark.parametrize("address", ["x", "@", "a@b@c.example", "a@c.example, b@c.example", "a@c.example\nBcc: x@y.example", "a@.example", "あ@"])
def test_a_wrong_address_changes_nothing(world: World, address: str) -> None:
    case, mail = written(world, "浦島製網株式会社", "bounced")
    with acting(world.desk), refuses("address_wrong", "address"):
        send_again(case, mail.pk, by=world.desk, address=address)
    assert (Mail.objects.get(pk=mail.pk).state, Event.objects.filter(verb="mail.send_again").count()) == ("bounced", 0)


def test_who_may_is_who_runs_the_case(world: World) -> None:
    case, mail = written(world, "浦島製網株式会社", "failed")
    offered(world, case=fresh(case))
    for by in (world.lab, world.center, world.bank, GUEST):
        with acting(by):
            assert tried(lambda by=by: send_again(case, mail.pk, by=by), Mail) == "not_allowed"
            assert tried(lambda by=by: send_request_again(case, mail.pk, by=by), Mail) == "not_allowed"


def test_news_of_a_loss_reach_the_holder_once_and_end_with_the_new_mail(world: World) -> None:
    case, mail = written(world, "浦島製網株式会社", "failed")
    assert [tell_of_failed(), tell_of_failed()] == [1, 0]
    told = Nudge.objects.get(kind="undelivered")
    assert (told.body, told.about, told.case, told.title) == (DESK, mail.pk, case.pk, "会社へのメールが届きませんでした")
    assert "届きませんでした。電話で伝えてください。" in told.words
    assert told.settled_at is None
    with acting(world.desk):
        send_again(case, mail.pk, by=world.desk)
    assert fresh(told).settled_at == NOON
    assert tell_of_failed() == 0


@pytest.mark.parametrize(
    ("more", "title"),
    [
        ({}, "会社へのメールが届きませんでした"), ({"to_body": LAB, "purpose": "offer"}, "依頼のメールが届きませんでした"),
        ({"to_body": LAB, "purpose": "reminder"}, ""), ({"to_body": CENTER, "purpose": "notice"}, ""), ({"case": None}, ""),
        ({"case": uuid.UUID(int=7)}, ""), ({"to_body": BANK, "purpose": "offer", "case": None}, ""),
    ],
)  # fmt: skip
def test_only_what_the_firm_or_an_asked_body_missed_calls_the_holder(world: World, more: dict[str, Any], title: str) -> None:
    _case, mail = written(world, "浦島製網株式会社", "failed")
    Mail.objects.filter(pk=mail.pk).update(**more)
    tell_undelivered(Mail.objects.get(pk=mail.pk))
    assert list(Nudge.objects.filter(kind="undelivered").values_list("title", flat=True)) == ([title] if title else [])
    with acting(SYSTEM):
        assert tell_of_failed() == 0 if title else True
