"""The contact log, messages to and from the firm, files."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from renkei.base import clock
from renkei.cases.actions.closing import close_case
from renkei.cases.actions.consents import give_consent, withdraw_consent
from renkei.cases.actions.talk import add_file, company_writes, log_contact, write_to_company
from renkei.cases.models import Attachment, Case, Consent, Contact, Message, Transition
from renkei.cases.queries.files import open_file
from renkei.cases.steps import NextStep
from renkei.plan.models import Body
from renkei.post.models import Mail, Nudge
from tests.cases.linking import firm, web
from tests.cases.making import NOON, WORDS, arrived, events, fresh, mails, offered, refuses, steps
from tests.world import BANK, DESK, LAB, World

PDF = b"%PDF-1.7\n" + b"0" * 100


@pytest.fixture(autouse=True)
def _noon() -> Any:
    with clock.moved_to(NOON):
        yield


@pytest.fixture(autouse=True)
def _folder(tmp_path: Any, settings: Any) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def case(world: World) -> Case:
    return arrived(world).case


class TestContact:
    def test_one_sentence_is_enough(self, world: World, case: Case) -> None:
        contact = log_contact(case, by=world.desk, channel="phone", text="試作の日程を聞いた")
        assert (contact.text, contact.channel, contact.author_body_id, contact.author_id, contact.happened_at,
                contact.recorded_at, contact.klass) == (
            "試作の日程を聞いた", "phone", DESK, world.desk.person, NOON, NOON, "technical")
        assert steps(case)[-1] == ("contact", "", "")
        assert events("contact.log") == 1

    def test_a_call_entered_two_days_late_keeps_both_days(self, world: World, case: Case) -> None:
        then = NOON - dt.timedelta(days=2)
        contact = log_contact(case, by=world.desk, channel="visit", text="来所", happened_at=then)
        step = Transition.objects.get(subject=contact.pk)
        assert (contact.happened_at, contact.recorded_at) == (then, NOON)
        assert (step.happened_on, step.recorded_at) == (dt.date(2026, 11, 23), NOON)

    def test_an_attempt_that_reached_nobody_needs_no_words(self, world: World, case: Case) -> None:
        for _turn in range(2):
            log_contact(case, by=world.desk, channel="phone", text="", outcome="absent")
        assert Contact.objects.filter(case=case, outcome="absent").count() == 2
        assert {contact.text for contact in Contact.objects.all()} == {"不在でした。"}

    def test_the_next_step_is_set_in_the_same_act(self, world: World, case: Case) -> None:
        step = NextStep(what="見積を送る", on=dt.date(2026, 11, 30))
        log_contact(case, by=world.desk, channel="phone", text="見積の依頼", next_step=step)
        after = fresh(case)
        assert (after.next_step, after.next_on, after.version) == ("見積を送る", dt.date(2026, 11, 30), case.version + 1)
        assert [verb for verb, _b, _a in steps(case)][-2:] == ["contact", "next_step"]

    def test_without_a_next_step_the_case_is_untouched(self, world: World, case: Case) -> None:
        log_contact(case, by=world.desk, channel="phone", text="相づち")
        assert (fresh(case).version, fresh(case).next_step) == (case.version, case.next_step)

    def test_a_correction_names_the_old_which_stays(self, world: World, case: Case) -> None:
        old = log_contact(case, by=world.desk, channel="phone", text="20日に来る")
        new = log_contact(case, by=world.desk, channel="phone", text="26日に来る", corrects=old)
        assert (new.corrects, fresh(old).text) == (old, "20日に来る")

    def test_contacts_cannot_be_changed(self, world: World, case: Case) -> None:
        contact = log_contact(case, by=world.desk, channel="phone", text="元の文")
        for change in (lambda: Contact.objects.update(text="別の文"), contact.delete):
            with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
                change()

    @pytest.mark.covers("C81")
    def test_a_body_that_was_asked_writes_into_the_same_case(self, world: World, case: Case) -> None:
        support = offered(world, case=case)
        contact = log_contact(case, by=world.lab, channel="phone", text="経営の相談も受けた", support=support)
        assert (contact.author_body_id, contact.support) == (LAB, support)

    @pytest.mark.parametrize(
        ("more", "code", "field"),
        [
            ({"text": " \u200b "}, "text_empty", "text"),
            ({"text": "あ" * 4001}, "too_long", "text"),
            ({"channel": "telepathy"}, "unknown_channel", "channel"),
            ({"outcome": "perhaps"}, "unknown_outcome", "outcome"),
            ({"klass": "secret"}, "unknown_class", "klass"),
            ({"happened_at": NOON + dt.timedelta(hours=1)}, "future", "happened_at"),
            ({"happened_at": NOON - dt.timedelta(days=400)}, "before_case", "happened_at"),
        ],
    )
    def test_refuses(self, world: World, case: Case, more: dict[str, Any], code: str, field: str) -> None:
        with refuses(code, field):
            log_contact(case, **{"by": world.desk, "channel": "phone", "text": "話", **more})
        assert not Contact.objects.exists()

    def test_refuses_strangers_and_closed_cases(self, world: World, case: Case) -> None:
        with refuses("not_allowed"):
            log_contact(case, by=world.lab, channel="phone", text="話")
        with refuses("not_allowed"):
            log_contact(case, by=firm(case), channel="phone", text="話")
        close_case(case, by=world.desk, reason="solved", words="済")
        with refuses("case_closed"):
            log_contact(case, by=world.desk, channel="phone", text="話")

    def test_only_who_runs_the_case_sets_the_next_step(self, world: World, case: Case) -> None:
        offered(world, case=case)
        with refuses("not_allowed"):
            log_contact(case, by=world.lab, channel="phone", text="話", next_step=NextStep("x", dt.date(2026, 12, 1)))

    def test_only_the_author_body_corrects(self, world: World, case: Case) -> None:
        old = log_contact(case, by=world.desk, channel="phone", text="話")
        offered(world, case=case)
        with refuses("corrects_other"):
            log_contact(case, by=world.lab, channel="phone", text="違う", corrects=old)


class TestToCompany:
    @pytest.mark.covers("C36")
    def test_the_words_stand_on_the_page_and_not_in_the_mail(self, world: World, case: Case) -> None:
        message = write_to_company(case, by=world.desk, text="26日に型をお持ちください")
        assert list(Message.objects.visible_to(firm(case))) == [message]
        mail = Mail.objects.get(purpose="company")
        assert (mail.to, "型" in mail.text, case.number in mail.text) == ("saito@kitsunebi.example", False, True)
        assert steps(case)[-1] == ("staff_wrote", "", "message")
        assert events("message.write") == 1

    def test_it_is_the_first_answer(self, world: World, case: Case) -> None:
        assert case.next_kind == "answer"
        write_to_company(case, by=world.desk, text="読みました")
        assert (fresh(case).next_kind, fresh(case).next_on) == ("choose", dt.date(2026, 12, 23))

    def test_a_question_waits_by_the_clock(self, world: World, case: Case) -> None:
        Case.objects.update(next_on=dt.date(2027, 1, 10), next_kind="work")
        write_to_company(case, by=world.desk, text="寸法は？", kind="question")
        assert (fresh(case).next_kind, fresh(case).next_step, fresh(case).next_on) == (
            "wait", "会社の返事を待つ", dt.date(2026, 12, 2))

    def test_a_question_without_address_is_a_call(self, world: World) -> None:
        case = arrived(world, email="").case
        Case.objects.update(next_on=dt.date(2027, 1, 10), next_kind="work")
        write_to_company(case, by=world.desk, text="寸法は？", kind="question")
        assert fresh(case).next_step == "会社に電話で聞く（メールの宛先がない）"
        assert mails("company") == []

    @pytest.mark.parametrize(
        ("more", "code", "field"),
        [
            ({"text": ""}, "text_empty", "text"), ({"text": "あ" * 4001}, "too_long", "text"),
            ({"kind": "shout"}, "unknown_kind", "kind"), ({"klass": "x"}, "unknown_class", "klass"),
        ],
    )  # fmt: skip
    def test_refuses(self, world: World, case: Case, more: dict[str, Any], code: str, field: str) -> None:
        with refuses(code, field):
            write_to_company(case, **{"by": world.desk, "text": "文", **more})

    def test_refuses_who_does_not_run_the_case(self, world: World, case: Case) -> None:
        for by in (world.lab, firm(case)):
            with refuses("not_allowed"):
                write_to_company(case, by=by, text="文")


class TestFromCompany:
    def test_the_holder_is_told_and_answers_by_the_clock(self, world: World, case: Case) -> None:
        Case.objects.update(next_on=dt.date(2027, 1, 10), next_kind="work")
        message = company_writes(case, by=firm(case), text="75度まで見てください")
        assert (message.from_company, message.author_name, message.author_body) == (True, "齋藤 亘", None)
        after = fresh(case)
        assert (after.next_kind, after.next_step, after.next_on, after.from_company_at) == (
            "answer", "会社からの連絡を読んで答える", dt.date(2026, 11, 27), NOON)
        assert Nudge.objects.filter(title__startswith="会社から連絡", address="hibari-desk@people.example").count() == 1
        assert steps(case)[-1] == ("company_wrote", "", "message")

    def test_an_earlier_step_stays(self, world: World, case: Case) -> None:
        Case.objects.update(next_on=dt.date(2026, 11, 26), next_kind="work", next_step="電話する")
        company_writes(case, by=firm(case), text="こんにちは")
        assert fresh(case).next_step == "電話する"

    def test_refuses(self, world: World, case: Case) -> None:
        with refuses("not_company"):
            company_writes(case, by=world.desk, text="文")
        with refuses("text_empty", "text"):
            company_writes(case, by=firm(case), text="")
        close_case(case, by=world.desk, reason="solved", words="済")
        with refuses("case_closed"):
            company_writes(case, by=firm(case), text="文")


class TestFiles:
    def test_the_bytes_are_kept_before_the_row(self, world: World, case: Case) -> None:
        row = add_file(case, by=world.desk, name="成績書.pdf", data=PDF)
        assert (row.name, row.size, row.media_type, row.author_body_id, row.from_company) == (
            "成績書.pdf", len(PDF), "application/pdf", DESK, False)
        assert open_file(row).read_bytes() == PDF
        assert steps(case)[-1] == ("file_added", "", "technical")
        assert events("file.add") == 1

    def test_the_same_file_twice_is_one_row_and_one_file(self, world: World, case: Case, tmp_path: Any) -> None:
        first = add_file(case, by=world.desk, name="成績書.pdf", data=PDF)
        assert add_file(case, by=world.desk, name="成績書.pdf", data=PDF) == first
        other = add_file(case, by=world.desk, name="写し.pdf", data=PDF)
        assert other.sha256 == first.sha256
        assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 1
        assert Attachment.objects.count() == 2

    def test_the_firm_sends_one_and_the_holder_reads_it(self, world: World, case: Case) -> None:
        Case.objects.update(next_on=dt.date(2027, 1, 10), next_kind="work")
        row = add_file(case, by=firm(case), name="図面.pdf", data=PDF)
        assert (row.from_company, row.author_body_id) == (True, None)
        assert fresh(case).next_step == "会社からの書類を読む"

    def test_a_missing_file_says_so(self, world: World, case: Case) -> None:
        row = add_file(case, by=world.desk, name="成績書.pdf", data=PDF)
        open_file(row).unlink()
        with refuses("file_missing"):
            open_file(row)

    def test_refuses(self, world: World, case: Case) -> None:
        with refuses("unknown_class", "klass"):
            add_file(case, by=world.desk, name="a.pdf", data=PDF, klass="x")
        with refuses("not_allowed"):
            add_file(case, by=world.lab, name="a.pdf", data=PDF)
        with refuses("file_kind", "file"):
            add_file(case, by=world.desk, name="a.exe", data=b"MZ")
        close_case(case, by=world.desk, reason="solved", words="済")
        with refuses("case_closed"):
            add_file(case, by=world.desk, name="a.pdf", data=PDF)
        assert not Attachment.objects.exists()

    def test_a_case_holds_a_hundred(self, world: World, case: Case) -> None:
        Attachment.objects.bulk_create(
            Attachment(case=case, name=f"{n}.txt", media_type="text/plain", size=1, sha256="0" * 64,
                       author_body_id=DESK, added_at=clock.now())
            for n in range(100)
        )
        with refuses("too_many_files", "file"):
            add_file(case, by=world.desk, name="a.pdf", data=PDF)


class TestRealLogin:
    def test_each_side_writes_and_others_see_nothing(self, committed_world: World, login: Any) -> None:
        world = committed_world
        case = arrived(world).case
        with web(login, world.desk):
            log_contact(case, by=world.desk, channel="phone", text="秘密の話", next_step=NextStep("x", dt.date(2026, 12, 1)))
            write_to_company(case, by=world.desk, text="お知らせ")
            add_file(case, by=world.desk, name="a.pdf", data=PDF)
        by = firm(case)
        with web(login, by):
            company_writes(case, by=by, text="返事")
            add_file(case, by=by, name="b.pdf", data=PDF)
            assert Contact.objects.count() == 0
            assert sorted(Message.objects.values_list("text", flat=True)) == ["お知らせ", "返事"]
            assert Attachment.objects.count() == 2
        for other in (world.lab, world.bank):
            with web(login, other):
                found = (Contact, Message, Attachment, Case)
                assert [model.objects.count() for model in found] == [0, 0, 0, 0]

    @pytest.mark.covers("C31")
    def test_an_asked_body_writes_its_own_and_reads_by_class(self, committed_world: World, login: Any) -> None:
        world = committed_world
        case = arrived(world).case
        with web(login, world.desk):
            give_consent(case, body=Body.objects.get(pk=BANK), klass="summary", by=world.desk, how="oral", given_by="齋藤")
            log_contact(case, by=world.desk, channel="phone", text="寸法の秘密")
            log_contact(case, by=world.desk, channel="phone", text="進み具合", klass="summary")
        support = offered(world, case=case)
        with web(login, world.lab):
            log_contact(case, by=world.lab, channel="phone", text="測った値", support=support)
            add_file(case, by=world.lab, name="a.pdf", data=PDF)
            assert sorted(Contact.objects.values_list("text", flat=True)) == ["測った値", "進み具合"]
        with web(login, world.bank):
            assert not Contact.objects.exists()  # consent alone opens nothing: it was never asked
        consent = Consent.objects.get(body_id=LAB, klass="summary")
        by = firm(case)
        with web(login, by):
            withdraw_consent(consent, by=by, how="link")
        with web(login, world.lab):
            assert not Contact.objects.exists()

    def test_a_stranger_cannot_write(self, committed_world: World, login: Any) -> None:
        world = committed_world
        case = arrived(world).case
        for text in (WORDS, "x"):
            with pytest.raises(Exception, match="row-level security"), web(login, world.lab):
                Message.objects.create(case=case, text=text, from_company=False, author_body_id=LAB, sent_at=clock.now())
        with pytest.raises(Case.DoesNotExist), web(login, world.lab):
            log_contact(case, by=world.lab, channel="phone", text="話")
