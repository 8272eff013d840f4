"""A change of the plan: old beside new, why, when decided and from when, and its paper with the rule for seals of that day."""

from __future__ import annotations

import copy
import datetime as dt
import io
import re
from typing import Any

import docx
import pytest
from django.test import Client
from django.urls import reverse

from renkei.accounts.models import Membership, Person
from renkei.base import clock
from renkei.base.actor import SYSTEM
from renkei.desk.plan.edit import said_changes
from renkei.desk.plan.versions import day_of
from renkei.plan import actions
from renkei.plan.models import PlanVersion
from tests.desk.pages import address, client, part, said, seen
from tests.plan.region import region
from tests.world import BANK, DESK, World

PLAN = "hibari-plan"
NOW = clock.at(dt.date(2026, 11, 27), 12)
RULES = [
    {"code": "seal", "name": "記名と押印", "written": "氏名を自署するときは押印を省ける。", "accepts": ["seal", "signature"], "from": None},
    {"code": "seal", "name": "記名と押印", "written": "電子で出す。", "accepts": ["electronic"], "from": "2026-12-01"},
]  # fmt: skip


@pytest.fixture
def changed(world: World) -> PlanVersion:
    """The second version: the bank's representative from December on."""
    first = PlanVersion.objects.get()
    old = {**first.content, "parties": copy.deepcopy(region()["parties"]), "form_rules": RULES}
    PlanVersion.objects.filter(pk=first.pk).update(content=old)
    new = copy.deepcopy(old)
    new["parties"][0]["representatives"].append({"from": "2026-12-01", "title": "知事", "name": "次の 知事"})
    return PlanVersion.objects.create(plan=world.plan, number=2, content=new, published_at=NOW, note="知事の交代",
                                      decided_on=dt.date(2026, 11, 20), effective_from=dt.date(2026, 12, 1))  # fmt: skip


def test_old_stands_beside_new_with_reason_and_days(world: World, changed: PlanVersion) -> None:
    for body in (DESK, BANK):
        page = seen(world, "desk-plan-change", body, plan=PLAN, number=2)
        rows = re.findall(r'<tr><th scope="row">(.*?)</th><td[^>]*>(.*?)</td><td[^>]*>(.*?)</td></tr>', part(page, "<tbody>", "</tbody>"))
        plain = [[" ".join(re.sub(r"<[^>]+>", " ", cell).split()) for cell in row] for row in rows]
        assert len(plain) == 1
        assert plain[0][0].startswith("者と代表者")
        assert plain[0][1] == "なし"
        assert "次の 知事" in plain[0][2]
        for words in ("理由　知事の交代", "令和8年11月20日に決定", "令和8年12月1日から", "電子で出す。"):
            assert words in page, words


def test_the_list_shows_every_version_and_links_those_that_changed_something(world: World, changed: PlanVersion) -> None:
    page = seen(world, "desk-plan-versions", plan=PLAN)
    heads = re.findall(r'<tr><th scope="row">(.*?)</th>', page)
    assert [re.sub(r"<[^>]+>", "", one) for one in heads] == ["第2版", "第1版"]
    assert [one.startswith("<a ") for one in heads] == [True, False]
    assert "知事の交代" in page
    assert address("desk-plan-versions", plan=PLAN) in seen(world, "desk-plan-of", plan=PLAN)


@pytest.mark.covers("C75", "C97", "C98")
def test_the_paper_of_the_change_says_all_of_it_under_the_rule_of_its_day(world: World, changed: PlanVersion) -> None:
    with clock.moved_to(NOW):
        answer = client(world).get(address("desk-plan-change-paper", plan=PLAN, number=2))
    document = docx.Document(io.BytesIO(answer.content))
    tables = [[[cell.text for cell in row.cells] for row in table.rows] for table in document.tables]
    facts = dict(row for row in tables[0] if len(row) == 2)
    assert {key: facts[key] for key in ("決めた日", "変更日", "記名と押印")} == {
        "決めた日": "令和8年11月20日", "変更日": "令和8年12月1日", "記名と押印": "電子で出す。"}  # fmt: skip
    assert facts["申請者"].endswith("知事　次の 知事")
    assert tables[1][0] == ["項目", "変更前", "変更後"]
    assert [row[1] for row in tables[1][1:]] == ["―"]
    assert "知事の交代" in "\n".join(one.text for one in document.paragraphs)
    answer = client(world, BANK).get(address("desk-plan-change-pdf", BANK, plan=PLAN, number=2))
    assert (answer.status_code, answer["Content-Type"], answer.content[:5]) == (200, "application/pdf", b"%PDF-")


@pytest.mark.parametrize(("before", "after", "told"), [
    ({"count": 2, "count_written": "2件"}, {"count": 3, "count_written": "3件"}, [("件数", "2件", "3件")]),
    ({"count": 2, "count_written": "2件"}, {"count": 3, "count_written": "三件"}, [("件数", "2件", "3（三件）")]),
    ({"count": 2, "count_written": "2件"}, {"count": 2, "count_written": "二件"}, [("件数の書きぶり", "2件", "二件")]),
    ({"count": 2}, {"count": 3}, [("件数", "2", "3")]), ({"count": 2}, {"count": 3, "count_written": "3件"}, [("件数", "2", "3件")]),
])  # fmt: skip
def test_a_value_and_how_the_plan_writes_it_are_one_line(before: dict[str, Any], after: dict[str, Any], told: list[tuple[str, str, str]]) -> None:
    old, new = ({"targets": [{"written": "令和8年度", "fiscal_years": [2026], **row}]} for row in (before, after))
    assert [(place, one.before_words, one.after_words) for _section, place, one in said_changes(old, new)] == [(f"令和8年度 › {name}", was, now) for name, was, now in told]


@pytest.mark.covers("C97")
def test_an_older_paper_keeps_the_rule_of_its_own_version(world: World, changed: PlanVersion) -> None:
    """What a later version says about earlier days does not change what went out; where a seal is wanted, its place stands by the name."""
    later = [{**one, "written": "いつも押す。", "accepts": ["seal"]} for one in RULES]
    with clock.moved_to(NOW):
        PlanVersion.objects.create(plan_id=PLAN, number=3, content={**changed.content, "form_rules": later}, published_at=NOW, note="押印に戻す")
        papers = [docx.Document(io.BytesIO(client(world).get(address("desk-plan-change-paper", plan=PLAN, number=number)).content)) for number in (2, 3)]
        page = seen(world, "desk-plan-change", plan=PLAN, number=2)
    facts = [dict([cell.text for cell in row.cells] for row in paper.tables[0].rows) for paper in papers]
    assert [(one["記名と押印"], one["申請者"].endswith("㊞")) for one in facts] == [("電子で出す。", False), ("いつも押す。", True)]
    assert "電子で出す。" in page


def test_the_first_version_and_one_that_is_not_there_have_no_change(world: World, changed: PlanVersion) -> None:
    for name in ("desk-plan-change", "desk-plan-change-paper", "desk-plan-change-pdf"):
        for plan, number in ((PLAN, 1), (PLAN, 3), ("gone", 2)):
            assert client(world).get(address(name, plan=plan, number=number)).status_code == 404, (name, plan, number)


@pytest.mark.parametrize(
    ("decided", "effective", "day"),
    [("2026-11-20", "2026-12-01", "2026-12-01"), ("2026-11-20", None, "2026-11-20"), (None, None, "2026-11-27")],
)
def test_the_paper_is_of_the_day_it_holds_from(decided: str | None, effective: str | None, day: str) -> None:
    given: dict[str, Any] = {"decided_on": decided and dt.date.fromisoformat(decided), "effective_from": effective and dt.date.fromisoformat(effective)}
    assert day_of(PlanVersion(published_at=NOW, **given)) == dt.date.fromisoformat(day)


@pytest.fixture
def lead(db: None) -> Client:
    """A member of the lead party, with a draft that differs."""
    plan = actions.publish(region(), by=SYSTEM).plan
    person = Person.objects.create_user("desk@people.example", "hibari-secret-1", name="相川 志保", kana="ア")
    Membership.objects.create(person=person, body_id=DESK, role="desk", is_admin=True, since=dt.date(2024, 4, 1))
    draft = actions.open_draft(plan, by=SYSTEM)
    actions.save_draft(plan, "second_person", ["close"], by=SYSTEM, version=draft.version)
    one = Client()
    one.force_login(person)
    return one


def publish(one: Client, **given: str) -> Any:
    url = reverse("desk-plan-diff", kwargs={"body": DESK, "plan": "hibari-files"})
    version = re.search(r'name="version" value="(\d+)"', said(one.get(url)))
    assert version is not None
    return one.post(url, {"act": "publish", "version": version.group(1), **given})


def test_the_lead_party_says_when_it_was_decided_and_from_when(lead: Client) -> None:
    with clock.moved_to(NOW):
        answer = publish(lead, note="確認の決まり", decided_on="令和8年11月20日", effective_from="12月1日")
    assert answer.status_code == 302
    made = PlanVersion.objects.filter(plan="hibari-files").order_by("-number")[0]
    assert (made.number, made.note, made.decided_on, made.effective_from) == (2, "確認の決まり", dt.date(2026, 11, 20), dt.date(2026, 12, 1))


@pytest.mark.parametrize(("given", "words"), [({"decided_on": "12月24日"}, "まだ来ていない日です"), ({"effective_from": "いつか"}, "日付は「11月27日」")])
def test_days_that_cannot_be_are_refused_and_what_was_typed_stays(lead: Client, given: dict[str, str], words: str) -> None:
    with clock.moved_to(NOW):
        page = said(publish(lead, note="説明", **given))
    assert words in page
    assert next(iter(given.values())) in page
    assert PlanVersion.objects.filter(plan="hibari-files").count() == 1
