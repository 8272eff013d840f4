"""Nothing a body can read of an inquiry leads to the case; and no sequence of deeds shows a body more than was given (P2)."""

from __future__ import annotations

import datetime as dt
import json
import random
import re
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.db import DatabaseError, connection

from renkei.base import clock
from renkei.base.actor import SYSTEM, Actor, link_holder
from renkei.base.context import acting
from renkei.base.refusal import Refused
from renkei.cases import models as m
from renkei.cases.actions.circulation import circulate, end_circulation
from renkei.cases.actions.consents import give_consent, withdraw_consent
from renkei.cases.actions.disclosable import confirm_public, write_public
from renkei.cases.actions.inquiries import ask_about, show_interest, show_no_interest
from renkei.cases.actions.matching import ask_firm, offer_to
from renkei.cases.actions.merging import merge_cases
from renkei.cases.actions.ndas import end_nda, keep_for_secrecy, record_nda
from renkei.cases.jobs import run_clocks
from renkei.plan.models import Body
from renkei.post.models import Link
from tests.cases.making import arrived, company, fresh, leave, need_of
from tests.world import BANK, CENTER, DESK, LAB, World

TITLE, SUMMARY = "薄い板の反りを測りたい", "部品の反りを0.1ミリまで測れるところを探している。"


def words_for(actor: Actor) -> list[dict[str, Any]]:
    """Every column of every row of every protected table that the actor's login shows it, firms' own rows apart."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
                       " WHERE n.nspname = 'public' AND c.relkind = 'r' AND c.relrowsecurity ORDER BY 1")
        tables = [name for (name,) in cursor.fetchall()]
    found = []
    with acting(actor), connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f'SELECT to_jsonb(t)::text FROM "{table}" t')
            found += [{"table": table, "row": json.loads(row)} for (row,) in cursor.fetchall()]
    return found


class TestNothingLeads:
    @pytest.mark.covers("C46")
    @pytest.mark.parametrize("seed", range(2))
    def test_no_row_a_body_reads_names_case_firm_holder_or_hour(self, committed_world: World, login: Any, seed: int) -> None:
        chance, world = random.Random(seed), committed_world  # noqa: S311  a test's dice
        firm = company(name="株式会社狐火エレクトロ", municipality_id="999016", phone="0471-00-0001")
        case = arrived(world, company=firm, company_given="").case
        holder = chance.choice([DESK, LAB])
        m.Case.objects.filter(pk=case.pk).update(holder_id=holder, next_body_id=holder)
        need = write_public(need_of(case, world), title=TITLE, summary=SUMMARY, by=world.actor(holder) if holder != DESK else world.desk, seen=True)
        with login("web"), acting(world.actor(holder)):
            sent = circulate(need, by=world.actor(holder), place="", sure=True)
        with login("worker"):
            run_clocks()
        asked = m.Asked.objects.get(inquiry=sent.inquiry_id, body_id=CENTER)
        with login("web"):
            with acting(world.center):
                ask_about(m.Asked.objects.get(), by=world.center, question="大きさは。")
            rows = words_for(world.center)
        assert {row["table"] for row in rows} == {"cases_inquiry", "cases_asked", "post_mail"}
        text = str(rows)
        people = [str(world.people[body].pk) for body in (DESK, LAB)]
        secrets = [str(case.pk), str(need.pk), str(sent.pk), str(firm.pk), case.number, case.title, case.summary, firm.name, "狐火",
                   "0471", *people, DESK, LAB, str(m.Match.objects.get(body_id=CENTER).pk)]  # fmt: skip
        assert [one for one in secrets if one and one in text] == []
        assert str(asked.pk) in text  # there is something to read
        told = [row["row"] for row in rows if row["table"] != "post_mail"]
        own = {"answered_at"}  # its own answer's hour
        hours = [(key, value) for row in told for key, value in row.items()
                 if key not in own and re.match(r"\d{4}-\d\d-\d\dT", str(value))]  # fmt: skip
        assert hours == []

    def test_two_firms_cases_look_alike(self, committed_world: World, login: Any) -> None:
        """The same words from another firm, holder and case give the same rows: there is nothing to tell them by."""
        world, seen = committed_world, []
        for number in range(2):
            case = arrived(world, company_given=f"別の会社{number}").case
            need = write_public(need_of(case, world, title=f"課題{number}"), title=TITLE, summary=SUMMARY, by=world.desk, seen=True)
            sent = circulate(need, by=world.desk, place="", sure=True)
            with login("web"), acting(world.center):
                inquiry = m.Inquiry.objects.values().get(pk=sent.inquiry_id)
                own = m.Asked.objects.values().get(inquiry=sent.inquiry_id)
            assert inquiry.pop("id") != own.pop("id")
            own.pop("inquiry_id")
            seen.append((inquiry, own))
        assert seen[0] == seen[1]

    def test_the_order_is_that_of_days_and_words(self, committed_world: World) -> None:
        for title in ("い", "あ", "う"):
            m.Inquiry.objects.create(title=title, summary="x", firm_words="x", stage_id="3", sent_on=clock.today(), due_on=clock.today())
        assert [one.title for one in m.Inquiry.objects.all()] == ["あ", "い", "う"]

    def test_strangers_cannot_write(self, committed_world: World, login: Any) -> None:
        world = committed_world
        case = arrived(world).case
        need = write_public(need_of(case, world), title=TITLE, summary=SUMMARY, by=world.desk, seen=True)
        sent = circulate(need, by=world.desk, place="", bodies=[LAB], sure=True)
        bank, now = world.bank, clock.now()
        births = [
            lambda: m.Asked.objects.create(inquiry_id=sent.inquiry_id, body_id=BANK),
            lambda: m.Circulation.objects.create(inquiry_id=sent.inquiry_id, case=case, need=need, firms_known=1, sent_at=now, sent_by_body_id=BANK),
            lambda: m.Match.objects.create(case=case, need=need, body_id=BANK, added_at=now),
            lambda: m.Nda.objects.create(case=case, body_id=BANK, signed_on=clock.today(), known="paper", recorded_by_body_id=BANK, recorded_at=now),
        ]  # fmt: skip
        with login("web"):
            for birth in births:
                with pytest.raises(DatabaseError, match="row-level security"), acting(bank):
                    birth()
            with acting(world.lab):
                assert m.Inquiry.objects.update(summary="別の文") == 0
                assert (m.Asked.objects.count(), m.Inquiry.objects.count()) == (1, 1)
            with acting(bank):
                assert (m.Asked.objects.count(), m.Inquiry.objects.count(), m.Match.objects.count(), m.Nda.objects.count()) == (0, 0, 0, 0)

    def test_the_whole_way_under_the_real_logins(self, committed_world: World, login: Any) -> None:
        world = committed_world
        case = arrived(world).case
        need = need_of(case, world)
        firm = link_holder(Link.objects.get(purpose="status", case=case.pk).pk)
        with login("web"):
            with acting(world.desk):
                write_public(need, title=TITLE, summary=SUMMARY, by=world.desk)
            with acting(firm):
                confirm_public(m.Need.objects.get(pk=need.pk), by=firm, title=TITLE, summary=SUMMARY)
            with acting(world.desk):
                circulate(fresh(need), by=world.desk, place="", sure=True)
            with acting(world.lab):
                show_interest(m.Asked.objects.get(), by=world.lab, offer="測れる")
        with login("worker"):
            assert run_clocks().inquired == 3
        with login("web"):
            with acting(world.desk):
                ask_firm(m.Match.objects.get(body_id=LAB), by=world.desk, classes=["technical"])
            with acting(firm):
                for klass in ("summary", "technical"):
                    give_consent(m.Case.objects.get(), body=Body.objects.get(pk=LAB), klass=klass, by=firm, how="link")
            with acting(world.desk):
                offer_to(m.Match.objects.get(body_id=LAB), by=world.desk, service="equipment-tests", ask="測ってほしい")
        leave(*m.Support.objects.all())
        with login("web"), acting(world.lab):
            assert m.Case.objects.get().pk == case.pk
            assert not m.Match.objects.exists()


@dataclass
class Given:
    """What the firm has given one body, kept apart from the code under test."""

    classes: set[str] = field(default_factory=set)
    asked: bool = False
    promised: bool = False
    inquired: bool = False


class Walk:
    """A random life of one case, held by the desk, with what may be seen kept in plain sets."""

    def __init__(self, world: World, seed: int) -> None:
        self.world, self.chance = world, random.Random(seed)  # noqa: S311  a test's dice
        self.firm_row = company()
        self.case = arrived(world, company=self.firm_row, company_given="", standing_classes=[]).case
        self.need = write_public(need_of(self.case, world), title=TITLE, summary=SUMMARY, by=world.desk, seen=True)
        self.firm = link_holder(Link.objects.get(purpose="status", case=self.case.pk).pk)
        now = clock.now()
        self.kept = {klass: m.Passage.objects.create(case=self.case, klass=klass, text=f"秘{klass}", needs_nda=True, written_at=now)
                     for klass in ("technical", "financial")}  # fmt: skip
        self.plain = {klass: m.Passage.objects.create(case=self.case, klass=klass, text=klass, written_at=now)
                      for klass in ("technical", "financial")}  # fmt: skip
        self.given = {body: Given() for body in (LAB, CENTER, BANK)}
        self.free: set[str] = set()  # classes whose kept text the firm shows without a promise

    def step(self) -> str:
        name = self.chance.choice(["circulate", "end", "interest", "give", "give", "take", "offer", "offer", "promise", "break", "run_out", "keep"])
        body = self.chance.choice(list(self.given))
        try:
            with acting(self.world.desk):
                getattr(self, name)(body, self.given[body])
        except Refused as refusal:
            return f"{name} {body}: {refusal.code}"
        return f"{name} {body}"

    def circulate(self, _body: str, _given: Given) -> None:
        circulate(fresh(self.need), by=self.world.desk, place="", sure=True)
        for one in self.given.values():
            one.inquired = True

    def end(self, _body: str, _given: Given) -> None:
        for sent in m.Circulation.objects.filter(ended_at__isnull=True):
            end_circulation(sent, by=self.world.desk)
        for one in self.given.values():
            one.inquired = False

    def interest(self, body: str, _given: Given) -> None:
        asked = m.Asked.objects.filter(body_id=body, inquiry__ended_at__isnull=True).first()
        if asked is not None:
            by = self.world.actor(body)
            self.chance.choice([lambda: show_interest(asked, by=by, offer="できる"), lambda: show_no_interest(asked, by=by, reason="busy"),
                                lambda: ask_about(asked, by=by, question="？")])()  # fmt: skip

    def give(self, body: str, given: Given) -> None:
        klass = self.chance.choice(["summary", "summary", "technical", "financial"])
        give_consent(self.case, body=Body.objects.get(pk=body), klass=klass, by=self.world.desk, how="oral", given_by="齋藤")
        given.classes.add(klass)

    def take(self, body: str, given: Given) -> None:
        for consent in m.Consent.objects.live().filter(case=self.case, body_id=body, klass=self.chance.choice(["summary", "technical", "financial"])):
            withdraw_consent(consent, by=self.world.desk, how="oral")
            given.classes.discard(consent.klass)

    def offer(self, body: str, given: Given) -> None:
        match = m.Match.objects.filter(need=self.need, body_id=body).first()
        service = {LAB: "equipment-tests", CENTER: "rd-subsidy", BANK: "loan"}[body]
        if match is not None:
            leave(offer_to(match, by=self.world.desk, service=service, ask="頼む"))
            given.asked = True

    def promise(self, body: str, given: Given) -> None:
        record_nda(self.case, by=self.world.desk, body=Body.objects.get(pk=body), signed_on=clock.today(), known="paper")
        given.promised = True

    def run_out(self, body: str, given: Given) -> None:
        yesterday = clock.today() - dt.timedelta(days=1)
        m.Nda.objects.filter(body_id=body, ended_on__isnull=True).update(signed_on=yesterday, until=yesterday)
        given.promised = False

    def keep(self, _body: str, _given: Given) -> None:
        klass = self.chance.choice(["technical", "financial"])
        needs = self.chance.random() < 0.5
        keep_for_secrecy(self.kept[klass], by=self.world.desk, needs_nda=needs)
        self.free = self.free - {klass} if needs else self.free | {klass}

    def may_read(self, body: str) -> set[str]:
        given = self.given[body]
        if not (given.asked and "summary" in given.classes):
            return set()
        texts = {f"秘{klass}" for klass in self.kept if klass in given.classes and (given.promised or klass in self.free)}
        return texts | {klass for klass in self.plain if klass in given.classes}

    def may_know(self, body: str) -> tuple[bool, bool]:
        given = self.given[body]
        return given.asked and "summary" in given.classes, given.inquired


def _break(self: Walk, body: str, given: Given) -> None:
    for nda in m.Nda.objects.filter(body_id=body, ended_on__isnull=True):
        end_nda(nda, by=self.world.desk)
    given.promised = False


setattr(Walk, "break", _break)


@pytest.mark.covers("C31", "C46")
@pytest.mark.parametrize("seed", range(4))
def test_no_sequence_shows_a_body_more_than_was_given(committed_world: World, login: Any, seed: int) -> None:
    walk = Walk(committed_world, seed)
    told, read = [], 0
    for turn in range(40):
        told.append(walk.step())
        if turn == 30:
            keeper = arrived(committed_world, company=walk.firm_row, company_given="").case
            try:
                merge_cases(keeper, fresh(walk.case), by=committed_world.desk)
            except Refused:
                told.append("merge refused")
            else:
                walk.case, walk.need = fresh(walk.case), fresh(walk.need)
                told.append("merged")
                break
        seen = {}
        with login("web"):
            for body in walk.given:
                with acting(committed_world.actor(body)):
                    texts = set(m.Passage.objects.filter(support__isnull=True).values_list("text", flat=True))
                    seen[body] = texts, (m.Case.objects.exists(), m.Inquiry.objects.exists())
                    assert not m.Match.objects.exists()
                    assert not m.Circulation.objects.exists()
        for body, (texts, knows) in seen.items():
            assert texts == walk.may_read(body), (body, told)
            assert knows == walk.may_know(body), (body, told)
            read += len(texts)
    assert {line.split(" ")[0] for line in told} >= {"circulate", "give", "take", "offer", "promise"}


def test_after_merging_nobody_reads_more(committed_world: World, login: Any) -> None:
    """A promise and consents of the case that is merged away open nothing of the survivor."""
    world = committed_world
    walk = Walk(world, 0)
    with acting(world.desk):
        walk.promise(LAB, walk.given[LAB])
        for klass in ("summary", "technical", "financial"):
            give_consent(walk.case, body=Body.objects.get(pk=LAB), klass=klass, by=world.desk, how="oral", given_by="齋藤")
        keeper = arrived(world, company=walk.firm_row, company_given="").case
        m.Passage.objects.create(case=keeper, klass="technical", text="残る案件の技術", written_at=clock.now())
        walk.circulate(LAB, walk.given[LAB])
        merge_cases(keeper, fresh(walk.case), by=world.desk)
    with login("web"), acting(world.lab):
        assert not m.Passage.objects.exists()
        assert not m.Case.objects.exists()
        assert m.Inquiry.objects.count() == 1  # what is asked without a name goes on, as little as before


@pytest.mark.covers("C31")
def test_a_bank_reads_no_secret_of_research(committed_world: World, login: Any) -> None:
    """Consented cases only; technical texts neither by the general consent nor with a promise of secrecy alone."""
    world = committed_world
    case = arrived(world).case
    need = need_of(case, world, stage="2")
    m.Passage.objects.create(case=case, klass="technical", text="配合", needs_nda=True, written_at=clock.now())
    m.Attachment.objects.create(case=case, klass="technical", name="配合.txt", media_type="text/plain", size=1, sha256="0" * 64, added_at=clock.now())
    write_public(need, title=TITLE, summary=SUMMARY, by=world.desk, seen=True)
    circulate(fresh(need), by=world.desk, place="", sure=True)
    record_nda(case, by=world.desk, body=Body.objects.get(pk=BANK), signed_on=clock.today(), known="paper")
    give_consent(case, body=Body.objects.get(pk=BANK), klass="summary", by=world.desk, how="oral", given_by="齋藤")
    leave(offer_to(m.Match.objects.get(body_id=BANK), by=world.desk, service="loan", ask="つなぎの相談"))
    other = arrived(world, company_given="別の会社").case
    with login("web"), acting(world.bank):
        assert [one.pk for one in m.Case.objects.all()] == [case.pk]
        assert not m.Passage.objects.filter(klass="technical").exists()
        assert not m.Attachment.objects.exists()
        assert not m.Consultation.objects.exists()
    assert other.pk != case.pk


def test_system_alone_runs_the_clock(committed_world: World, login: Any) -> None:
    world = committed_world
    need = write_public(need_of(arrived(world).case, world), title=TITLE, summary=SUMMARY, by=world.desk, seen=True)
    circulate(need, by=world.desk, place="", sure=True)
    with login("web"), acting(SYSTEM):
        assert not m.Asked.objects.exists()
    with login("worker"), acting(SYSTEM):
        assert m.Asked.objects.count() == 3
