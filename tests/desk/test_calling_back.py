"""Calling a firm back: what stands before one dials, one tap after it, and what follows."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from renkei.base import clock
from renkei.cases.actions.closing import close_case
from renkei.cases.actions.talk import log_contact
from renkei.cases.models import Case, Contact, Transition
from renkei.companies.actions import add_person
from renkei.companies.models import CompanyPerson
from tests.desk.pages import HOSTILE, address, client, fault, part, said, seen
from tests.desk.scene import NOW, arrived, running
from tests.world import CENTER, DESK, LAB, World

TOMORROW = dt.date(2026, 11, 26)


@pytest.fixture
def case(world: World) -> Case:
    """A consultation whose firm waits for a call at three."""
    made = arrived(world).case
    Case.objects.filter(pk=made.pk).update(next_kind="call", next_on=NOW.date(), next_time=dt.time(15), next_phone="0471-00-0001",
                                           next_step="折り返し電話をかける")  # fmt: skip
    return Case.objects.get(pk=made.pk)


def tap(world: World, case: Case, do: str, body: str = DESK, **typed: str) -> Any:
    with clock.moved_to(NOW):
        return client(world, body).post(address("desk-call-back", body, case=case.pk), {"do": do} | typed)


def step(case: Case) -> tuple[str, str, dt.date | None, dt.time | None]:
    fresh = Case.objects.get(pk=case.pk)
    return fresh.next_kind, fresh.next_step, fresh.next_on, fresh.next_time


def call(world: World, case: Case, outcome: str, text: str = "") -> None:
    log_contact(case, by=world.desk, channel="phone", text=text or outcome, outcome=outcome)


# ---- before dialling


def test_number_promise_people_and_words_stand_there(world: World, case: Case) -> None:
    company = case.company
    assert company is not None
    add_person(company, name="亀井 甲", title="工場長", phone="090-7777-8888", by=world.desk)
    gone = add_person(company, name="鶴田 乙", phone="090-9999-0000", by=world.desk)
    CompanyPerson.objects.filter(pk=gone.pk).update(left_on=dt.date(2026, 3, 31))
    text = part(seen(world, "desk-call-back", case=case.pk), '<section aria-labelledby="num">', "</section>")
    assert re.findall(r'href="tel:([\d-]+)"', text) == ["0471-00-0001", "0471-00-0001", "090-7777-8888"]
    for words in ("15時の約束", "髙梨 芽衣", "亀井 甲様", "（工場長）", "部品を仕入れるお金も心配です。"):
        assert words in text
    assert "鶴田" not in text


def test_without_a_promise_or_a_number_nothing_is_invented(world: World, case: Case) -> None:
    Case.objects.filter(pk=case.pk).update(next_kind="answer", next_time=None, next_phone="")
    text = seen(world, "desk-call-back", case=case.pk)
    assert "tel-big" not in text
    assert "の約束" not in text
    assert "これまでのやりとり" not in text


def test_the_last_five_talks_are_shown_and_all_attempts_counted(world: World, case: Case) -> None:
    for number in range(4):
        call(world, case, "talked", f"話{number}")
    for _ in range(3):
        call(world, case, "absent", "不在でした")
    text = seen(world, "desk-call-back", case=case.pk)
    assert text.count('<li class="person"><span class="sub block">') == 5
    assert "これまで3回かけて不在" in text


def test_looking_at_the_page_takes_no_more_queries_for_more_talks(world: World, case: Case) -> None:
    one, counts = client(world), []
    for _ in range(2):
        call(world, case, "talked")
        with CaptureQueriesContext(connection) as queries:
            said(one.get(address("desk-call-back", case=case.pk)))
        counts.append(len(queries))
        call(world, case, "absent")
        call(world, case, "talked")
    assert counts[0] == counts[1]


def test_hostile_words_of_the_caller_stay_words(world: World, case: Case) -> None:
    Case.objects.filter(pk=case.pk).update(title=HOSTILE, company_given=HOSTILE)
    case.consultations.update(text=HOSTILE, person_given=HOSTILE, reach_me=HOSTILE)
    assert "<script>alert" not in seen(world, "desk-call-back", case=case.pk)


# ---- one tap


@pytest.mark.parametrize(
    ("do", "typed", "kind", "what", "on", "at"),
    [
        ("absent", {}, "call", "折り返し電話をかける", NOW.date(), None),
        ("absent", {"next_at": "明日 10時"}, "call", "折り返し電話をかける", TOMORROW, dt.time(10)),
        ("absent", {"next_at": "明日 夕方"}, "call", "折り返し電話をかける（夕方）", TOMORROW, None),
        ("absent", {"next_step": "携帯にかける"}, "call", "携帯にかける", NOW.date(), None),
        ("talked", {}, "answer", "宛先を決めて依頼し、会社に最初の回答をする", dt.date(2026, 11, 27), None),
        ("talked", {"next_at": "明日 9時"}, "answer", "宛先を決めて依頼し、会社に最初の回答をする", TOMORROW, dt.time(9)),
        ("talked", {"next_step": "資料を送る"}, "work", "資料を送る", dt.date(2026, 11, 27), None),
        ("talked", {"next_step": "資料を送る", "next_at": "12月1日 午前"}, "work", "資料を送る（午前）", dt.date(2026, 12, 1), None),
    ],
)
def test_what_follows_a_call(
    world: World, case: Case, do: str, typed: dict[str, str], kind: str, what: str, on: dt.date, at: dt.time | None
) -> None:
    assert tap(world, case, do, **typed).status_code == 302
    assert step(case) == (kind, what, on, at)


def test_a_loose_time_said_twice_stands_in_the_step_once(world: World, case: Case) -> None:
    for _ in range(2):
        tap(world, case, "absent", next_at="明日 夕方")
    assert step(case)[1] == "折り返し電話をかける（夕方）"


def test_a_step_of_full_length_keeps_its_loose_time(world: World, case: Case) -> None:
    tap(world, case, "talked", next_step="資" * 200, next_at="明日 夕方")
    what = step(case)[1]
    assert (len(what), what.endswith("資（夕方）")) == (200, True)


@pytest.mark.parametrize(("typed", "text"), [("", "電話で話した"), ("発注はまだ。", "発注はまだ。"), ("\x00 \u202e", "電話で話した")])
def test_what_is_recorded_of_a_talk(world: World, case: Case, typed: str, text: str) -> None:
    tap(world, case, "talked", text=typed)
    row = Contact.objects.get(case=case)
    assert (row.text, row.outcome, row.channel, row.author_body_id) == (text, "talked", "phone", DESK)
    assert set(Transition.objects.filter(case=case).values_list("verb", flat=True)) >= {"contact", "next_step"}


def test_an_unknown_button_counts_as_talked_never_as_absent(world: World, case: Case) -> None:
    tap(world, case, "explode")
    assert Contact.objects.get(case=case).outcome == "talked"


def test_after_a_talk_a_new_case_is_sorted_and_an_old_one_is_not(world: World, case: Case) -> None:
    assert tap(world, case, "talked").url == address("desk-triage", case=case.pk)
    scene = running(world)
    answer = tap(world, scene.case, "talked", LAB)
    assert answer.url == address("desk-today", LAB)
    assert step(scene.case)[:2] == ("choose", "話したことをもとに、次を決める")
    fresh = Case.objects.get(pk=scene.case.pk)
    assert (fresh.next_body_id, fresh.next_person_id) == (LAB, fresh.holder_person_id)


def test_nobody_there_and_no_number_known_still_is_recorded(world: World) -> None:
    case = arrived(world).case
    assert case.company is not None
    Case.objects.filter(pk=case.pk).update(next_phone="")
    assert tap(world, case, "absent").status_code == 302
    assert Case.objects.get(pk=case.pk).next_phone == case.company.phone
    Case.objects.filter(pk=case.pk).update(next_phone="", next_kind="answer", company=None)
    assert tap(world, case, "absent").status_code == 302
    assert Case.objects.get(pk=case.pk).next_kind == "answer"
    assert Contact.objects.filter(outcome="absent").count() == 2


# ---- faults


@pytest.mark.parametrize(
    ("typed", "field", "sentence"),
    [
        ({"text": "話" * 4001}, "text", "4,000字までです（いま4,001字）。"),
        ({"next_step": "次" * 201}, "next_step", "200字までです（いま201字）。"),
        ({"next_at": "いつか"}, "next_at", "日時は「今日 15時」「明日 午前」「11月27日 10時」のように入れてください。"),
        ({"next_at": "今日 9時"}, "next_at", "過ぎた日時です。今日の9時20分より後にしてください。"),
    ],
)
@pytest.mark.parametrize("do", ["absent", "talked"])
def test_a_fault_is_told_and_everything_stays(
    world: World, case: Case, do: str, typed: dict[str, str], field: str, sentence: str
) -> None:
    before = step(case)
    answer = tap(world, case, do, **({"text": "聞いたこと", "next_step": "資料を送る", "next_at": "明日"} | typed))
    assert (answer.status_code, fault(answer, field).startswith(sentence)) == (422, True)
    for words in ({"text": "聞いたこと", "next_step": "資料を送る", "next_at": "明日"} | typed).values():
        assert words in said(answer)
    assert (step(case), Contact.objects.count()) == (before, 0)


def test_a_closed_case_takes_no_more_calls_and_keeps_the_words(world: World, case: Case) -> None:
    close_case(case, by=world.desk, reason="solved", words="済み", answer_to_company="ありがとうございました。")
    answer = tap(world, case, "talked", text="まだ続きがある")
    assert answer.status_code == 422
    assert "この案件は終わっています。" in said(answer)
    assert "まだ続きがある" in said(answer)
    assert not Contact.objects.exists()


def test_a_body_that_only_helps_may_not_record_the_holders_call(world: World) -> None:
    scene = running(world)
    for method in ("get", "post"):
        answer = getattr(client(world, CENTER), method)(address("desk-call-back", CENTER, case=scene.case.pk))
        assert answer.status_code == 403
    assert not Contact.objects.filter(author_body_id=CENTER).exists()
