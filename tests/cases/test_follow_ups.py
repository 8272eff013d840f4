"""What became of it: planned at the end, asked once and gently once more, answered by the firm or heard by staff."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest
from django.db.models import QuerySet

from renkei.base import clock
from renkei.base.actor import SYSTEM, Actor, link_holder
from renkei.cases.actions.closing import close_case, confirm_close, did_not_help, reopen_case
from renkei.cases.actions.follow_ups import Answer, answer_follow_up, ask_no_more, months_after, record_follow_up
from renkei.cases.actions.merging import merge_cases
from renkei.cases.after import run_follow_ups
from renkei.cases.digest import sweep
from renkei.cases.models import Case, Consultation, FollowUp
from renkei.cases.queries.follow_ups import whom_to_ask
from renkei.companies.actions import Profile, add_person, merge_companies, register_company, unmerge_companies
from renkei.companies.models import Company, CompanyAccess, CompanyPerson
from renkei.plan.models import PlanVersion
from renkei.post.links import open_link
from renkei.post.models import Link, LinkPurpose, Mail, Nudge
from tests.cases.making import arrived, company, events, fresh, refuses, steps
from tests.portal.firms import account, acts
from tests.world import CONTENT, DESK, World

END = dt.date(2026, 5, 25)  # a Monday; six months later is a Wednesday
HALF, YEAR, TWO = dt.date(2026, 11, 25), dt.date(2027, 5, 25), dt.date(2028, 5, 25)
GOOD = Answer("yes", satisfaction=4, words="量産を始めた。")
SAID = {"reason": "solved", "words": "終わった。", "result": "solved"}


@pytest.fixture(autouse=True)
def _end() -> Any:
    with clock.moved_to(clock.at(END, 10)):
        yield


def closed(world: World, reason: str = "solved", **more: Any) -> Case:
    case = arrived(world, **more).case
    close_case(case, by=world.desk, reason=reason, words="終わった。", result="solved", answer_to_company="商工会へ。")
    return fresh(case)


def on(day: dt.date, days: int = 0, hour: int = 10) -> Any:
    return clock.moved_to(clock.at(day + dt.timedelta(days=days), hour))


def rows(case: Case) -> QuerySet[FollowUp]:
    return FollowUp.objects.filter(case=case).order_by("due_on", "planned_at")


def first(case: Case) -> FollowUp:
    return rows(case)[0]


def asked(case: Case) -> FollowUp:
    """Asked at the first time, and read in that hour: call it inside ``on(HALF)``."""
    run_follow_ups()
    return first(case)


def firm(row: FollowUp) -> Actor:
    link = Link.objects.filter(subject=row.pk, purpose=LinkPurpose.FOLLOWUP).latest("made_at")
    return link_holder(link.pk, name=link.recipient_name)


def mails(row: FollowUp) -> list[tuple[str, str]]:
    return list(Mail.objects.filter(about=row.pk).order_by("made_at").values_list("to", "state"))


def told() -> list[tuple[str, str]]:
    return sorted(Nudge.objects.filter(kind="follow_up", settled_at__isnull=True).values_list("body", "title"))


def ours(case: Case) -> list[tuple[str, str, str]]:
    return [step for step in steps(case) if step[0] == "follow_up"]


# -- planning ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "months", "then"),
    [
        (dt.date(2026, 5, 25), 6, dt.date(2026, 11, 25)), (dt.date(2026, 8, 31), 6, dt.date(2027, 2, 28)), (dt.date(2026, 12, 1), 1, dt.date(2027, 1, 1)),
        (dt.date(2027, 8, 31), 6, dt.date(2028, 2, 29)), (dt.date(2026, 1, 31), 12, dt.date(2027, 1, 31)), (dt.date(2024, 2, 29), 24, dt.date(2026, 2, 28)),
    ],
)  # fmt: skip
def test_months_end_where_the_month_ends(day: dt.date, months: int, then: dt.date) -> None:
    assert months_after(day, months) == then


def test_the_end_of_a_case_plans_what_the_plan_says(world: World) -> None:
    case = closed(world)
    assert list(rows(case).values_list("months", "due_on")) == [(6, HALF), (12, YEAR), (24, TWO)]
    assert {one.state for one in rows(case)} == {"planned"}
    assert events("follow_up.plan") == 1
    PlanVersion.objects.create(plan=world.plan, number=2, content=CONTENT | {"follow_up": {"months": [3]}}, published_at=clock.now())
    assert list(rows(closed(world)).values_list("months", flat=True)) == [3]
    PlanVersion.objects.create(plan=world.plan, number=3, content=CONTENT | {"follow_up": {"months": []}}, published_at=clock.now())
    assert not rows(closed(world)).exists()


@pytest.mark.parametrize("reason", ["spam", "not_ours"])
def test_what_was_set_aside_is_never_asked_about(world: World, reason: str) -> None:
    assert not rows(closed(world, reason)).exists()


def test_a_second_person_plans_when_confirming_and_merging_plans_nothing(world: World) -> None:
    firm_ = company()
    keeper, gone = arrived(world, company=firm_).case, arrived(world, company=firm_).case
    merge_cases(keeper, gone, by=world.desk)
    assert not FollowUp.objects.exists()
    PlanVersion.objects.create(plan=world.plan, number=2, content=CONTENT | {"second_person": ["close"]}, published_at=clock.now())
    close_case(fresh(keeper), by=world.desk, **SAID)
    assert not FollowUp.objects.exists()
    confirm_close(fresh(keeper), by=SYSTEM)
    assert FollowUp.objects.count() == 3


def test_taking_a_case_up_again_ends_what_was_planned_and_the_next_end_plans_anew(world: World) -> None:
    case = closed(world)
    with on(HALF):
        row = asked(case)
        answer_follow_up(row, GOOD, by=firm(row))
        reopen_case(case, by=world.desk, reason="量産で新しい問題")
        assert [(one.state, one.ended_because) for one in rows(case)] == [("answered", ""), ("ended", "reopened"), ("ended", "reopened")]
        assert events("follow_up.end") == 1
        close_case(fresh(case), by=world.desk, **SAID)
        assert list(rows(case).filter(ended_at=None, answered_at=None).values_list("months", "due_on")) == [
            (6, months_after(HALF, 6)), (12, months_after(HALF, 12)), (24, months_after(HALF, 24))]  # fmt: skip


def test_the_firm_that_says_it_did_not_help_is_not_asked_either(world: World) -> None:
    received = arrived(world)
    close_case(received.case, by=world.desk, **SAID)
    opened = open_link(received.token)
    assert opened is not None
    did_not_help(fresh(received.case), by=link_holder(opened.id), words="まだです")
    assert set(rows(received.case).values_list("ended_because", flat=True)) == {"reopened"}


# -- asking -----------------------------------------------------------------------------------------------------------


def test_asked_once_on_its_day_by_a_mail_that_tells_nothing(world: World) -> None:
    case = closed(world)
    with on(HALF, -1):
        assert run_follow_ups() == 0
    with on(HALF):
        assert (run_follow_ups(), run_follow_ups()) == (1, 0)
        row = first(case)
        assert (row.state, row.asked_how, row.asked_at, row.reminded_at) == ("asked", "mail", clock.now(), None)
        assert mails(row) == [("saito@kitsunebi.example", "waiting")]
        mail = Mail.objects.get(about=row.pk)
        assert (mail.subject, mail.daily, mail.case, mail.to_body) == (f"その後の様子をお聞かせください（{case.number}）", True, case.pk, "")
        link = Link.objects.get(subject=row.pk)
        assert (link.purpose, link.case, link.expires_at) == ("follow", case.pk, clock.now() + dt.timedelta(days=60))
    for secret in (case.title, case.company_name, "齋藤", "電源"):
        assert secret not in mail.text
    for word in (case.number, "6か月", "/after/", "もうおたずねしない", "また相談したい", "ひばり県産業課", "000-000-0000"):
        assert word in mail.text
    assert ours(case) == [("follow_up", "", "asked_mail")]
    assert events("follow_up.ask") == 1


def test_on_a_holiday_nobody_is_written_to(world: World) -> None:
    case = closed(world)
    with on(dt.date(2026, 11, 28)):
        assert run_follow_ups() == 0
        assert first(case).state == "due"
    with on(dt.date(2026, 11, 30)):
        assert run_follow_ups() == 1


def test_reminded_once_then_left_alone(world: World) -> None:
    case = closed(world)
    with on(HALF):
        row = asked(case)
    with on(HALF, 13):
        assert run_follow_ups() == 0
    with on(HALF, 15):
        assert (run_follow_ups(), run_follow_ups()) == (1, 0)
        assert (fresh(row).reminded_at, len(mails(row))) == (clock.now(), 2)
        assert "もう一度だけ" in Mail.objects.filter(about=row.pk).latest("made_at").text
        assert {one.expires_at for one in Link.objects.filter(subject=row.pk)} == {clock.at(HALF, 10) + dt.timedelta(days=60)}
    with on(HALF, 40):
        assert run_follow_ups() == 0
    with on(HALF, 61):
        assert (run_follow_ups(), run_follow_ups()) == (1, 0)
        assert (fresh(row).ended_because, fresh(row).state) == ("silent", "ended")
        assert not Link.objects.filter(subject=row.pk, closed_at__isnull=True).exists()
    assert [step[2] for step in ours(case)] == ["asked_mail", "reminded", "silent"]
    assert (events("follow_up.remind"), events("follow_up.end")) == (1, 1)
    with on(YEAR):
        run_follow_ups()
        assert [one.state for one in rows(case)] == ["ended", "asked", "planned"]


def test_who_answered_is_not_reminded(world: World) -> None:
    case = closed(world)
    with on(HALF):
        row = asked(case)
        answer_follow_up(row, GOOD, by=firm(row))
    with on(HALF, 15):
        assert run_follow_ups() == 0
    with on(HALF, 61):
        assert (run_follow_ups(), fresh(row).state) == (0, "answered")


def test_of_several_times_that_have_come_only_the_last_is_asked(world: World) -> None:
    case = closed(world)
    with on(YEAR, 3):
        run_follow_ups()
        assert [(one.state, one.ended_because) for one in rows(case)] == [("ended", "later"), ("asked", ""), ("planned", "")]
        assert Mail.objects.filter(subject__startswith="その後").count() == 1
    late = closed(world)
    with on(HALF):
        run_follow_ups()
    FollowUp.objects.filter(case=late, months=12).update(due_on=HALF + dt.timedelta(days=7))
    with on(HALF, 7):  # still waiting for the first answer
        run_follow_ups()
        assert [(one.state, one.ended_because) for one in rows(late)] == [("ended", "later"), ("asked", ""), ("planned", "")]


def test_without_an_address_the_holder_is_told_to_call_once(world: World) -> None:
    case = closed(world, email="")
    with on(HALF):
        assert (run_follow_ups(), run_follow_ups()) == (1, 0)
        row = first(case)
        assert (row.state, row.asked_how, mails(row)) == ("phone", "phone", [])
        assert told() == [(DESK, "会社に、その後の様子を電話で聞いてください")]
        assert sweep() == 0  # a case that has ended may still be told about
    with on(HALF, 15):
        assert run_follow_ups() == 0
    with on(HALF, 61):
        run_follow_ups()
        assert fresh(row).ended_because == "silent"
        record_follow_up(row, GOOD, by=world.desk, said_by="齋藤 様")
        assert (fresh(row).state, fresh(row).ended_at) == ("answered", None)


# -- whom ---------------------------------------------------------------------------------------------------------------


def test_a_firm_with_accounts_gets_one_mail_through_its_account(world: World) -> None:
    firm_ = company(email="info@kitsunebi.example")
    case = closed(world, company=firm_)
    account(firm_, name="社長", email="boss@kitsunebi.example")
    account(firm_, name="齋藤 亘", role="member", email="Saito@kitsunebi.example")
    with on(HALF):
        row = asked(case)
        assert (row.asked_how, mails(row)) == ("account", [("saito@kitsunebi.example", "waiting")])
        assert not Link.objects.filter(subject=row.pk).exists()
        assert f"/firm/{firm_.pk}/case/{case.pk}/after/{row.pk}/" in Mail.objects.get(about=row.pk).text


def test_whom_to_ask(world: World) -> None:
    firm_ = company(email="info@kitsunebi.example")
    person = add_person(firm_, name="齋藤 亘", by=world.desk, email="wataru@kitsunebi.example")
    case = closed(world, company=firm_, person=person)

    def whom() -> str:
        return whom_to_ask(fresh(case)).email

    assert whom() == "saito@kitsunebi.example"
    Consultation.objects.update(email="")
    assert whom() == "wataru@kitsunebi.example"
    CompanyPerson.objects.update(left_on=END)
    assert whom() == "info@kitsunebi.example"
    Consultation.objects.update(email="Wataru@kitsunebi.example")
    assert whom() == "info@kitsunebi.example"
    Company.objects.update(email="")
    assert whom() == ""
    boss = account(firm_, name="社長", email="boss@kitsunebi.example")
    account(firm_, name="事務", role="member", email="jimu@kitsunebi.example")
    assert whom_to_ask(fresh(case)).company == firm_.pk
    assert whom() == "boss@kitsunebi.example"
    CompanyAccess.objects.filter(pk=boss.pk).update(ended_at=clock.now())
    assert whom() == "jimu@kitsunebi.example"


def test_a_firm_merged_away_is_asked_as_the_one_that_stands(world: World) -> None:
    gone, stands = company(name="狐火エレクトロ株式会社"), company(name="狐火HD株式会社", email="info@hd.example")
    case = closed(world, company=gone)
    merge = merge_companies(stands, gone, by=world.desk)
    with on(HALF):
        row = asked(case)
        assert (fresh(case).company_id, mails(row)) == (stands.pk, [("info@hd.example", "waiting")])
        account(stands, name="新しい担当", email="new@hd.example")
        assert whom_to_ask(fresh(case)).email == "new@hd.example"
        unmerge_companies(merge, by=world.desk)
        assert (fresh(case).company_id, whom_to_ask(fresh(case)).email) == (gone.pk, "saito@kitsunebi.example")


def test_a_firm_that_was_taken_off_the_register_is_not_asked(world: World) -> None:
    firm_ = register_company(Profile(name="取り込みの間違い"), by=world.desk)
    case = closed(world, company=firm_)
    Company.objects.filter(pk=firm_.pk).update(withdrawn_at=clock.now())
    with on(HALF):
        assert run_follow_ups() == 1
        assert (first(case).ended_because, mails(first(case))) == ("firm_gone", [])


# -- answering ----------------------------------------------------------------------------------------------------------


def test_the_firm_answers_by_its_link_and_may_correct_it_for_a_week(world: World) -> None:
    case = closed(world)
    whole = Answer("partly", "no", "on", 5, "on_sale", 3_000_000, 0, 2, 1, "売れ始めた。")
    with on(HALF):
        row = asked(case)
        answer_follow_up(row, GOOD, by=firm(row))
        row = fresh(row)
        assert (row.state, row.useful, row.satisfaction, row.words, row.how, row.said_by) == ("answered", "yes", 4, "量産を始めた。", "link", "齋藤 亘")
        assert (row.answered_at, row.answered_on, row.corrected_at, row.is_correctable) == (clock.now(), HALF, None, True)
        assert mails(row) == [("saito@kitsunebi.example", "cancelled")]  # it had not left yet
        assert Link.objects.get(subject=row.pk).expires_at == clock.now() + dt.timedelta(days=7)
    with on(HALF, 6):
        answer_follow_up(row, whole, by=firm(row))
        row = fresh(row)
        assert (row.orders_yen, row.saved_yen, row.jobs, row.patents, row.product, row.going, row.useful) == (3_000_000, 0, 2, 1, "on_sale", "on", "partly")
        assert (row.answered_on, row.corrected_at) == (HALF, clock.now())
    with on(HALF, 7), refuses("answered"):
        answer_follow_up(row, GOOD, by=firm(row))
    assert [step[2] for step in ours(case)] == ["asked_mail", "answered", "corrected"]
    assert (events("follow_up.answer"), events("follow_up.correct")) == (1, 1)
    assert told() == []


def test_the_firm_answers_by_its_account(world: World) -> None:
    firm_ = company()
    case, person = closed(world, company=firm_), account(firm_)
    with on(HALF):
        row = asked(case)
        answer_follow_up(row, GOOD, by=acts(person))
        assert (fresh(row).how, fresh(row).said_by, fresh(row).is_correctable) == ("account", "髙梨 芽衣", True)
    other = account(company(name="別の会社"), email="betsu@betsu.example")
    with on(HALF), refuses("not_company"):
        answer_follow_up(row, GOOD, by=acts(other))


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"useful": ""}, "useful_missing", "useful"), ({"useful": "very"}, "useful_missing", "useful"), ({"satisfaction": None}, "satisfaction_missing", "satisfaction"),
        ({"satisfaction": 0}, "out_of_range", "satisfaction"), ({"satisfaction": 6}, "out_of_range", "satisfaction"), ({"trouble": ""}, "unknown_word", "trouble"),
        ({"going": "up"}, "unknown_word", "going"), ({"product": "x"}, "unknown_word", "product"), ({"orders_yen": -1}, "out_of_range", "orders_yen"),
        ({"saved_yen": 10**12 + 1}, "out_of_range", "saved_yen"), ({"jobs": 100_001}, "out_of_range", "jobs"), ({"patents": -1}, "out_of_range", "patents"),
        ({"words": "あ" * 4001}, "too_long", "words"),
    ],
)  # fmt: skip
def test_what_does_not_hold_is_refused_at_its_field(world: World, change: dict[str, Any], code: str, field: str) -> None:
    case = closed(world)
    with on(HALF):
        row = asked(case)
        with refuses(code, field):
            answer_follow_up(row, replace(GOOD, **change), by=firm(row))
        if code != "satisfaction_missing":
            with refuses(code, field):
                record_follow_up(row, replace(GOOD, **change), by=world.desk, said_by="齋藤")
        assert (fresh(row).state, events("follow_up.answer")) == ("asked", 0)


def test_before_its_day_after_a_stop_and_by_others_nothing_is_answered(world: World) -> None:
    case = closed(world)
    row = first(case)
    with refuses("not_asked"):
        answer_follow_up(row, GOOD, by=link_holder(row.pk))
    with on(HALF):
        row = asked(case)
        with refuses("not_company"):
            answer_follow_up(row, GOOD, by=world.desk)
        with refuses("not_company"):
            answer_follow_up(row, GOOD, by=world.bank)
        ask_no_more(row, by=firm(row))
        with refuses("ended"):
            answer_follow_up(row, GOOD, by=firm(row))


@pytest.mark.parametrize("trouble", ["same", "other"])
def test_who_needs_somebody_is_told_to_the_holder_until_the_case_is_taken_up(world: World, trouble: str) -> None:
    case = closed(world)
    with on(HALF):
        row = asked(case)
        answer_follow_up(row, replace(GOOD, trouble=trouble), by=firm(row))
        assert told() == [(DESK, "終わった案件の会社が、相談したいと言っています")]
        assert not any("量産" in one.words for one in Nudge.objects.all())
        assert FollowUp.objects.select_related("case").get(pk=row.pk).needs_somebody
        sweep()
        assert len(told()) == 1
        reopen_case(case, by=world.lab if case.holder_id == "hibari-lab" else world.desk, reason="困っている")
        assert told() == []
        assert not FollowUp.objects.select_related("case").get(pk=row.pk).needs_somebody


# -- heard by staff -------------------------------------------------------------------------------------------------------


def test_staff_write_down_what_was_said_on_the_telephone(world: World) -> None:
    case = closed(world)
    with on(HALF):
        row = asked(case)
    with on(HALF, 3):
        record_follow_up(row, replace(GOOD, satisfaction=None, trouble="same"), by=world.desk, said_by=" 齋藤\n様 ", heard_on=HALF + dt.timedelta(days=1))
        row = fresh(row)
        assert (row.how, row.said_by, row.recorded_by, row.answered_on, row.satisfaction) == (
            "telephone", "齋藤 様", world.people[DESK], HALF + dt.timedelta(days=1), None)  # fmt: skip
        assert not Link.objects.filter(subject=row.pk, closed_at__isnull=True).exists()
        assert (mails(row), told()) == ([("saito@kitsunebi.example", "cancelled")], [])  # who heard it knows it
        record_follow_up(row, GOOD, by=world.desk, said_by="齋藤", heard_on=HALF)
        assert (fresh(row).corrected_at, fresh(row).answered_on, fresh(row).satisfaction) == (clock.now(), HALF, 4)
    assert [step[2] for step in ours(case)] == ["asked_mail", "telephone", "corrected"]


def test_what_staff_may_not_write_down(world: World) -> None:
    case = closed(world)
    row = first(case)
    with on(HALF, -32), refuses("too_early"):
        record_follow_up(row, GOOD, by=world.desk, said_by="齋藤")
    with on(HALF):
        row = asked(case)
        for by in (world.bank, world.lab, world.center):
            with refuses("not_allowed"):
                record_follow_up(row, GOOD, by=by, said_by="齋藤")
        with refuses("not_allowed"):
            record_follow_up(row, GOOD, by=firm(row), said_by="齋藤")
        with refuses("said_by_empty", "said_by"):
            record_follow_up(row, GOOD, by=world.desk, said_by=" \n")
        with refuses("too_long", "said_by"):
            record_follow_up(row, GOOD, by=world.desk, said_by="あ" * 101)
        with refuses("future", "heard_on"):
            record_follow_up(row, GOOD, by=world.desk, said_by="齋藤", heard_on=HALF + dt.timedelta(days=1))
        with refuses("before_closing", "heard_on"):
            record_follow_up(row, GOOD, by=world.desk, said_by="齋藤", heard_on=END - dt.timedelta(days=1))
        answer_follow_up(row, GOOD, by=firm(row))
        with refuses("answered"):
            record_follow_up(row, GOOD, by=world.desk, said_by="齋藤")
        reopen_case(case, by=world.desk, reason="続き")
        with refuses("case_open"):
            record_follow_up(row, GOOD, by=world.desk, said_by="齋藤")
        with refuses("case_open"):
            record_follow_up(rows(case)[1], GOOD, by=world.desk, said_by="齋藤")


# -- no more ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["firm", "desk"])
def test_who_wants_no_more_questions_gets_none(world: World, who: str) -> None:
    case = closed(world)
    with on(HALF):
        row = asked(case)
        by = firm(row) if who == "firm" else world.desk
        assert (ask_no_more(row, by=by), ask_no_more(row, by=by)) == (3, 0)
        assert set(rows(case).values_list("ended_because", flat=True)) == {"unwanted"}
        assert not Link.objects.filter(subject=row.pk, closed_at__isnull=True).exists()
        assert mails(row) == [("saito@kitsunebi.example", "cancelled")]
        with refuses("not_allowed"):
            ask_no_more(row, by=world.bank)
    with on(YEAR):
        assert run_follow_ups() == 0
    assert [step[2] for step in ours(case)] == ["asked_mail", "unwanted"]
    assert events("follow_up.end") == 1
