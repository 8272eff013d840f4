"""A need is asked about without a name: written, confirmed by the firm, sent, answered, and brought back into its case [C46]."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from renkei.base import clock
from renkei.base.actor import SYSTEM, Actor, link_holder
from renkei.cases.actions.circulation import circulate, end_circulation
from renkei.cases.actions.closing import close_case
from renkei.cases.actions.disclosable import confirm_public, write_public
from renkei.cases.actions.inquiries import (
    ask_about,
    remind_body,
    reply_to_question,
    show_interest,
    show_no_interest,
    take_up,
    tell_body,
)
from renkei.cases.actions.triage import settle_need
from renkei.cases.jobs import run_clocks
from renkei.cases.models import Asked, Circulation, Inquiry, Match, Need
from renkei.cases.queries.anonymity import draft_of, firm_words, giveaways, wider
from renkei.companies.models import CompanyPerson
from renkei.plan.models import PlanVersion
from renkei.post.models import Link, Mail
from tests.cases.making import NOON, arrived, company, events, fresh, mails, need_of, refuses, steps
from tests.world import BANK, CENTER, CONTENT, LAB, World

TITLE, SUMMARY = "薄い板の反りを測りたい", "電源の部品の反りを0.1ミリまで測れるところを探している。"


@pytest.fixture(autouse=True)
def _noon() -> Any:
    with clock.moved_to(NOON):
        yield


def firm_link(need: Need) -> Actor:
    return link_holder(Link.objects.get(purpose="status", case=need.case_id).pk)


def need_in(world: World) -> Need:
    return need_of(arrived(world).case, world)


def confirmed(world: World) -> Need:
    return write_public(need_in(world), title=TITLE, summary=SUMMARY, by=world.desk, seen=True)


def circulated(world: World, **more: Any) -> Circulation:
    return circulate(confirmed(world), by=world.desk, place="", sure=True, **more)


def asked_of(sent: Circulation, body: str = LAB) -> Asked:
    return Asked.objects.get(inquiry=sent.inquiry_id, body_id=body)


class TestTheDisclosableVersion:
    def test_it_is_written_and_the_firm_is_asked(self, world: World) -> None:
        need = need_in(world)
        write_public(need, title=f" {TITLE} ", summary=SUMMARY, by=world.desk)
        now = fresh(need)
        assert (now.public_title, now.public_summary, now.public_confirmed_at) == (TITLE, SUMMARY, None)
        assert (fresh(need.case).next_kind, fresh(need.case).next_step) != ("", "")
        assert mails("company") == [("saito@kitsunebi.example", "waiting")]
        assert steps(need.case)[-1] == ("need_changed", "", "public")
        assert events("need.write_public") == 1

    def test_the_firm_confirms_once_what_it_was_shown(self, world: World) -> None:
        need = write_public(need_in(world), title=TITLE, summary=SUMMARY, by=world.desk)
        by = firm_link(need)
        with refuses("changed_meanwhile"):
            confirm_public(need, by=by, title=TITLE, summary="古い文")
        confirm_public(need, by=by, title=TITLE, summary=SUMMARY)
        first = fresh(need).public_confirmed_at
        confirm_public(need, by=by, title=TITLE, summary=SUMMARY)
        assert first == fresh(need).public_confirmed_at is not None
        assert events("need.confirm_public") == 1
        assert steps(need.case)[-1] == ("summary_seen", "", "")

    def test_changed_words_are_confirmed_again(self, world: World) -> None:
        need = confirmed(world)
        write_public(need, title=TITLE, summary=SUMMARY, by=world.desk)
        assert fresh(need).public_confirmed_at is not None  # the same words: nothing to confirm
        write_public(need, title=TITLE, summary=SUMMARY + "急ぐ。", by=world.desk)
        assert fresh(need).public_confirmed_at is None
        with refuses("not_confirmed"):
            circulate(need, by=world.desk, place="", sure=True)

    def test_what_is_refused(self, world: World) -> None:
        need = need_in(world)
        for given, code, field in (
            ({"title": " "}, "title_empty", "title"), ({"summary": ""}, "summary_empty", "summary"),
            ({"title": "長" * 101}, "too_long", "title"), ({"summary": "長" * 601}, "too_long", "summary"),
        ):  # fmt: skip
            with refuses(code, field):
                write_public(need, **{"title": TITLE, "summary": SUMMARY, "by": world.desk, **given})  # type: ignore[arg-type]
        with refuses("not_allowed"):
            write_public(need, title=TITLE, summary=SUMMARY, by=world.lab)
        with refuses("nothing_written"):
            confirm_public(need, by=firm_link(need), title="", summary="")
        with refuses("not_company"):
            confirm_public(need, by=world.desk, title="", summary="")
        assert events("need.write_public") == 0

    def test_not_while_it_is_asked(self, world: World) -> None:
        sent = circulated(world)
        with refuses("circulating"):
            write_public(sent.need, title="別の題", summary=SUMMARY, by=world.desk)


class TestGiveaways:
    def test_names_people_numbers_places_and_products_are_found(self, world: World) -> None:
        need = need_in(world)
        firm = company(name="株式会社狐火エレクトロ", municipality_id="999016", representative="狐塚 守", products="雷よけ電源、狐火ランプ",
                       address="ひばり市雲雀野1-2", phone="047-100-0000", email="info@kitsunebi.example")  # fmt: skip
        CompanyPerson.objects.create(company=firm, name="白石 葉子", phone="090-1111-2222")
        case = need.case
        case.company = firm
        case.save()
        text = ("ｷﾂﾈﾋﾞでなく狐火エレクトロの齋藤が、ひばり市で狐火ランプを作る。白石まで 03(1234)5678 か info@kitsunebi.example へ。")
        assert set(giveaways(text, case, actor=world.desk)) == {
            "齋藤", "info@kitsunebi.example", "ひばり市", "狐火ランプ", "白石", "狐火エレクトロ", "03(1234)5678"}
        assert giveaways("電源の部品を測る。", case, actor=world.desk) == []

    def test_the_draft_is_masked_and_a_name_needs_a_second_look(self, world: World) -> None:
        need = need_of(arrived(world, summary="狐火エレクトロ株式会社の電源の試作").case, world, title="齋藤さんの雷サージ試験")
        assert draft_of(need, actor=world.desk) == ("○○さんの雷サージ試験", "○○の電源の試作")
        with refuses("giveaway", "sure"):
            write_public(need, title="狐火エレクトロの試験", summary=SUMMARY, by=world.desk)
        write_public(need, title="狐火エレクトロの試験", summary=SUMMARY, by=world.desk, sure=True)
        assert draft_of(fresh(need), actor=world.desk) == ("狐火エレクトロの試験", SUMMARY)


class TestFewFirms:
    def firms(self, world: World) -> Need:
        for number, people in enumerate((5, 9, 18, 40)):
            company(name=f"会社{number}", municipality_id="999016" if number < 2 else None, employees=people, jsic_name="電気業")
        need = confirmed(world)
        case = need.case
        case.company = company(name="狐火", municipality_id="999016", employees=50, jsic_name="電気業")
        case.save()
        return fresh(need)

    @pytest.mark.parametrize(
        ("place", "trade", "size", "words", "fits"),
        [
            ("north", "jsic", "", "ひばり県北部の電気業の会社", 3), ("north", "jsic", "large", "ひばり県北部の21人からの電気業の会社", 1),
            ("", "", "", "ひばり県の会社", 5), ("", "metal", "", "ひばり県の金属の会社", 0), ("", "", "small", "ひばり県の20人までの会社", 3),
        ],
    )  # fmt: skip
    def test_firms_are_counted_by_the_words(self, world: World, place: str, trade: str, size: str, words: str, fits: int) -> None:
        found = firm_words(self.firms(world).case, place=place, trade=trade, size=size, actor=world.desk)
        assert (found.words, found.fits) == (words, fits)

    def test_too_few_is_said_with_a_wider_word(self, world: World) -> None:
        need = self.firms(world)
        with refuses("too_few", "sure") as no:
            circulate(need, by=world.desk, place="north", trade="jsic", size="large")
        del no
        found = wider(need.case, place="north", trade="jsic", size="large", actor=world.desk)
        assert found is not None
        assert (found.words, found.fits) == ("ひばり県北部の電気業の会社", 3)
        assert Inquiry.objects.count() == 0
        circulate(need, by=world.desk, place="north", trade="jsic")
        assert Circulation.objects.get().firms_known == 3

    def test_the_plan_says_how_many_are_few(self, world: World) -> None:
        need = self.firms(world)
        sharing = {**CONTENT["sharing"], "fewest_firms": 1}
        PlanVersion.objects.create(plan=world.plan, number=2, content={**CONTENT, "sharing": sharing}, published_at=clock.now())
        circulate(need, by=world.desk, place="north", trade="jsic", size="large")
        assert Inquiry.objects.get().firm_words == "ひばり県北部の21人からの電気業の会社"


class TestAsking:
    def test_the_words_are_frozen_and_every_body_is_asked_but_those_who_know(self, world: World) -> None:
        sent = circulated(world)
        inquiry = Inquiry.objects.get()
        assert (inquiry.title, inquiry.summary, inquiry.firm_words) == (TITLE, SUMMARY, "ひばり県の会社")
        assert (inquiry.sent_on, inquiry.due_on) == (clock.today(), dt.date(2026, 12, 1))
        assert set(inquiry.asked.values_list("body_id", flat=True)) == {LAB, CENTER, BANK}
        assert set(Match.objects.values_list("body_id", "need_id")) == {(body, sent.need_id) for body in (LAB, CENTER, BANK)}
        assert steps(sent.case)[-1] == ("circulated", "", "3")
        assert events("need.circulate") == 1
        Need.objects.update(public_summary="あとで変わった")
        assert fresh(inquiry).summary == SUMMARY

    def test_only_the_bodies_named(self, world: World) -> None:
        sent = circulated(world, bodies=[LAB])
        assert list(sent.inquiry.asked.values_list("body_id", flat=True)) == [LAB]

    @pytest.mark.parametrize(
        ("given", "code", "field"),
        [
            ({"place": "nowhere"}, "unknown_words", "place"), ({"trade": "jsic"}, "unknown_words", "trade"),
            ({"size": "huge"}, "unknown_words", "size"), ({"bodies": []}, "no_bodies", "bodies"),
            ({"bodies": ["hibari-desk"]}, "no_bodies", "bodies"), ({"due_on": dt.date(2026, 11, 25)}, "due_past", "due_on"),
        ],
    )  # fmt: skip
    def test_what_is_refused(self, world: World, given: dict[str, Any], code: str, field: str) -> None:
        need = confirmed(world)
        with refuses(code, field):
            circulate(need, **{"by": world.desk, "place": "", "sure": True, **given})
        assert (Inquiry.objects.count(), events("need.circulate")) == (0, 0)

    def test_one_at_a_time_by_who_runs_the_case_while_it_is_open(self, world: World) -> None:
        sent = circulated(world)
        with refuses("circulating"):
            circulate(sent.need, by=world.desk, place="", sure=True)
        with refuses("not_allowed"):
            circulate(sent.need, by=world.lab, place="", sure=True)
        end_circulation(sent, by=world.desk)
        settle_need(fresh(sent.need), state="settled", by=world.desk)
        with refuses("need_over"):
            circulate(sent.need, by=world.desk, place="", sure=True)

    def test_ending_takes_the_words_back_and_a_new_round_keeps_the_sheet(self, world: World) -> None:
        sent = circulated(world)
        end_circulation(sent, by=world.desk)
        end_circulation(sent, by=world.desk)
        assert events("need.end_circulation") == 1
        assert not Inquiry.objects.visible_to(world.lab).exists()
        with refuses("ended"):
            show_interest(asked_of(sent), by=world.lab, offer="測れる")
        again = circulate(fresh(sent.need), by=world.desk, place="", sure=True)
        assert Match.objects.count() == 3
        assert Match.objects.get(body_id=LAB).asked_id == asked_of(again).pk

    @pytest.mark.parametrize("end", ["need", "case"])
    def test_it_ends_with_the_need_and_with_the_case(self, world: World, end: str) -> None:
        sent = circulated(world)
        if end == "need":
            settle_need(fresh(sent.need), state="dropped", by=world.desk)
        else:
            close_case(sent.case, by=world.desk, reason="other_way", words="よそで解決", needs="dropped", result="solved")
        assert fresh(sent).ended_at is not None
        assert Inquiry.objects.open().count() == 0


class TestAnswering:
    def test_interest_says_what_who_and_on_which_conditions(self, world: World) -> None:
        sent = circulated(world)
        asked = show_interest(asked_of(sent), by=world.lab, offer="レーザーで測れる", who="小出", conditions="現物が要る")
        assert (asked.answer, asked.offer, asked.who, asked.conditions) == ("interested", "レーザーで測れる", "小出", "現物が要る")
        assert (asked.answered_by_id, asked.taken_up_at) == (world.lab.person, None)
        with refuses("answered"):
            show_no_interest(asked, by=world.lab, reason="busy")
        assert events("inquiry.answer") == 1
        assert run_clocks().inquired == 3  # this answer, and two that were not yet told of the question
        assert run_clocks().inquired == 0
        case = fresh(sent.case)
        assert (case.next_step, case.next_kind) == ("工業試験所に関心あり。会社に同意を聞く", "choose")
        assert steps(case)[-1] == ("interest", "", "interested")
        assert mails("interest") == [("hibari-desk@people.example", "waiting")]
        assert not take_up(asked.pk, by=SYSTEM)

    def test_no_needs_its_reason_and_moves_nothing(self, world: World) -> None:
        sent = circulated(world)
        before = fresh(sent.case).next_step
        with refuses("unknown_reason", "reason"):
            show_no_interest(asked_of(sent), by=world.lab, reason="lazy")
        show_no_interest(asked_of(sent), by=world.lab, reason="busy")
        run_clocks()
        assert fresh(sent.case).next_step == before
        assert steps(sent.case)[-1] == ("interest", "", "no")
        assert mails("interest") == []

    def test_a_question_is_answered_still_without_a_name(self, world: World) -> None:
        sent = circulated(world)
        run_clocks()
        asked = ask_about(asked_of(sent), by=world.lab, question="大きさは。")
        run_clocks()
        assert fresh(sent.case).next_kind == "answer"
        match = Match.objects.get(body_id=LAB)
        with refuses("giveaway", "sure"):
            reply_to_question(match, by=world.desk, text="狐火エレクトロに聞くと、手のひらほど。")
        reply_to_question(match, by=world.desk, text="手のひらほど。")
        with refuses("no_question"):
            reply_to_question(match, by=world.desk, text="手のひらほど。")
        run_clocks()
        assert fresh(asked).reply == "手のひらほど。"
        assert len(mails("inquiry")) == 4  # three questions, one reply
        show_interest(fresh(asked), by=world.lab, offer="測れる")
        run_clocks()
        assert [step[2] for step in steps(sent.case) if step[0] == "interest"] == ["question", "replied", "interested"]

    def test_only_the_body_that_is_asked_answers_with_words(self, world: World) -> None:
        asked = asked_of(circulated(world))
        for act, code, field in (
            (lambda: show_interest(asked, by=world.center, offer="測れる"), "not_allowed", None),
            (lambda: show_interest(asked, by=world.lab, offer=" "), "offer_empty", "offer"),
            (lambda: show_interest(asked, by=world.lab, offer="長" * 1001), "too_long", "offer"),
            (lambda: ask_about(asked, by=world.lab, question=""), "question_empty", "question"),
            (lambda: reply_to_question(Match.objects.get(body_id=LAB), by=world.desk, text="x"), "no_question", None),
        ):  # fmt: skip
            with refuses(code, field):
                act()
        assert fresh(asked).answer == ""


class TestTheClock:
    def test_each_body_is_told_once_in_nobodys_name(self, world: World) -> None:
        sent = circulated(world)
        assert run_clocks().inquired == 3
        assert run_clocks().inquired == 0
        told = list(Mail.objects.filter(purpose="inquiry"))
        assert {mail.to_body for mail in told} == {LAB, CENTER, BANK}
        for mail in told:
            assert (mail.case, mail.made_by_body, mail.about) == (None, "", asked_of(sent, mail.to_body).pk)
            assert sent.case.number not in mail.subject + mail.text
            assert TITLE not in mail.subject + mail.text
        assert not tell_body(asked_of(sent).pk, by=SYSTEM)

    def test_a_reminder_comes_once_and_never_after_an_answer(self, world: World) -> None:
        sent = circulated(world)
        run_clocks()
        show_interest(asked_of(sent), by=world.lab, offer="測れる")
        ask_about(asked_of(sent, CENTER), by=world.center, question="大きさは。")
        with clock.moved_to(clock.at(dt.date(2026, 12, 1), 12)):
            assert run_clocks().inquired == 2  # both answers are taken up; the day of the answer is not over
        with clock.moved_to(clock.at(dt.date(2026, 12, 2), 12)):
            assert run_clocks().inquired == 1
            assert run_clocks().inquired == 0
            assert [one.body_id for one in Asked.objects.filter(reminded_on__isnull=False)] == [BANK]
            assert not remind_body(asked_of(sent).pk, by=SYSTEM)
            reply_to_question(Match.objects.get(body_id=CENTER), by=world.desk, text="手のひらほど。")
            assert [run_clocks().inquired, run_clocks().inquired] == [1, 1]  # the reply, then the one reminder
        end_circulation(sent, by=world.desk)
        with clock.moved_to(clock.at(dt.date(2026, 12, 9), 12)):
            assert run_clocks().inquired == 0
