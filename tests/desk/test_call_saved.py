"""What a saved call leaves behind: one case a call, what follows it, and nothing at all when something is wrong."""

from __future__ import annotations

import datetime as dt
import re
import threading
import uuid
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from renkei.base import clock
from renkei.cases.models import Case, Consent, Consultation, Message, Transition
from renkei.companies.actions import Profile, add_person, register_company
from renkei.companies.models import Company, CompanyPerson, Sight
from renkei.plan.models import Body
from renkei.post.models import Mail
from tests.desk.pages import HOSTILE, address, client, fault, said, seen
from tests.desk.scene import NOW
from tests.world import BANK, CENTER, DESK, LAB, World

SENTENCE = "盛付けで一皿ごとに8グラムぶれる。"
KNOWN = {"text": SENTENCE, "after": "route", "do": "save"}


def send(world: World, body: str = DESK, **typed: Any) -> Any:
    with clock.moved_to(NOW):
        return client(world, body).post(address("desk-call", body), KNOWN | typed)


def case_of(answer: Any) -> Case:
    assert answer.status_code == 302, fault(answer, "text") or said(answer)
    return Case.objects.get(pk=answer.url.split("/")[-3])


@pytest.fixture
def firm(world: World) -> Company:
    made = register_company(Profile(name="まぼろし精機株式会社", kana="マボロシセイキ", phone="047-400-0000"), by=world.desk)
    return Company.objects.get(pk=made.pk)


# ---- one call, one case


def test_the_same_call_three_times_is_one_case_and_each_answer_shows_it(world: World) -> None:
    key = uuid.uuid4()
    answers = [send(world, key=key, after="answered", answer="伝えた", email="a@firm.example") for _ in range(3)]
    assert len({one.url for one in answers}) == 1
    assert (Case.objects.count(), Consultation.objects.count(), Message.objects.count()) == (1, 1, 1)
    assert Transition.objects.filter(verb="closed").count() == 1
    assert Mail.objects.filter(purpose="receipt").count() == 1


def test_other_words_from_the_old_page_are_another_call(world: World) -> None:
    key = uuid.uuid4()
    first, second = send(world, key=key), send(world, key=key, text="別の会社の話。")
    assert first.url != second.url
    assert sorted(Consultation.objects.values_list("text", flat=True)) == sorted([SENTENCE, "別の会社の話。"])
    assert send(world, key=key, text="別の会社の話。").url == second.url


@pytest.mark.parametrize("key", ["", "not-a-key"])
def test_without_a_key_nothing_is_taken_for_a_second_click(world: World, key: str) -> None:
    send(world, key=key)
    send(world, key=key)
    assert Case.objects.count() == (2 if key == "" else 0)


def test_each_page_carries_a_key_of_its_own_and_an_error_keeps_it(world: World) -> None:
    keys = [re.findall(r'name="key" value="([^"]+)"', seen(world, "desk-call"))[0] for _ in range(2)]
    assert len({uuid.UUID(key) for key in keys}) == 2
    answer = send(world, text="", key=keys[0])
    assert re.findall(r'name="key" value="([^"]+)"', said(answer)) == [keys[0]]


def test_two_clicks_at_once_make_one_case(committed_world: World, login: Any) -> None:
    world, key, start = committed_world, str(uuid.uuid4()), threading.Barrier(2)
    clients, urls = [client(world), client(world)], []

    def click(one: Client) -> None:
        start.wait()
        urls.append(one.post(address("desk-call"), KNOWN | {"key": key}).url)
        connection.close()

    with login("web"):
        threads = [threading.Thread(target=click, args=(one,)) for one in clients]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert (len(urls), len(set(urls)), Case.objects.count()) == (2, 1, 1)


# ---- what is kept of it


def test_everything_that_was_heard_stands_in_the_consultation(world: World, firm: Company) -> None:
    person = add_person(firm, name="本郷 理恵", phone="090-1111-2222", email="rie@firm.example", by=world.desk)
    case = case_of(send(world, company=firm.pk, person=person.pk, channel="visit", heard="11月24日 16時", wanted_by="12月10日",
                        reach_me="昼休み", after="back", back_at="明日 夕方", phone="０９０（３３３３）４４４４"))  # fmt: skip
    kept = case.consultations.get()
    assert (case.company, kept.person, kept.channel) == (firm, person, "visit")
    assert (kept.consulted_at, kept.wanted_by) == (clock.at(dt.date(2026, 11, 24), 16), dt.date(2026, 12, 10))
    assert (kept.phone, kept.reach_me) == ("090-3333-4444", "昼休み 夕方")
    assert (case.next_phone, case.next_on, case.next_time) == ("090-3333-4444", dt.date(2026, 11, 26), None)
    assert Mail.objects.filter(purpose="receipt").values_list("to", flat=True).get() == "rie@firm.example"


def test_an_unknown_caller_needs_no_name_no_number_and_no_address(world: World) -> None:
    case = case_of(send(world))
    kept = case.consultations.get()
    assert (case.company, case.company_given, kept.person_given, kept.phone, kept.email) == (None, "社名は未確認", "", "", "")
    assert not Mail.objects.filter(purpose="receipt").exists()
    assert "社名は未確認" in seen(world, "desk-call-done", case=case.pk)


def test_a_person_of_another_firm_or_who_left_is_not_written_down(world: World, firm: Company) -> None:
    other = register_company(Profile(name="天狗鼻ばね株式会社"), by=world.desk)
    strange = add_person(other, name="天野 狗", phone="049-000-0001", by=world.desk)
    gone = add_person(firm, name="本郷 理恵", phone="090-1111-2222", by=world.desk)
    CompanyPerson.objects.filter(pk=gone.pk).update(left_on=dt.date(2026, 3, 31))
    for person in (strange, gone):
        kept = case_of(send(world, company=firm.pk, person=person.pk, key=uuid.uuid4(), after="back")).consultations.get()
        assert (kept.person, kept.phone) == (None, firm.phone)


@pytest.mark.parametrize(
    ("after", "typed", "state", "holder", "kind"),
    [
        ("back", {"phone": "080-0000-0000"}, "arrived", DESK, "call"),
        ("route", {}, "arrived", DESK, "answer"),
        ("answered", {"answer": "伝えた"}, "closed", DESK, None),
        ("not_ours", {"answer": "労働局へ"}, "closed", DESK, None),
    ],
)
def test_what_happens_after_a_call_at_the_front_desk(
    world: World, after: str, typed: dict[str, str], state: str, holder: str, kind: str | None
) -> None:
    case = case_of(send(world, after=after, **typed))
    assert (case.state, case.holder_id) == (state, holder)
    if kind:
        assert (case.next_kind, case.next_body_id, case.is_open) == (kind, DESK, True)


@pytest.mark.parametrize(("after", "holder", "at_desk"), [("keep", LAB, False), ("route", DESK, True), ("back", LAB, False)])
def test_what_happens_after_a_call_at_another_body(world: World, after: str, holder: str, at_desk: bool) -> None:
    case = case_of(send(world, LAB, after=after, phone="080-0000-0000"))
    assert (case.holder_id, case.at_desk, case.received_by_id) == (holder, at_desk, LAB)
    person = world.lab.person if holder == LAB else None
    assert case.holder_person_id == person


def test_a_call_back_without_a_time_is_for_today(world: World) -> None:
    case = case_of(send(world, after="back", phone="080-0000-0000"))
    assert (case.next_on, case.next_time, case.next_step) == (NOW.date(), None, "折り返し電話をかける")


def test_a_body_that_chooses_a_firm_it_knows_keeps_knowing_it_once(world: World) -> None:
    mine = register_company(Profile(name="天狗鼻ばね株式会社", phone="049-000-0000"), by=world.lab)
    for _ in range(2):
        case_of(send(world, LAB, after="keep", company=mine.pk, key=uuid.uuid4()))
    assert Sight.objects.filter(company=mine, body_id=LAB, ended_on__isnull=True).count() == 1


@pytest.mark.parametrize("length", [1, 1000, 1001, 2000])
def test_an_answer_as_long_as_the_field_takes_reaches_the_firm_whole(world: World, length: int) -> None:
    case = case_of(send(world, after="answered", answer="答" * length))
    assert [one.text.count("答") for one in Message.objects.filter(case=case)] == [length]
    assert case.close_words == "答" * min(length, 1000)


# ---- what the firm lets be seen


@pytest.mark.parametrize(
    ("classes", "bodies", "rows", "standing"),
    [
        ([], [], [], []),
        (["technical"], [], [], ["technical"]),
        ([], [LAB], [(LAB, "summary")], []),
        (["technical"], [LAB], [(LAB, "summary"), (LAB, "technical")], []),
        (["financial"], [BANK, CENTER], [(BANK, "financial"), (BANK, "summary"), (CENTER, "financial"), (CENTER, "summary")], []),
        (["summary", "technical", "financial"], [], [], ["financial", "summary", "technical"]),
    ],
)
def test_oral_consent_is_as_wide_as_it_was_said(
    world: World, classes: list[str], bodies: list[str], rows: list[tuple[str, str]], standing: list[str]
) -> None:
    case = case_of(send(world, share_classes=classes, share_with=bodies, person_given="本郷 理恵"))
    assert sorted(Consent.objects.values_list("body", "klass")) == rows
    assert case.standing_classes == standing


@pytest.mark.parametrize(("given", "speaker"), [({"person_given": "本郷 理恵"}, "本郷 理恵"), ({}, "社名は未確認の方"),
                                                ({"company_given": "架空製作所"}, "架空製作所の方")])  # fmt: skip
def test_who_said_it_is_named_as_well_as_it_is_known(world: World, given: dict[str, str], speaker: str) -> None:
    send(world, share_with=[LAB], **given)
    assert Consent.objects.get().given_by == speaker


def test_a_closed_body_and_ones_own_are_not_offered_as_receivers(world: World) -> None:
    Body.objects.filter(pk=CENTER).update(closed_on=dt.date(2026, 3, 31))
    offered = re.findall(r'name="share_with" value="([^"]+)"', seen(world, "desk-call"))
    assert offered == [LAB, BANK]
    assert send(world, share_with=[DESK]).status_code == 422


# ---- nothing half written


FAULTS = [
    ({"heard": "あした 10時"}, "heard"),
    ({"wanted_by": "11月1日"}, "wanted_by"),
    ({"after": "back", "back_at": "いつか", "phone": "047-400-0000"}, "back_at"),
    ({"phone": "123"}, "phone"),
    ({"email": f"{'a' * 250}@firm.example"}, "email"),
    ({"person_given": "名" * 101}, "person_given"),
    ({"reach_me": "昼" * 201}, "reach_me"),
    ({"answer": "答" * 2001, "after": "answered"}, "answer"),
    ({"reach_me": "昼" * 199, "after": "back", "back_at": "明日 夕方", "phone": "047-400-0000"}, "reach_me"),
    ({"company_given": "社" * 201}, "company_given"),
]


@pytest.mark.parametrize(("typed", "field"), FAULTS)
def test_a_fault_is_told_beside_its_field_and_nothing_is_written(world: World, typed: dict[str, str], field: str) -> None:
    answer = send(world, share_with=[LAB], person_given=typed.get("person_given", "本郷 理恵"),
                  **{name: value for name, value in typed.items() if name != "person_given"})
    assert answer.status_code == 422
    assert re.search(r"(です|ください|ありません|ません)。", fault(answer, field)), fault(answer, field)
    assert (Case.objects.count(), Consultation.objects.count(), Consent.objects.count(), Mail.objects.count()) == (0, 0, 0, 0)
    assert re.findall(r'name="share_with" value="([^"]+)"[^>]* checked', said(answer)) == [LAB]


def test_the_faults_are_counted_and_each_links_to_its_field(world: World) -> None:
    text = said(send(world, text="", phone="123", email="なし"))
    assert "直すところが3つあります" in text
    assert [f'<li><a href="#id_{name}">' in text for name in ("text", "phone", "email", "find")] == [True, True, True, False]


def test_the_folded_fields_stand_open_when_something_in_them_is_wrong(world: World) -> None:
    assert '<details class="mt" open>' in said(send(world, email="なし"))
    assert '<details class="mt">' in said(send(world, text=""))


def test_what_cannot_be_seen_in_a_text_is_dropped_and_the_rest_is_kept(world: World) -> None:
    case = case_of(send(world, text="水が\x00漏れ\u202eる。\r\n二行目。" + HOSTILE, person_given="本郷\x00"))
    kept = case.consultations.get()
    assert (kept.text, kept.person_given) == ("水が漏れる。\n二行目。" + HOSTILE, "本郷")
    assert "<script>alert" not in seen(world, "desk-call-done", case=case.pk)


def test_a_text_of_exactly_8000_characters_is_taken(world: World) -> None:
    assert len(case_of(send(world, text="あ" * 8000)).consultations.get().text) == 8000
    assert send(world, text="あ" * 8001, key=uuid.uuid4()).status_code == 422


# ---- the number to say aloud


def test_the_page_after_saving_says_number_next_step_and_who(world: World) -> None:
    case = case_of(send(world, after="back", back_at="今日 15時", phone="080-0000-0000"))
    with clock.moved_to(NOW):
        text = seen(world, "desk-call-done", case=case.pk)
    for words in (case.number, "折り返し電話をかける", "産業課　相川", "11月25日（水） 15時", "この番号だけでは、だれも内容を見られません。"):
        assert words in text
    assert address("desk-triage", case=case.pk) in text


def test_a_body_that_sent_its_call_to_the_desk_is_offered_no_sorting(world: World) -> None:
    case = case_of(send(world, LAB, after="route"))
    text = seen(world, "desk-call-done", LAB, case=case.pk)
    assert address("desk-triage", LAB, case=case.pk) not in text
    assert "産業課" in text


def test_a_closed_call_goes_to_its_number_even_when_sorting_was_pressed(world: World) -> None:
    answer = send(world, do="triage", after="answered", answer="伝えた")
    assert answer.url == address("desk-call-done", case=Case.objects.get().pk)
    assert "振り分けへ進む" not in seen(world, "desk-call-done", case=Case.objects.get().pk)


@pytest.mark.parametrize(("body", "after", "target"), [(DESK, "route", "desk-triage"), (LAB, "keep", "desk-triage"),
                                                       (LAB, "route", "desk-call-done")])  # fmt: skip
def test_who_does_not_run_the_case_is_not_sent_to_sort_it(world: World, body: str, after: str, target: str) -> None:
    answer = send(world, body, do="triage", after=after)
    assert answer.url == address(target, body, case=Case.objects.get().pk)
    assert client(world, body).get(answer.url).status_code == 200
