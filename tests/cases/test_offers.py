"""Who is asked for what, never wider than the firm's consent; and how an offer is taken back."""

from __future__ import annotations

import copy
import datetime as dt
from typing import Any

import pytest

from renkei.audit.record import record_read
from renkei.base import clock
from renkei.base.actor import link_holder
from renkei.cases.actions.answers import accept, decline
from renkei.cases.actions.offers import Pick, offer_next, recall, save_picks, send_offers
from renkei.cases.actions.triage import set_summary, settle_need
from renkei.cases.models import Case, Consent, Incident, Need, Passage, Support
from renkei.cases.queries.ladder import may_climb
from renkei.plan.models import PlanVersion, Provision
from renkei.post.links import open_link
from renkei.post.models import Link, Mail
from tests.cases.making import (
    NOON,
    arrived,
    events,
    fresh,
    leave,
    mails,
    need_of,
    offered,
    pick,
    refuses,
    steps,
)  # fmt: skip
from tests.world import BANK, CENTER, CONTENT, DESK, LAB, World


@pytest.fixture(autouse=True)
def _noon() -> Any:
    with clock.moved_to(NOON):
        yield


@pytest.fixture
def case(world: World) -> Case:
    return arrived(world).case


@pytest.fixture
def need(case: Case, world: World) -> Need:
    return need_of(case, world)


def token_of(support: Support) -> str:
    """The token as it stands in the newest offer mail."""
    text = Mail.objects.filter(about=support.pk, purpose="offer").order_by("-made_at").first().text
    return next(line.split("/answer/")[1].strip("/") for line in text.splitlines() if "/answer/" in line)


class TestSavePicks:
    def test_keeps_the_choice_and_sends_nothing(self, world: World, case: Case, need: Need) -> None:
        saved = save_picks(case, [pick(need, entries=["EQ001"])], by=world.desk)
        assert [(s.state, s.classes, s.entries, s.asked_by_id) for s in saved] == [
            ("proposed", ["summary"], ["EQ001"], world.desk.person)]
        assert not Mail.objects.filter(purpose="offer").exists()
        assert not Link.objects.filter(purpose="offer").exists()
        assert not Support.objects.visible_to(world.lab).exists()
        assert events("offer.save") == 1

    def test_choosing_again_changes_the_first(self, world: World, case: Case, need: Need) -> None:
        first = save_picks(case, [pick(need)], by=world.desk)[0]
        again = save_picks(case, [pick(need, ask="別の言い方", classes=["technical"])], by=world.desk)[0]
        assert again.pk == first.pk
        assert (fresh(again).classes, Passage.objects.get().text) == (["summary", "technical"], "別の言い方")

    def test_saved_then_sent_is_one_support(self, world: World, case: Case, need: Need) -> None:
        saved = save_picks(case, [pick(need)], by=world.desk)[0]
        sent = send_offers(fresh(case), [pick(need)], by=world.desk)[0]
        assert (sent.pk, sent.state, Support.objects.count()) == (saved.pk, "offered", 1)


class TestSend:
    @pytest.mark.covers("C32", "C92")
    def test_two_bodies_at_once(self, world: World, case: Case, need: Need) -> None:
        due_on = dt.date(2026, 12, 1)
        sent = send_offers(case, [pick(need), pick(need, CENTER, "tech-consultation", due_on=dt.date(2026, 12, 4))],
                           by=world.desk)  # fmt: skip
        assert [(s.body_id, s.state, s.due_on, s.provision.body_id, s.asked_by_body_id) for s in sent] == [
            (LAB, "offered", due_on, LAB, DESK), (CENTER, "offered", dt.date(2026, 12, 4), CENTER, DESK)]
        assert {s.leaves_at for s in sent} == {NOON + dt.timedelta(minutes=5)}
        now = fresh(case)
        assert (now.state, now.holder_id, now.next_kind, now.next_on, now.next_body_id, now.next_step) == (
            "active", DESK, "wait", due_on, LAB, "工業試験所ほか1機関の返事を待つ")
        assert steps(case)[2:] == [
            ("consent_given", "", "summary"), ("offered", "proposed", "offered"), ("consent_given", "", "summary"),
            ("offered", "proposed", "offered"), ("triaged", "arrived", "active"),
        ]  # fmt: skip
        assert events("offer.send") == 2
        assert mails("offer") == [("hibari-center@hibari.example", "waiting"), ("hibari-lab@hibari.example", "waiting")]
        assert set(Mail.objects.filter(purpose="offer").values_list("not_before", flat=True)) == {
            NOON + dt.timedelta(minutes=5)}

    def test_mail_says_what_to_do_and_nothing_of_the_case(self, world: World, case: Case, need: Need) -> None:
        send_offers(case, [pick(need)], by=world.desk)
        mail = Mail.objects.get(purpose="offer")
        for word in ("県 8-0001", "設備・試験", "12月1日", "ひばり県産業課", "000-000-0000", "引き受ける・断る・質問する"):
            assert word in mail.subject + mail.text
        for secret in ("電源", "雷", "狐火", "設備で測れる", "齋藤"):
            assert secret not in mail.subject + mail.text

    def test_nothing_to_see_before_it_leaves(self, world: World, case: Case, need: Need) -> None:
        support = send_offers(case, [pick(need)], by=world.desk)[0]
        for rows in (Support, Case, Consent, Passage, Need):
            assert not rows.objects.visible_to(world.lab).exists()
        leave(support)
        assert list(Support.objects.visible_to(world.lab)) == [support]
        assert list(Case.objects.visible_to(world.lab)) == [case]
        assert [p.text for p in Passage.objects.visible_to(world.lab)] == ["設備で測れるようにしてほしい"]

    def test_person_gets_the_mail_and_link(self, world: World, case: Case, need: Need) -> None:
        support = send_offers(case, [pick(need, person=world.lab.person)], by=world.desk)[0]
        assert mails("offer") == [("hibari-lab@people.example", "waiting")]
        link = Link.objects.get(purpose="offer")
        assert (link.recipient_name, link.recipient_email, link.body, link.subject, link.classes) == (
            "小出 渉", "hibari-lab@people.example", LAB, support.pk, ["summary"])

    def test_link_lives_until_the_offer_expires(self, world: World) -> None:
        support = offered(world)
        assert Link.objects.get(purpose="offer").expires_at == clock.at(dt.date(2026, 12, 8), 0)  # due 1st + 4 days
        assert open_link(token_of(support)).subject == support.pk

    @pytest.mark.parametrize(
        ("more", "code", "field"),
        [
            ({"service": "loan"}, "no_provision", "body"),
            ({"service": "unknown"}, "no_provision", "body"),
            ({"body": "nobody"}, "unknown_body", "body"),
            ({"ask": " "}, "ask_empty", "ask"),
            ({"ask": "あ" * 1001}, "too_long", "ask"),
            ({"due_on": dt.date(2026, 11, 24)}, "due_past", "due_on"),
            ({"classes": ["all"]}, "unknown_class", "classes"),
            ({"classes": ["financial"]}, "no_consent", "classes"),
        ],
    )
    def test_refuses_bad_picks(
        self, world: World, case: Case, need: Need, more: dict[str, Any], code: str, field: str
    ) -> None:
        with refuses(code, field):
            send_offers(case, [pick(need, **more)], by=world.desk)
        assert not Support.objects.exists()
        assert not Mail.objects.filter(purpose="offer").exists()
        assert not Consent.objects.exists()
        assert fresh(case).state == "arrived"

    def test_refusals(self, world: World, case: Case, need: Need) -> None:
        with refuses("no_picks"):
            send_offers(case, [], by=world.desk)
        with refuses("not_allowed"):
            send_offers(case, [pick(need)], by=world.lab)
        with refuses("not_a_member", "person"):
            send_offers(case, [pick(need, person=world.bank.person)], by=world.desk)
        with refuses("two_takeovers", "takes_over"):
            send_offers(case, [pick(need, takes_over=True),
                               pick(need, CENTER, "tech-consultation", takes_over=True)], by=world.desk)
        other = need_of(arrived(world).case, world)
        with refuses("wrong_need"):
            send_offers(case, [pick(other)], by=world.desk)
        with refuses("changed_meanwhile"):
            send_offers(case, [pick(need)], by=world.desk, version=99)
        offered(world, case=case)
        with refuses("already_asked"):
            send_offers(fresh(case), [pick(need)], by=world.desk)
        settled = need_of(case, world, title="別の課題")
        settle_need(settled, state="dropped", by=world.desk)
        with refuses("wrong_need"):
            send_offers(fresh(case), [pick(settled)], by=world.desk)
        set_summary(case, title="a", summary="", by=world.desk)
        with refuses("summary_empty", "summary"):
            send_offers(fresh(case), [pick(need)], by=world.desk)
        set_summary(case, title="a", summary="窓口が書き直した要約", by=world.desk)
        with refuses("summary_not_seen", "summary"):
            send_offers(fresh(case), [pick(need)], by=world.desk)
        Case.objects.filter(pk=case.pk).update(state="closed", closed_at=clock.now(), close_reason="spam")
        with refuses("case_closed"):
            send_offers(fresh(case), [pick(need)], by=world.desk)

    def test_provision_must_hold_today_unless_recorded_afterwards(self, world: World, case: Case, need: Need) -> None:
        Provision.objects.filter(service="equipment-tests").update(valid_to=dt.date(2026, 11, 24))
        with refuses("no_provision", "body"):
            send_offers(case, [pick(need)], by=world.desk)
        sent = send_offers(case, [pick(need, origin="recorded")], by=world.desk)[0]
        assert (sent.provision, sent.origin) == (None, "recorded")


class TestConsent:
    @pytest.mark.covers("C31")
    def test_bank_never_gets_technical_by_the_general_consent(self, world: World, case: Case, need: Need) -> None:
        with refuses("no_consent", "classes"):
            send_offers(case, [pick(need, BANK, "loan", classes=["technical"])], by=world.desk)
        Consent.objects.create(case=case, body_id=BANK, klass="technical", how="link", given_at=clock.now())
        sent = send_offers(case, [pick(need, BANK, "loan", classes=["technical"])], by=world.desk)[0]
        assert sent.classes == ["summary", "technical"]
        assert sorted(Consent.objects.values_list("klass", "how")) == [("summary", "form"), ("technical", "link")]

    def test_says_body_and_class(self, world: World, need: Need) -> None:
        plain = arrived(world, standing_classes=[]).case
        other = need_of(plain, world)
        with pytest.raises(Exception, match="工業試験所に「要約」を見せる同意"):
            send_offers(plain, [pick(other)], by=world.desk)

    def test_withdrawn_class_is_not_reopened_by_the_general_consent(self, world: World, case: Case, need: Need) -> None:
        Consent.objects.create(case=case, body_id=LAB, klass="summary", how="form", given_at=clock.now(),
                               withdrawn_at=clock.now(), withdrawn_how="link")
        with refuses("no_consent", "classes"):
            send_offers(case, [pick(need)], by=world.desk)
        send_offers(case, [pick(need, CENTER, "tech-consultation")], by=world.desk)

    def test_expired_consent_is_none(self, world: World, need: Need) -> None:
        plain = arrived(world, standing_classes=[]).case
        other = need_of(plain, world)
        Consent.objects.create(case=plain, body_id=LAB, klass="summary", how="link", given_at=clock.now(),
                               until=dt.date(2026, 11, 24))
        with refuses("no_consent", "classes"):
            send_offers(plain, [pick(other)], by=world.desk)

    def test_withdrawal_acts_at_the_next_request(self, world: World) -> None:
        support = offered(world, classes=["technical"])
        Passage.objects.create(case=support.case, klass="technical", text="30センチ角", author_body_id=DESK,
                               written_at=clock.now())
        link = link_holder(open_link(token_of(support)).id, body=LAB)
        for actor in (world.lab, link):
            assert Passage.objects.visible_to(actor).count() == 2
        Consent.objects.filter(klass="technical").update(withdrawn_at=clock.now())
        for actor in (world.lab, link):
            assert [p.klass for p in Passage.objects.visible_to(actor)] == ["summary"]
        Consent.objects.update(withdrawn_at=clock.now())
        for actor in (world.lab, link):
            assert not Passage.objects.visible_to(actor).exists()
            assert not Case.objects.visible_to(actor).exists()

    @pytest.mark.covers("C31")
    def test_bodies_do_not_see_what_the_others_were_asked(self, world: World, case: Case, need: Need) -> None:
        finance = need_of(case, world, "2", "つなぎ融資")
        sent = send_offers(case, [pick(need), pick(finance, BANK, "loan", ask="短期の資金")], by=world.desk)
        leave(*sent)
        assert [p.text for p in Passage.objects.visible_to(world.bank)] == ["短期の資金"]
        assert list(Support.objects.visible_to(world.bank)) == [sent[1]]
        assert list(Need.objects.visible_to(world.bank)) == [finance]
        assert [c.body_id for c in Consent.objects.visible_to(world.bank)] == [BANK]


class TestSecondPerson:
    def test_other_party_needs_two_people(self, world: World, case: Case, need: Need) -> None:
        content = {**copy.deepcopy(CONTENT), "second_person": ["send_outside"]}
        PlanVersion.objects.create(plan=world.plan, number=2, content=content, published_at=clock.now())
        loan = pick(need, BANK, "loan")
        send_offers(case, [pick(need)], by=world.desk)  # the lab belongs to the desk's own party
        with refuses("second_person"):
            send_offers(fresh(case), [loan], by=world.desk)
        saved = save_picks(fresh(case), [loan], by=world.desk)[0]
        with refuses("second_person"):
            send_offers(fresh(case), [loan], by=world.desk)
        Support.objects.filter(pk=saved.pk).update(asked_by=world.people[LAB])
        assert send_offers(fresh(case), [loan], by=world.desk)[0].state == "offered"


class TestRecall:
    def test_inside_the_window_leaves_no_trace(self, world: World) -> None:
        support = offered(world, left=False)
        token = token_of(support)
        recalled = recall(support, by=world.desk)
        assert (recalled.state, mails("offer"), open_link(token)) == (
            "recalled", [("hibari-lab@hibari.example", "cancelled")], None)
        with clock.moved_to(NOON + dt.timedelta(days=1)):
            for rows in (Support, Case, Consent, Passage, Need):
                assert not rows.objects.visible_to(world.lab).exists()
        assert not Incident.objects.exists()
        assert mails("recalled") == []
        case = fresh(support.case)
        assert (case.next_kind, case.next_on, case.next_body_id) == ("choose", dt.date(2026, 11, 27), DESK)
        assert steps(case)[-1] == ("recalled", "offered", "recalled")
        assert events("support.recalled") == 1
        with refuses("wrong_state"):
            recall(support, by=world.desk)

    def test_later_opens_an_incident_that_says_who_saw_it(self, world: World) -> None:
        support = offered(world)
        token = token_of(support)
        record_read(world.lab, support, support.case)
        record_read(link_holder(open_link(token).id, body=LAB), support, support.case)
        record_read(world.desk, support, support.case)  # the desk's own look is none of the receiver's
        with refuses("reason_empty", "reason"):
            recall(support, by=world.desk)
        recall(support, by=world.desk, reason="相手を間違えた")
        incident = Incident.objects.get()
        assert (incident.body_id, incident.classes, incident.was_opened, incident.reason, incident.opened_by_id) == (
            LAB, ["summary"], True, "相手を間違えた", world.desk.person)
        assert sorted(seen["who"] for seen in incident.seen) == ["ひばり県工業試験所", "小出 渉"]  # both in one moment of this test's clock
        assert open_link(token) is None
        assert not Case.objects.visible_to(world.lab).exists()
        assert mails("recalled") == [("hibari-lab@hibari.example", "waiting")]
        assert [verb for verb, _b, _a in steps(support.case)][-2:] == ["incident", "recalled"]
        assert (events("incident.open"), events("support.recalled")) == (1, 1)

    def test_unseen_later_recall_says_so(self, world: World) -> None:
        recall(offered(world), by=world.desk, reason="相手を間違えた")
        assert [(i.was_opened, i.seen) for i in Incident.objects.all()] == [(False, [])]

    def test_refuses(self, world: World) -> None:
        support = offered(world)
        with refuses("not_allowed"):
            recall(support, by=world.lab, reason="x")
        with refuses("too_long", "reason"):
            recall(support, by=world.desk, reason="あ" * 401)
        accept(support, by=world.lab)
        with refuses("wrong_state"):
            recall(support, by=world.desk, reason="x")


class TestNext:
    def test_asks_the_next_in_the_same_words(self, world: World, case: Case, need: Need) -> None:
        first = offered(world, case=case, service="tech-consultation", takes_over=True)
        with refuses("still_open"):
            offer_next(first, by=world.desk, body=CENTER)
        decline(first, by=world.lab, reason="busy")
        second = offer_next(fresh(first), by=world.desk, body=CENTER)
        assert (second.body_id, second.service_id, second.classes, second.takes_over, second.state) == (
            CENTER, "tech-consultation", ["summary"], True, "offered")
        assert Passage.objects.get(support=second).text == "設備で測れるようにしてほしい"
        with refuses("already_asked"):
            offer_next(fresh(first), by=world.desk, body=CENTER, classes=["summary"])

    @pytest.mark.covers("C36", "C37")
    def test_region_is_left_only_when_its_bodies_said_no(self, world: World, case: Case, need: Need) -> None:
        def climbs(one: Need) -> bool:
            return may_climb(one, list(one.supports.all()), stands=False)

        assert not climbs(need)
        support = offered(world, case=case)
        assert not climbs(need)
        decline(support, by=world.lab, reason="no_equipment")
        assert climbs(need)
        other = send_offers(fresh(case), [pick(need, CENTER, "tech-consultation")], by=world.desk)[0]
        assert not climbs(need)
        Support.objects.filter(pk=other.pk).update(state="expired")
        assert climbs(need)
        assert not climbs(need_of(case, world, title="ほかの課題"))


def test_pick_is_plain(need: Need) -> None:
    assert Pick(need, "loan", BANK, "資金").classes == []
