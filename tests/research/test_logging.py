"""The log of coordinators: a line in seconds, corrected by who wrote it, kept in versions [C43, C88]."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from renkei.base import clock
from renkei.base.actor import GUEST, SYSTEM
from renkei.cases.actions.answers import accept
from renkei.research.actions.logging import change_activity, log_activity, strike_activity
from renkei.research.models import Activity, ActivityVersion
from renkei.research.rules import kind_name, kinds
from tests.cases.making import arrived, company, events, fresh, offered, refuses
from tests.research.making import NOON, TODAY, line
from tests.world import CENTER, DESK, LAB, World

pytestmark = pytest.mark.covers("C43", "C88")
LONG = "長" * 401


def test_a_line_is_kept_with_its_day_and_audited(region: World) -> None:
    made = log_activity(line(words="  測れる所を\n尋ねた "), by=region.center)
    assert list(Activity.objects.values_list("body_id", "person_id", "day", "minutes", "kind", "words", "case_id", "company_id", "written_at", "version")) == [
        (CENTER, region.people[CENTER].pk, TODAY, 30, "visit", "測れる所を 尋ねた", None, None, NOON, 1)
    ]
    assert (events("activity.log"), made.struck_at, ActivityVersion.objects.count()) == (1, None, 0)


def test_a_line_in_a_case_names_the_firm_only_for_who_sees_it_from_inside(region: World) -> None:
    support = offered(region)
    accept(support, by=region.lab, text="できます。")
    case = fresh(support.case)
    firm = company(DESK)
    case.company = firm
    case.save(update_fields=["company"])
    by_desk, by_lab = log_activity(line(case=case), by=region.desk), log_activity(line(case=case), by=region.lab)
    assert (by_desk.company_id, by_lab.company_id, by_lab.case_id) == (firm.pk, None, case.pk)
    with refuses("not_allowed"):
        log_activity(line(case=case), by=region.bank)
    assert log_activity(line(company=firm), by=region.desk).company_id == firm.pk


@pytest.mark.parametrize(
    ("more", "code", "field"),
    [
        ({"words": " 　"}, "words_empty", "words"), ({"words": LONG}, "too_long", "words"), ({"minutes": 0}, "bad_minutes", "minutes"),
        ({"minutes": -5}, "bad_minutes", "minutes"), ({"minutes": 721}, "bad_minutes", "minutes"), ({"kind": "odd"}, "unknown_kind", "kind"),
        ({"day": TODAY + dt.timedelta(days=1)}, "future", "day"), ({"day": TODAY - dt.timedelta(days=401)}, "long_ago", "day"),
    ],
)  # fmt: skip
def test_what_a_line_needs(region: World, more: dict[str, Any], code: str, field: str) -> None:
    standing = log_activity(line(), by=region.center)
    with refuses(code, field):
        log_activity(line(**more), by=region.center)
    with refuses(code, field):
        change_activity(standing, line(**more), by=region.center, version=1)
    assert list(Activity.objects.values_list("words", "minutes", "kind", "day")) == [("測れる所を尋ねた", 30, "visit", TODAY)]


def test_the_edges_of_a_line_are_allowed(region: World) -> None:
    for more in ({"minutes": 1}, {"minutes": 720}, {"day": TODAY - dt.timedelta(days=400)}, {"words": LONG[:400]}):
        log_activity(line(**more), by=region.center)
    assert Activity.objects.count() == 4


def test_nobody_but_staff_writes(region: World) -> None:
    for actor in (GUEST, SYSTEM):
        with refuses("not_allowed"):
            log_activity(line(), by=actor)
    assert Activity.objects.count() == 0


def test_on_the_day_a_line_is_simply_another(region: World) -> None:
    made = log_activity(line(), by=region.center)
    changed = change_activity(made, line(words="訪ねた", minutes=45, kind="bridge", day=TODAY - dt.timedelta(days=1)), by=region.center, version=1)
    assert (changed.words, changed.minutes, changed.kind, changed.day, changed.version) == ("訪ねた", 45, "bridge", dt.date(2026, 11, 24), 2)
    assert (ActivityVersion.objects.count(), events("activity.change")) == (0, 1)


def test_later_what_it_said_before_is_kept(region: World) -> None:
    made = log_activity(line(), by=region.center)
    with clock.moved_to(NOON + dt.timedelta(days=1)):
        change_activity(made, line(words="二度訪ねた", minutes=60), by=region.center, version=1)
        change_activity(fresh(made), line(words="三度訪ねた", minutes=60), by=region.center, version=2)
    assert [(one.number, one.said["words"], one.said["minutes"], one.replaced_by_id) for one in ActivityVersion.objects.all()] == [
        (2, "二度訪ねた", "60", region.people[CENTER].pk), (1, "測れる所を尋ねた", "30", region.people[CENTER].pk),
    ]  # fmt: skip
    assert fresh(made).words == "三度訪ねた"


def test_saving_what_stands_changes_nothing(region: World) -> None:
    made = log_activity(line(), by=region.center)
    with clock.moved_to(NOON + dt.timedelta(days=1)):
        change_activity(made, line(day=TODAY), by=region.center, version=1)
    assert (fresh(made).version, ActivityVersion.objects.count(), events("activity.change")) == (1, 0, 0)


def test_two_windows_do_not_write_over_each_other(region: World) -> None:
    made = log_activity(line(), by=region.center)
    change_activity(made, line(words="先"), by=region.center, version=1)
    with refuses("changed_meanwhile"):
        change_activity(made, line(words="後"), by=region.center, version=1)
    assert fresh(made).words == "先"


def test_only_its_author_changes_or_strikes_a_line(region: World) -> None:
    made = log_activity(line(), by=region.center)
    for actor in (region.desk, region.lab, SYSTEM, GUEST):
        with refuses("not_allowed"):
            change_activity(made, line(words="別"), by=actor, version=1)
        with refuses("not_allowed"):
            strike_activity(made, by=actor)
    assert (fresh(made).words, fresh(made).struck_at) == ("測れる所を尋ねた", None)


def test_a_line_struck_out_stands_no_more(region: World) -> None:
    made = log_activity(line(), by=region.center)
    strike_activity(made, by=region.center)
    strike_activity(fresh(made), by=region.center)
    assert (list(Activity.objects.standing()), Activity.objects.count(), events("activity.strike")) == ([], 1, 1)
    with refuses("struck"):
        change_activity(made, line(), by=region.center, version=1)


def test_the_database_says_no(region: World) -> None:
    made = log_activity(line(), by=region.center)
    wrong = [({"words": ""}, "activity_says_something"), ({"kind": ""}, "activity_says_something"), ({"minutes": 0}, "activity_minutes"), ({"minutes": 721}, "activity_minutes")]
    for given, name in wrong:
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            Activity.objects.filter(pk=made.pk).update(**given)
    version = ActivityVersion(activity=made, number=1, said={}, replaced_at=NOON, replaced_by_id=made.person_id)
    version.save()
    with pytest.raises(IntegrityError, match="activity_version_once"), transaction.atomic():
        ActivityVersion.objects.create(activity=made, number=1, said={}, replaced_at=NOON, replaced_by_id=made.person_id)


def test_kinds_are_the_plans_else_ours(world: World) -> None:
    assert [one.code for one in kinds()] == ["visit", "talk", "bridge", "other"]
    assert (kind_name("visit"), kind_name("gone")) == ("会社を訪ねた", "gone")


def test_kinds_of_a_plan(region: World) -> None:
    assert [(one.code, one.name) for one in kinds()] == [("visit", "訪ねた"), ("bridge", "橋渡し"), ("paper", "書類")]
    assert LAB  # the plan's words, whoever asks


def test_a_line_about_a_case_of_today(region: World) -> None:
    case = arrived(region).case
    made = log_activity(line(case=case), by=region.desk)
    assert list(Activity.objects.visible_to(region.desk)) == [made]
    assert list(Activity.objects.visible_to(region.center)) == []
