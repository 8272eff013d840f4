"""Who knows somebody? A call to all bodies: answers beside each other, and what is made of whom they named [C94]."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from renkei.base import clock
from renkei.base.actor import GUEST, SYSTEM, link_holder
from renkei.base.context import acting
from renkei.cases.actions.candidates import MOST_NAMED, Named, know_nobody, name_somebody, use_candidate
from renkei.cases.actions.circulation import circulate, end_circulation
from renkei.cases.actions.disclosable import write_public
from renkei.cases.actions.inquiries import show_interest, take_up, tell_body
from renkei.cases.jobs import run_clocks
from renkei.cases.models import Asked, Candidate, CandidateUse, Case, Circulation, Inquiry, Match, Need
from renkei.cases.queries.match_sheet import Standing, match_sheet
from renkei.post.models import Link, Mail
from tests.cases.making import NOON, arrived, events, fresh, need_of, refuses, steps
from tests.world import BANK, CENTER, DESK, LAB, World

pytestmark = pytest.mark.covers("C94")
TITLE, SUMMARY = "薄い板の反りを測りたい", "部品の反りを細かく測れるところを探している。"
UTSUGI = Named("架空大学", "空木 教授", "utsugi@kakuu.example", "薄い板に詳しい")
Login = Callable[[str], AbstractContextManager[None]]


@pytest.fixture(autouse=True)
def _noon() -> Any:
    with clock.moved_to(NOON):
        yield


def a_call(world: World, **more: Any) -> Circulation:
    need = write_public(need_of(arrived(world).case, world), title=TITLE, summary=SUMMARY, by=world.desk, seen=True)
    return circulate(need, by=world.desk, place="", sure=True, **({"asks_around": True} | more))


def asked_of(sent: Circulation, body: str = LAB) -> Asked:
    return Asked.objects.get(inquiry=sent.inquiry_id, body_id=body)


def test_a_call_is_a_circulation_that_asks_around(world: World) -> None:
    sent = a_call(world, due_on=dt.date(2026, 12, 4))
    assert list(Inquiry.objects.values_list("title", "summary", "asks_around", "due_on")) == [(TITLE, SUMMARY, True, dt.date(2026, 12, 4))]
    assert {one.body_id for one in Asked.objects.all()} == {LAB, CENTER, BANK}
    assert fresh(sent.case).next_on == dt.date(2026, 11, 27)  # the first answer of the firm comes first


def test_the_mail_of_a_call_asks_who_knows_somebody(world: World) -> None:
    sent = a_call(world)
    tell_body(asked_of(sent).pk, by=SYSTEM)
    mail = Mail.objects.get(purpose="inquiry")
    assert mail.subject.endswith("お心当たりのお尋ね")
    assert ("県の外でもかまいません。" in mail.text, "心当たりがある・ない" in mail.text, "狐火" in mail.text) == (True, True, False)


def test_bodies_answer_with_whom_they_know_or_with_nobody(world: World) -> None:
    sent = a_call(world)
    name_somebody(asked_of(sent), [UTSUGI, Named("  センター ", note="装置がある")], by=world.lab)
    know_nobody(asked_of(sent, BANK), by=world.bank)
    assert {(one.body_id, one.answer) for one in Asked.objects.all()} == {(LAB, "knows"), (BANK, "nobody"), (CENTER, "")}
    assert set(Candidate.objects.values_list("organisation", "name", "contact", "note", "to_body_id", "use")) == {
        ("架空大学", "空木 教授", "utsugi@kakuu.example", "薄い板に詳しい", None, ""), ("センター", "", "", "装置がある", CENTER, ""),
    }  # fmt: skip
    assert (events("inquiry.name"), events("inquiry.answer")) == (1, 2)
    sheet = match_sheet(sent.need, actor=world.desk)
    assert {(row.match.body_id, row.standing) for row in sheet.rows} == {(LAB, Standing.KNOWS), (BANK, Standing.NOBODY), (CENTER, Standing.ASKED)}
    assert ([str(one) for one in sheet.candidates], sheet.silent) == (["センター", "架空大学 空木 教授"], ["センター"])


def test_the_worker_brings_it_into_the_case_and_the_firm_is_not_told(world: World) -> None:
    sent = a_call(world)
    name_somebody(asked_of(sent), [UTSUGI], by=world.lab)
    know_nobody(asked_of(sent, BANK), by=world.bank)
    run_clocks()
    run_clocks()
    case = fresh(sent.case)
    assert (case.next_step, case.next_kind) == ("工業試験所に心当たりあり。だれに頼むかを決める", "choose")
    assert sorted(after for verb, _before, after in steps(case) if verb == "interest") == ["knows", "nobody"]


@pytest.mark.parametrize(
    ("named", "code", "field"),
    [
        ([], "nobody_named", "organisation1"), ([Named(" ", "空木")], "organisation_empty", "organisation1"),
        ([UTSUGI, Named("", "別の人")], "organisation_empty", "organisation2"), ([UTSUGI, UTSUGI], "named_twice", "organisation2"),
        ([Named(f"大学{n}") for n in range(MOST_NAMED + 1)], "too_many", None), ([Named("大" * 201)], "too_long", "organisation1"),
        ([Named("大学", "名" * 101)], "too_long", "name1"), ([Named("大学", "", "c" * 201)], "too_long", "contact1"), ([Named("大学", "", "", "n" * 401)], "too_long", "note1"),
    ],
)  # fmt: skip
def test_what_a_body_has_to_name(world: World, named: list[Named], code: str, field: str | None) -> None:
    sent = a_call(world)
    with refuses(code, field), transaction.atomic():
        name_somebody(asked_of(sent), named, by=world.lab)
    assert (Candidate.objects.count(), asked_of(sent).answer, events("inquiry.answer")) == (0, "", 0)


def test_only_the_body_asked_answers_once_and_while_it_lasts(world: World) -> None:
    sent = a_call(world)
    for actor in (world.bank, world.desk, SYSTEM, GUEST):
        with refuses("not_allowed"):
            name_somebody(asked_of(sent), [UTSUGI], by=actor)
        with refuses("not_allowed"):
            know_nobody(asked_of(sent), by=actor)
    know_nobody(asked_of(sent), by=world.lab)
    with refuses("answered"):
        name_somebody(asked_of(sent), [UTSUGI], by=world.lab)
    with refuses("answered"):
        know_nobody(asked_of(sent), by=world.lab)
    end_circulation(sent, by=world.desk)
    with refuses("ended"):
        know_nobody(asked_of(sent, BANK), by=world.bank)


def test_a_plain_question_takes_no_names_and_a_call_takes_an_offer(world: World) -> None:
    sent = a_call(world, asks_around=False)
    with refuses("no_call"):
        name_somebody(asked_of(sent), [UTSUGI], by=world.lab)
    with refuses("no_call"):
        know_nobody(asked_of(sent), by=world.lab)
    end_circulation(sent, by=world.desk)
    again = circulate(fresh(sent.need), by=world.desk, place="", sure=True, asks_around=True)
    assert show_interest(asked_of(again), by=world.lab, offer="測れます。").answer == "interested"


# What is made of whom they named


def named_one(world: World, one: Named = UTSUGI) -> Candidate:
    name_somebody(asked_of(a_call(world)), [one], by=world.lab)
    return Candidate.objects.get()


def test_a_body_of_the_plan_becomes_a_candidate_for_support(world: World) -> None:
    one = named_one(world, Named("ひばり産業センター", "露崎さん"))
    used = use_candidate(one, by=world.desk, use=CandidateUse.SUPPORT)
    use_candidate(fresh(one), by=world.desk, use=CandidateUse.SUPPORT)
    match = Match.objects.get(body_id=CENTER)
    assert (used.use, used.used_at, match.why, events("candidate.use")) == ("support", NOON, "工業試験所の心当たり　露崎さん", 1)
    with refuses("used"):
        use_candidate(fresh(one), by=world.desk, use=CandidateUse.OUTSIDE)


def test_who_is_of_no_body_is_asked_otherwise(world: World) -> None:
    one = named_one(world)
    with refuses("not_a_body"):
        use_candidate(one, by=world.desk, use=CandidateUse.SUPPORT)
    assert use_candidate(one, by=world.desk, use=CandidateUse.OUTSIDE).use == "outside"
    assert Match.objects.filter(why__contains="心当たり").count() == 0


def test_only_who_runs_the_open_case_decides(world: World) -> None:
    one = named_one(world)
    for actor in (world.lab, world.bank, GUEST):
        with refuses("not_allowed"):
            use_candidate(one, by=actor, use=CandidateUse.OUTSIDE)
    Case.objects.update(state="closed", closed_at=NOON, close_reason="solved")
    with refuses("case_closed"):
        use_candidate(one, by=world.desk, use=CandidateUse.OUTSIDE)
    assert fresh(one).use == ""


def test_the_database_says_no(world: World) -> None:
    one = named_one(world)
    for given, name in (({"organisation": ""}, "candidate_is_from"), ({"use": "odd"}, "candidate_use"), ({"use": "bridge"}, "candidate_use_has_time"),
                        ({"used_at": NOON}, "candidate_use_has_time")):  # fmt: skip
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            Candidate.objects.filter(pk=one.pk).update(**given)
    with pytest.raises(IntegrityError, match="candidate_once"), transaction.atomic():
        Candidate.objects.create(asked=one.asked, organisation=one.organisation, name=one.name)
    with pytest.raises(IntegrityError, match="asked_answer"), transaction.atomic():
        Asked.objects.filter(pk=one.asked_id).update(answer="odd")


# Under the real login


def test_it_is_all_done_under_the_real_logins_and_read_by_whom_it_is_for(committed_world: World, login: Login) -> None:
    world = committed_world
    sent = a_call(world)
    labs = asked_of(sent).pk
    link = link_holder(Link.objects.get(purpose="status", case=sent.case_id).pk)
    with login("web"):
        with transaction.atomic(), acting(world.lab):
            name_somebody(Asked.objects.visible_to(world.lab).get(), [Named("センター", "露崎さん")], by=world.lab)
        with transaction.atomic(), acting(world.bank):
            know_nobody(Asked.objects.visible_to(world.bank).get(), by=world.bank)
    with login("worker"), transaction.atomic(), acting(SYSTEM):
        assert {take_up(one.pk, by=SYSTEM) for one in Asked.objects.exclude(answer="")} == {True}
    seen = {}
    with login("web"):
        for name, actor in {"desk": world.desk, "lab": world.lab, "bank": world.bank, "center": world.center, "guest": GUEST, "firm": link}.items():
            with transaction.atomic(), acting(actor):
                by_rule, by_base = set(Candidate.objects.visible_to(actor)), set(Candidate.objects.all())
                assert by_rule == by_base, name
                seen[name] = len(by_base)
        with transaction.atomic(), acting(world.desk):
            use_candidate(Candidate.objects.get(), by=world.desk, use=CandidateUse.SUPPORT)
        with transaction.atomic(), acting(world.lab):
            assert Candidate.objects.filter(use="support").update(note="書き替え") == 0
        with pytest.raises(DatabaseError), transaction.atomic(), acting(world.bank):
            Candidate.objects.create(asked_id=labs, organisation="よその答え")
        with pytest.raises(DatabaseError), transaction.atomic(), acting(world.lab):
            Candidate.objects.all().delete()
    assert seen == {"desk": 1, "lab": 1, "bank": 0, "center": 0, "guest": 0, "firm": 0}
    assert (Match.objects.get(body_id=CENTER).why, Need.objects.get().state) == ("工業試験所の心当たり　露崎さん", "open")
    assert sent.sent_by_body_id == DESK

