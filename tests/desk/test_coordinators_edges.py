"""The coordinators' pages under bad input: long, marked up, of other bodies, in the year's turn, in English [C13, C42, C43, C88]."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from renkei.accounts.models import Membership
from renkei.base import clock
from renkei.cases.actions.answers import accept
from renkei.cases.models import Case
from renkei.matching.models import Entry
from renkei.plan.models import PlanVersion
from renkei.research.actions.bridging import Other, move_bridge, start_bridge
from renkei.research.actions.logging import log_activity, strike_activity
from renkei.research.actions.reporting import draft_report, table_report
from renkei.research.models import Activity, ActivityReport, Bridge, BridgeStep
from tests.cases.making import arrived, company, fresh, need_of, offered
from tests.desk.pages import HOSTILE, client, fault, said
from tests.research.making import NOON, TODAY, WITH_QUEUES, line, with_queues
from tests.world import BANK, CENTER, DESK, LAB, World

pytestmark = pytest.mark.covers("C13", "C42", "C43", "C88")
MARKUP = "&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;"
LONG = "長" * 10_000
PAGES = ("", "-log", "-bridges", "-reports", "-posts")


@pytest.fixture(autouse=True)
def noon() -> Iterator[None]:
    with clock.moved_to(NOON):
        yield


@pytest.fixture
def region(world: World) -> World:
    return with_queues(world)


def url(name: str, body: str, **more: Any) -> str:
    return reverse(f"desk-coordinators{name}", kwargs={"body": body, **more})


def english(region: World, body: str) -> Client:
    one = client(region, body)
    one.post("/language/", {"language": "en", "next": "/"})
    return one


GOOD = {"words": "回った", "kind": "visit", "minutes": "30", "day": "", "about": ""}


# A line


@pytest.mark.parametrize(
    ("more", "field", "sentence"),
    [
        ({"words": ""}, "words", "したことを、ひとことで書いてください。"), ({"words": "\x00\u200b"}, "words", "したことを、ひとことで書いてください。"),
        ({"words": LONG}, "words", "400字までです（いま10,000字）。短くするか、ファイルで付けてください。"),
        ({"minutes": ""}, "minutes", "何分かかったかを入れてください。"), ({"minutes": "0"}, "minutes", "1分から720分までの数字で入れてください。"),
        ({"minutes": "721"}, "minutes", "1分から720分までの数字で入れてください。"), ({"minutes": "三十"}, "minutes", "1分から720分までの数字で入れてください。"),
        ({"minutes": "9" * 5000}, "minutes", "1分から720分までの数字で入れてください。"),
        ({"day": "11月26日"}, "day", "まだ来ていない日です。今日までの日を入れてください。"), ({"day": "2024年1月1日"}, "day", "1年より前の日です。年を確かめてください。"),
        ({"about": "ない番号"}, "about", "その番号の案件も、その名前の会社も見つかりません。一覧から選ぶか、空のまま記録してください。"),
        ({"about": "\x00"}, "about", ""),
    ],
)  # fmt: skip
def test_a_line_typed_wrongly_is_sent_back_with_its_sentence(region: World, more: dict[str, str], field: str, sentence: str) -> None:
    answer = client(region, CENTER).post(url("-log", CENTER), GOOD | more)
    assert (answer.status_code, fault(answer, field)) == ((422, sentence) if sentence else (302, ""))
    assert Activity.objects.count() == (0 if sentence else 1)


@pytest.mark.parametrize("missing", ["words", "kind", "minutes"])
def test_a_line_without_a_field_is_refused_beside_that_field(region: World, missing: str) -> None:
    answer = client(region, CENTER).post(url("-log", CENTER), {key: value for key, value in GOOD.items() if key != missing})
    assert (answer.status_code, bool(fault(answer, missing)), Activity.objects.count()) == (422, True, 0)


def test_a_kind_that_is_not_the_plans_is_refused(region: World) -> None:
    answer = client(region, CENTER).post(url("-log", CENTER), GOOD | {"kind": "talk"})  # ours, and not this plan's
    assert (answer.status_code, Activity.objects.count()) == (422, 0)


def test_what_was_typed_stays_when_a_line_is_sent_back(region: World) -> None:
    page = said(client(region, CENTER).post(url("-log", CENTER), GOOD | {"words": HOSTILE, "minutes": "x"}))
    assert (MARKUP in page, "<script>alert" in page, 'value="x"' in page) == (True, False, True)


def test_markup_in_a_line_is_shown_as_letters_everywhere(region: World) -> None:
    made = log_activity(line(words=HOSTILE), by=region.center)
    report = draft_report(TODAY, by=region.center)
    one = client(region, CENTER)
    with clock.moved_to(NOON + dt.timedelta(days=1)):
        assert one.post(url("-line", CENTER, activity=made.pk), GOOD | {"version": "1"}).status_code == 302
    for page in (url("-log", CENTER), url("-line", CENTER, activity=made.pk), url("-report", CENTER, report=report.pk)):
        assert "<script>alert" not in said(one.get(page)), page
    assert MARKUP in said(one.get(url("-line", CENTER, activity=made.pk)))  # what it said before


def test_a_case_and_a_firm_of_another_body_are_not_found_by_number_or_name(region: World) -> None:
    """The same sentence for what is another's and for what is nothing."""
    case, firm = arrived(region).case, company(DESK, "有限会社つばめ製作所")
    one, told = client(region, BANK), set()
    for about in (case.number, firm.name, "どこにもない"):
        answer = one.post(url("-log", BANK), GOOD | {"about": about})
        told.add((answer.status_code, fault(answer, "about")))
    assert (len(told), Activity.objects.count(), case.number in said(one.get(url("-log", BANK)))) == (1, 0, False)


def test_two_firms_of_one_name_are_not_guessed_between(region: World) -> None:
    company(DESK, "有限会社つばめ製作所"), company(DESK, "株式会社つばめ製作所")
    answer = client(region, DESK).post(url("-log", DESK), GOOD | {"about": "つばめ製作所"})
    assert (answer.status_code, bool(fault(answer, "about")), Activity.objects.count()) == (422, True, 0)


@pytest.mark.parametrize("version", [None, "", "x", "-1", "９", "1" * 40, "2"])
def test_a_line_saved_without_its_version_is_refused_as_changed(region: World, version: str | None) -> None:
    made = log_activity(line(), by=region.center)
    answer = client(region, CENTER).post(url("-line", CENTER, activity=made.pk), GOOD | ({} if version is None else {"version": version}))
    assert (answer.status_code, "その間に、ほかの画面で直されました。" in said(answer), fresh(made).words) == (422, True, "測れる所を尋ねた")


def test_a_line_of_a_kind_that_left_the_plan_still_says_its_kind(region: World) -> None:
    made = log_activity(line(kind="paper"), by=region.center)
    words = WITH_QUEUES["vocabularies"] | {"activities": [{"code": "visit", "name": "訪ねた"}]}
    PlanVersion.objects.create(plan=region.plan, number=3, content=WITH_QUEUES | {"vocabularies": words}, published_at=clock.now())
    one = client(region, CENTER)
    shown = {page: "paper" in said(one.get(page)) for page in (url("-log", CENTER), url("-line", CENTER, activity=made.pk))}
    assert set(shown.values()) == {True}, shown


def test_a_struck_line_says_so_and_offers_nothing(region: World) -> None:
    made = strike_activity(log_activity(line(), by=region.center), by=region.center)
    one = client(region, CENTER)
    page = said(one.get(url("-line", CENTER, activity=made.pk)))
    assert ("消された記録です。数には入りません。" in page, url("-strike", CENTER, activity=made.pk) in page) == (True, False)
    assert one.post(url("-strike", CENTER, activity=made.pk)).status_code == 302  # twice changes nothing
    assert "この月の記録は、まだありません。" in said(one.get(url("-log", CENTER)))


def test_a_colleagues_log_is_read_by_choosing_and_has_no_form(region: World) -> None:
    other = region.people[LAB]
    Membership.objects.create(person=other, body_id=CENTER, role="staff", since=dt.date(2024, 4, 1))
    log_activity(line(words="私の一行"), by=region.center)
    Activity.objects.create(body_id=CENTER, person=other, day=TODAY, minutes=5, kind="visit", words="同僚の一行", written_at=NOON)
    one = client(region, CENTER)
    own, theirs = said(one.get(url("-log", CENTER))), said(one.get(url("-log", CENTER), {"who": str(other.pk)}))
    assert (["私の一行" in page for page in (own, theirs)], ["同僚の一行" in page for page in (own, theirs)]) == ([True, False], [False, True])
    assert ["したことを記録する" in page for page in (own, theirs)] == [True, False]


def test_the_months_of_the_log_turn_with_the_year(region: World) -> None:
    with clock.moved_to(clock.at(dt.date(2027, 1, 4), 9)):
        log_activity(line(words="大みそかの一行", day=dt.date(2026, 12, 31)), by=region.center)
        one = client(region, CENTER)
        now, before = said(one.get(url("-log", CENTER))), said(one.get(url("-log", CENTER), {"month": "2026-12"}))
    assert ("month=2026-12" in now, "今月に戻る" in now, "大みそかの一行" in now) == (True, False, False)
    assert ("month=2026-11" in before, "month=2027-01" in before, "今月に戻る" in before, "大みそかの一行" in before) == (True, True, True, True)


# What is another's, and what is nothing


def test_ids_of_nobody_and_of_another_body_are_not_found(region: World) -> None:
    support = offered(region)
    accept(support, by=region.lab, text="できます。")
    theirs = {
        "-line": {"activity": log_activity(line(), by=region.desk).pk}, "-strike": {"activity": log_activity(line(), by=region.desk).pk},
        "-bridge": {"bridge": start_bridge(support.need, Other("空木 教授"), by=region.desk).pk}, "-report": {"report": draft_report(TODAY, by=region.desk).pk},
    }
    one, codes = client(region, BANK), set()
    for name, given in theirs.items():
        for ids in (given, dict.fromkeys(given, uuid.uuid4())):
            codes.add(one.post(url(name, BANK, **ids)).status_code)
            if name != "-strike":
                codes.add(one.get(url(name, BANK, **ids)).status_code)
    assert codes == {404}


def test_the_forms_are_refused_without_their_token(region: World) -> None:
    made, report = log_activity(line(), by=region.center), draft_report(TODAY, by=region.center)
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(region.people[CENTER])
    deeds = {
        url("-log", CENTER): GOOD, url("-line", CENTER, activity=made.pk): GOOD | {"version": "1"}, url("-strike", CENTER, activity=made.pk): {},
        url("-reports", CENTER): {"month": "2026-10-01"}, url("-report", CENTER, report=report.pk): {"part": "table", "sure": "on"},
    }  # fmt: skip
    assert {page: strict.post(page, given).status_code for page, given in deeds.items()} == dict.fromkeys(deeds, 403)
    assert (Activity.objects.standing().count(), ActivityReport.objects.count(), fresh(report).is_draft) == (1, 1, True)


def test_reading_changes_nothing_and_striking_is_no_link(region: World) -> None:
    made = log_activity(line(), by=region.center)
    one = client(region, CENTER)
    assert one.get(url("-strike", CENTER, activity=made.pk)).status_code == 405
    assert [one.post(url(name, CENTER)).status_code for name in ("", "-bridges", "-posts")] == [405] * 3
    assert fresh(made).struck_at is None


# Bridges


def bridge_of(region: World) -> Bridge:
    return start_bridge(need_of(arrived(region).case, region), Other("空木 教授", "架空大学"), by=region.desk)


@pytest.mark.parametrize("given", [{"case": "\x00"}, {"case": LONG[:300]}, {"case": HOSTILE}, {"state": "\x00", "case": ""}, {"state": "odd"}, {"page": "x"}, {"page": "-9"}])
def test_any_filter_of_bridges_is_answered(region: World, given: dict[str, str]) -> None:
    bridge_of(region)
    answer = client(region, DESK).get(url("-bridges", DESK), given)
    assert (answer.status_code, "空木 教授" in said(answer), "<script>alert" in said(answer)) == (200, not given.get("case", "").strip("\x00"), False)


def test_attempts_of_one_case_are_counted_by_state(region: World) -> None:
    first, second = bridge_of(region), bridge_of(region)
    move_bridge(second, by=region.desk, state="came", words="共同研究になった")
    one = client(region, DESK)
    of_case = said(one.get(url("-bridges", DESK), {"case": first.case.number}))
    assert [url("-bridge", DESK, bridge=row.pk) in of_case for row in (first, second)] == [True, False]
    came = said(one.get(url("-bridges", DESK), {"state": "came"}))
    assert [url("-bridge", DESK, bridge=row.pk) in came for row in (first, second)] == [False, True]
    assert came.count("共同研究になった") == 1


@pytest.mark.parametrize(
    ("given", "field", "sentence"),
    [
        ({"state": "came", "words": " "}, "words", "何につながったか、またはつながらなかった理由を書いてください。"),
        ({"state": "talked", "words": LONG}, "words", "400字までです（いま10,000字）。短くするか、ファイルで付けてください。"),
        ({"state": "talked", "on": "11月24日"}, "on", "前の記録より前の日です。日を確かめてください。"),
        ({"state": "talked", "on": "11月26日"}, "on", "まだ来ていない日です。今日までの日を入れてください。"),
    ],
)
def test_a_step_typed_wrongly_is_sent_back(region: World, given: dict[str, str], field: str, sentence: str) -> None:
    made = bridge_of(region)
    answer = client(region, DESK).post(url("-bridge", DESK, bridge=made.pk), {"words": "", "on": ""} | given)
    assert (answer.status_code, fault(answer, field), fresh(made).state, BridgeStep.objects.count()) == (422, sentence, "tried", 1)


@pytest.mark.parametrize("state", ["", "tried", "odd", None])
def test_a_step_to_nowhere_is_refused(region: World, state: str | None) -> None:
    made = bridge_of(region)
    answer = client(region, DESK).post(url("-bridge", DESK, bridge=made.pk), {"words": "話", "on": ""} | ({} if state is None else {"state": state}))
    assert (answer.status_code, bool(fault(answer, "state")), fresh(made).state) == (422, True, "tried")


def test_an_attempt_is_offered_only_the_seeds_and_people_of_the_needs_fields(region: World) -> None:
    case = arrived(region).case
    need = need_of(case, region)
    type(need).objects.filter(pk=need.pk).update(tech_fields=["metal"])
    for code, kind, fields in (("S-1", "seed", ["metal"]), ("S-2", "seed", ["electronics"]), ("P-1", "person", ["metal"]), ("E-1", "equipment", ["metal"])):
        Entry.objects.create(id=code, kind=kind, name=f"名前{code}", owner_name="架空大学", kept_by="screen", text_hash="x", tech_fields=fields)
    page = reverse("desk-case-bridge", kwargs={"body": DESK, "case": case.pk, "subject": need.pk})
    one = client(region, DESK)
    shown = said(one.get(page))
    assert [code for code in ("S-1", "S-2", "P-1", "E-1") if f'value="{code}"' in shown] == ["S-1", "P-1"]
    assert one.post(page, {"entry": "S-2"}).status_code in {200, 422}
    assert one.post(page, {"who": "", "entry": ""}).status_code in {200, 422}
    assert Bridge.objects.count() == 0
    assert one.post(page, {"entry": "S-1"}).status_code == 302
    assert list(Bridge.objects.values_list("who", "organisation", "entry")) == [("名前S-1", "架空大学", "S-1")]


def test_markup_in_an_attempt_is_shown_as_letters(region: World) -> None:
    made = start_bridge(need_of(arrived(region).case, region), Other(HOSTILE, HOSTILE), by=region.desk, words=HOSTILE)
    one = client(region, DESK)
    for page in (url("-bridges", DESK), url("-bridge", DESK, bridge=made.pk), url("", DESK)):
        assert "<script>alert" not in said(one.get(page)), page


# Reports


@pytest.mark.parametrize("month", [None, "", "2026-12-01", "2025-11-01", "2026-10-02", "x", "\x00", LONG])
def test_a_month_that_is_not_offered_is_not_drafted(region: World, month: str | None) -> None:
    answer = client(region, CENTER).post(url("-reports", CENTER), {} if month is None else {"month": month})
    assert (answer.status_code, bool(fault(answer, "month")), ActivityReport.objects.count()) == (422, True, 0)


def test_twelve_months_are_offered_over_the_years_end_the_last_one_first_chosen(region: World) -> None:
    with clock.moved_to(clock.at(dt.date(2027, 1, 4), 9)):
        page = said(client(region, CENTER).get(url("-reports", CENTER)))
    offered_months = [f"{year}-{month:02}-01" for year, month in ((2027, 1), *((2026, number) for number in range(12, 1, -1)))]
    assert ([month for month in offered_months if f'value="{month}"' in page], "2026-01-01" in page) == (offered_months, False)
    assert 'value="2026-12-01" selected' in page


def test_drafting_a_month_twice_leads_to_the_same_report(region: World) -> None:
    one = client(region, CENTER)
    places = {one.post(url("-reports", CENTER), {"month": "2026-10-01"})["Location"] for _turn in range(2)}
    assert (places, ActivityReport.objects.count()) == ({url("-report", CENTER, report=ActivityReport.objects.get().pk)}, 1)


@pytest.mark.parametrize(("given", "sentence"), [
    ({"part": "save", "text": "", "version": "1"}, "報告の文を書いてください。"),
    ({"part": "save", "text": LONG, "version": "1"}, "4,000字までです（いま10,000字）。短くするか、ファイルで付けてください。"),
    ({"part": "table"}, "まだ終わっていない月です。このまま出してよければ、印を付けてもう一度押してください。"),
    ({"part": "save", "text": "文", "version": "9"}, "その間に、ほかの画面で保存されました。いまの文を確かめてから、もう一度保存してください。"),
])  # fmt: skip
def test_a_report_typed_wrongly_is_sent_back(region: World, given: dict[str, str], sentence: str) -> None:
    made = draft_report(TODAY, by=region.center)
    answer = client(region, CENTER).post(url("-report", CENTER, report=made.pk), given)
    assert (answer.status_code, sentence in said(answer), fresh(made).state, fresh(made).version) == (422, True, "draft", 1)


def test_a_tabled_report_is_printed_as_letters_and_offers_nothing(region: World) -> None:
    log_activity(line(words=HOSTILE, day=dt.date(2026, 10, 5)), by=region.center)
    made = table_report(draft_report(dt.date(2026, 10, 1), by=region.center), by=region.center)
    for body in (CENTER, LAB):
        page = said(client(region, body).get(url("-report", body, report=made.pk)))
        assert (MARKUP in page, "<script>alert" in page, 'name="part"' in page) == (True, False, False), body


# All of them


def test_every_page_is_whole_for_a_body_that_has_nothing(region: World) -> None:
    one = client(region, BANK)
    pages = {name: said(one.get(url(name, BANK))) for name in PAGES}
    told = {
        "": "いまはありません。", "-log": "この月の記録は、まだありません。", "-bridges": "橋渡しの記録は、まだありません", "-reports": "まだありません。",
        "-posts": "まだだれもいません",
    }
    assert {name: told[name] in page for name, page in pages.items()} == dict.fromkeys(PAGES, True)


def test_every_page_is_there_in_english(region: World) -> None:
    bridge_of(region)
    log_activity(line(), by=region.desk)
    Membership.objects.filter(body_id=DESK).update(role="coordinator")
    one = english(region, DESK)
    wanted = {"": "Coordinators' workbench", "-log": "Activity log", "-bridges": "Bridges", "-reports": "Monthly reports", "-posts": "Specialists"}
    pages = {name: said(one.get(url(name, DESK))) for name in PAGES}
    assert {name: '<html lang="en">' in page and f"<h1>{wanted[name]}" in page for name, page in pages.items()} == dict.fromkeys(PAGES, True)


def test_no_page_asks_more_for_three_rows_than_for_one(region: World) -> None:
    one = client(region, DESK)
    Membership.objects.filter(body_id=DESK).update(role="coordinator")

    def asked() -> dict[str, int]:
        counts = {}
        for name in PAGES:
            with CaptureQueriesContext(connection) as queries:
                assert one.get(url(name, DESK)).status_code == 200
            counts[name] = len(queries)
        return counts

    def more(month: int) -> None:
        made = bridge_of(region)
        Case.objects.filter(pk=made.case_id).update(holder_person=region.people[DESK].pk)
        log_activity(line(case=made.case), by=region.desk)
        table_report(draft_report(dt.date(2026, month, 1), by=region.desk), by=region.desk, sure=True)
        draft_report(dt.date(2026, month - 4, 1), by=region.desk)

    more(10)
    first = asked()
    more(9)
    more(8)
    assert asked() == first
