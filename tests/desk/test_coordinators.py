"""The pages of coordinators: the workbench, the log, bridges, monthly reports, people in posts [C13, C42, C43, C88]."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from renkei.accounts.models import Membership
from renkei.base import clock
from renkei.cases.actions.answers import accept
from renkei.cases.models import Case
from renkei.research.actions.bridging import Other, start_bridge
from renkei.research.actions.logging import log_activity
from renkei.research.actions.reporting import draft_report, save_report, table_report
from renkei.research.models import Activity, ActivityReport, Bridge
from tests.cases.making import arrived, company, fresh, need_of, offered
from tests.research.making import NOON, TODAY, line, with_queues
from tests.world import BANK, CENTER, DESK, LAB, World

pytestmark = pytest.mark.covers("C13", "C42", "C43", "C88")


@pytest.fixture(autouse=True)
def noon() -> Iterator[None]:
    with clock.moved_to(NOON):
        yield


@pytest.fixture
def region(world: World) -> World:
    return with_queues(world)


def as_(region: World, body: str) -> Client:
    client = Client()
    client.force_login(region.people[body])
    return client


def url(name: str, body: str, **more: Any) -> str:
    return reverse(f"desk-coordinators{name}", kwargs={"body": body, **more})


def text(response: Any) -> str:
    return str(response.content.decode())


def part(page: str, code: str) -> str:
    """The section of one queue."""
    return page.split(f'aria-labelledby="q-{code}"')[1].partition("</section>")[0]


# The workbench


def test_a_need_stands_in_the_queue_of_its_stage(region: World) -> None:
    case = arrived(region).case
    need_of(case, region, stage="3", title="雷サージの試験")
    need_of(case, region, stage="1", title="相手を探す")
    page = text(as_(region, DESK).get(url("", DESK)))
    shown = {code: [title for title in ("雷サージの試験", "相手を探す") if title in part(page, code)] for code in ("matching", "funds", "progress", "commercial")}
    assert shown == {"matching": ["相手を探す"], "funds": [], "progress": ["雷サージの試験"], "commercial": []}
    assert case.number in page
    assert reverse("desk-case-activity", kwargs={"body": DESK, "case": case.pk}) in page


def test_only_ones_own_when_asked_for(region: World) -> None:
    case = arrived(region).case
    need_of(case, region)
    Case.objects.filter(pk=case.pk).update(holder_person=None, next_person=None)
    mine = as_(region, DESK).get(url("", DESK), {"whose": "me"})
    assert "雷サージの試験" not in text(mine)
    Case.objects.filter(pk=case.pk).update(holder_person=region.people[DESK].pk)
    assert "雷サージの試験" in text(as_(region, DESK).get(url("", DESK), {"whose": "me"}))


def test_a_plan_without_queues_says_so(world: World) -> None:
    assert "この計画には仕事台の列がありません" in text(as_(world, LAB).get(url("", LAB)))


def test_another_body_sees_nothing_of_it(region: World) -> None:
    need_of(arrived(region).case, region)
    page = text(as_(region, BANK).get(url("", BANK)))
    assert page.count("いまはありません。") == 4


# The log


def test_a_line_is_typed_in_the_workbench(region: World) -> None:
    client = as_(region, CENTER)
    answer = client.post(url("-log", CENTER), {"words": "三社を回った", "kind": "visit", "minutes": "90", "back": "workbench"})
    assert (answer.status_code, answer["Location"]) == (302, url("", CENTER))
    assert list(Activity.objects.values_list("words", "kind", "minutes", "day", "case_id")) == [("三社を回った", "visit", 90, TODAY, None)]
    page = text(client.get(url("-log", CENTER)))
    assert ("三社を回った" in page, "1件　90分" in page) == (True, True)


def test_a_receipt_number_or_a_firms_name_says_what_it_is_about(region: World) -> None:
    case, firm = arrived(region).case, company(DESK, "有限会社つばめ製作所")
    client = as_(region, DESK)
    for about in (case.number, f"{case.number}　狐火エレクトロ", "つばめ製作所", ""):
        assert client.post(url("-log", DESK), {"words": f"話した{about}", "kind": "visit", "minutes": "10", "about": about}).status_code == 302, about
    found = Activity.objects.order_by("written_at", "pk").values_list("words", "case_id", "company_id")
    assert set(found) == {
        (f"話した{case.number}", case.pk, case.company_id), (f"話した{case.number} 狐火エレクトロ", case.pk, case.company_id),
        ("話したつばめ製作所", None, firm.pk), ("話した", None, None),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"words": "", "kind": "visit", "minutes": "10"}, "したことを、ひとことで書いてください。"),
        ({"words": "話", "kind": "odd", "minutes": "10"}, "一覧にないものです。選び直してください。"),
        ({"words": "話", "kind": "visit", "minutes": "0"}, "1分から720分までの数字で入れてください。"),
        ({"words": "話", "kind": "visit", "minutes": "半日"}, "1分から720分までの数字で入れてください。"),
        ({"words": "話", "kind": "visit", "minutes": "10", "day": "明日"}, "まだ来ていない日です。今日までの日を入れてください。"),
        ({"words": "話", "kind": "visit", "minutes": "10", "about": "どこにもない会社"}, "その番号の案件も、その名前の会社も見つかりません。"),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_stays(region: World, given: dict[str, str], said: str) -> None:
    answer = as_(region, CENTER).post(url("-log", CENTER), given)
    assert (answer.status_code, said in text(answer), Activity.objects.count()) == (422, True, 0)
    assert given["words"] in text(answer)


def test_another_bodys_case_cannot_be_named(region: World) -> None:
    case = arrived(region).case
    answer = as_(region, BANK).post(url("-log", BANK), {"words": "話", "kind": "visit", "minutes": "10", "about": case.number})
    assert (answer.status_code, Activity.objects.count()) == (422, 0)


def test_a_line_is_changed_by_its_author_and_shows_what_it_said_before(region: World) -> None:
    made = log_activity(line(), by=region.center)
    page = url("-line", CENTER, activity=made.pk)
    with clock.moved_to(NOON + dt.timedelta(days=2)):
        client = as_(region, CENTER)
        given = {"words": "二社を回った", "kind": "paper", "minutes": "20", "day": "11月25日", "about": "", "version": "1"}
        assert client.post(page, given).status_code == 302
        assert client.post(page, given).status_code == 422  # the version of another window
        shown = text(client.get(page))
    assert (fresh(made).words, fresh(made).kind, fresh(made).version) == ("二社を回った", "paper", 2)
    assert ("直す前" in shown, "測れる所を尋ねた" in shown) == (True, True)


def test_who_did_not_write_it_may_only_look(region: World) -> None:
    case = arrived(region).case
    made = log_activity(line(case=case), by=region.desk)
    other = log_activity(line(), by=region.lab)
    assert as_(region, DESK).get(url("-line", DESK, activity=other.pk)).status_code == 404
    assert as_(region, LAB).get(url("-line", LAB, activity=made.pk)).status_code == 404
    for name in ("-line", "-strike"):
        assert as_(region, LAB).post(url(name, LAB, activity=made.pk)).status_code == 404
    assert as_(region, DESK).post(url("-strike", DESK, activity=made.pk)).status_code == 302
    assert fresh(made).struck_at == NOON
    assert as_(region, DESK).post(url("-line", DESK, activity=made.pk)).status_code == 403  # nobody changes what is struck out


def test_any_month_and_person_is_answered(region: World) -> None:
    log_activity(line(words="先月のこと", day=dt.date(2026, 10, 31)), by=region.center)
    client = as_(region, CENTER)
    assert "先月のこと" in text(client.get(url("-log", CENTER), {"month": "2026-10"}))
    for month in ("", "x", "2026-13", "2026-12", "1999-01", "２０２６-10"):
        answer = client.get(url("-log", CENTER), {"month": month, "who": "x"})
        assert (answer.status_code, "先月のこと" in text(answer)) == (200, False), month


# Bridges


def test_a_bridge_is_built_from_its_need_and_followed(region: World) -> None:
    case = arrived(region).case
    need = need_of(case, region)
    client = as_(region, DESK)
    new = reverse("desk-case-bridge", kwargs={"body": DESK, "case": case.pk, "subject": need.pk})
    assert new in text(client.get(reverse("desk-case", kwargs={"body": DESK, "case": case.pk})))
    assert client.post(new, {"who": "空木 教授", "organisation": "架空大学", "to_body": LAB, "on": "11月20日"}).status_code == 302
    found = Bridge.objects.get()
    assert (found.who, found.organisation, found.to_body_id, found.tried_on, found.state) == ("空木 教授", "架空大学", LAB, dt.date(2026, 11, 20), "tried")
    page = url("-bridge", DESK, bridge=found.pk)
    without = client.post(page, {"state": "failed", "words": "", "on": ""})
    assert (without.status_code, "つながらなかった理由を書いてください" in text(without)) == (422, True)
    assert client.post(page, {"state": "failed", "words": "装置が古い", "on": ""}).status_code == 302
    listed = text(client.get(url("-bridges", DESK), {"state": "failed"}))
    assert ("空木 教授" in listed, "装置が古い" in listed, case.number in listed) == (True, True, True)
    assert client.post(page, {"state": "talked"}).status_code == 403  # an end stays
    assert "空木 教授" not in text(client.get(url("-bridges", DESK), {"state": "tried"}))


def test_who_was_only_asked_reads_the_bridges_of_its_need_without_the_firms_name(region: World) -> None:
    support = offered(region)
    accept(support, by=region.lab, text="できます。")
    start_bridge(support.need, Other("空木 教授", "架空大学"), by=region.desk)
    page = text(as_(region, LAB).get(url("-bridges", LAB)))
    assert ("空木 教授" in page, "狐火" in page) == (True, False)
    assert "空木 教授" not in text(as_(region, BANK).get(url("-bridges", BANK)))
    assert as_(region, BANK).get(url("-bridge", BANK, bridge=Bridge.objects.get().pk)).status_code == 404


# Reports


def test_a_month_is_drafted_edited_tabled_and_read_by_all(region: World) -> None:
    log_activity(line(words="催しで話した", day=dt.date(2026, 10, 5)), by=region.center)
    client = as_(region, CENTER)
    answer = client.post(url("-reports", CENTER), {"month": "2026-10-01"})
    made = ActivityReport.objects.get()
    page = url("-report", CENTER, report=made.pk)
    assert (answer.status_code, answer["Location"]) == (302, page)
    assert "催しで話した" in text(client.get(page))
    assert as_(region, LAB).get(url("-report", LAB, report=made.pk)).status_code == 404
    assert client.post(page, {"part": "save", "text": "十月は催しに出た。", "version": "1"}).status_code == 302
    assert client.post(page, {"part": "save", "text": "別の窓", "version": "1"}).status_code == 422
    assert client.post(page, {"part": "table"}).status_code == 302
    assert client.post(page, {"part": "save", "text": "あとから", "version": "2"}).status_code == 403
    read = text(as_(region, LAB).get(url("-report", LAB, report=made.pk)))
    assert ("十月は催しに出た。" in read, "催しで話した" in read) == (True, False)  # the log behind it is the body's own
    assert made.pk in {one.pk for one in ActivityReport.objects.tabled()}


def test_a_report_that_names_a_firm_is_not_tabled(region: World) -> None:
    case = arrived(region).case
    log_activity(line(case=case, day=dt.date(2026, 11, 2)), by=region.desk)
    made = draft_report(TODAY, by=region.desk)
    save_report(made, by=region.desk, text="狐火エレクトロを訪ねた。", version=1)
    client, page = as_(region, DESK), url("-report", DESK, report=made.pk)
    answer = client.post(page, {"part": "table", "sure": "on"})
    assert (answer.status_code, "会社の名前が入っています：狐火エレクトロ株式会社" in text(answer)) == (422, True)
    assert client.post(page, {"part": "odd"}).status_code == 200
    assert fresh(made).is_draft


def test_drafting_anew_reads_the_records_again(region: World) -> None:
    made = draft_report(TODAY, by=region.center)
    log_activity(line(words="あとから書いた"), by=region.center)
    client, page = as_(region, CENTER), url("-report", CENTER, report=made.pk)
    assert client.post(page, {"part": "anew", "text": "捨てる", "version": "1"}).status_code == 302
    assert "あとから書いた" in fresh(made).text
    table_report(made, by=region.center, sure=True)
    assert text(client.get(url("-reports", CENTER))).count(region.people[CENTER].name) >= 1


# Posts


def test_who_is_in_a_post_with_speciality_term_and_load(region: World) -> None:
    Membership.objects.filter(body_id=CENTER).update(role="coordinator", until=dt.date(2027, 1, 31), specialities=["金属"])
    Membership.objects.filter(body_id=LAB).update(role="coordinator")
    case = arrived(region).case
    Case.objects.filter(pk=case.pk).update(holder_id=CENTER, holder_person=region.people[CENTER].pk)
    for day in (dt.date(2026, 8, 3), dt.date(2026, 10, 31), dt.date(2026, 11, 1)):
        log_activity(line(day=day), by=region.center)
    page = text(as_(region, CENTER).get(url("-posts", CENTER)))
    assert ("コーディネーター" in page, "金属" in page, case.number in page, "あと67日" in page, ">0.7<" in page) == (True, True, True, True, True)
    assert reverse("desk-move-new", kwargs={"body": CENTER}) in page
    other = text(as_(region, LAB).get(url("-posts", LAB)))
    assert (case.number in other, reverse("desk-move-new", kwargs={"body": LAB}) in other) == (False, False)
