"""Every mail about a case with its state, for who runs the case; what is lost is sent again; an opened link is seen."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from renkei.audit.models import Event
from renkei.base import clock
from renkei.base.actor import Actor, link_holder
from renkei.base.context import acting
from renkei.cases.actions.answers import accept, answer_question, ask
from renkei.cases.actions.mail_out import send_request_again, tell_of_failed
from renkei.cases.actions.passing import pass_on
from renkei.cases.models import Support
from renkei.cases.queries.delivery import Delivery, deliveries
from renkei.post.links import mark_opened, open_link
from renkei.post.models import Link, Mail, Nudge
from tests.cases.making import NOON, offered, refuses
from tests.cases.moving import acts, join
from tests.cases.test_offers import token_of
from tests.world import DESK, LAB, World


@pytest.fixture(autouse=True)
def _noon() -> Any:
    with clock.moved_to(NOON):
        yield


def lost(support: Support, state: str = "failed") -> Mail:
    mail = Mail.objects.filter(about=support.pk, purpose="offer").latest("made_at")
    sent = {"sent_at": clock.now()} if state == "bounced" else {}
    Mail.objects.filter(pk=mail.pk).update(state=state, error="550 no such user", **sent)
    return Mail.objects.get(pk=mail.pk)


def of(support: Support) -> list[Delivery]:
    return [one for one in deliveries(support.case_id) if one.purpose == "offer"]


def seen(login: Any, actor: Actor, support: Support) -> list[tuple[str, str, str]]:
    with login("web"), acting(actor):
        return [(one.purpose, one.to_body, one.address) for one in deliveries(support.case_id)]


def test_who_runs_the_case_sees_its_mails_by_a_hint_of_the_address_and_nobody_else_any(committed_world: World, login: Any) -> None:
    world = committed_world
    support = offered(world)
    both = [("offer", LAB, "h…@h…"), ("receipt", "", "s…@k…")]
    assert sorted(seen(login, world.desk, support)) == both
    for stranger in (world.lab, world.center, world.bank):
        assert seen(login, stranger, support) == []
    link = open_link(token_of(support))
    assert link is not None
    assert seen(login, link_holder(link.id, body=LAB), support) == []


def test_a_lost_request_is_sent_again_once_with_a_fresh_link(world: World) -> None:
    support = offered(world)
    mail = lost(support)
    with acting(world.desk):
        assert [(one.state, one.may_again, one.error) for one in of(support)] == [("failed", True, "550 no such user")]
        with clock.moved_to(NOON + dt.timedelta(minutes=1)):
            send_request_again(support.case, mail.pk, by=world.desk)
        assert [(one.state, one.may_again) for one in of(support)] == [("waiting", False), ("failed", False)]
        with refuses("not_lost"):
            send_request_again(support.case, mail.pk, by=world.desk)
    assert Event.objects.filter(verb="mail.send_again").count() == 1
    new = Mail.objects.get(about=support.pk, state="waiting")
    assert (new.to, "前のメールが届かなかったため" in new.text) == (mail.to, True)


def test_only_what_is_lost_and_still_waits_for_an_answer_is_sent_again(world: World) -> None:
    support = offered(world)
    mail = Mail.objects.get(about=support.pk)
    with acting(world.desk), refuses("not_lost"):
        send_request_again(support.case, mail.pk, by=world.desk)
    lost(support, "bounced")
    with acting(world.lab), refuses("not_allowed"):
        send_request_again(support.case, mail.pk, by=world.lab)
    accept(support, by=world.lab)
    with acting(world.desk), refuses("wrong_state"):
        send_request_again(support.case, mail.pk, by=world.desk)
    receipt = Mail.objects.get(purpose="receipt")
    Mail.objects.filter(pk=receipt.pk).update(state="failed")
    with acting(world.desk), refuses("not_lost"):  # the firm's mails have their own way, with a corrected address
        send_request_again(support.case, receipt.pk, by=world.desk)
    assert not Event.objects.filter(verb="mail.send_again").exists()


def test_what_left_inside_a_mail_that_bounced_did_not_arrive_either(world: World) -> None:
    support = offered(world)
    carrier = lost(support, "bounced")
    inside = Mail.objects.create(to=carrier.to, subject="別のお願い", text="x", purpose="offer", case=support.case_id, about=support.pk,
                                 made_at=NOON, not_before=NOON, state="joined", carrier=carrier, sent_at=NOON, to_body=LAB)
    with acting(world.desk):
        assert {one.id: (one.state, one.is_lost) for one in of(support)} == {
            carrier.pk: ("bounced", True), inside.pk: ("bounced", True)}  # fmt: skip


def test_the_holder_is_told_once_that_a_request_did_not_arrive(world: World) -> None:
    support = offered(world)
    mail = lost(support)
    assert (tell_of_failed(), tell_of_failed()) == (1, 0)
    told = Nudge.objects.get(about=mail.pk)
    assert (told.kind, told.title) == ("undelivered", "依頼のメールが届きませんでした")
    with acting(world.desk):
        send_request_again(support.case, mail.pk, by=world.desk)
    told.refresh_from_db()
    assert told.settled_at is not None


@pytest.mark.django_db(transaction=True)
def test_a_link_is_opened_by_a_post_and_never_by_a_get(committed_world: World, login: Any) -> None:
    support = offered(committed_world)
    token = token_of(support)
    client, page = Client(), reverse("public-offer", kwargs={"token": token})
    word = reverse("public-link-opened", kwargs={"token": token})
    with login("web"):
        shown = client.get(page)
        assert shown.status_code == 200
        assert f'hx-post="{word}"' in shown.content.decode()
        assert client.get(word).status_code == 404
    assert Link.objects.get(subject=support.pk).opened_at is None  # a scanner came by
    with login("web"):
        assert client.post(word).status_code == 204
    first = Link.objects.get(subject=support.pk).opened_at
    assert first is not None
    with clock.moved_to(NOON + dt.timedelta(hours=1)), login("web"):
        client.post(word)
        assert client.post(reverse("public-link-opened", kwargs={"token": "x" * 43})).status_code == 404
    assert Link.objects.get(subject=support.pk).opened_at == first  # the first time stays
    with login("web"), acting(committed_world.desk):
        assert [one.opened_at for one in of(support)] == [first]
    with login("web"), acting(committed_world.lab):
        assert mark_opened() is False  # who is no link opens none


def test_the_answer_itself_opens_the_link_without_scripts(world: World) -> None:
    support = offered(world)
    Client().post(reverse("public-offer", kwargs={"token": token_of(support)}),
                  {"answer": "decline", "reason": "busy", "text": "", "answered_by": "江澤"})  # fmt: skip
    assert Link.objects.get(subject=support.pk).opened_at == NOON


def test_the_link_in_hand_lives_on_after_a_question_is_answered_and_shows_the_answer(world: World) -> None:
    """The mail with the new link may leave only tomorrow (one a day); the clock runs today."""
    support = offered(world)
    former = token_of(support)
    ask(support, by=world.lab, question="数は？")
    answer_question(support, by=world.desk, text="百個です")
    assert Link.objects.filter(subject=support.pk, closed_at=None).count() == 2
    page = Client().get(reverse("public-offer", kwargs={"token": former}))
    assert "百個です" in page.content.decode()
    taken = Client().post(page.request["PATH_INFO"], {"answer": "accept", "text": "", "answered_by": "江澤"})
    assert "答えを受け取りました" in taken.content.decode()
    assert not Link.objects.filter(subject=support.pk, closed_at=None).exists()  # the answer uses both up


def test_a_link_of_another_reader_or_with_other_content_closes(world: World) -> None:
    kono = join(LAB, "kono")
    support = offered(world)
    pass_on(support, by=world.lab, person=kono.person_id)
    assert list(Link.objects.filter(subject=support.pk, closed_at=None).values_list("recipient_email", flat=True)) == ["kono@people.example"]
    Link.objects.filter(subject=support.pk, closed_at=None).update(classes=["summary", "technical"])
    ask(support, by=acts(kono), question="数は？")
    answer_question(support, by=world.desk, text="百個です")
    assert [one.classes for one in Link.objects.filter(subject=support.pk, closed_at=None)] == [support.classes]


def test_the_case_page_shows_what_became_of_the_mails_and_sends_again(world: World) -> None:
    one = offered(world)
    case, mail = one.case, lost(one)
    client = Client()
    client.force_login(world.people[DESK])
    url = reverse("desk-case", kwargs={"body": DESK, "case": case.pk})
    page = client.get(url).content.decode()
    assert "送れませんでした" in page
    assert "550 no such user" in page
    assert "h…@h…" in page
    assert mail.to not in page.split('id="mails"')[1].split("</section>")[0]
    again = f"/d/{DESK}/cases/{case.pk}/mails/{mail.pk}/again/"
    assert f'action="{again}"' in page
    assert client.get(again).status_code == 404
    done = client.post(again, follow=True).content.decode()
    assert "依頼をもう一度送ります" in done
    assert f'action="{again}"' not in done
    twice = client.post(again, follow=True).content.decode()
    assert "送り直すものではありません" in twice
    assert Mail.objects.filter(about=one.pk, state="waiting").count() == 1
