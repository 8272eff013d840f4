"""``visible_to`` and the database's policies say the same, on random worlds, for every table and kind of actor (P2).

The worlds are made of committed rows in random states: they hold cases of several holders, consents given, withdrawn,
ended and missing, offers inside and outside their window, handovers, links alive, closed and expired. So there is
always something that could leak.
"""

from __future__ import annotations

import datetime as dt
import random
import uuid
from functools import cached_property
from typing import Any

import pytest
from django.db import DatabaseError, connection, models, transaction

from renkei.accounts.models import Person
from renkei.base import clock
from renkei.base.actor import GUEST, SYSTEM, Actor, ActorKind, company_person, link_holder
from renkei.base.context import acting
from renkei.base.memo import remembering
from renkei.base.refusal import Refused
from renkei.cases import models as m
from renkei.cases.actions.answers import (
    accept,
    answer_question,
    ask,
    correct_answer,
    decline,
    finish_support,
    record_answer,
    start_work,
    withdraw_support,
)  # fmt: skip
from renkei.cases.actions.offers import offer_next, recall
from renkei.cases.actions.passing import pass_on
from renkei.cases.states import DisclosureClass, SupportState
from renkei.companies.models import Company, CompanyAccess, CompanyInvitation, Sight
from renkei.post.links import open_link
from renkei.post.models import Link
from tests.cases.making import fresh, offered
from tests.cases.test_offers import token_of
from tests.world import BANK, CENTER, DESK, LAB, World

BODIES = [DESK, LAB, CENTER, BANK]
TABLES: list[type[models.Model]] = [
    m.Case, m.Consultation, m.Need, m.Passage, m.Support, m.Consent, m.ConsentRequest, m.Contact, m.Message,
    m.Attachment, m.Handover, m.Incident, m.Transition, m.Regrouping, m.Move, m.MovePack, Company, CompanyAccess, CompanyInvitation,
    m.Opening, m.PartnerNote, m.Circulation, m.Inquiry, m.Asked, m.Match, m.Nda, m.FollowUp,
    m.Route, m.RouteVersion, m.RouteStep, m.RouteSending, m.RouteSentStep, m.RouteAnswer, m.Escalation, m.OutsideRequest,
    m.Candidate, m.Gap, m.GapSource, m.ProjectShares, m.ShareAnswer,
]  # fmt: skip
PER_CASE = 2


def _maybe(chance: random.Random, value: Any, share: float = 0.5) -> Any:
    return value if chance.random() < share else None


class Random:
    """A world of random rows; every reference stays inside its case, as the actions keep it."""

    def __init__(self, world: World, seed: int) -> None:
        self.world, self.chance, self.now = world, random.Random(seed), clock.now()  # noqa: S311  a test's dice
        self.links: list[Link] = []
        self.companies = [
            Company.objects.create(name=f"会社{n}", entered_by_id=self.body(), entered_at=self.now) for n in range(3)
        ]
        for firm in self.companies:
            Sight.objects.create(company=firm, body_id=self.body(), since=clock.today(),
                                 ended_on=_maybe(self.chance, clock.today()))
        self.cases = [self.case(n) for n in range(8)]
        for case in self.cases:
            self.fill(case)
        self.people = self.firm_people()
        self.partners = [one for case in self.cases for one in self.partners_of(case)]

    def shares(self, case: m.Case) -> None:
        """A project of the case shared by two bodies, one of whom has answered."""
        project = m.RegionalProject.objects.create(
            plan=self.world.plan, company=self.companies[0], number=f"牽引 {case.number}", approved_on=clock.today(), field_id="A", title="量産",
            counted_fiscal_year=2026, recorded_at=self.now,
        )  # fmt: skip
        project.cases.add(case)
        bodies = self.chance.sample(BODIES, 2)
        made = m.ProjectShares.objects.create(project=project, number=1, bodies=bodies, percents=[60, 40], proposed_at=self.now,
                                              proposed_body_id=self.body(), proposed_by=self.world.people[DESK])  # fmt: skip
        m.ShareAnswer.objects.create(shares=made, body_id=bodies[0], agreed=True, answered_at=self.now, answered_by=self.world.people[DESK])

    def body(self) -> str:
        return self.chance.choice(BODIES)

    def klass(self) -> str:
        return self.chance.choice(DisclosureClass.values)

    def past(self) -> dt.datetime:
        return self.now - dt.timedelta(days=self.chance.randrange(1, 9))

    def case(self, number: int) -> m.Case:
        closed = self.chance.random() < 0.2
        holder = self.body()
        firm = _maybe(self.chance, self.chance.choice(self.companies))
        earlier = list(m.Case.objects.all())
        origin = self.chance.choice(earlier) if earlier and self.chance.random() < 0.4 else None
        merged = self.chance.random() < 0.5
        return m.Case.objects.create(
            number=f"乱 8-{number:04d}", plan=self.world.plan, company=firm, company_given="ある会社", title="件名",
            summary="要約", received_by_id=self.body(), at_desk=self.chance.random() < 0.5, arrived_at=self.past(),
            state="closed" if closed else "active", closed_at=self.now if closed else None,
            close_reason="solved" if closed else "", holder_id=holder, holder_since=clock.today(), next_kind="work",
            next_step="する", next_on=clock.today(), next_body_id=self.body(), next_set_at=self.now,
            merged_into=origin if merged else None, split_from=None if merged else origin,
        )  # fmt: skip

    def fill(self, case: m.Case) -> None:
        m.Consultation.objects.create(case=case, number=case.number, channel="web", received_by_id=self.body(),
                                      consulted_at=self.past(), recorded_at=self.now, text="ひみつの言葉")
        needs = [m.Need.objects.create(case=case, title="課題", stage_id="3", added_at=self.now) for _ in range(PER_CASE)]
        for body in BODIES:
            self.consents(case, body)
        supports = [self.support(case, self.chance.choice(needs), body) for body in self.chance.sample(BODIES, 3)]
        self.texts(case, needs, supports)
        self.other(case, supports)
        self.circulated(case, needs[0])
        self.routed(case, needs[0])
        self.make_links(case, supports)

    def consents(self, case: m.Case, body: str) -> None:
        for klass in DisclosureClass.values:
            if self.chance.random() < 0.6:
                m.Consent.objects.create(
                    case=case, body_id=body, klass=klass, how="link", given_at=self.past(),
                    withdrawn_at=_maybe(self.chance, self.now, 0.3),
                    until=_maybe(self.chance, clock.today() + dt.timedelta(days=self.chance.choice([-2, 0, 3])), 0.3),
                )  # fmt: skip

    def support(self, case: m.Case, need: m.Need, body: str) -> m.Support:
        state = self.chance.choice(SupportState.values)
        later = self.chance.random() < 0.3
        leaves = self.now + dt.timedelta(minutes=60 if later else -60)
        return m.Support.objects.create(
            case=case, need=need, service_id="tech-consultation", body_id=body, state=state, asked_by_body_id=DESK,
            classes=["summary", self.klass()], made_at=self.now, offered_at=self.past(), due_on=clock.today(),
            leaves_at=None if state == "proposed" else leaves, answered_at=self.now, done_on=clock.today(),
            decline_reason="busy" if state == "declined" else "",
        )  # fmt: skip

    def texts(self, case: m.Case, needs: list[m.Need], supports: list[m.Support]) -> None:
        for support in [*supports, None, None]:
            klass = self.klass()
            m.Passage.objects.create(case=case, klass=klass, text="ひみつの文", author_body_id=_maybe(self.chance, self.body()),
                                     needs_nda=klass != "summary" and self.chance.random() < 0.5,
                                     written_at=self.now, support=support, need=_maybe(self.chance, needs[0]))
        for body in BODIES:
            m.Contact.objects.create(case=case, channel="phone", klass=self.klass(), text="ひみつの話",
                                     author_body_id=body, author=self.world.people[body], happened_at=self.past(),
                                     recorded_at=self.now)
            m.Message.objects.create(case=case, klass=self.klass(), text="ひみつの手紙", from_company=False,
                                     author_body_id=body, sent_at=self.now)
            klass = self.klass()
            m.Attachment.objects.create(case=case, klass=klass, name="ひみつ.pdf", media_type="application/pdf", size=1,
                                        needs_nda=klass != "summary" and self.chance.random() < 0.5,
                                        sha256="0" * 64, author_body_id=_maybe(self.chance, body), added_at=self.now)
        m.Message.objects.create(case=case, klass=self.klass(), text="会社の手紙", from_company=True, sent_at=self.now)

    def circulated(self, case: m.Case, need: m.Need) -> None:
        ended = _maybe(self.chance, self.now, 0.3)
        inquiry = m.Inquiry.objects.create(title="名を伏せた題", summary="名を伏せた文", firm_words="県内の会社", stage_id="3",
                                           sent_on=clock.today(), due_on=clock.today(), ended_at=ended)
        m.Circulation.objects.create(inquiry=inquiry, case=case, need=need, firms_known=9, sent_at=self.now, ended_at=ended,
                                     sent_by_body_id=self.body())
        for body in self.chance.sample(BODIES, 2):
            asked = m.Asked.objects.create(inquiry=inquiry, body_id=body)
            m.Match.objects.create(case=case, need=need, body_id=body, asked=asked, added_at=self.now)
            m.Candidate.objects.create(asked=asked, organisation="架空大学")
        gap = m.Gap.objects.create(kind="skill", what="測り方", key="測り方", said_body_id=self.body(), said_by=self.world.people[DESK], said_on=clock.today())
        m.GapSource.objects.create(gap=gap, case=case, need=need)
        self.shares(case)
        for body in self.chance.sample(BODIES, 3):
            m.Nda.objects.create(case=case, body_id=body, signed_on=clock.today() - dt.timedelta(days=5), known="paper",
                                 until=_maybe(self.chance, clock.today() + dt.timedelta(days=self.chance.choice([-2, 0, 3]))),
                                 ended_on=_maybe(self.chance, clock.today(), 0.3), recorded_by_body_id=DESK, recorded_at=self.now)

    def routed(self, case: m.Case, need: m.Need) -> None:
        """A route with two versions, each of which was sent to the firm or not."""
        below = None
        for rung, end in ((1, "higher"), (2, "higher"), (3, "")):
            below = m.Escalation.objects.create(
                case=case, need=need, rung=rung, below=below, below_rung=rung - 1 or None, below_end="higher" if below else None, reason="難しい", end=end,
                opened_on=self.now.date(), opened_at=self.now, opened_body_id=self.body(), ended_on=self.now.date() if end else None, ended_at=self.now if end else None,
            )  # fmt: skip
        asked = m.Opening.objects.create(case=case, body_id=self.body(), kind="outside", name="隣", organisation="となり", email="tonari@outside.example",
                                         classes=["summary"], asked_at=self.now, asked_by=Person.objects.first())  # fmt: skip
        m.OutsideRequest.objects.create(
            case=case, escalation=below, opening=asked, network="kaze", network_name="風", member="tonari", member_name="となり", ask="測る",
            asked_on=self.now.date(), asked_body_id=self.body(), due_on=self.now.date(),
        )  # fmt: skip
        route = m.Route.objects.create(case=case, version=2, made_at=self.now)
        for number in (1, 2):
            version = m.RouteVersion.objects.create(route=route, number=number, did="made", made_at=self.now, made_body_id=self.body())
            m.RouteStep.objects.create(version=version, order=1, need=need, service_id="tech-consultation", body_id=self.body())
            if self.chance.random() < 0.5:
                sending = m.RouteSending.objects.create(route=route, version=version, number=number, sent_at=self.now, sent_body_id=self.body())
                m.RouteSentStep.objects.create(sending=sending, order=1, need=need, service_id="tech-consultation", body_id=self.body())
                m.RouteAnswer.objects.create(sending=sending, agrees=True, answered_at=self.now)

    def other(self, case: m.Case, supports: list[m.Support]) -> None:
        giver, taker = self.chance.sample(BODIES, 2)
        m.Handover.objects.create(case=case, from_body_id=giver, to_body_id=taker, offered_at=self.past(),
                                  state=self.chance.choice(["offered", "accepted", "declined", "recalled"]),
                                  due_on=clock.today(), answered_at=self.now)
        m.Incident.objects.create(case=case, support=supports[0], body_id=supports[0].body_id, was_opened=True,
                                  reason="まちがい", opened_at=self.now, opened_by=self.world.people[DESK])
        move = m.Move.objects.create(body_id=giver, person=self.world.people[giver], opened_at=self.now,
                                     on=clock.today() + dt.timedelta(days=self.cases.index(case)))
        m.MovePack.objects.create(move=move, case=case, body_id=giver, from_person=self.world.people[giver], to_body_id=taker)
        m.ConsentRequest.objects.create(case=case, body_id=self.body(), classes=["summary"], asked_by_body_id=DESK,
                                        asked_at=self.now)
        for subject in [case, *supports]:
            m.Transition.objects.create(case=case, subject_kind="x", subject=subject.pk, verb="offered",
                                        body=self.body(), about_body=self.body(), happened_on=clock.today(),
                                        recorded_at=self.now, actor_kind="staff")
        root = self.chance.choice(self.cases)
        if root != case:
            m.Regrouping.objects.create(kind="merge", case=case, root=root, done_at=self.now)

    def make_links(self, case: m.Case, supports: list[m.Support]) -> None:
        for support in supports:
            self.link("offer", case, subject=support.pk, body=support.body_id, classes=support.classes)
        self.link("status", case, subject=case.pk, company=case.company_id)
        asked = m.ConsentRequest.objects.filter(case=case).first()
        self.link("consent", case, subject=asked.pk if asked else None)
        after = m.FollowUp.objects.create(case=case, months=6, due_on=clock.today(), planned_at=self.now, asked_at=self.now, asked_how="mail")
        m.FollowUp.objects.create(case=case, months=12, due_on=clock.today(), planned_at=self.now)
        self.link("follow", case, subject=after.pk)

    def link(self, purpose: str, case: m.Case, **more: Any) -> None:
        self.links.append(Link.objects.create(
            purpose=purpose, case=case.pk, token_hash=uuid.uuid4().hex, made_at=self.past(),
            expires_at=self.now + dt.timedelta(days=self.chance.choice([9, 9, 9, -1])),
            closed_at=_maybe(self.chance, self.now, 0.2), **more,
        ))  # fmt: skip

    def partners_of(self, case: m.Case) -> list[tuple[str, Actor]]:
        """A partner inside and one outside a body, in any state, with a link that lives or not."""
        made = []
        for kind in ("inside", "outside"):
            given = _maybe(self.chance, self.past(), 0.8)
            opening = m.Opening.objects.create(
                case=case, body_id=self.body(), kind=kind, name="研究者", organisation="大学", email=f"{kind}@daigaku.example",
                classes=["summary", *([k] if (k := self.klass()) != "summary" else [])], asked_at=self.past(),
                asked_by=self.world.people[DESK], given_at=given, accepted_at=_maybe(self.chance, self.past(), 0.8),
                ended_at=_maybe(self.chance, self.now, 0.2),
                until=_maybe(self.chance, clock.today() + dt.timedelta(days=self.chance.choice([-1, 0, 5])), 0.4),
            )  # fmt: skip
            m.PartnerNote.objects.create(opening=opening, text="相談", from_partner=True, author_name="研究者", written_at=self.now)
            self.link("partner", case, subject=opening.pk)
            made.append((f"partner {kind}", Actor(ActorKind.PARTNER, link=self.links.pop().pk)))
        return made

    def firm_people(self) -> list[tuple[str, Actor]]:
        """Four people with accounts of none to three firms, some of them ended, one of them of somebody who is barred."""
        made = []
        for number in range(4):
            barred = number == 3
            person = Person.objects.create_user(f"firm-{number}@people.example", name=f"会社の人{number}")
            for firm in self.chance.sample(self.companies, min(number, 2) + int(barred)):
                CompanyAccess.objects.create(
                    company=firm, person=person, role=self.chance.choice(["admin", "member"]), since=self.past(),
                    ended_at=_maybe(self.chance, self.now, 0.3),
                )  # fmt: skip
            Person.objects.filter(pk=person.pk).update(is_active=not barred)
            made.append((f"firm person {number}", company_person(person.pk)))
        for firm in self.companies:
            CompanyInvitation.objects.create(company=firm, email="a@b.example", role="member", invited_at=self.now,
                                             expires_at=self.now)
        return made

    @cached_property
    def actors(self) -> list[tuple[str, Actor]]:
        people = [(body, self.world.actor(body)) for body in BODIES]
        links = [(f"{link.purpose} link", link_holder(link.pk, body=link.body or None)) for link in self.chance.sample(self.links, 20)]
        return [*people, *links, *self.people, *self.partners, ("guest", GUEST), ("unknown link", link_holder(uuid.uuid4()))]


def seen_by_code(table: type[models.Model], actor: Actor) -> set[Any]:
    rows = list(table._default_manager.visible_to(actor).values_list("pk", flat=True))  # type: ignore[attr-defined]
    assert len(rows) == len(set(rows)), f"{table.__name__}: rows twice"
    return set(rows)


@pytest.mark.covers("C31")
@pytest.mark.parametrize("seed", range(3))
def test_code_and_database_agree_on_random_worlds(committed_world: World, login: Any, seed: int) -> None:
    made = Random(committed_world, seed)
    by_code = {}
    for i, (_name, actor) in enumerate(made.actors):
        with remembering():  # as in one page: what an actor may see of cases is asked once
            by_code.update({(i, table.__name__): seen_by_code(table, actor) for table in TABLES})
    wrong, seen = [], 0
    with login("web"):
        for i, (name, actor) in enumerate(made.actors):
            with acting(actor):
                for table in TABLES:
                    rows = set(table._default_manager.values_list("pk", flat=True))
                    expected = by_code[i, table.__name__]
                    seen += len(rows)
                    if rows != expected:
                        wrong.append(f"{name}: {table.__name__} code only {len(expected - rows)}, "
                                     f"database only {len(rows - expected)}")  # fmt: skip
    assert wrong == [], "\n".join(wrong)
    assert seen > 300


@pytest.mark.parametrize("seed", range(3))
def test_asked_about_cases_one_sees_the_answer_is_the_same(committed_world: World, seed: int) -> None:
    """``visible_to(actor, cases)`` spares what the cases say already; without policies beneath it, it must leave out as much itself."""
    made = Random(committed_world, seed)
    tables: list[Any] = [m.Passage, m.Contact, m.Message, m.Attachment, m.Consultation]
    for name, actor in made.actors:
        cases = list(m.Case.objects.visible_to(actor))
        for asked in [cases, *([one] for one in cases if actor.is_staff)]:
            for table in tables:
                rows = set(table.objects.visible_to(actor, asked).values_list("pk", flat=True))
                assert rows == set(table.objects.visible_to(actor).filter(case__in=asked).values_list("pk", flat=True)), (name, table)


def test_system_is_believed_from_the_worker_only(committed_world: World, login: Any) -> None:
    Random(committed_world, 1)
    counts = {table.__name__: table._default_manager.count() for table in TABLES}
    with login("web"), acting(SYSTEM):
        assert {table.__name__: table._default_manager.count() for table in TABLES} == dict.fromkeys(counts, 0)
    with login("worker"), acting(SYSTEM):
        assert {table.__name__: table._default_manager.count() for table in TABLES} == counts
    assert min(counts.values()) > 0


@pytest.mark.parametrize("stranger", [CENTER, BANK])
def test_strangers_cannot_write_into_a_case(committed_world: World, login: Any, stranger: str) -> None:
    support = offered(committed_world)
    case, need, now = support.case, support.need, clock.now()
    actor = committed_world.actor(stranger)
    births = [
        lambda: m.Need.objects.create(case=case, title="x", stage_id="3", added_at=now),
        lambda: m.Passage.objects.create(case=case, klass="summary", text="x", author_body_id=stranger, written_at=now),
        lambda: m.Support.objects.create(case=case, need=need, service_id="loan", body_id=stranger,
                                         asked_by_body_id=stranger, made_at=now),
        lambda: m.Consent.objects.create(case=case, body_id=stranger, klass="technical", how="link", given_at=now),
        lambda: m.Contact.objects.create(case=case, channel="phone", text="x", author_body_id=stranger,
                                         author=committed_world.people[stranger], happened_at=now, recorded_at=now),
        lambda: m.Message.objects.create(case=case, text="x", from_company=False, author_body_id=stranger, sent_at=now),
        lambda: m.Attachment.objects.create(case=case, name="x", media_type="x", size=1, sha256="0", added_at=now),
        lambda: m.Handover.objects.create(case=case, from_body_id=DESK, to_body_id=stranger, offered_at=now,
                                          due_on=clock.today()),
        lambda: m.Incident.objects.create(case=case, support=support, body_id=stranger, was_opened=False, reason="x",
                                          opened_at=now, opened_by=committed_world.people[stranger]),
        lambda: m.Consultation.objects.create(case=case, number="x", channel="web", received_by_id=DESK, text="x",
                                              consulted_at=now, recorded_at=now),
        lambda: m.log_step(case, m.Verb.OFFERED, by=actor),
    ]  # fmt: skip
    with login("web"):
        for birth in births:
            with pytest.raises(DatabaseError, match="row-level security"), acting(actor):
                birth()
        with acting(actor):
            for table in (m.Case, m.Need, m.Support, m.Consent, m.Passage):
                assert table._default_manager.update(id=models.F("id")) == 0
    assert m.Need.objects.count() == 1


def test_nobody_deletes_and_the_record_never_changes(committed_world: World, login: Any) -> None:
    support = offered(committed_world)
    assert m.Transition.objects.exists()
    for part, actor in (("web", committed_world.desk), ("worker", SYSTEM)):
        with login(part):
            for statement in ("DELETE FROM cases_case", "DELETE FROM cases_support", "DELETE FROM cases_consent",
                              "UPDATE cases_transition SET verb = 'done'", "DELETE FROM cases_transition",
                              "TRUNCATE cases_contact", "SELECT * FROM audit_event"):
                with pytest.raises(DatabaseError, match="permission denied"), acting(actor), connection.cursor() as cursor:
                    cursor.execute(statement)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        m.Transition.objects.update(verb="done")
    assert fresh(support)


class TestDefinerFunctions:
    """The functions that look past a body's own sight check who calls."""

    def test_strangers_and_guests_are_refused(self, committed_world: World, login: Any) -> None:
        support = offered(committed_world)
        calls = [
            ("SELECT case_tell_company(%s, 'x', 'x', now())", [support.case_id]),
            ("SELECT case_meet_company(%s, %s, current_date)", [support.case_id, BANK]),
            ("SELECT case_close_offer(%s, now(), NULL)", [support.pk]),
        ]
        other = offered(committed_world)
        link = Link.objects.get(purpose="offer", subject=other.pk)
        for actor in (committed_world.bank, GUEST, link_holder(link.pk, body=LAB), SYSTEM):
            for statement, values in calls:
                with login("web"), pytest.raises(DatabaseError, match="of the"), acting(actor), connection.cursor() as c:
                    c.execute(statement, values)
        with login("web"), acting(committed_world.lab), connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM case_reads(%s)", [support.pk])
            assert cursor.fetchone() == (0,)
        assert fresh(Link.objects.get(subject=support.pk, purpose="offer")).closed_at is None

    def test_asked_body_never_reads_the_firms_address(self, committed_world: World, login: Any) -> None:
        support = offered(committed_world)
        with login("web"):
            with acting(committed_world.lab):
                accept(support, by=committed_world.lab)
            with acting(committed_world.lab), connection.cursor() as cursor:
                cursor.execute('SELECT count(*) FROM post_mail WHERE "to" = %s', ["saito@kitsunebi.example"])
                assert cursor.fetchone() == (0,)
        with connection.cursor() as cursor:
            cursor.execute('SELECT count(*) FROM post_mail WHERE "to" = %s', ["saito@kitsunebi.example"])
            assert cursor.fetchone() == (2,)


class TestUnderTheRealLogin:
    """The main acts as people run them: with the database's policies on."""

    def test_link_answers_once_and_dies(self, committed_world: World, login: Any) -> None:
        support = offered(committed_world, takes_over=True, classes=["technical"])
        token = token_of(support)
        with login("web"):
            with acting(GUEST):
                link = open_link(token)
            assert link is not None
            actor = link_holder(link.id, body=link.body)
            with acting(actor):
                assert [one.pk for one in m.Support.objects.all()] == [support.pk]
                accept(m.Support.objects.get(), by=actor, answered_by="江澤")
            with acting(actor):
                assert not m.Case.objects.exists()
                assert not m.Support.objects.exists()
            with acting(GUEST):
                assert open_link(token) is None
        assert (fresh(support).state, fresh(support.case).holder_id) == ("accepted", LAB)

    def test_consent_withdrawal_acts_at_the_next_request(self, committed_world: World, login: Any) -> None:
        support = offered(committed_world)
        with login("web"):
            with acting(committed_world.lab):
                assert [one.text for one in m.Passage.objects.all()] == ["設備で測れるようにしてほしい"]
            with acting(committed_world.desk):
                m.Consent.objects.update(withdrawn_at=clock.now(), withdrawn_how="oral")
            with acting(committed_world.lab):
                assert not m.Passage.objects.exists()
                assert not m.Case.objects.exists()
                with pytest.raises(Refused) as refusal:
                    accept(support, by=committed_world.lab)
        assert refusal.value.code == "no_consent"
        assert fresh(support).state == "offered"

    def test_every_act_of_a_body_and_of_the_desk(self, committed_world: World, login: Any) -> None:
        world = committed_world
        lab, desk, center = world.lab, world.desk, world.center
        firm = Company.objects.create(name="狐火", entered_by_id=DESK, entered_at=clock.now())
        first = offered(world, service="tech-consultation", takes_over=True)
        m.Case.objects.update(company=firm)
        with login("web"):
            def act(actor: Actor, deed: Any) -> Any:
                with acting(actor):
                    return deed()

            act(lab, lambda: ask(first, by=lab, question="？"))
            act(desk, lambda: answer_question(first, by=desk, text="！"))
            act(lab, lambda: pass_on(first, by=lab, person=lab.person))
            act(desk, lambda: record_answer(first, by=desk, answer="accept", answered_by="小出"))
            act(lab, lambda: correct_answer(first, by=lab, answer="decline", reason="busy"))
            second = act(desk, lambda: offer_next(fresh(first), by=desk, body=CENTER))
            act(desk, lambda: recall(second, by=desk))
            third = act(desk, lambda: offer_next(fresh(first), by=desk, body=CENTER))
        m.Support.objects.filter(pk=third.pk).update(leaves_at=clock.now() - dt.timedelta(minutes=1))
        with login("web"):
            act(center, lambda: accept(third, by=center))
            assert act(center, lambda: list(Company.objects.all())) == [firm]
            act(center, lambda: start_work(third, by=center))
            act(center, lambda: finish_support(third, by=center, text="おわり"))
        fourth = offered(world)
        with login("web"):
            act(lab, lambda: decline(fourth, by=lab, reason="busy"))
            fifth = act(desk, lambda: offer_next(fresh(fourth), by=desk, body=LAB))
            act(desk, lambda: withdraw_support(fifth, by=desk, reason="やめた"))
        assert fresh(third.case).holder_id == CENTER
        assert sorted(m.Support.objects.values_list("state", flat=True)) == [
            "declined", "declined", "done", "recalled", "withdrawn"]


@pytest.mark.django_db
def test_row_level_security_is_forced_everywhere() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relname LIKE 'cases\\_%%' AND relkind = 'r'"
                       " AND NOT (relrowsecurity AND relforcerowsecurity)", [])
        assert {name for (name,) in cursor.fetchall()} == {"cases_register"}
