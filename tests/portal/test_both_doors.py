"""What a status link does, an account of the firm does: the same acts, the same refusals, the same traces."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from renkei.accounts.models import Person
from renkei.audit.models import Event
from renkei.base import clock
from renkei.cases.actions.closing import close_case
from renkei.cases.actions.consents import give_consent, request_consent
from renkei.cases.actions.disclosable import write_public
from renkei.cases.actions.openings import open_to
from renkei.cases.actions.route_sending import send_route
from renkei.cases.actions.routes import make_route
from renkei.cases.actions.talk import add_file
from renkei.cases.actions.triage import ask_company, settle_need
from renkei.cases.models import (
    Attachment,
    Case,
    Consent,
    ConsentRequest,
    FollowUp,
    Message,
    Need,
    Opening,
    RouteAnswer,
    Transition,
)
from renkei.companies.models import CompanyAccess
from renkei.plan.models import Body
from renkei.portal.status.urls import ACTS
from tests.cases.routing import proposing
from tests.portal.firms import account, client, registered
from tests.portal.scene import CENTER, LAB, Firm, came, running
from tests.world import World


@pytest.fixture(autouse=True)
def _files(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


def _upload() -> SimpleUploadedFile:
    return SimpleUploadedFile("図.txt", "図です".encode())


def _none(_firm: Firm) -> dict[str, Any]:
    return {}


def _requested(firm: Firm) -> dict[str, Any]:
    request_consent(firm.case, body=Body.objects.get(pk=CENTER), classes=["technical"], by=firm.world.lab)
    return {"asked": ConsentRequest.objects.get().pk}


def _heard(firm: Firm) -> dict[str, Any]:
    one = give_consent(firm.case, body=Body.objects.get(pk=CENTER), klass="technical", by=firm.world.lab, how="oral",
                       given_by="髙梨")
    return {"consent": one.pk}


def _asked(firm: Firm) -> dict[str, Any]:
    ask_company(firm.case, ["どの温度で狂いますか。"], by=firm.world.lab)
    return {}


def _proposed(firm: Firm) -> dict[str, Any]:
    one = open_to(firm.case, by=firm.world.lab, kind="outside", name="研究 花子", organisation="ひばり病院",
                  email="hanako@byoin.example", classes=["summary"])
    return {"opening": one.pk}


def _worded(firm: Firm) -> dict[str, Any]:
    need = Need.objects.filter(case_id=firm.case_id).first()
    assert need is not None
    write_public(need, title="小さな機器の試験", summary="手のひらに乗る機器を、落としても狂わないか試したい。", by=firm.world.desk)
    return {"need": need.pk}


def _filed(firm: Firm) -> dict[str, Any]:
    return {"file": add_file(firm.case, by=firm.world.lab, name="図.txt", data="図です".encode()).pk}


def _closed(firm: Firm) -> dict[str, Any]:
    from renkei.cases.actions.answers import finish_support

    finish_support(firm.supports[LAB], by=firm.world.lab, text="試験をした")
    for need in Need.objects.all():
        settle_need(need, state="settled", by=firm.world.lab)
    close_case(firm.case, by=firm.world.lab, reason="solved", words="終わった", result="solved")
    return {}


def _afterwards(firm: Firm) -> dict[str, Any]:
    _closed(firm)
    FollowUp.objects.filter(months=6).update(asked_at=clock.now(), asked_how="mail")
    return {"follow_up": FollowUp.objects.get(months=6).pk}


def _route_sent(firm: Firm) -> dict[str, Any]:
    with pytest.MonkeyPatch.context() as patch:
        proposing(patch)
        made = make_route(firm.case, by=firm.world.lab)
    send_route(made, by=firm.world.lab, version=made.version)
    return {}


# act: what has to be there first (the ids it gives), what is posted, what is there afterwards
DEEDS: dict[str, tuple[Callable[[Firm], dict[str, Any]], dict[str, Any], Callable[[Firm], Any]]] = {
    "write": (_none, {"text": "日を変えたい"}, lambda _f: Message.objects.filter(from_company=True, kind="message").count()),
    "answer": (_asked, {"answer-text": "40度です"}, lambda _f: Message.objects.filter(kind="answer").count()),
    "file": (_none, {"file": _upload}, lambda _f: Attachment.objects.filter(from_company=True).count()),
    "share": (lambda _f: {"whom": LAB}, {"classes": ["summary"]},
              lambda _f: set(Consent.objects.live().filter(body_id=LAB).values_list("klass", flat=True))),
    "standing": (_none, {"classes": ["summary"]}, lambda f: f.case.standing_classes),
    "request": (_requested, {"answer": "yes", "classes": ["technical"]},
                lambda _f: (ConsentRequest.objects.get().given, Consent.objects.live().filter(body_id=CENTER, klass="technical").count())),
    "confirm": (_heard, {}, lambda _f: Consent.objects.filter(confirmed_at__isnull=False).count()),
    "summary": (lambda _f: Case.objects.update(summary_seen_at=None) and {}, {}, lambda f: f.case.summary_seen_at is not None),
    "end": (_none, {"text": "ほかで済んだ"}, lambda _f: Message.objects.filter(kind="other_way").count()),
    "unsolved": (_none, {"text": "まだです"}, lambda _f: Message.objects.filter(kind="did_not_help").count()),
    "public": (_worded, {"title": "小さな機器の試験", "summary": "手のひらに乗る機器を、落としても狂わないか試したい。"},
               lambda _f: Need.objects.filter(public_confirmed_at__isnull=False).count()),
    "file-secrecy": (_filed, {"keep": "yes"}, lambda _f: Attachment.objects.filter(needs_nda=True).count()),
    "opening": (_proposed, {"answer": "yes"}, lambda _f: Opening.objects.filter(given_at__isnull=False).count()),
    "follow-up": (_afterwards, {"useful": "yes", "satisfaction": 4, "trouble": "no", "words": "量産を始めた"},
                  lambda _f: FollowUp.objects.answered().count()),
    "follow-up-stop": (_afterwards, {}, lambda _f: FollowUp.objects.filter(ended_because="unwanted").count()),
    "route": (_route_sent, {"answer": "yes", "text": ""}, lambda _f: RouteAnswer.objects.count()),
    "feedback": (_closed, {"result": "solved", "satisfaction": 5, "words": "よかった"}, lambda f: (f.case.result, f.case.satisfaction)),
}  # fmt: skip


def test_the_table_names_every_act_that_changes_something() -> None:
    assert set(DEEDS) == {act for act, _path, _view, changes in ACTS if changes}


@pytest.mark.covers("C36")
@pytest.mark.parametrize("act", DEEDS)
@pytest.mark.parametrize("by_account", [False, True], ids=["link", "account"])
def test_every_act_is_done_through_both_doors(committed_world: World, login: Any, act: str, by_account: bool) -> None:
    firm = running(committed_world)
    who = account(registered(firm))
    before_it, data, after = DEEDS[act]
    more = before_it(firm)
    posted = {key: value() if callable(value) else value for key, value in data.items()}
    before, steps = after(firm), Transition.objects.count()
    with login("web"):
        if by_account:
            url = reverse(f"portal-case-{act}", kwargs={"company": who.company_id, "case": firm.case_id, **more})
            answer = client(who).post(url, posted)
        else:
            answer = Client().post(firm.url(act, **more), posted)
    assert answer.status_code == 302, answer.content.decode()
    assert after(firm) != before
    made = list(Transition.objects.order_by("recorded_at"))[steps:]
    assert {(one.actor_kind, one.person) for one in made} == ({("company", who.person_id)} if by_account else {("link", None)})
    events = Event.objects.filter(actor_kind="company" if by_account else "link").exclude(verb="read")
    assert events.exists()


@pytest.mark.parametrize("act", [act for act, _path, _view, changes in ACTS if changes])
def test_another_firm_and_an_ended_account_are_not_found(committed_world: World, login: Any, act: str) -> None:
    firm = running(committed_world)
    company = registered(firm)
    more = DEEDS[act][0](firm)
    ended = account(company)
    CompanyAccess.objects.update(ended_at=clock.now())
    other = account(registered(came(committed_world), name="別の会社", email=""), email="betsu@betsu.example")
    steps = Transition.objects.count()
    with login("web"):
        for who, named in ((ended, company.pk), (other, company.pk), (other, other.company_id)):
            url = reverse(f"portal-case-{act}", kwargs={"company": named, "case": firm.case_id, **more})
            assert client(who).post(url, {"text": "x"}).status_code == 404
    assert Transition.objects.count() == steps


def test_the_case_page_says_the_same_as_the_status_page(committed_world: World, login: Any) -> None:
    firm = running(committed_world)
    who = account(registered(firm))
    _asked(firm)
    _requested(firm)
    with login("web"):
        by_link = Client().get(firm.url()).content.decode()
        url = reverse("portal-case", kwargs={"company": who.company_id, "case": firm.case_id})
        by_account = client(who).get(url).content.decode()
    for words in ('<span class="org">ひばり県<wbr>工業試験所</span> <span class="nw">小出 渉</span>', "どの温度で狂いますか。", "今回は見送り", "見せてよいか、お返事をください", "担当に伝える", firm.case.summary):
        assert words in by_link
        assert words in by_account
    assert firm.token in by_link
    assert "この画面のリンクをメールで受け取る" not in by_account
    assert "/status/" not in by_account


def test_the_account_reaches_all_cases_of_the_firm_and_the_link_its_own(committed_world: World, login: Any) -> None:
    first = came(committed_world)
    who = account(registered(first))
    from renkei.cases.actions.intake import bind_company

    second = came(committed_world)
    bind_company(second.case, who.company, by=committed_world.desk)
    numbers = first.case.number, second.case.number
    with login("web"):
        shown = client(who).get(reverse("portal-home", kwargs={"company": who.company_id})).content.decode()
        assert [number in shown for number in numbers] == [True, True]
        assert numbers[1] not in Client().get(first.url()).content.decode()
    assert Person.objects.get(pk=who.person_id).name in shown
