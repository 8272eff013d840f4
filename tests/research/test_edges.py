"""Edges of what coordinators write: whom the audit names, other people's needs, odd names, the year's end, 1 April [C13, C42, C43, C88]."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from renkei.accounts.models import Membership, Person
from renkei.audit.models import Event
from renkei.base import clock
from renkei.base.actor import SYSTEM, staff
from renkei.base.context import acting
from renkei.cases.actions.answers import accept
from renkei.cases.models import Case, Need
from renkei.matching.models import Entry
from renkei.plan.models import Body, PlanVersion
from renkei.research.actions.bridging import Other, move_bridge, start_bridge
from renkei.research.actions.logging import change_activity, log_activity, strike_activity
from renkei.research.actions.reporting import draft_anew, draft_report, drafted, firms_in, save_report, table_report
from renkei.research.models import Activity, ActivityReport, ActivityVersion, Bridge, BridgeStep
from renkei.research.queries.month import month_of
from renkei.research.queries.posts import posts
from renkei.research.queries.workbench import workbench
from renkei.research.rules import is_author, kind_name
from tests.cases.making import arrived, company, events, fresh, need_of, offered, refuses
from tests.research.making import TODAY, WITH_QUEUES, line, with_queues
from tests.world import BANK, CENTER, DESK, LAB, World

pytestmark = pytest.mark.covers("C13", "C42", "C43", "C88")
Login = Callable[[str], AbstractContextManager[None]]
UTSUGI = Other("空木 教授", "架空大学")


def audited(*verbs: str) -> list[tuple[str, str, Any]]:
    """Who did what for which body, in the order of the acts."""
    return list(Event.objects.filter(verb__in=verbs).order_by("pk").values_list("verb", "body", "person"))


# Whom the audit names


def test_each_act_of_the_log_is_audited_for_its_author_and_body(region: World) -> None:
    made = log_activity(line(), by=region.center)
    change_activity(made, line(words="訪ねた"), by=region.center, version=1)
    strike_activity(fresh(made), by=region.center)
    person = region.people[CENTER].pk
    assert audited("activity.log", "activity.change", "activity.strike") == [
        ("activity.log", CENTER, person), ("activity.change", CENTER, person), ("activity.strike", CENTER, person),
    ]  # fmt: skip
    assert set(Event.objects.filter(verb__startswith="activity.").values_list("stream", flat=True)) == {f"research.activity:{made.pk}"}


def test_each_step_of_an_attempt_is_audited_for_who_took_it(region: World) -> None:
    support = offered(region)
    accept(support, by=region.lab, text="できます。")
    made = start_bridge(support.need, UTSUGI, by=region.desk)
    move_bridge(made, by=region.lab, state="talked", words="話した")
    move_bridge(made, by=region.desk, state="came", words="共同研究になった")
    desk, lab = region.people[DESK].pk, region.people[LAB].pk
    assert audited("bridge.start", "bridge.move") == [("bridge.start", DESK, desk), ("bridge.move", LAB, lab), ("bridge.move", DESK, desk)]
    assert set(BridgeStep.objects.values_list("state", "body_id", "person_id")) == {("tried", DESK, desk), ("talked", LAB, lab), ("came", DESK, desk)}
    assert (fresh(made).body_id, fresh(made).person_id, fresh(made).result) == (DESK, desk, "共同研究になった")


def test_each_act_on_a_report_is_audited(region: World) -> None:
    made = draft_report(dt.date(2026, 10, 1), by=region.center)
    save_report(made, by=region.center, text="直した", version=1)
    draft_anew(made, by=region.center, version=2)
    table_report(made, by=region.center)
    person = region.people[CENTER].pk
    assert audited("report.draft", "report.save", "report.table") == [
        ("report.draft", CENTER, person), ("report.save", CENTER, person), ("report.save", CENTER, person), ("report.table", CENTER, person),
    ]  # fmt: skip


# Whoever takes part, but not in this need


def test_a_body_at_work_on_one_need_writes_no_attempt_for_a_need_it_does_not_see(committed_world: World, login: Login) -> None:
    """Refused in words under the real login: the policy would answer with an error of the database."""
    with_queues(committed_world)
    support = offered(committed_world)
    accept(support, by=committed_world.lab, text="できます。")
    other = need_of(fresh(support.case), committed_world, title="別の課題")
    theirs = start_bridge(other, UTSUGI, by=committed_world.desk)
    with login("web"):
        with refuses("not_allowed"), transaction.atomic(), acting(committed_world.lab):
            start_bridge(other, Other("ほかの人"), by=committed_world.lab)
        with refuses("not_allowed"), transaction.atomic(), acting(committed_world.lab):
            move_bridge(theirs, by=committed_world.lab, state="talked", words="")
    assert (Bridge.objects.count(), BridgeStep.objects.count(), fresh(theirs).state) == (1, 1, "tried")


def test_who_left_the_case_moves_no_attempt(region: World) -> None:
    made = start_bridge(need_of(arrived(region).case, region), UTSUGI, by=region.desk)
    Case.objects.update(holder_id=CENTER, at_desk=False)
    assert move_bridge(fresh(made), by=region.center, state="talked", words="").body_id == DESK
    with refuses("not_allowed"):
        move_bridge(fresh(made), by=region.bank, state="came", words="実った")
    assert fresh(made).state == "talked"


def test_the_worker_moves_no_attempt(region: World) -> None:
    made = start_bridge(need_of(arrived(region).case, region), UTSUGI, by=region.desk)
    with refuses("not_allowed"):
        move_bridge(made, by=SYSTEM, state="talked", words="")
    assert events("bridge.move") == 0


# A person of two bodies


def test_what_one_wrote_for_one_body_is_not_changed_for_another(region: World) -> None:
    """A person in two bodies writes in two logs; each is its body's own."""
    person = region.people[CENTER]
    Membership.objects.create(person=person, body_id=LAB, role="staff", since=dt.date(2024, 4, 1))
    there = staff(person.pk, LAB, person.name)
    made = log_activity(line(), by=region.center)
    report = draft_report(dt.date(2026, 10, 1), by=region.center)
    assert [is_author(actor, made) for actor in (region.center, there, region.lab)] == [True, False, False]
    for deed in (lambda: change_activity(made, line(words="別"), by=there, version=1), lambda: strike_activity(made, by=there),
                 lambda: save_report(report, by=there, text="別", version=1), lambda: table_report(report, by=there)):  # fmt: skip
        with refuses("not_allowed"):
            deed()
    assert draft_report(dt.date(2026, 10, 1), by=there).pk != report.pk
    assert (list(Activity.objects.visible_to(there)), month_of(there, person.pk, LAB, dt.date(2026, 11, 1)).lines) == ([], [])


def test_a_colleague_reads_the_log_and_changes_nothing(region: World) -> None:
    other = Person.objects.create_user("second@people.example", "hibari-secret-1", name="二人目 の人", kana="に")
    colleague = staff(other.pk, CENTER, other.name)
    made = log_activity(line(), by=region.center)
    assert list(Activity.objects.visible_to(colleague)) == [made]
    with refuses("not_allowed"):
        strike_activity(made, by=colleague)
    assert fresh(made).struck_at is None


# Odd names and long ones


def test_a_seed_with_the_longest_names_is_cut_to_what_fits(region: World) -> None:
    entry = Entry.objects.create(id="S-1", kind="seed", name="薄" * 200, owner_name="架" * 200, kept_by="screen", text_hash="x")
    made = start_bridge(need_of(arrived(region).case, region), Other("", entry=entry), by=region.desk, words="語" * 400)
    assert (made.who, made.organisation, len(BridgeStep.objects.get().words)) == ("薄" * 200, "架" * 200, 400)


def test_a_name_typed_beside_a_seed_stands_and_the_organisation_stays_as_typed(region: World) -> None:
    entry = Entry.objects.create(id="S-1", kind="seed", name="薄膜を見る", owner_name="架空大学", kept_by="screen", text_hash="x")
    need = need_of(arrived(region).case, region)
    made = {(one.who, one.organisation, one.entry) for one in (
        start_bridge(need, Other("空木 教授", "", entry=entry), by=region.desk), start_bridge(need, Other(" ", "別の所属", entry=entry), by=region.desk),
    )}  # fmt: skip
    assert made == {("空木 教授", "", "S-1"), ("薄膜を見る", "別の所属", "S-1")}


def test_a_firm_called_by_a_legal_form_alone_does_not_keep_every_report_back(region: World) -> None:
    """A name without a letter of its own stands in every text; it leads to nobody."""
    log_activity(line(words="回った", company=company(CENTER, "株式会社"), day=dt.date(2026, 10, 5)), by=region.center)
    made = draft_report(dt.date(2026, 10, 1), by=region.center)
    assert firms_in(made.text, month_of(region.center, region.people[CENTER].pk, CENTER, made.month)) == []
    assert table_report(made, by=region.center, sure=True).state == "tabled"


def test_every_firm_of_the_month_is_named_in_the_refusal_once_and_in_order(region: World) -> None:
    for name in ("有限会社つばめ製作所", "あおば工業株式会社"):
        for _turn in range(2):
            log_activity(line(words="回った", company=company(CENTER, name) if _turn == 0 else None, day=dt.date(2026, 10, 5)), by=region.center)
    made = save_report(draft_report(dt.date(2026, 10, 1), by=region.center), by=region.center, text="つばめ製作所とあおば工業を訪ねた。", version=1)
    with pytest.raises(Exception, match="会社の名前が入っています：あおば工業株式会社、有限会社つばめ製作所。") as caught:
        table_report(made, by=region.center)
    assert (getattr(caught.value, "code", ""), fresh(made).is_draft) == ("names_firm", True)


def test_a_firm_of_another_month_is_no_matter_of_this_one(region: World) -> None:
    log_activity(line(words="回った", company=company(CENTER, "有限会社つばめ製作所"), day=dt.date(2026, 9, 30)), by=region.center)
    made = save_report(draft_report(dt.date(2026, 10, 1), by=region.center), by=region.center, text="つばめ製作所の名が出た。", version=1)
    assert table_report(made, by=region.center).state == "tabled"


def test_the_firm_of_an_attempt_keeps_the_report_back_without_a_line(region: World) -> None:
    start_bridge(need_of(arrived(region).case, region), UTSUGI, by=region.desk)
    made = save_report(draft_report(TODAY, by=region.desk), by=region.desk, text="狐火エレクトロのことで動いた。", version=1)
    with refuses("names_firm", "text"):
        table_report(made, by=region.desk, sure=True)


def test_the_longest_month_is_drafted_into_what_a_report_holds(region: World) -> None:
    for number in range(12):
        log_activity(line(words=f"{number:02}" + "長" * 398, minutes=720, day=dt.date(2026, 10, 1 + number)), by=region.center)
    made = draft_report(dt.date(2026, 10, 1), by=region.center)
    assert (len(made.text), made.text.splitlines()[0]) == (4000, "10月は、12件、合わせて144.0時間の活動をしました。関わった案件は0件です。")
    assert draft_anew(made, by=region.center, version=1).version == 1  # the same words: nothing to save


def test_an_empty_month_says_so_in_numbers(region: World) -> None:
    found = month_of(region.center, region.people[CENTER].pk, CENTER, dt.date(2026, 10, 1))
    assert drafted(found).splitlines() == [
        "10月は、0件、合わせて0.0時間の活動をしました。関わった案件は0件です。", "橋渡しは、新しく0件を試み、0件が実を結び、0件は実を結びませんでした。",
    ]  # fmt: skip
    assert found.counted == {"lines": 0, "minutes": 0, "cases": 0, "begun": 0, "came": 0, "failed": 0}


def test_an_attempt_towards_a_body_is_told_by_its_short_name_and_an_unseen_title_is_not(region: World) -> None:
    need = need_of(arrived(region).case, region, title="狐火の秘密")
    Need.objects.filter(pk=need.pk).update(public_title="まだ見せていない題")
    start_bridge(fresh(need), Other("空木 教授", body=Body.objects.get(pk=LAB)), by=region.desk)
    assert draft_report(TODAY, by=region.desk).text.splitlines()[-1] == "・課題　工業試験所　打診した"


# Kinds the plan no longer knows


def test_a_kind_that_left_the_plan_is_counted_after_the_others_under_its_code(region: World) -> None:
    log_activity(line(kind="paper", minutes=15), by=region.center)
    log_activity(line(kind="visit", minutes=60), by=region.center)
    words = WITH_QUEUES["vocabularies"] | {"activities": [{"code": "bridge", "name": "橋渡し"}, {"code": "visit", "name": "足を運んだ"}]}
    PlanVersion.objects.create(plan=region.plan, number=3, content=WITH_QUEUES | {"vocabularies": words}, published_at=clock.now())
    found = month_of(region.center, region.people[CENTER].pk, CENTER, dt.date(2026, 11, 1))
    assert [(one.code, one.name, one.count, one.minutes) for one in found.kinds] == [("bridge", "橋渡し", 0, 0), ("visit", "足を運んだ", 1, 60), ("paper", "paper", 1, 15)]
    assert (found.minutes, kind_name("paper")) == (75, "paper")
    with refuses("unknown_kind", "kind"):
        log_activity(line(kind="paper"), by=region.center)


# The year's end and 1 April


@pytest.mark.parametrize(
    ("now", "month", "inside", "outside"),
    [
        (dt.date(2027, 1, 4), dt.date(2026, 12, 1), [dt.date(2026, 12, 1), dt.date(2026, 12, 31)], [dt.date(2026, 11, 30), dt.date(2027, 1, 1)]),
        (dt.date(2027, 4, 1), dt.date(2027, 3, 1), [dt.date(2027, 3, 1), dt.date(2027, 3, 31)], [dt.date(2027, 2, 28), dt.date(2027, 4, 1)]),
        (dt.date(2028, 3, 1), dt.date(2028, 2, 1), [dt.date(2028, 2, 1), dt.date(2028, 2, 29)], [dt.date(2028, 1, 31), dt.date(2028, 3, 1)]),
    ],
)  # fmt: skip
def test_a_month_ends_with_its_last_day(region: World, now: dt.date, month: dt.date, inside: list[dt.date], outside: list[dt.date]) -> None:
    with clock.moved_to(clock.at(now, 0, 1)):
        for day in [*inside, *outside]:
            log_activity(line(day=day), by=region.center)
        made = table_report(draft_report(month, by=region.center), by=region.center)  # over since a minute: nobody has to be sure
    assert (made.counted["lines"], made.counted["minutes"]) == (2, 60)
    assert [one.day for one in month_of(region.center, made.person_id, CENTER, month).lines] == inside


@pytest.mark.parametrize(("moment", "code"), [(clock.at(dt.date(2026, 12, 31), 23, 59), "month_goes_on"), (clock.at(dt.date(2027, 1, 1), 0, 0), None)])
def test_december_is_over_at_new_year_in_japan(region: World, moment: dt.datetime, code: str | None) -> None:
    with clock.moved_to(moment):
        made = draft_report(dt.date(2026, 12, 1), by=region.center)
        if code:
            with refuses(code, "sure"):
                table_report(made, by=region.center)
        else:
            assert table_report(made, by=region.center).tabled_at == moment


def test_a_line_written_before_midnight_is_kept_as_it_was_a_minute_later(region: World) -> None:
    with clock.moved_to(clock.at(dt.date(2027, 3, 31), 23, 59)):
        made = log_activity(line(), by=region.center)
        change_activity(made, line(words="その日のうち"), by=region.center, version=1)
        assert ActivityVersion.objects.count() == 0
    with clock.moved_to(clock.at(dt.date(2027, 4, 1), 0, 0)):
        change_activity(fresh(made), line(words="次の日", day=dt.date(2027, 3, 31)), by=region.center, version=2)
    assert [(one.number, one.said) for one in ActivityVersion.objects.all()] == [
        (2, {"day": "2027-03-31", "minutes": "30", "kind": "visit", "words": "その日のうち", "case": "", "company": ""})
    ]


@pytest.mark.parametrize(("today", "days", "a_month"), [
    (dt.date(2027, 1, 4), [dt.date(2026, 9, 30), dt.date(2026, 10, 1), dt.date(2026, 12, 31), dt.date(2027, 1, 1)], 0.7),
    (dt.date(2027, 4, 1), [dt.date(2026, 12, 31), dt.date(2027, 1, 1), dt.date(2027, 3, 31), dt.date(2027, 3, 1)], 1.0),
])  # fmt: skip
def test_the_load_of_a_post_is_of_three_whole_months_over_the_years_end(region: World, today: dt.date, days: list[dt.date], a_month: float) -> None:
    Membership.objects.filter(body_id=CENTER).update(role="coordinator")
    with clock.moved_to(clock.at(today, 9)):
        for day in days:
            log_activity(line(day=day), by=region.center)
        assert [one.a_month for one in posts(region.center, sees_all=False)] == [a_month]


# Query counts


def test_a_month_and_the_posts_ask_as_often_for_three_as_for_one(region: World) -> None:
    Membership.objects.filter(body_id__in=[CENTER, LAB, BANK]).update(role="coordinator", until=TODAY + dt.timedelta(days=9))
    person = region.people[DESK].pk

    def asked() -> tuple[int, int]:
        with CaptureQueriesContext(connection) as month:
            found = month_of(region.desk, person, DESK, dt.date(2026, 11, 1))
            assert [(one.case.company_name if one.case else "", one.company) for one in found.lines]
            assert [(one.need.title, one.to_body, one.case.company_name) for one in found.bridges]
        with CaptureQueriesContext(connection) as people:
            assert [case.company_name for one in posts(region.desk, sees_all=True) for case in one.cases]
        return len(month), len(people)

    def more() -> None:
        case = arrived(region).case
        log_activity(line(case=case), by=region.desk)
        start_bridge(need_of(case, region), Other("空木 教授", body=Body.objects.get(pk=LAB)), by=region.desk)
        Case.objects.filter(pk=case.pk).update(holder_id=CENTER, holder_person=region.people[CENTER].pk)

    more()
    one = asked()
    more()
    more()
    assert asked() == one


def test_the_workbench_of_a_body_without_work_is_whole_and_empty(region: World) -> None:
    assert [(lane.queue.code, lane.rows, lane.count, lane.more) for lane in workbench(region.bank)] == [
        (code, [], 0, 0) for code in ("matching", "funds", "progress", "commercial")
    ]  # fmt: skip
    assert ActivityReport.objects.count() == 0
