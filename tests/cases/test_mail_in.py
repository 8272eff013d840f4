"""Letters that come in: kept once, into the right case, and held for a person whenever anything is not as it should be."""

from __future__ import annotations

import datetime as dt
from email.message import EmailMessage
from typing import Any

import pytest

from renkei.base import clock
from renkei.base.actor import SYSTEM
from renkei.base.context import acting
from renkei.cases.actions.closing import close_case
from renkei.cases.actions.mail_in import accept_letter, discard_letter, take_letter
from renkei.cases.actions.mail_out import send_again, tell_of_failed
from renkei.cases.actions.talk import write_to_company
from renkei.cases.models import Attachment, Case, Contact, Incoming, Message
from renkei.cases.queries.delivery import mails_to_firm
from renkei.post.jobs import send_due
from renkei.post.models import Mail, Nudge
from renkei.post.replies import mail_answered, reply_address
from tests.cases.making import NOON, arrived, company, events, fresh, offered, refuses, steps
from tests.world import DESK, LAB, World

FIRM = "saito@kitsunebi.example"
PDF = b"%PDF-1.7\n" + b"x" * 40


@pytest.fixture(autouse=True)
def _mail(settings: Any, tmp_path: Any) -> Any:
    settings.RENKEI_MAIL_DOMAIN = "in.hibari.example"
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    settings.MEDIA_ROOT = tmp_path
    with clock.moved_to(NOON):
        yield


@pytest.fixture
def case(world: World) -> Case:
    made = arrived(world, company=company()).case
    write_to_company(made, by=world.desk, text="大きさは？", kind="question")
    return fresh(made)


def mail_to(case: Case, purpose: str = "company") -> Mail:
    return Mail.objects.filter(case=case.pk, purpose=purpose).latest("made_at")


def letter(text: str = "30センチ角です。\n", *, sender: str = FIRM, message_id: str = "<1@firm>", **headers: str) -> EmailMessage:
    made = EmailMessage()
    made["From"], made["Subject"], made["Message-ID"] = f"齋藤 亘 <{sender}>", "Re: お知らせ", message_id
    for name, value in headers.items():
        made[name.replace("_", "-")] = value
    made.set_content(text)
    return made


def bring(made: EmailMessage | bytes, to: str, *, envelope: str = FIRM) -> Incoming:
    raw = made if isinstance(made, bytes) else made.as_bytes()
    return take_letter(raw, by=SYSTEM, envelope_from=envelope, to=[to])


class TestAddress:
    def test_it_is_bound_to_one_mail_and_its_recipient(self, case: Case) -> None:
        mail = mail_to(case)
        address = reply_address(mail)
        assert address.endswith("@in.hibari.example")
        assert len(address.split("@")[0]) <= 64
        assert mail_answered(address) == mail
        assert mail_answered(address.upper()) == mail
        Mail.objects.filter(pk=mail.pk).update(to="other@x.example")
        assert mail_answered(address) is None

    @pytest.mark.parametrize("change", ["x", "aaaa", "!", "=" * 8])
    def test_a_made_up_one_is_none(self, case: Case, change: str) -> None:
        local, domain = reply_address(mail_to(case)).split("@")
        assert mail_answered(f"{local[:-2]}{change}@{domain}") is None
        assert mail_answered(f"{local}@elsewhere.example") is None
        assert mail_answered(f"info@{domain}") is None

    def test_there_is_none_where_no_mail_is_received(self, case: Case, settings: Any) -> None:
        settings.RENKEI_MAIL_DOMAIN = ""
        assert reply_address(mail_to(case)) == ""

    def test_mails_about_one_case_carry_it_and_others_name_it_beside_each(self, world: World, case: Case) -> None:
        from django.core import mail as letters

        Mail.objects.exclude(purpose="company").delete()
        send_due()
        (one,) = letters.outbox
        assert one.reply_to == [reply_address(mail_to(case))]
        other = arrived(world, company=company(name="別の会社")).case
        Mail.objects.exclude(case=case.pk).delete()
        with clock.moved_to(NOON + dt.timedelta(days=1)):
            for each in (case, other):
                write_to_company(each, by=world.desk, text="続き")
            send_due()
        two = letters.outbox[1]
        assert two.reply_to == []
        for each in (case, other):
            assert f"この件へのお返事の宛先：{reply_address(mail_to(each))}" in str(two.body)


class TestFirm:
    def test_it_becomes_a_message_and_the_holder_answers_by_the_clock(self, case: Case) -> None:
        row = bring(letter("30センチ角です。\n\n> 大きさは？\n\n2026年11月25日(水) 12:00 産業課 <a@b.example>:\n> 古い文\n"), reply_address(mail_to(case)))
        message = Message.objects.get(case=case, from_company=True)
        assert (row.state, row.case_id, message.text, message.author_name, message.klass) == (
            "taken", case.pk, "30センチ角です。", "齋藤 亘", "technical")
        assert [verb for verb, _b, _a in steps(case)].count("company_wrote") == 1
        assert Nudge.objects.filter(kind="company", case=case.pk).exists()
        assert fresh(case).next_kind == "answer"
        whole = Attachment.objects.get(case=case)
        assert (whole.name, whole.from_company) == ("届いたメールの全文.txt", True)
        assert events("mail_in.taken") == 1

    def test_the_same_letter_twice_changes_nothing(self, case: Case) -> None:
        to = reply_address(mail_to(case))
        assert bring(letter(), to) == bring(letter("ほかの文"), to)
        assert Message.objects.filter(case=case, from_company=True).count() == 1

    def test_files_come_along_and_what_may_not_is_named(self, case: Case) -> None:
        made = letter()
        made.add_attachment(PDF, maintype="application", subtype="pdf", filename="図面.pdf")
        made.add_attachment(b"MZ\x90" * 9, maintype="application", subtype="octet-stream", filename="virus.exe")
        row = bring(made, reply_address(mail_to(case)))
        assert list(Attachment.objects.values_list("name", flat=True)) == ["図面.pdf"]
        assert row.left_out.startswith("virus.exe：この種類のファイルは付けられません")

    @pytest.mark.parametrize("charset", ["iso-2022-jp", "shift_jis", "utf-8", "euc-jp"])
    def test_every_writing_of_japanese(self, case: Case, charset: str) -> None:
        made = EmailMessage()
        made["From"], made["Message-ID"] = FIRM, f"<{charset}@firm>"
        made.set_content("寸法は三十センチです。\n", charset=charset)
        bring(made, reply_address(mail_to(case)))
        assert Message.objects.get(case=case, from_company=True).text == "寸法は三十センチです。"

    def test_html_alone_is_read_as_text(self, case: Case) -> None:
        made = letter("x")
        made.clear_content()
        made.set_content("<style>p{}</style><p>30&nbsp;センチ</p><div>角<script>alert(1)</script>です</div>"
                         "<blockquote>古い文</blockquote>", subtype="html")  # fmt: skip
        bring(made, reply_address(mail_to(case)))
        assert Message.objects.get(case=case, from_company=True).text == "30 センチ\n\n角です"

    @pytest.mark.parametrize(
        "header",
        ["Message-ID: <a@[", "Message-ID: \x00", 'Content-Type: text/plain; charset="punycode"', 'Content-Type: text/plain; charset="a\x00"',
         "Subject: " + "(" * 3_000, "X-Mailer: " + "=?utf-8?b?44GC?= " * 3_000],
    )  # fmt: skip
    def test_an_odd_header_keeps_no_answer_out(self, case: Case, header: str) -> None:
        raw = f"From: {FIRM}\r\n{header}\r\n\r\n30センチ角です。\r\n".encode()
        first, again = (bring(raw, reply_address(mail_to(case))) for _time in range(2))
        assert (first.state, first.case_id, first == again) == ("taken", case.pk, True)
        assert Message.objects.get(case=case, from_company=True).text == "30センチ角です。"

    def test_a_very_long_letter_is_cut_and_whole_in_a_file(self, case: Case) -> None:
        bring(letter("長" * 9000), reply_address(mail_to(case)))
        message = Message.objects.get(case=case, from_company=True)
        assert len(message.text) <= 4000
        assert message.text.endswith("（続きは、付いているファイルにあります）")
        assert Attachment.objects.get(case=case).name == "届いたメールの全文.txt"

    def test_the_signature_is_left_out(self, case: Case) -> None:
        bring(letter("30センチ角です。\n-- \n齋藤\n電話\n"), reply_address(mail_to(case)))
        assert Message.objects.get(case=case, from_company=True).text == "30センチ角です。"


class TestHeld:
    def test_from_somebody_else(self, case: Case) -> None:
        row = bring(letter(sender="evil@x.example"), reply_address(mail_to(case)))
        assert (row.state, row.held_for, row.expected, row.case_id) == ("held", "sender", FIRM, case.pk)
        assert not Message.objects.filter(case=case, from_company=True).exists()
        assert Nudge.objects.get(kind="mail_in").about == row.pk

    def test_to_a_closed_case_and_to_none_and_empty(self, world: World, case: Case) -> None:
        to = reply_address(mail_to(case))
        empty = bring(letter("> 大きさは？\n", message_id="<2@firm>"), to)
        close_case(fresh(case), by=world.desk, reason="solved", words="済んだ", result="solved", needs="settled")
        closed = bring(letter(message_id="<3@firm>"), to)
        stray = bring(letter(message_id="<4@firm>"), "info@in.hibari.example")
        assert [one.held_for for one in (empty, closed, stray)] == ["empty", "closed", "stray"]
        assert [one.case_id for one in (empty, closed, stray)] == [case.pk, case.pk, None]

    def test_accepted_with_a_person_as_the_firms_words(self, world: World, case: Case) -> None:
        row = bring(letter(sender="boss@kitsunebi.example"), reply_address(mail_to(case)))
        done = accept_letter(row, by=world.desk)
        assert (done.state, done.decided_by_id) == ("taken", world.desk.person)
        assert Message.objects.get(case=case, from_company=True).text == "30センチ角です。"
        assert Nudge.objects.get(kind="mail_in").settled_at is not None
        with refuses("not_held"):
            accept_letter(row, by=world.desk)
        assert events("mail_in.taken") == 1

    def test_discarded_with_a_reason(self, world: World, case: Case) -> None:
        row = bring(letter(sender="evil@x.example"), reply_address(mail_to(case)))
        with refuses("reason_empty", "reason"):
            discard_letter(row, by=world.desk, reason=" ")
        assert discard_letter(row, by=world.desk, reason="迷惑メール").state == "discarded"
        with refuses("not_held"):
            discard_letter(row, by=world.desk, reason="もう一度")
        assert events("mail_in.discarded") == 1

    def test_who_does_not_run_the_case_decides_nothing(self, world: World, case: Case) -> None:
        row = bring(letter(sender="evil@x.example"), reply_address(mail_to(case)))
        with refuses("not_allowed"):
            accept_letter(row, by=world.lab)
        with refuses("not_allowed"):
            discard_letter(row, by=world.lab, reason="x")

    def test_a_stray_needs_a_case(self, world: World, case: Case) -> None:
        row = bring(letter(), "info@in.hibari.example")
        with refuses("no_case", "number"):
            accept_letter(row, by=world.desk)
        assert accept_letter(row, by=world.desk, case=case).case_id == case.pk

    def test_seen_by_holder_and_desk_only(self, world: World, case: Case) -> None:
        mine, stray = bring(letter(sender="e@x.example"), reply_address(mail_to(case))), bring(letter(message_id="<9@f>"), "x@in.hibari.example")
        assert set(Incoming.objects.visible_to(world.desk)) == {mine, stray}
        assert set(Incoming.objects.visible_to(world.lab)) == set()
        assert set(Incoming.objects.visible_to(SYSTEM)) == {mine, stray}


class TestMachines:
    @pytest.mark.parametrize(
        ("headers", "envelope"),
        [({"Auto_Submitted": "auto-replied"}, FIRM), ({"Precedence": "bulk"}, FIRM), ({}, "<>"), ({}, ""), ({"X_Renkei": "1"}, FIRM)],
    )
    def test_are_kept_and_tell_nobody(self, case: Case, headers: dict[str, str], envelope: str) -> None:
        before = Nudge.objects.count()
        row = bring(letter(**headers), reply_address(mail_to(case)), envelope=envelope)
        assert (row.state, Nudge.objects.count(), Mail.objects.filter(made_at__gt=NOON).count()) == ("auto", before, 0)
        assert not Message.objects.filter(case=case, from_company=True).exists()

    def test_a_person_who_says_no_to_automatic_is_a_person(self, case: Case) -> None:
        assert bring(letter(Auto_Submitted="no"), reply_address(mail_to(case))).state == "taken"

    def test_a_report_marks_the_mail_and_asks_for_a_call(self, case: Case) -> None:
        send_due()
        mail = mail_to(case)
        report = (
            "From: MAILER-DAEMON@mx.example\nMessage-ID: <dsn@mx>\nMIME-Version: 1.0\nContent-Type: multipart/report; "
            'report-type=delivery-status; boundary="b"\n\n--b\nContent-Type: text/plain\n\n550 5.1.1 no such user\n\n--b\n'
            f"Content-Type: message/rfc822\n\nMessage-ID: {mail.message_id}\n\n--b--\n"
        ).encode()
        row = bring(report, reply_address(mail), envelope="")
        after = fresh(mail)
        assert (row.state, after.state, after.error) == ("bounce", "bounced", "550 5.1.1 no such user")
        told = Nudge.objects.get(kind="undelivered")
        assert (told.about, "電話で伝えてください" in told.words) == (mail.pk, True)


class TestStaff:
    def test_a_colleagues_answer_is_a_note(self, world: World) -> None:
        support = offered(world, person=world.lab.person)
        to = reply_address(mail_to(support.case, "offer"))
        row = bring(letter("来週見ます。", sender="hibari-lab@people.example"), to)
        note = Contact.objects.get(case=support.case)
        assert (row.state, note.text, note.author_body_id, note.author_id, note.klass) == ("taken", "来週見ます。", LAB, world.lab.person, "summary")
        assert fresh(support).state == "offered"

    def test_a_shared_mailbox_is_nobody(self, world: World) -> None:
        support = offered(world)
        row = bring(letter("来週見ます。", sender="hibari-lab@hibari.example"), reply_address(mail_to(support.case, "offer")))
        assert (row.state, row.held_for) == ("held", "mailbox")
        accept_letter(row, by=world.desk)
        assert Contact.objects.get(case=support.case).text == "hibari-lab@hibari.example：来週見ます。"


class TestDelivery:
    def test_states_in_words_without_the_address(self, committed_world: World, login: Any) -> None:
        world = committed_world
        case = arrived(world, company=company()).case
        write_to_company(case, by=world.desk, text="大きさは？")
        mail = mail_to(case)
        Mail.objects.filter(pk=mail.pk).update(state="bounced", sent_at=NOON, error="550 gone")
        with login("web"):
            with acting(world.desk):
                rows = {row.id: row for row in mails_to_firm(case.pk)}
                assert (rows[mail.pk].label, rows[mail.pk].is_lost, rows[mail.pk].address) == ("届きませんでした", True, "s…@k…")
            with acting(world.lab):
                assert mails_to_firm() == []
            with acting(world.desk):
                new = send_again(case, mail.pk, by=world.desk, address="right@kitsunebi.example")
        assert (fresh(mail).state, Mail.objects.get(pk=new).to) == ("cancelled", "right@kitsunebi.example")
        assert case.consultations.get().email == "right@kitsunebi.example"

    def test_a_wrong_address_or_a_mail_that_arrived_is_refused(self, world: World, case: Case) -> None:
        mail = mail_to(case)
        with refuses("not_lost"):
            send_again(case, mail.pk, by=world.desk)
        with refuses("not_allowed"):
            send_again(case, mail.pk, by=world.lab)
        with refuses("address_wrong", "address"):
            send_again(case, mail.pk, by=world.desk, address="none")

    def test_a_mail_given_up_is_told_once(self, world: World, case: Case) -> None:
        Mail.objects.filter(pk=mail_to(case).pk).update(state="failed", error="refused")
        assert (tell_of_failed(), tell_of_failed()) == (1, 0)
        told = Nudge.objects.get(kind="undelivered")
        assert told.body == DESK


def test_as_the_worker_under_its_real_login(committed_world: World, login: Any) -> None:
    world = committed_world
    case = arrived(world, company=company()).case
    write_to_company(case, by=world.desk, text="大きさは？")
    to = reply_address(mail_to(case))
    with login("worker"), acting(SYSTEM):
        assert bring(letter(), to).state == "taken"
    with login("worker"), acting(SYSTEM):
        assert bring(letter(), to).state == "taken"
    assert Message.objects.filter(case=case, from_company=True).count() == 1
    with login("web"):
        with acting(world.desk):
            assert Incoming.objects.count() == 1
        with acting(world.lab):
            assert Incoming.objects.count() == 0
