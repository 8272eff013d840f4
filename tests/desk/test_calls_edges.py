"""Calls "who knows someone" through the pages: ten names, odd input, two at one body, what is made of a name, English [C94, C13]."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from renkei.audit.models import Event
from renkei.base import clock
from renkei.base.actor import SYSTEM
from renkei.cases.actions.candidates import MOST_NAMED, Named, know_nobody, name_somebody, use_candidate
from renkei.cases.actions.circulation import circulate, end_circulation
from renkei.cases.actions.disclosable import write_public
from renkei.cases.actions.inquiries import ask_about, tell_body
from renkei.cases.models import Asked, Candidate, CandidateUse, Case, Circulation, Match
from renkei.post.models import Mail
from renkei.research.actions.bridging import Other, start_bridge
from renkei.research.models import Bridge, BridgeStep
from tests.cases.making import NOON, arrived, events, fresh, need_of, refuses
from tests.desk.pages import HOSTILE, address, client, fault, said
from tests.world import BANK, CENTER, DESK, LAB, World

pytestmark = pytest.mark.covers("C94", "C13")
LONG = "長" * 10_000
UTSUGI = Named("架空大学", "空木 教授", "utsugi@kakuu.example", "薄い板に詳しい")
KNOWS = {"answer": "knows", "organisation1": "架空大学", "name1": "空木 教授", "contact1": "utsugi@kakuu.example", "note1": "薄い板に詳しい"}


@pytest.fixture(autouse=True)
def noon() -> Iterator[None]:
    with clock.moved_to(NOON):
        yield


def a_call(world: World, **more: Any) -> Circulation:
    need = write_public(need_of(arrived(world).case, world), title="薄い板の反り", summary="細かく測りたい。", by=world.desk, seen=True)
    return circulate(need, by=world.desk, place="", sure=True, **({"asks_around": True} | more))


def asked_of(sent: Circulation, body: str = LAB) -> Asked:
    return Asked.objects.get(inquiry=sent.inquiry_id, body_id=body)


def page_of(sent: Circulation, body: str = LAB) -> str:
    return address("desk-inquiry", body, inquiry=asked_of(sent, body).pk)


def named_one(world: World, one: Named = UTSUGI) -> tuple[Circulation, Candidate]:
    sent = a_call(world)
    name_somebody(asked_of(sent), [one], by=world.lab)
    return sent, Candidate.objects.get(asked__inquiry=sent.inquiry_id)


def use(sent: Circulation, one: Candidate, body: str = DESK) -> str:
    return address("desk-candidate", body, case=sent.case_id, candidate=one.pk)


# Answering


def test_whom_a_body_types_is_kept_as_it_was_typed_and_nothing_else(world: World) -> None:
    sent = a_call(world)
    assert client(world, LAB).post(page_of(sent), KNOWS | {"organisation3": " センター ", "note3": "装置\nがある"}).status_code == 302
    assert set(Candidate.objects.values_list("asked__body_id", "organisation", "name", "contact", "note", "to_body_id", "use", "used_at")) == {
        (LAB, "架空大学", "空木 教授", "utsugi@kakuu.example", "薄い板に詳しい", None, "", None), (LAB, "センター", "", "", "装置 がある", CENTER, "", None),
    }  # fmt: skip
    assert (asked_of(sent).answer, asked_of(sent).answered_by_id, asked_of(sent).answered_at) == ("knows", world.people[LAB].pk, NOON)


@pytest.mark.parametrize(
    ("given", "field", "sentence"),
    [
        ({"organisation1": ""}, "organisation1", "心当たりの人か所を、1つは書いてください。"), ({"organisation1": "\x00 "}, "organisation1", "心当たりの人か所を、1つは書いてください。"),
        ({"organisation1": LONG}, "organisation1", "200字までです（いま10,000字）。短くするか、ファイルで付けてください。"),
        ({"name1": LONG}, "name1", "100字までです（いま10,000字）。短くするか、ファイルで付けてください。"),
        ({"note1": LONG}, "note1", "400字までです（いま10,000字）。短くするか、ファイルで付けてください。"),
        ({"name2": "所属のない人"}, "organisation2", "どこの人か、所属を書いてください。"),
        ({"organisation2": "架空大学", "name2": "空木　教授"}, "organisation2", "同じ人が2度書かれています。"),
    ],
)  # fmt: skip
def test_an_answer_typed_wrongly_is_sent_back_and_nothing_is_half_written(world: World, given: dict[str, str], field: str, sentence: str) -> None:
    sent = a_call(world)
    answer = client(world, LAB).post(page_of(sent), KNOWS | given)
    assert (fault(answer, field), Candidate.objects.count(), asked_of(sent).answer, events("inquiry.answer")) == (sentence, 0, "", 0)


@pytest.mark.parametrize("answer", [None, "", "odd", "not_interested"])
def test_an_answer_that_is_none_of_a_calls_is_refused(world: World, answer: str | None) -> None:
    sent = a_call(world)
    given = {key: value for key, value in KNOWS.items() if key != "answer"} | ({} if answer is None else {"answer": answer})
    assert client(world, LAB).post(page_of(sent), given).status_code in {200, 422}
    assert (asked_of(sent).answer, Candidate.objects.count()) == ("", 0)


def test_a_plain_question_offers_neither_names_nor_nobody(world: World) -> None:
    sent = a_call(world, asks_around=False)
    one = client(world, LAB)
    assert "organisation1" not in said(one.get(page_of(sent)))
    for given in (KNOWS, {"answer": "nobody"}):
        assert one.post(page_of(sent), given).status_code in {200, 422}
    assert (asked_of(sent).answer, Candidate.objects.count()) == ("", 0)


def test_nobody_drops_what_was_typed_beside_it(world: World) -> None:
    sent = a_call(world)
    assert client(world, LAB).post(page_of(sent), KNOWS | {"answer": "nobody"}).status_code == 302
    assert (asked_of(sent).answer, Candidate.objects.count()) == ("nobody", 0)


def test_the_second_of_a_body_is_told_that_it_was_answered(world: World) -> None:
    sent = a_call(world)
    one = client(world, LAB)
    assert one.post(page_of(sent), KNOWS).status_code == 302
    again = one.post(page_of(sent), {"answer": "nobody"})
    assert ("返事はもう届いています。" in said(again), asked_of(sent).answer, Candidate.objects.count()) == (True, "knows", 1)


def test_after_a_question_the_body_may_still_name_somebody(world: World) -> None:
    sent = a_call(world)
    ask_about(asked_of(sent), by=world.lab, question="厚さは。")
    assert name_somebody(asked_of(sent), [UTSUGI], by=world.lab).answer == "knows"


def test_another_bodys_question_and_one_that_is_over_are_not_found(world: World) -> None:
    sent = a_call(world)
    foreign = address("desk-inquiry", BANK, inquiry=asked_of(sent).pk)
    assert [client(world, BANK).get(foreign).status_code, client(world, BANK).post(foreign, KNOWS).status_code] == [404, 404]
    assert client(world, LAB).get(address("desk-inquiry", LAB, inquiry=uuid.uuid4())).status_code == 404
    end_circulation(sent, by=world.desk)
    assert [client(world, LAB).get(page_of(sent)).status_code, client(world, LAB).post(page_of(sent), KNOWS).status_code] == [404, 404]
    assert Candidate.objects.count() == 0


def test_ten_names_are_taken_and_every_one_stands_once(world: World) -> None:
    sent = a_call(world)
    name_somebody(asked_of(sent), [Named(f"大学{n}") for n in range(MOST_NAMED)], by=world.lab)
    assert sorted(Candidate.objects.values_list("organisation", flat=True)) == sorted(f"大学{n}" for n in range(MOST_NAMED))
    assert (events("inquiry.name"), events("inquiry.answer")) == (1, 1)


def test_one_organisation_with_two_people_is_two_and_a_body_is_known_by_either_name(world: World) -> None:
    sent = a_call(world)
    name_somebody(asked_of(sent), [Named("ひばり産業センター", "露崎"), Named("センター", "別の人"), Named("センター御中")], by=world.lab)
    assert set(Candidate.objects.values_list("organisation", "to_body_id")) == {("ひばり産業センター", CENTER), ("センター", CENTER), ("センター御中", None)}


def test_a_body_that_closed_is_somebody_outside_the_plan(world: World) -> None:
    sent = a_call(world)
    type(asked_of(sent).body).objects.filter(pk=CENTER).update(closed_on=dt.date(2026, 11, 1))
    name_somebody(asked_of(sent), [Named("センター")], by=world.lab)
    assert list(Candidate.objects.values_list("to_body_id", flat=True)) == [None]


def test_the_audit_names_who_answered_for_which_body(world: World) -> None:
    sent = a_call(world)
    name_somebody(asked_of(sent), [UTSUGI], by=world.lab)
    know_nobody(asked_of(sent, BANK), by=world.bank)
    found = set(Event.objects.filter(verb__in=["inquiry.name", "inquiry.answer"]).values_list("verb", "body", "person"))
    assert found == {(verb, LAB, world.people[LAB].pk) for verb in ("inquiry.name", "inquiry.answer")} | {("inquiry.answer", BANK, world.people[BANK].pk)}


def test_the_mail_of_a_call_leads_to_its_page_and_names_no_firm(world: World) -> None:
    sent = a_call(world)
    for body in (LAB, BANK):
        tell_body(asked_of(sent, body).pk, by=SYSTEM)
    mails = list(Mail.objects.filter(purpose="inquiry"))
    assert {one.to for one in mails} == {f"{body}@hibari.example" for body in (LAB, BANK)}
    assert [word for one in mails for word in ("狐火", "齋藤", "04-7100") if word in one.subject + one.text] == []
    assert {"お心当たりのお尋ね" in one.subject for one in mails} == {True}


# What is made of a name


def test_a_name_becomes_a_bridge_with_its_words_and_once(world: World) -> None:
    sent, one = named_one(world)
    desk = client(world)
    for _press in range(2):
        assert desk.post(use(sent, one), {"use": "bridge"}).status_code == 302
    assert list(Bridge.objects.values_list("who", "organisation", "to_body_id", "body_id", "state")) == [("空木 教授", "架空大学", None, DESK, "tried")]
    assert (list(BridgeStep.objects.values_list("words", flat=True)), fresh(one).use, events("candidate.use")) == (["薄い板に詳しい"], "bridge", 1)


def test_a_place_without_a_person_is_bridged_by_its_name(world: World) -> None:
    sent, one = named_one(world, Named("架空大学"))
    assert client(world).post(use(sent, one), {"use": "bridge"}).status_code == 302
    assert list(Bridge.objects.values_list("who", "organisation")) == [("架空大学", "架空大学")]


def test_a_bridge_that_stands_already_leaves_the_name_unused(world: World) -> None:
    """The bridge is refused, so nothing is made of the name: both or neither."""
    sent, one = named_one(world)
    start_bridge(sent.need, Other("空木 教授", "架空大学"), by=world.desk)
    answer = client(world).post(use(sent, one), {"use": "bridge"}, follow=True)
    assert "この相手には、もう打診しています。その続きに書いてください。" in said(answer)
    assert (fresh(one).use, fresh(one).used_at, Bridge.objects.count(), events("candidate.use")) == ("", None, 1, 0)


def test_somebody_outside_leads_to_the_request_with_the_name_in_it(world: World) -> None:
    sent, one = named_one(world)
    answer = client(world).post(use(sent, one), {"use": "outside"})
    assert (answer.status_code, answer["Location"].endswith(f"?candidate={one.pk}"), fresh(one).use) == (302, True, "outside")


def test_what_was_used_for_one_thing_is_not_used_for_another(world: World) -> None:
    sent, one = named_one(world, Named("センター", "露崎さん"))
    desk = client(world)
    assert desk.post(use(sent, one), {"use": "support"}).status_code == 302
    answer = desk.post(use(sent, one), {"use": "bridge"}, follow=True)
    assert ("この心当たりは、もう使われています：支援を頼む候補にした" in said(answer), Bridge.objects.count()) == (True, 0)
    assert list(Match.objects.filter(body_id=CENTER).values_list("why", flat=True)) == ["工業試験所の心当たり　露崎さん"]


@pytest.mark.parametrize("given", [{}, {"use": ""}, {"use": "odd"}, {"use": "\x00"}])
def test_a_use_that_is_none_is_forbidden(world: World, given: dict[str, str]) -> None:
    sent, one = named_one(world)
    assert (client(world).post(use(sent, one), given).status_code, fresh(one).use) == (403, "")


def test_only_who_runs_the_case_makes_something_of_a_name(world: World) -> None:
    sent, one = named_one(world)
    assert {client(world, body).post(use(sent, one, body), {"use": "bridge"}).status_code for body in (LAB, BANK, CENTER)} <= {403, 404}
    Case.objects.filter(pk=sent.case_id).update(holder_id=CENTER, at_desk=False)
    assert client(world).post(use(sent, one), {"use": "bridge"}).status_code == 403
    with refuses("not_allowed"):
        use_candidate(one, by=world.desk, use=CandidateUse.OUTSIDE)
    assert client(world, CENTER).post(use(sent, one, CENTER), {"use": "bridge"}).status_code == 302
    assert list(Bridge.objects.values_list("body_id", flat=True)) == [CENTER]


def test_a_name_of_another_case_is_not_found_in_this_one(world: World) -> None:
    sent, one = named_one(world)
    other = arrived(world).case
    wrong = address("desk-candidate", DESK, case=other.pk, candidate=one.pk)
    assert [client(world).post(page, {"use": "bridge"}).status_code for page in (wrong, address("desk-candidate", DESK, case=sent.case_id, candidate=uuid.uuid4()))] == [404, 404]
    assert (fresh(one).use, client(world).get(use(sent, one)).status_code) == ("", 405)


def test_a_closed_case_makes_nothing_of_a_name(world: World) -> None:
    sent, one = named_one(world)
    Case.objects.filter(pk=sent.case_id).update(state="closed", closed_at=NOON, close_reason="solved")
    for kind in CandidateUse:
        with refuses("case_closed"):
            use_candidate(fresh(one), by=world.desk, use=kind)
    assert (fresh(one).use, events("candidate.use")) == ("", 0)


# The pages


def test_the_forms_are_refused_without_their_token(world: World) -> None:
    sent, one = named_one(world)
    found = {}
    for body, page, given in ((BANK, page_of(sent, BANK), KNOWS), (DESK, use(sent, one), {"use": "bridge"})):
        strict = Client(enforce_csrf_checks=True)
        strict.force_login(world.people[body])
        found[body] = strict.post(page, given).status_code
    assert (found, asked_of(sent, BANK).answer, fresh(one).use) == ({BANK: 403, DESK: 403}, "", "")


def test_markup_in_a_name_is_shown_as_letters(world: World) -> None:
    sent, _one = named_one(world, Named(HOSTILE, HOSTILE, HOSTILE, HOSTILE))
    sheet = said(client(world).get(address("desk-case-match", DESK, case=sent.case_id, need=sent.need_id)))
    own = said(client(world, LAB).get(page_of(sent)))
    assert ["<script>alert" in page for page in (sheet, own)] == [False, False]
    assert "&lt;script&gt;alert(1)" in sheet


def test_the_body_reads_the_call_in_english_and_the_firm_is_in_neither_language(world: World) -> None:
    sent = a_call(world)
    one = client(world, LAB)
    japanese = said(one.get(page_of(sent)))
    one.post("/language/", {"language": "en", "next": "/"})
    english = said(one.get(page_of(sent)))
    assert ('<html lang="en">' in english, "どこの（所属）" in japanese, "どこの（所属）" in english) == (True, True, False)
    assert [word for page in (japanese, english) for word in ("狐火", "齋藤") if word in page] == []


def test_the_sheet_asks_as_often_for_three_names_as_for_one(world: World) -> None:
    def asked(names: int) -> int:
        sent = a_call(world)
        name_somebody(asked_of(sent), [Named(f"大学{n}", "人") for n in range(names)], by=world.lab)
        know_nobody(asked_of(sent, BANK), by=world.bank)
        one = client(world)
        page = address("desk-case-match", DESK, case=sent.case_id, need=sent.need_id)
        one.get(page)
        with CaptureQueriesContext(connection) as queries:
            assert said(one.get(page)).count("大学") >= names
        return len(queries)

    assert asked(1) == asked(3)
