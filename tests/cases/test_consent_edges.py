"""Consent at its edges: the last day, who may say it, what the general consent never opens, and what one word changes."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from renkei.base import clock
from renkei.base.actor import GUEST, SYSTEM, Actor, link_holder
from renkei.base.refusal import Refused
from renkei.cases.actions.closing import close_case
from renkei.cases.actions.consents import (
    answer_request,
    confirm_consent,
    give_consent,
    request_consent,
    set_standing,
    withdraw_consent,
)
from renkei.cases.actions.summaries import confirm_summary
from renkei.cases.actions.triage import set_summary
from renkei.cases.models import Case, Consent, ConsentRequest, Passage, Transition
from renkei.cases.queries.timeline import timeline
from renkei.cases.states import DisclosureClass
from renkei.plan.models import Body
from renkei.post.models import Link, Mail
from tests.cases.linking import firm, firm_by_mail
from tests.cases.making import NOON, arrived, events, fresh, mails, need_of, offered, pick, refuses, steps
from tests.world import BANK, CENTER, DESK, LAB, World

TODAY = NOON.date()
CLASSES = DisclosureClass.values


@pytest.fixture(autouse=True)
def _noon() -> Any:
    with clock.moved_to(NOON):
        yield


@pytest.fixture
def case(world: World) -> Case:
    return arrived(world).case


def give(case: Case, world: World, how: str = "link", klass: str = "summary", to: str = LAB, **more: Any) -> Consent:
    by = firm(case) if how == "link" else world.desk
    values = {"given_by": "齋藤 亘" if how == "oral" else "", "by": by, **more}
    return give_consent(case, body=Body.objects.get(pk=to), klass=klass, how=how, **values)


class TestLastDay:
    def test_the_last_day_counts_until_midnight_in_tokyo(self, world: World, case: Case) -> None:
        offered(world, case=case)
        give(case, world, until=dt.date(2026, 11, 27))
        for moment, open_ in ((clock.at(dt.date(2026, 11, 27), 23, 59), True), (clock.at(dt.date(2026, 11, 28), 0), False)):
            with clock.moved_to(moment):
                consent = Consent.objects.get(body=LAB)
                assert (consent.is_live, Consent.objects.live().exists()) == (open_, open_)
                assert [rows.objects.visible_to(world.lab).exists() for rows in (Case, Passage)] == [open_, open_]

    @pytest.mark.parametrize(("until", "good"), [(TODAY, True), (TODAY - dt.timedelta(days=1), False), (dt.date(2028, 2, 29), True)])
    def test_it_may_end_today_but_not_yesterday(self, world: World, case: Case, until: dt.date, good: bool) -> None:
        if good:
            assert give(case, world, until=until).until == until
        else:
            with refuses("until_past", "until"):
                give(case, world, until=until)

    def test_run_out_it_is_told_as_run_out_and_not_as_taken_back(self, world: World, case: Case) -> None:
        give(case, world, until=TODAY)
        with clock.moved_to(NOON + dt.timedelta(days=1)):
            give(case, world)
        titles = [item.title for item in timeline(case, actor=world.desk)]
        assert "工業試験所に見せる同意の期限が過ぎました：要約" in titles
        assert not [title for title in titles if "取り消し" in title]
        assert Consent.objects.filter(withdrawn_at__isnull=True).count() == 1

    @pytest.mark.parametrize("ended", ["run out", "withdrawn"])
    def test_what_has_ended_is_opened_by_name_only(self, world: World, case: Case, ended: str) -> None:
        first = give(case, world, until=TODAY)
        if ended == "withdrawn":
            withdraw_consent(first, by=firm(case), how="link")
        with clock.moved_to(NOON + dt.timedelta(days=1)):
            with refuses("more_than_said", "classes"):
                give(case, world, "form")
            need = need_of(case, world)
            with refuses("no_consent", "classes"):
                offered(world, case=need.case)
            assert give(case, world, "oral").is_live
            assert offered(world, case=need.case).state == "offered"


class TestGivenAgain:
    """A second word changes what it says, and staff never widen silently what the firm has set."""

    def test_the_general_consent_does_not_lengthen_what_the_firm_limited(self, world: World, case: Case) -> None:
        first = give(case, world, until=dt.date(2026, 12, 1))
        again = give(case, world, "form")
        assert (again.pk, again.until, again.how, events("consent.change")) == (first.pk, dt.date(2026, 12, 1), "link", 0)

    @pytest.mark.parametrize("until", [None, dt.date(2027, 3, 31)])
    def test_heard_on_the_telephone_that_it_is_longer_it_has_to_be_confirmed(
        self, world: World, case: Case, until: dt.date | None
    ) -> None:
        give(case, world, until=dt.date(2026, 12, 1))
        longer = give(case, world, "oral", until=until)
        assert (longer.until, longer.how, longer.given_by, longer.heard_by_id, longer.confirmed_at) == (
            until, "oral", "齋藤 亘", world.desk.person, None)
        assert Mail.objects.filter(subject__startswith="同意の確認").count() == 1
        assert confirm_consent(longer, by=firm_by_mail("consent")).confirmed_at == NOON

    def test_heard_that_it_is_shorter_it_simply_ends_sooner(self, world: World, case: Case) -> None:
        give(case, world, until=dt.date(2026, 12, 20))
        sooner = give(case, world, "oral", until=dt.date(2026, 12, 1))
        assert (sooner.until, sooner.how) == (dt.date(2026, 12, 1), "link")
        assert mails("company") == []

    def test_the_firms_own_click_confirms_what_was_heard(self, world: World, case: Case) -> None:
        heard = give(case, world, "oral")
        again = give(case, world)
        assert (again.pk, again.confirmed_at) == (heard.pk, NOON)
        assert not Link.objects.filter(purpose="consent", closed_at__isnull=True).exists()

    def test_an_answer_to_a_request_confirms_as_well(self, world: World, case: Case) -> None:
        heard = give(case, world, "oral", to=BANK)
        asked = request_consent(case, body=Body.objects.get(pk=BANK), classes=["summary", "financial"], by=world.desk)
        answer_request(asked, classes=["summary", "financial"], by=firm(case))
        assert fresh(heard).confirmed_at == NOON

    def test_a_purpose_is_kept_until_another_is_said(self, world: World, case: Case) -> None:
        give(case, world, purpose="雷サージの試験")
        assert give(case, world).purpose == "雷サージの試験"
        assert give(case, world, purpose="振動の試験").purpose == "振動の試験"
        assert events("consent.change") == 1

    @pytest.mark.parametrize(("field", "most"), [("purpose", 200), ("given_by", 100)])
    def test_words_fit(self, world: World, case: Case, field: str, most: int) -> None:
        with refuses("too_long", field):
            give(case, world, "oral", **{field: "あ" * (most + 1)})
        assert getattr(give(case, world, "oral", **{field: "あ" * most}), field) == "あ" * most


    @pytest.mark.parametrize("given_by", ["", "\u3000", "\u200b", "\x00\r\n"])
    def test_nobody_said_nothing(self, world: World, case: Case, given_by: str) -> None:
        with refuses("given_by_missing", "given_by"):
            give(case, world, "oral", given_by=given_by)
        assert not Consent.objects.exists()


WHO: dict[str, set[str]] = {
    "oral": {"taker", "holder"},
    "form": {"taker", "holder", "firm", "system"},
    "link": {"firm"},
    "withdraw as heard": {"taker", "holder"},
    "withdraw by link": {"firm"},
    "confirm": {"firm"},
    "ask the firm": {"holder", "system"},
    "general consent": {"taker", "holder", "firm", "system"},
    "summary": {"firm"},
}


def act(name: str, case: Case, heard: Consent, by: Actor) -> Any:
    center = Body.objects.get(pk=BANK)
    acts = {
        "oral": lambda: give_consent(case, body=center, klass="summary", by=by, how="oral", given_by="齋藤"),
        "form": lambda: give_consent(case, body=center, klass="summary", by=by, how="form"),
        "link": lambda: give_consent(case, body=center, klass="summary", by=by, how="link"),
        "withdraw as heard": lambda: withdraw_consent(heard, by=by, how="oral"),
        "withdraw by link": lambda: withdraw_consent(heard, by=by, how="link"),
        "confirm": lambda: confirm_consent(heard, by=by),
        "ask the firm": lambda: request_consent(case, body=center, classes=["summary"], by=by),
        "general consent": lambda: set_standing(case, ["summary"], by=by),
        "summary": lambda: confirm_summary(case, by=by),
    }
    return acts[name]()


@pytest.mark.parametrize("name", WHO)
def test_who_may_speak_about_what_the_firm_shows(world: World, case: Case, name: str) -> None:
    """The lab took the words, the centre holds the case, the desk was never asked, the bank is asked for a loan."""
    heard = give(case, world, "oral", to=CENTER)
    support = offered(world, case=case)
    set_summary(fresh(case), title="電源装置", summary="窓口が直した要約", by=world.desk)
    Case.objects.update(received_by=LAB, holder=CENTER, next_body=CENTER, at_desk=False)
    offer = Link.objects.get(subject=support.pk, purpose="offer")
    actors = {"desk": world.desk, "taker": world.lab, "holder": world.center, "stranger": world.bank, "firm": firm(case),
              "offer link": link_holder(offer.pk, body=LAB), "guest": GUEST, "system": SYSTEM}  # fmt: skip
    allowed = set()
    for who, by in actors.items():
        mark = transaction.savepoint()
        try:
            act(name, fresh(case), fresh(heard), by)
            allowed.add(who)
        except Refused as refusal:
            assert refusal.code in {"not_allowed", "not_company"}, (who, refusal.code)  # noqa: PT017  a table of refusals
        transaction.savepoint_rollback(mark)
    assert allowed == WHO[name]


class TestRequests:
    def ask(self, case: Case, world: World, to: str = BANK, *classes: str) -> ConsentRequest:
        return request_consent(case, body=Body.objects.get(pk=to), classes=list(classes or ["summary"]), by=world.desk)

    def test_each_body_has_its_own_and_after_the_answer_a_new_one(self, world: World, case: Case) -> None:
        bank, center = self.ask(case, world), self.ask(case, world, CENTER)
        answer_request(bank, classes=[], by=firm(case))
        again = self.ask(case, world)
        assert len({bank.pk, center.pk, again.pk}) == 3
        assert ConsentRequest.objects.filter(answered_at__isnull=True).count() == 2

    def test_the_answer_comes_in_the_order_of_the_classes(self, world: World, case: Case) -> None:
        asked = self.ask(case, world, BANK, "financial", "technical", "summary")
        assert asked.classes == CLASSES
        assert answer_request(asked, classes=["financial", "summary"], by=firm(case)).given == ["summary", "financial"]
        assert "同意の返事を見て、次を決める（ひばり銀：要約・資金）" in fresh(case).next_step

    def test_no_is_an_answer_that_the_holder_reads(self, world: World, case: Case) -> None:
        Case.objects.update(next_on=dt.date(2027, 1, 20))
        answer_request(self.ask(case, world), classes=[], by=firm(case))
        assert fresh(case).next_step == "同意の返事を見て、次を決める（ひばり銀：なし）"
        assert (fresh(case).next_kind, fresh(case).next_on) == ("choose", dt.date(2026, 11, 27))
        assert mails("told") == [("hibari-desk@people.example", "waiting")]

    def test_the_same_class_twice_is_once_and_an_unknown_one_is_refused(self, world: World, case: Case) -> None:
        assert self.ask(case, world, BANK, "summary", "summary").classes == ["summary"]
        for classes in (["summary", "secret"], [""]):
            with refuses("unknown_class", "classes"):
                self.ask(case, world, CENTER, *classes)

    @pytest.mark.parametrize("classes", [["summary"], []])
    def test_after_the_end_nothing_is_answered(self, world: World, case: Case, classes: list[str]) -> None:
        asked = self.ask(case, world)
        close_case(fresh(case), by=world.desk, reason="solved", words="済")
        before = (fresh(case).next_step, len(mails("told")))
        with refuses("case_closed"):
            answer_request(asked, classes=classes, by=firm(case))
        assert (fresh(case).next_step, len(mails("told")), fresh(asked).answered_at) == (*before, None)

    def test_an_offer_waits_for_the_answer_and_then_leaves(self, world: World) -> None:
        case = arrived(world, standing_classes=[]).case
        need = need_of(case, world, "2", "資金")
        loan = pick(need, BANK, "loan", classes=["financial"])
        with refuses("no_consent", "classes"):
            offered(world, case=need.case, body=BANK, service="loan")
        asked = self.ask(case, world, BANK, "summary", "financial")
        answer_request(asked, classes=["summary"], by=firm(case))
        with refuses("no_consent", "classes"):
            offered(world, case=case, body=BANK, service="loan", classes=loan.classes)
        assert offered(world, case=case, body=BANK, service="loan").classes == ["summary"]


class TestGeneralConsent:
    def test_a_step_back_names_what_it_takes_away(self, world: World, case: Case) -> None:
        set_standing(case, ["summary"], by=firm(case))
        assert "窓口が頼む機関に見せる同意を取り消しました：技術" in [one.title for one in timeline(case, actor=world.desk)]
        set_standing(case, [], by=firm(case))
        assert "窓口が頼む機関に見せる同意を取り消しました：要約" in [one.title for one in timeline(case, actor=world.desk)]

    def test_a_step_forward_names_what_holds(self, world: World, case: Case) -> None:
        set_standing(case, CLASSES, by=firm(case))
        assert timeline(case, actor=world.desk)[0].title == "窓口が頼む機関に見せることに同意：要約・技術・資金"

    def test_narrowing_ends_nothing_that_was_given_by_name(self, world: World, case: Case) -> None:
        given_by_name = give(case, world)
        set_standing(case, [], by=firm(case))
        assert fresh(given_by_name).is_live
        with refuses("no_consent", "classes"):
            offered(world, case=case, body=CENTER, service="tech-consultation")
        assert offered(world, case=case).state == "offered"


class TestSummary:
    def test_the_firm_confirms_the_version_it_read(self, world: World, case: Case) -> None:
        set_summary(case, title="電源装置", summary="新しい要約", by=world.desk)
        shown = fresh(case).version
        set_summary(fresh(case), title="電源装置", summary="もっと新しい要約", by=world.desk)
        with refuses("changed_meanwhile"):
            confirm_summary(case, by=firm(case), version=shown)
        assert fresh(case).summary_seen_at is None
        confirm_summary(case, by=firm(case), version=fresh(case).version)
        assert (fresh(case).summary_seen_at, steps(case)[-1]) == (NOON, ("summary_seen", "", ""))

    def test_twice_is_once_and_a_closed_case_is_over(self, world: World, case: Case) -> None:
        set_summary(case, title="電源装置", summary="新しい要約", by=world.desk)
        for _turn in range(2):
            confirm_summary(case, by=firm(case))
        assert (events("case.confirm_summary"), Transition.objects.filter(verb="summary_seen").count()) == (1, 1)
        close_case(fresh(case), by=world.desk, reason="solved", words="済")
        with refuses("case_closed"):
            confirm_summary(case, by=firm(case))


WORDS = st.tuples(st.sampled_from(["give", "limit", "withdraw", "day"]), st.sampled_from(CLASSES))


@settings(max_examples=12, derandomize=True, suppress_health_check=list(HealthCheck))
@given(said=st.lists(WORDS, min_size=3, max_size=9))
def test_what_holds_is_what_was_said_last(world: World, said: list[tuple[str, str]]) -> None:
    mark = transaction.savepoint()
    with clock.moved_to(NOON):
        case = arrived(world).case
        lab, by = Body.objects.get(pk=LAB), firm(case)
    now, holds = NOON, dict[str, dt.date | None]()
    for word, klass in said:
        now += dt.timedelta(days=1) if word == "day" else dt.timedelta(seconds=1)
        with clock.moved_to(now):
            until = clock.today() if word == "limit" else None
            if word in {"give", "limit"}:
                give_consent(case, body=lab, klass=klass, by=by, how="link", until=until)
                holds[klass] = until
            for one in Consent.objects.filter(case=case, klass=klass, withdrawn_at__isnull=True) if word == "withdraw" else ():
                withdraw_consent(one, by=by, how="link")
                holds.pop(klass, None)
            live = dict(Consent.objects.filter(case=case).live().values_list("klass", "until"))
            assert live == {k: last for k, last in holds.items() if last is None or last >= clock.today()}
            assert fresh(case).holder_id == DESK
    transaction.savepoint_rollback(mark)
