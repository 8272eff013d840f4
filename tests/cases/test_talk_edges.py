"""What is said from day to day, at its edges: days and lengths, whose record it is, which step the case keeps."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import transaction

from renkei.base import clock
from renkei.base.actor import GUEST, SYSTEM, Actor
from renkei.base.refusal import Refused
from renkei.cases.actions.answers import accept, decline
from renkei.cases.actions.consents import withdraw_consent
from renkei.cases.actions.holding import set_next_step
from renkei.cases.actions.talk import MOST_CHARACTERS, add_file, company_writes, log_contact, write_to_company
from renkei.cases.models import Attachment, Case, Consent, Contact, Message, Transition
from renkei.cases.queries.files import open_file
from renkei.cases.steps import NextStep
from renkei.plan.models import PlanVersion
from tests.cases.linking import firm, web
from tests.cases.making import NOON, arrived, events, fresh, mails, offered, refuses, steps
from tests.world import CENTER, CONTENT, DESK, LAB, World

PDF = b"%PDF-1.7\n" + b"0" * 100
MINUTE = dt.timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _noon(tmp_path: Any, settings: Any) -> Any:
    settings.MEDIA_ROOT = tmp_path
    with clock.moved_to(NOON):
        yield


@pytest.fixture
def case(world: World) -> Case:
    return arrived(world).case


def log(case: Case, by: Actor, **more: Any) -> Contact:
    return log_contact(fresh(case), **{"by": by, "channel": "phone", "text": "話", **more})


class TestMoment:
    @pytest.mark.parametrize(
        ("moment", "code"),
        [
            (NOON, None),
            (NOON + MINUTE, None),  # two clocks in one office
            (NOON + MINUTE + dt.timedelta(seconds=1), "future"),
            (clock.at(dt.date(2025, 11, 24), 0), None),
            (clock.at(dt.date(2025, 11, 23), 23, 59), "before_case"),
            (clock.at(dt.date(1926, 11, 25)), "before_case"),
            (clock.at(dt.date(2062, 11, 25)), "future"),
        ],
    )
    def test_it_lies_between_a_year_before_the_case_and_now(
        self, world: World, case: Case, moment: dt.datetime, code: str | None
    ) -> None:
        if code:
            with refuses(code, "happened_at"):
                log(case, world.desk, happened_at=moment)
            assert not Contact.objects.exists()
        else:
            contact = log(case, world.desk, happened_at=moment)
            assert (contact.happened_at, contact.recorded_at) == (moment, max(moment, NOON))

    def test_the_step_stands_on_the_day_of_tokyo(self, world: World, case: Case) -> None:
        log(case, world.desk, happened_at=clock.at(dt.date(2026, 11, 25), 0, 30))  # the 24th in London
        assert Transition.objects.get(verb="contact").happened_on == dt.date(2026, 11, 25)


class TestWords:
    @pytest.mark.parametrize("act", ["contact", "to the firm", "from the firm"])
    def test_four_thousand_characters_fit_and_one_more_does_not(self, world: World, case: Case, act: str) -> None:
        acts = {
            "contact": lambda text: log(case, world.desk, text=text),
            "to the firm": lambda text: write_to_company(fresh(case), by=world.desk, text=text),
            "from the firm": lambda text: company_writes(fresh(case), by=firm(case), text=text),
        }
        with refuses("too_long", "text"):
            acts[act]("あ" * (MOST_CHARACTERS + 1))
        assert (Message.objects.count(), Contact.objects.count()) == (0, 0)
        assert len(acts[act]("あ" * MOST_CHARACTERS).text) == MOST_CHARACTERS

    @pytest.mark.parametrize("text", ["", " \u3000\r\n", "\x00\u200b\u202e"])
    def test_nothing_visible_is_nothing_said(self, world: World, case: Case, text: str) -> None:
        for act in (lambda: log(case, world.desk, text=text), lambda: log(case, world.desk, text=text, outcome="talked"),
                    lambda: write_to_company(fresh(case), by=world.desk, text=text),
                    lambda: company_writes(fresh(case), by=firm(case), text=text)):
            with refuses("text_empty", "text"):
                act()
        assert log(case, world.desk, text=text, outcome="absent").text == "不在でした。"

    def test_hostile_words_are_kept_as_words(self, world: World, case: Case) -> None:
        evil = "<script>𠮷\u202e\x00</script>\r\n'; DROP TABLE cases_case; --"
        kept = "<script>𠮷</script>\n'; DROP TABLE cases_case; --"
        assert (log(case, world.desk, text=evil).text, company_writes(fresh(case), by=firm(case), text=evil).text) == (kept, kept)

    def test_channels_and_outcomes_are_the_plans(self, world: World, case: Case) -> None:
        words = {**CONTENT["vocabularies"], "channels": [{"code": "chat", "name": "チャット"}], "contact_outcomes": []}
        PlanVersion.objects.create(plan=world.plan, number=2, content={**CONTENT, "vocabularies": words}, published_at=NOON)
        assert log(case, world.desk, channel="chat").channel == "chat"
        with refuses("unknown_channel", "channel"):
            log(case, world.desk)
        with refuses("unknown_outcome", "outcome"):
            log(case, world.desk, channel="chat", outcome="talked")


class TestWhose:
    def test_a_correction_can_be_corrected_and_each_stays(self, world: World, case: Case) -> None:
        chain = [log(case, world.desk, text="20日")]
        for text in ("26日", "27日"):
            chain.append(log(case, world.desk, text=text, corrects=chain[-1]))
        assert [one.corrects for one in chain] == [None, *chain[:2]]
        assert sorted(Contact.objects.values_list("text", flat=True)) == ["20日", "26日", "27日"]

    def test_a_record_of_another_case_is_not_corrected(self, world: World, case: Case) -> None:
        other = log(arrived(world).case, world.desk)
        with refuses("corrects_other"):
            log(case, world.desk, corrects=other)

    def test_a_contact_belongs_to_a_support_of_its_own_case_and_body(self, world: World, case: Case) -> None:
        mine, foreign = offered(world, case=case), offered(world)
        assert log(case, world.lab, support=mine).support == mine
        with refuses("not_allowed"):
            log(case, world.lab, support=foreign)
        theirs = offered(world, case=case, body=CENTER, service="tech-consultation")
        with refuses("not_allowed"):
            log(case, world.lab, support=theirs)
        assert log(case, world.desk, support=theirs).support == theirs  # who runs the case may write about each

    def test_after_its_answer_a_body_still_writes(self, world: World, case: Case) -> None:
        support = offered(world, case=case)
        decline(support, by=world.lab, reason="busy")
        assert log(case, world.lab, support=fresh(support)).author_body_id == LAB

    def test_only_people_sign_contacts(self, world: World, case: Case) -> None:
        for by in (SYSTEM, GUEST, firm(case)):
            with refuses("not_allowed"):
                log(case, by)

    def test_messages_have_their_side_and_their_name(self, world: World, case: Case) -> None:
        ours = write_to_company(fresh(case), by=world.desk, text="承知しました")
        theirs = company_writes(fresh(case), by=firm(case), text="ありがとう")
        assert [(one.from_company, one.author_body_id, one.author_name) for one in (ours, theirs)] == [
            (False, DESK, "相川 志保"), (True, None, "齋藤 亘")]
        for by in (world.desk, world.lab, GUEST):
            with refuses("not_company"):
                company_writes(fresh(case), by=by, text="なりすまし")


class TestStep:
    """Talk moves the next step only forward in time; an answer to the firm is what ends its clock."""

    def test_the_firms_word_brings_a_far_step_near(self, world: World, case: Case) -> None:
        set_next_step(case, NextStep("交付決定を待つ", dt.date(2027, 4, 1)), by=world.desk)
        company_writes(fresh(case), by=firm(case), text="急ぎます")
        after = fresh(case)
        assert (after.next_step, after.next_kind, after.next_on, after.from_company_at) == (
            "会社からの連絡を読んで答える", "answer", dt.date(2026, 11, 27), NOON)

    def test_a_nearer_step_is_not_put_off(self, world: World, case: Case) -> None:
        call = NextStep("折り返す", dt.date(2026, 11, 26), kind="call", phone="04-7100-0000", at=dt.time(10))
        set_next_step(case, call, by=world.desk)
        company_writes(fresh(case), by=firm(case), text="急ぎます")
        write_to_company(fresh(case), by=world.desk, text="質問です", kind="question")
        assert (fresh(case).next_step, fresh(case).next_on, fresh(case).next_time) == ("折り返す", dt.date(2026, 11, 26), dt.time(10))

    def test_a_notice_while_a_body_is_awaited_changes_nothing(self, world: World, case: Case) -> None:
        offered(world, case=case)
        before = fresh(case)
        write_to_company(before, by=world.desk, text="進めています", kind="notice")
        assert (fresh(case).next_step, fresh(case).next_on) == (before.next_step, before.next_on)

    def test_each_word_of_the_firm_is_told_to_the_holder_without_it(self, world: World, case: Case) -> None:
        accept(offered(world, case=case, takes_over=True), by=world.lab)
        company_writes(fresh(case), by=firm(case), text="ひみつの寸法")
        assert ("hibari-lab@people.example", "waiting") in mails("company")
        assert [verb for verb, _b, _a in steps(case)][-1] == "company_wrote"

    def test_a_refused_next_step_takes_the_contact_back(self, world: World, case: Case) -> None:
        for step, code, field in ((NextStep(" ", dt.date(2026, 12, 1)), "next_step_empty", "next_step"),
                                  (NextStep("電話", dt.date(2026, 12, 1), kind="call"), "next_step_no_phone", "next_phone")):
            with refuses(code, field):
                log(case, world.desk, next_step=step)
        assert (Contact.objects.count(), events("contact.log"), fresh(case).version) == (0, 0, case.version)


class TestFiles:
    def test_the_same_bytes_in_another_class_are_another_row(self, world: World, case: Case) -> None:
        one = add_file(case, by=world.desk, name="a.pdf", data=PDF)
        two = add_file(fresh(case), by=world.desk, name="a.pdf", data=PDF, klass="financial")
        assert (one.pk != two.pk, one.sha256 == two.sha256, open_file(one) == open_file(two)) == (True, True, True)

    def test_the_firm_sending_it_twice_calls_the_holder_once(self, world: World, case: Case) -> None:
        for _turn in range(2):
            add_file(fresh(case), by=firm(case), name="図面.pdf", data=PDF)
        assert (Attachment.objects.count(), len(mails("company")), events("file.add")) == (1, 1, 1)

    @pytest.mark.parametrize(
        ("name", "data", "code"),
        [("a.pdf", b"", "file_empty"), ("a.exe", b"MZ\x00", "file_kind"), ("a.pdf", b"MZ\x90\x00" * 30, "file_content"),
         ("a.png", PDF, "file_content"), ("noextension", PDF, "file_kind")],
    )  # fmt: skip
    def test_a_wrong_file_leaves_no_row_and_no_bytes(
        self, world: World, case: Case, tmp_path: Any, name: str, data: bytes, code: str
    ) -> None:
        with refuses(code, "file"):
            add_file(case, by=world.desk, name=name, data=data)
        assert (Attachment.objects.count(), [one for one in tmp_path.rglob("*") if one.is_file()]) == (0, [])

    def test_under_the_web_login_a_body_reads_files_of_its_classes_until_they_are_closed(
        self, committed_world: World, login: Any
    ) -> None:
        world = committed_world
        with transaction.atomic():
            case = arrived(world).case
            for klass in ("summary", "technical", "financial"):
                add_file(fresh(case), by=world.desk, name=f"{klass}.pdf", data=PDF, klass=klass)
            offered(world, case=case, classes=["technical"])
        technical, by = Consent.objects.get(klass="technical"), firm(case)
        with web(login, world.lab):
            assert sorted(Attachment.objects.values_list("klass", flat=True)) == ["summary", "technical"]
            own = add_file(case, by=world.lab, name="成績書.pdf", data=PDF)
        with web(login, by):
            withdraw_consent(technical, by=by, how="link")
        with web(login, world.lab):
            assert sorted(Attachment.objects.values_list("name", flat=True)) == ["summary.pdf", "成績書.pdf"]
            with pytest.raises(Refused) as refusal:
                add_file(case, by=world.bank, name="x.pdf", data=PDF)
        assert (refusal.value.code, fresh(own).author_body_id) == ("not_allowed", LAB)
