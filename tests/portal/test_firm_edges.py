"""A firm's own pages: the wrong firm, the wrong role, the second editor, odd input, and the same queries for one and three."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from renkei.audit.models import Event
from renkei.base import clock
from renkei.cases.actions.consents import request_consent
from renkei.cases.actions.triage import ask_company
from renkei.cases.models import Case, Transition
from renkei.companies.models import Company, CompanyAccess, CompanyInvitation
from renkei.plan.models import Body
from tests.portal.firms import account, client, registered
from tests.portal.scene import CENTER, Firm, came, running
from tests.portal.test_join import text_of
from tests.world import World

PAGES = ["home", "archive", "questions", "new", "profile", "sight", "people"]


@pytest.fixture
def firm(world: World) -> Firm:
    return running(world)


@pytest.fixture
def boss(firm: Firm) -> CompanyAccess:
    return account(registered(firm))


def url(who: CompanyAccess, name: str, **more: Any) -> str:
    return reverse(f"portal-{name}", kwargs={"company": who.company_id, **more})


def rows() -> tuple[Any, ...]:
    return (list(CompanyAccess.objects.order_by("pk").values()), list(CompanyInvitation.objects.order_by("pk").values()),
            list(Company.objects.order_by("pk").values()), Event.objects.count(), Transition.objects.count())


def test_another_firms_pages_and_rows_are_not_found(firm: Firm, boss: CompanyAccess) -> None:
    other = came(firm.world)
    stranger = account(registered(other, name="株式会社よそ"), email="yoso@yoso.example")
    client(boss).post(url(boss, "people"), {"email": "b@maboroshi.example", "role": "member"})
    guest = CompanyInvitation.objects.get()
    before, browser = rows(), client(stranger)
    for name in PAGES:
        assert browser.get(url(boss, name)).status_code == 404
    for target in (url(boss, "people-withdraw", guest=guest.pk), url(boss, "people-role", account=boss.pk), url(boss, "people-end", account=boss.pk),
                   url(stranger, "people-withdraw", guest=guest.pk), url(stranger, "people-role", account=boss.pk),
                   url(stranger, "people-end", account=boss.pk), url(stranger, "people-withdraw", guest=uuid.uuid4())):  # fmt: skip
        assert browser.post(target, {"role": "member", "knowing": "on"}).status_code == 404
    assert browser.get(reverse("portal-case", kwargs={"company": stranger.company_id, "case": firm.case_id})).status_code == 404
    assert rows() == before


def test_a_guest_is_led_to_the_sign_in_and_back(firm: Firm, boss: CompanyAccess) -> None:
    for name in PAGES:
        answer = Client().get(url(boss, name))
        assert (answer.status_code, answer["Location"]) == (302, f"{reverse('account_login')}?next={url(boss, name)}")


def test_a_member_reads_the_names_and_changes_none(firm: Firm, boss: CompanyAccess) -> None:
    member = account(boss.company, name="平社員", role="member", email="hira@maboroshi.example")
    client(boss).post(url(boss, "people"), {"email": "b@maboroshi.example", "role": "member"})
    guest = CompanyInvitation.objects.get()
    before, browser = rows(), client(member)
    shown = text_of(browser.get(url(boss, "people")))
    assert "髙梨 芽衣" in shown
    assert browser.post(url(boss, "people"), {"email": "c@maboroshi.example", "role": "admin"}).status_code == 403
    assert [browser.post(url(boss, "people-withdraw", guest=guest.pk)).status_code, browser.post(url(boss, "people-role", account=boss.pk), {"role": "member"}).status_code,
            browser.post(url(boss, "people-role", account=member.pk), {"role": "admin"}).status_code] == [409, 409, 409]  # fmt: skip
    assert "これは、会社の管理者だけができます。" in text_of(browser.post(url(boss, "people-end", account=boss.pk), {"knowing": "on"}))
    assert rows() == before
    assert browser.post(url(boss, "people-end", account=member.pk))["Location"] == reverse("portal-firms")


@pytest.mark.parametrize(
    ("more", "field", "words"),
    [
        ({"email": ""}, "email", "招く方のメールアドレスを入れてください。"), ({"email": "x" * 255}, "email", "254字までです（いま255字）。短くするか、ファイルで付けてください。"),
        ({"email": "a@b.example\r\nBcc: c@d.example"}, "email", "メールアドレスの形が違います。「名前@会社.example」のように入れてください。"),
        ({"name": "あ" * 101}, "name", "100字までです（いま101字）。短くするか、ファイルで付けてください。"), ({"role": ""}, "role", "役割を選んでください。"),
        ({"email": "mei@maboroshi.example"}, "email", "このアドレスの方は、もうアカウントをお持ちです。"),
        ({"email": " MEI@Maboroshi.example "}, "email", "このアドレスの方は、もうアカウントをお持ちです。"),
    ],
)  # fmt: skip
def test_a_colleague_that_cannot_be_invited(firm: Firm, boss: CompanyAccess, more: dict[str, str], field: str, words: str) -> None:
    before = rows()
    given = {"email": "b@maboroshi.example", "name": "同僚 <b>", "role": "member"} | more
    answer = client(boss).post(url(boss, "people"), given)
    assert answer.context["form"].errors == {field: [words]}
    assert {name: answer.context["form"][name].value() for name in given} == given
    assert rows() == before


def test_inviting_withdrawing_and_changing_twice(firm: Firm, boss: CompanyAccess) -> None:
    browser, people = client(boss), url(boss, "people")
    for _press in range(2):
        assert browser.post(people, {"email": "b@maboroshi.example", "role": "member"})["Location"] == people
    assert sorted(one.withdrawn_at is None for one in CompanyInvitation.objects.all()) == [False, True]
    guest = CompanyInvitation.objects.waiting().get()
    for _press in range(2):
        answer = browser.post(url(boss, "people-withdraw", guest=guest.pk))
        assert answer.status_code == 302
    member = account(boss.company, name="平社員", role="member", email="hira@maboroshi.example")
    for _press in range(2):
        browser.post(url(boss, "people-role", account=member.pk), {"role": "admin"})
    assert sorted(Event.objects.filter(verb__startswith="company.").exclude(verb="company.register").values_list("verb", flat=True)) == [
        "company.invite", "company.invite", "company.role", "company.withdraw_invitation", "company.withdraw_invitation"]  # fmt: skip
    browser.post(url(boss, "people-role", account=boss.pk), {"role": "member"})
    assert browser.post(url(boss, "people-role", account=member.pk), {"role": "member"}).status_code == 409
    assert set(CompanyAccess.objects.values_list("person__name", "role")) == {("髙梨 芽衣", "member"), ("平社員", "admin")}


PROFILE = [
    ({"employees": "9" * 20}, "employees"), ({"employees": "-5"}, "employees"), ({"employees": "９９９９９９９９"}, "employees"),
    ({"founded_year": "577"}, "founded_year"), ({"founded_year": "9999"}, "founded_year"), ({"capital_yen": "9" * 30}, "capital_yen"),
    ({"capital_yen": "たくさん"}, "capital_yen"), ({"capital_yen": "-1"}, "capital_yen"), ({"phone": "0" * 60}, "phone"), ({"email": "x"}, "email"),
    ({"postal_code": "12-3"}, "postal_code"), ({"kana": "ア" * 201}, "kana"), ({"municipality": "000000"}, "municipality"),
    ({"strengths": "あ" * 4001}, "strengths"), ({"representative": "あ" * 101}, "representative"),
]  # fmt: skip


def test_a_profile_that_does_not_hold_changes_nothing_and_keeps_the_input(firm: Firm, boss: CompanyAccess) -> None:
    browser, before = client(boss), rows()
    for more, field in PROFILE:
        given = {"phone": "0471-00-0009", "products": "水質計 <i>"} | more
        answer = browser.post(url(boss, "profile"), given)
        assert (more, list(answer.context["form"].errors)) == (more, [field])
        assert {name: answer.context["form"][name].value() for name in given} == given
        assert "<i>" not in answer.content.decode()
    assert rows() == before


def test_the_second_editor_of_a_profile_is_told_and_may_mean_it(firm: Firm, boss: CompanyAccess) -> None:
    browser = client(boss)
    seen = browser.get(url(boss, "profile")).context["form"]["seen"].value()
    Company.objects.filter(pk=boss.company_id).update(employees=7)
    given = {"phone": "0471-00-0009", "employees": "21", "seen": seen}
    answer = browser.post(url(boss, "profile"), given)
    assert answer.status_code == 200
    assert Company.objects.get(pk=boss.company_id).employees == 7
    again = answer.context["form"]["seen"].value()
    assert again != seen
    assert browser.post(url(boss, "profile"), given | {"seen": again}).status_code == 302
    assert Company.objects.get(pk=boss.company_id).employees == 21


@pytest.mark.parametrize("name", ["home", "archive", "questions", "sight"])
def test_the_same_queries_for_one_case_and_three(world: World, name: str) -> None:
    first = came(world)
    who = account(registered(first))
    browser = client(who)

    def asked(firm: Firm) -> None:
        ask_company(firm.case, ["どの温度で狂いますか。"], by=world.desk)
        request_consent(firm.case, body=Body.objects.get(pk=CENTER), classes=["summary"], by=world.desk)

    asked(first)
    browser.get(url(who, name))
    with CaptureQueriesContext(connection) as one:
        browser.get(url(who, name))
    for _more in range(2):
        more = came(world)
        Case.objects.filter(pk=more.case_id).update(company=who.company)
        asked(more)
    with CaptureQueriesContext(connection) as three:
        page = browser.get(url(who, name))
    assert page.status_code == 200
    per_case = (len(three) - len(one)) / 2
    assert per_case <= (7 if name == "sight" else 0), [one["sql"][:150] for one in three.captured_queries]


@pytest.mark.parametrize("page", ["0", "-1", "x", "9" * 5000, "１", "1e9", "\x00"])
def test_made_up_page_numbers_show_a_page(firm: Firm, boss: CompanyAccess, page: str) -> None:
    assert {client(boss).get(url(boss, name), {"page": page}).status_code for name in ("archive", "sight")} == {200}


@pytest.mark.parametrize("version", ["9" * 5000, "-1", "x", "１", "1.0", "0"])
def test_a_summary_is_confirmed_only_as_it_was_shown(firm: Firm, boss: CompanyAccess, version: str) -> None:
    Case.objects.filter(pk=firm.case_id).update(summary_seen_at=None)
    for browser, target in ((client(boss), url(boss, "case-summary", case=firm.case_id)), (Client(), firm.url("summary"))):
        assert browser.post(target, {"version": version}).status_code == 409
    assert firm.case.summary_seen_at is None
    shown = firm.case.version
    assert Client().post(firm.url("summary"), {"version": str(shown)}).status_code == 302
    assert firm.case.summary_seen_at <= clock.now()


def test_a_new_consultation_without_its_key_is_not_sent(firm: Firm, boss: CompanyAccess) -> None:
    good = {"text": "塗装がはがれる。", "person_given": "髙梨", "phone": "", "email": "mei@maboroshi.example"}
    for more in ({}, {"key": "k" * 33}, {"key": "k" * 32, "standing": ["king"]}, {"key": "k" * 32, "wanted_by": "昨日"},
                 {"key": "k" * 32, "text": "\x00\u200b"}, {"key": "k" * 32, "phone": "でんわ"}):  # fmt: skip
        answer = client(boss).post(url(boss, "new"), good | more)
        assert answer.status_code == 200
        assert answer.context["form"].errors
    assert Case.objects.count() == 1
