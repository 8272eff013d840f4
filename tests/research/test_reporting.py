"""The monthly report: drafted from the log and the bridges, edited, tabled for all, then never changed [C88]."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from renkei.base import clock
from renkei.base.actor import GUEST, SYSTEM
from renkei.cases.actions.disclosable import write_public
from renkei.research.actions.bridging import Other, move_bridge, start_bridge
from renkei.research.actions.logging import log_activity, strike_activity
from renkei.research.actions.reporting import draft_anew, draft_report, save_report, table_report
from renkei.research.models import ActivityReport
from renkei.research.queries.month import month_of
from tests.cases.making import arrived, company, events, fresh, need_of, refuses
from tests.research.making import NOON, TODAY, line
from tests.world import CENTER, DESK, LAB, World

pytestmark = pytest.mark.covers("C88", "C13")
NOVEMBER, OCTOBER = dt.date(2026, 11, 1), dt.date(2026, 10, 1)


def october(world: World) -> ActivityReport:
    """A report of the month that is over."""
    log_activity(line(words="催しで話した", day=dt.date(2026, 10, 5)), by=world.center)
    return draft_report(dt.date(2026, 10, 20), by=world.center)


def test_a_month_is_counted_from_the_records(region: World) -> None:
    case = arrived(region).case
    need = need_of(case, region)
    log_activity(line(words="訪ねた", case=case, minutes=60), by=region.desk)
    log_activity(line(words="書類", kind="paper", minutes=15, day=NOVEMBER), by=region.desk)
    strike_activity(log_activity(line(words="まちがい", minutes=300), by=region.desk), by=region.desk)
    log_activity(line(words="先月", day=dt.date(2026, 10, 31)), by=region.desk)
    log_activity(line(words="ほかの人"), by=region.center)
    move_bridge(start_bridge(need, Other("空木 教授"), by=region.desk), by=region.desk, state="failed", words="装置が古い")
    found = month_of(region.desk, region.people[DESK].pk, DESK, NOVEMBER)
    assert [one.words for one in found.lines] == ["書類", "訪ねた"]
    assert [(one.code, one.count, one.minutes) for one in found.kinds] == [("visit", 1, 60), ("bridge", 0, 0), ("paper", 1, 15)]
    assert found.counted == {"kind:visit": 1, "kind:paper": 1, "lines": 2, "minutes": 75, "cases": 1, "begun": 1, "came": 0, "failed": 1}


def test_the_draft_says_what_is_on_record_and_names_nobody(region: World) -> None:
    firm = company(DESK, "有限会社つばめ製作所")
    case = arrived(region).case
    need = need_of(case, region)
    write_public(need, title="薄い板の反り", summary="細かく測りたい。", by=region.desk, seen=True)
    start_bridge(fresh(need), Other("空木 教授", "架空大学"), by=region.desk)
    start_bridge(need_of(case, region, title="狐火の秘密"), Other("別の人"), by=region.desk)
    log_activity(line(words="狐火を訪ねた", case=case), by=region.desk)
    log_activity(line(words="つばめと話した", company=firm), by=region.desk)
    log_activity(line(words="催しに出た", kind="paper"), by=region.desk)
    made = draft_report(TODAY, by=region.desk)
    assert made.text.splitlines() == [
        "11月は、3件、合わせて1.5時間の活動をしました。関わった案件は1件です。", "・訪ねた　2件", "・書類　1件",
        "橋渡しは、新しく2件を試み、0件が実を結び、0件は実を結びませんでした。", *made.text.splitlines()[4:6], "", "そのほかの活動", "・11/25　催しに出た",
    ]  # fmt: skip
    assert set(made.text.splitlines()[4:6]) == {"・薄い板の反り　計画の外の相手　打診した", "・課題　計画の外の相手　打診した"}
    assert [word for word in ("狐火", "つばめ", "空木") if word in made.text] == []


def test_a_month_has_one_report_a_person_and_body(region: World) -> None:
    first, again = october(region), draft_report(dt.date(2026, 10, 1), by=region.center)
    other = draft_report(OCTOBER, by=region.lab)
    assert (first.pk, first.month, events("report.draft")) == (again.pk, OCTOBER, 2)
    assert {(one.body_id, one.month) for one in ActivityReport.objects.all()} == {(CENTER, OCTOBER), (LAB, OCTOBER)}
    assert other.is_draft


def test_a_month_to_come_is_not_reported_and_only_staff_do(region: World) -> None:
    with refuses("future", "month"):
        draft_report(dt.date(2026, 12, 1), by=region.center)
    for actor in (GUEST, SYSTEM):
        with refuses("not_allowed"):
            draft_report(OCTOBER, by=actor)
    assert ActivityReport.objects.count() == 0


def test_only_its_author_saves_and_tables(region: World) -> None:
    made = october(region)
    for actor in (region.desk, region.lab, SYSTEM):
        for act in (lambda by: save_report(made, by=by, text="別", version=1), lambda by: draft_anew(made, by=by, version=1), lambda by: table_report(made, by=by)):
            with refuses("not_allowed"):
                act(actor)
    assert (fresh(made).version, fresh(made).state) == (1, "draft")


def test_saving_what_a_report_needs(region: World) -> None:
    made = october(region)
    with refuses("text_empty", "text"):
        save_report(made, by=region.center, text=" ", version=1)
    with refuses("too_long", "text"):
        save_report(made, by=region.center, text="長" * 4001, version=1)
    save_report(made, by=region.center, text=made.text, version=1)
    assert (fresh(made).version, events("report.save")) == (1, 0)
    save_report(made, by=region.center, text="先の窓", version=1)
    with refuses("changed_meanwhile"):
        save_report(made, by=region.center, text="後の窓", version=1)
    assert (fresh(made).text, fresh(made).version, events("report.save")) == ("先の窓", 2, 1)


def test_tabled_it_is_read_by_all_with_the_numbers_of_that_day(region: World) -> None:
    made = october(region)
    assert list(ActivityReport.objects.visible_to(region.lab)) == []
    table_report(made, by=region.center)
    log_activity(line(day=dt.date(2026, 10, 6)), by=region.center)
    found = fresh(made)
    assert (found.state, found.tabled_at, found.counted["lines"], found.counted["minutes"]) == ("tabled", NOON, 1, 30)
    assert list(ActivityReport.objects.visible_to(region.lab)) == list(ActivityReport.objects.tabled()) == [made]
    assert (list(ActivityReport.objects.visible_to(GUEST)), events("report.table")) == ([], 1)
    for act in (lambda: save_report(found, by=region.center, text="あとから", version=1), lambda: table_report(found, by=region.center)):
        with refuses("tabled"):
            act()


def test_nobody_changes_what_was_tabled_not_even_a_program(region: World) -> None:
    made = table_report(october(region), by=region.center)
    with pytest.raises(DatabaseError), transaction.atomic():
        ActivityReport.objects.filter(pk=made.pk).update(text="書き替え")
    assert fresh(made).text.startswith("10月は")


def test_a_month_that_goes_on_is_tabled_only_on_purpose(region: World) -> None:
    made = draft_report(TODAY, by=region.center)
    with refuses("month_goes_on", "sure"):
        table_report(made, by=region.center)
    assert table_report(made, by=region.center, sure=True).state == "tabled"
    with clock.moved_to(clock.at(dt.date(2026, 12, 1), 9)):
        assert table_report(draft_report(NOVEMBER, by=region.desk), by=region.desk).state == "tabled"


@pytest.mark.parametrize("written", ["狐火エレクトロ株式会社", "狐火エレクトロ", "㈱狐火ｴﾚｸﾄﾛ", "狐 火 エレクトロ"])
def test_a_firms_name_however_it_is_written_keeps_a_report_back(region: World, written: str) -> None:
    log_activity(line(case=arrived(region).case, day=TODAY), by=region.desk)
    made = save_report(draft_report(TODAY, by=region.desk), by=region.desk, text=f"今月は{written}を訪ねた。", version=1)
    with refuses("names_firm", "text"):
        table_report(made, by=region.desk, sure=True)
    assert fresh(made).is_draft


def test_a_name_of_somebody_there_is_asked_about_once(region: World) -> None:
    log_activity(line(case=arrived(region).case, day=TODAY), by=region.desk)
    made = save_report(draft_report(TODAY, by=region.desk), by=region.desk, text="齋藤さんに会った。", version=1)
    with clock.moved_to(clock.at(dt.date(2026, 12, 1), 9)):
        with refuses("leads_to_firm", "sure"):
            table_report(made, by=region.desk)
        assert table_report(made, by=region.desk, sure=True).state == "tabled"


def test_the_database_says_no(region: World) -> None:
    made = october(region)
    for given, name in (({"month": TODAY}, "report_month_is_its_first_day"), ({"text": ""}, "report_says_something"), ({"state": "odd"}, "report_state"),
                        ({"state": "tabled"}, "report_tabled_has_time"), ({"tabled_at": NOON}, "report_tabled_has_time")):  # fmt: skip
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            ActivityReport.objects.filter(pk=made.pk).update(**given)
    with pytest.raises(IntegrityError, match="report_once_a_month"), transaction.atomic():
        ActivityReport.objects.create(body_id=CENTER, person_id=made.person_id, month=OCTOBER, text="二つ目", drafted_at=NOON)
