"""From interest to contract: the firm's consent for each body, the offer, meeting, outcome; and promises of secrecy [C46]."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from renkei.base import clock
from renkei.base.actor import link_holder
from renkei.base.memo import remembering
from renkei.cases.actions.consents import answer_request, give_consent
from renkei.cases.actions.inquiries import ask_about, show_interest, show_no_interest
from renkei.cases.actions.matching import add_candidate, ask_firm, offer_to, record_meeting, record_outcome, said_by
from renkei.cases.actions.merging import merge_cases, split_case
from renkei.cases.actions.ndas import end_nda, keep_for_secrecy, record_nda
from renkei.cases.actions.talk import add_file
from renkei.cases.models import Asked, Attachment, Case, Circulation, ConsentRequest, Match, Nda, Passage
from renkei.cases.queries.match_sheet import match_sheet
from renkei.plan.models import Body
from renkei.post.models import Link
from tests.cases.making import NOON, arrived, company, events, fresh, need_of, refuses, steps
from tests.cases.test_circulation import circulated
from tests.world import BANK, CENTER, LAB, World

TODAY = dt.date(2026, 11, 25)


@pytest.fixture(autouse=True)
def _noon() -> Any:
    with clock.moved_to(NOON):
        yield


def body(code: str) -> Body:
    return Body.objects.get(pk=code)


def match_of(sent: Circulation, code: str = LAB) -> Match:
    return Match.objects.get(need=sent.need_id, body_id=code)


def interested(world: World) -> Match:
    sent = circulated(world)
    show_interest(Asked.objects.get(body_id=LAB), by=world.lab, offer="レーザーで測れる", who="小出", conditions="現物が要る")
    return match_of(sent)


def consented(world: World) -> Match:
    match = interested(world)
    give_consent(match.case, body=match.body, klass="summary", by=world.desk, how="oral", given_by="齋藤")
    return fresh(match)


def standings(match: Match, world: World) -> dict[str, str]:
    return {row.match.body_id: row.standing.value for row in match_sheet(fresh(match.need), actor=world.desk).rows}


class TestConsentForEachBody:
    def test_the_firm_reads_what_the_body_said_and_opens_it_to_that_body_alone(self, world: World) -> None:
        match = interested(world)
        asked = ask_firm(match, by=world.desk, classes=["technical"])
        assert (asked.body_id, asked.classes, asked.purpose) == (LAB, ["summary", "technical"], "薄い板の反りを測りたい")
        assert asked.said == "レーザーで測れる\n担当：小出\n条件：現物が要る"
        assert standings(match, world) == {LAB: "firm_asked", CENTER: "asked", BANK: "asked"}
        answer_request(asked, classes=["summary"], by=link_holder(Link.objects.get(purpose="status", case=match.case_id).pk))
        assert standings(match, world) == {LAB: "open", CENTER: "asked", BANK: "asked"}
        assert [row.class_words for row in match_sheet(match.need, actor=world.desk).rows] == ["要約", "", ""]
        with refuses("has_consent"):
            ask_firm(match, by=world.desk, classes=["summary"])

    def test_a_no_of_the_firm_stays_a_no(self, world: World) -> None:
        match = interested(world)
        asked = ask_firm(match, by=world.desk, classes=[])
        answer_request(asked, classes=[], by=link_holder(Link.objects.get(purpose="status", case=match.case_id).pk))
        assert standings(match, world)[LAB] == "firm_no"
        for deed in (lambda: record_meeting(match, by=world.desk, met_on=TODAY), lambda: offer_to(match, by=world.desk, service="equipment-tests", ask="x"),
                     lambda: record_outcome(match, by=world.desk, outcome="contract")):  # fmt: skip
            with refuses("no_consent"):
                deed()

    def test_what_is_refused(self, world: World) -> None:
        match = interested(world)
        with refuses("unknown_class", "classes"):
            ask_firm(match, by=world.desk, classes=["everything"])
        with refuses("not_allowed"):
            ask_firm(match, by=world.lab, classes=["summary"])
        Case.objects.update(summary_seen_at=None)
        with refuses("summary_not_seen"):
            ask_firm(match, by=world.desk, classes=["summary"])
        assert ConsentRequest.objects.count() == 0

    def test_only_interest_is_told_to_the_firm(self, world: World) -> None:
        circulated(world)
        assert said_by(None) == ""
        assert said_by(show_no_interest(Asked.objects.get(body_id=LAB), by=world.lab, reason="busy")) == ""
        assert said_by(ask_about(Asked.objects.get(body_id=CENTER), by=world.center, question="？")) == ""
        assert said_by(show_interest(Asked.objects.get(body_id=BANK), by=world.bank, offer="融資")) == "融資"


class TestTheWayToAContract:
    def test_an_offer_follows_with_the_consented_classes(self, world: World) -> None:
        match = consented(world)
        support = offer_to(match, by=world.desk, service="equipment-tests", ask="測ってほしい")
        assert (support.body_id, support.classes, support.state) == (LAB, ["summary"], "offered")
        assert [one.pk for one in match_sheet(match.need, actor=world.desk).rows[0].supports] == [support.pk]
        with refuses("no_provision", "body"):
            offer_to(match, by=world.desk, service="loan", ask="x")

    def test_each_step_is_on_record(self, world: World) -> None:
        match = consented(world)
        with refuses("not_yet", "text"):
            record_meeting(match, by=world.desk, met_on=dt.date(2026, 12, 3), text="会った")
        record_meeting(match, by=world.desk, met_on=dt.date(2026, 12, 3))
        assert standings(match, world)[LAB] == "meeting"
        record_meeting(match, by=world.desk, met_on=dt.date(2026, 11, 24), text="現物を見た")
        record_outcome(match, by=world.desk, outcome="studying", text="費用を見積もる")
        assert standings(match, world)[LAB] == "studying"
        record_outcome(match, by=world.desk, outcome="contract", text="受託研究", happened_on=dt.date(2026, 11, 25))
        record_outcome(match, by=world.desk, outcome="contract", text="受託研究", happened_on=dt.date(2026, 11, 25))
        now = fresh(match)
        assert (now.met_on, now.met_text, now.outcome, now.outcome_on) == (dt.date(2026, 11, 24), "現物を見た", "contract", TODAY)
        assert standings(match, world)[LAB] == "contract"
        told = [step for step in steps(match.case) if step[0] == "interest"]
        assert told == [("interest", "", "meeting"), ("interest", "", "met"), ("interest", "", "studying"),
                        ("interest", "studying", "contract")]  # fmt: skip
        assert (events("match.meet"), events("match.outcome")) == (2, 2)

    def test_no_contract_needs_its_reason_but_no_consent(self, world: World) -> None:
        match = interested(world)
        with refuses("text_empty", "text"):
            record_outcome(match, by=world.desk, outcome="none")
        with refuses("unknown_outcome", "outcome"):
            record_outcome(match, by=world.desk, outcome="maybe", text="x")
        with refuses("not_yet", "happened_on"):
            record_outcome(match, by=world.desk, outcome="none", text="x", happened_on=dt.date(2026, 11, 26))
        record_outcome(match, by=world.desk, outcome="none", text="費用が合わない")
        assert standings(match, world)[LAB] == "none"

    def test_candidates_without_asking(self, world: World) -> None:
        need = need_of(arrived(world).case, world)
        match = add_candidate(need, by=world.desk, body=body(CENTER), why="前に手伝った")
        add_candidate(need, by=world.desk, body=body(CENTER))
        assert (fresh(match).why, Match.objects.count()) == ("前に手伝った", 1)
        assert [step[2] for step in steps(need.case) if step[0] == "interest"] == ["candidate"]
        assert standings(match, world) == {CENTER: "candidate"}
        with refuses("not_allowed"):
            add_candidate(need, by=world.center, body=body(CENTER))
        need.state = "settled"
        need.save()
        with refuses("need_over"):
            add_candidate(need, by=world.desk, body=body(LAB))

    def test_the_sheet_costs_the_same_with_one_row_and_three(self, world: World, django_assert_num_queries: Any) -> None:
        need = need_of(arrived(world).case, world)
        add_candidate(need, by=world.desk, body=body(LAB))
        with remembering(), django_assert_num_queries(8):
            match_sheet(need, actor=world.desk)
        for code in (CENTER, BANK):
            add_candidate(need, by=world.desk, body=body(code))
        with remembering(), django_assert_num_queries(8):
            match_sheet(need, actor=world.desk)


class TestPromises:
    def test_recorded_corrected_and_ended(self, world: World) -> None:
        match = consented(world)
        nda = record_nda(match.case, by=world.desk, body=match.body, signed_on=dt.date(2026, 11, 20), known="paper")
        assert standings(match, world)[LAB] == "promised"
        again = record_nda(match.case, by=world.desk, body=match.body, signed_on=dt.date(2026, 11, 21), known="company", kind="three",
                           third_party="架空大学", until=TODAY)  # fmt: skip
        assert (again.pk, Nda.objects.count()) == (nda.pk, 1)
        assert again.is_live
        with clock.moved_to(clock.at(dt.date(2026, 11, 26), 9)):
            assert not fresh(again).is_live  # its last day is over
            assert standings(match, world)[LAB] == "open"
        end_nda(again, by=world.desk)
        end_nda(again, by=world.desk)
        assert (events("nda.record"), events("nda.end")) == (2, 1)
        assert [step for step in steps(match.case) if step[0] == "nda"] == [
            ("nda", "", "signed"), ("nda", "corrected", "signed"), ("nda", "signed", "ended")]

    @pytest.mark.parametrize(
        ("given", "code", "field"),
        [
            ({"kind": "four"}, "unknown_kind", "kind"), ({"known": "rumour"}, "unknown_known", "known"),
            ({"kind": "three"}, "third_missing", "third_party"), ({"signed_on": dt.date(2026, 11, 26)}, "not_yet", "signed_on"),
            ({"until": dt.date(2026, 11, 19)}, "until_before", "until"),
        ],
    )  # fmt: skip
    def test_what_is_refused(self, world: World, given: dict[str, Any], code: str, field: str) -> None:
        case = arrived(world).case
        with refuses(code, field):
            record_nda(case, **{"by": world.desk, "body": body(LAB), "signed_on": dt.date(2026, 11, 20), "known": "paper", **given})
        with refuses("not_allowed"):
            record_nda(case, by=world.lab, body=body(LAB), signed_on=TODAY, known="paper")
        assert Nda.objects.count() == 0

    def test_the_paper_is_of_the_same_case(self, world: World) -> None:
        case, other = arrived(world).case, arrived(world).case
        paper = add_file(other, by=world.desk, name="約束.txt", data="約束".encode())
        with refuses("wrong_file", "file"):
            record_nda(case, by=world.desk, body=body(LAB), signed_on=TODAY, known="paper", file=paper)

    def test_kept_for_secrecy_by_the_firm_or_who_runs_the_case(self, world: World) -> None:
        case = arrived(world).case
        file = add_file(case, by=world.desk, name="図面.txt", data="図面".encode())
        firm = link_holder(Link.objects.get(purpose="status", case=case.pk).pk)
        assert keep_for_secrecy(file, by=firm, needs_nda=True).needs_nda
        keep_for_secrecy(file, by=firm, needs_nda=True)
        assert not keep_for_secrecy(file, by=world.desk, needs_nda=False).needs_nda
        assert events("nda.keep") == 2
        with refuses("not_allowed"):
            keep_for_secrecy(file, by=world.lab, needs_nda=True)
        plain = Passage.objects.create(case=case, klass="summary", text="要約", written_at=clock.now())
        with refuses("is_summary"):
            keep_for_secrecy(plain, by=world.desk, needs_nda=True)
        assert Attachment.objects.get().needs_nda is False


class TestRegrouping:
    def test_what_was_asked_goes_with_the_need_and_promises_are_copied_at_a_split(self, world: World) -> None:
        match = interested(world)
        need_of(match.case, world, title="別の課題")
        record_nda(match.case, by=world.desk, body=match.body, signed_on=TODAY, known="paper")
        new = split_case(fresh(match.case), needs=[match.need], title="分けた", by=world.desk)
        assert set(Match.objects.values_list("case_id", flat=True)) == {new.pk}
        assert set(Circulation.objects.values_list("case_id", flat=True)) == {new.pk}
        assert {(one.case_id, one.body_id) for one in Nda.objects.all()} == {(match.case_id, LAB), (new.pk, LAB)}

    def test_merging_carries_the_question_and_no_promise(self, world: World) -> None:
        match = interested(world)
        firm = company()
        Case.objects.update(company=firm)
        keeper = arrived(world, company=firm, company_given="").case
        record_nda(match.case, by=world.desk, body=match.body, signed_on=TODAY, known="paper")
        merge_cases(keeper, fresh(match.case), by=world.desk)
        assert set(Match.objects.values_list("case_id", flat=True)) == {keeper.pk}
        assert [one.case_id for one in Nda.objects.all()] == [match.case_id]

