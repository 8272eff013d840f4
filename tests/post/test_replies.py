"""The address a mail is answered to: bound to one mail and one recipient, and of no use for anything else."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from renkei.base.actor import GUEST, SYSTEM, Actor, company_person, link_holder, staff
from renkei.post.models import Mail
from renkei.post.outbox import put_mail
from renkei.post.replies import is_ours, mail_answered, reply_address
from tests.world import LAB, World

DOMAIN = "answers.hibari.example"
ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"


@pytest.fixture(autouse=True)
def _domain(settings: Any) -> None:
    settings.RENKEI_MAIL_DOMAIN = DOMAIN


def put(*, by: Actor = SYSTEM, to: str = "koide@people.example", **more: Any) -> Mail:
    given: dict[str, Any] = {"subject": "県-26-0001", "text": "返信で答えられます。", "purpose": "offer", "case": uuid.uuid4()}
    made = put_mail(by=by, to=to, **(given | more))
    assert made is not None
    return made


def test_each_mail_has_an_address_of_its_own_that_fits_a_mail_header(db: None) -> None:
    case = uuid.uuid4()
    mails = [put(case=case), put(case=case), put(case=case, to="tsuyuzaki@people.example"), put()]
    addresses = [reply_address(mail) for mail in mails]
    assert len(set(addresses)) == len(mails)
    assert [mail_answered(address) for address in addresses] == mails
    for address in addresses:
        local, _at, domain = address.partition("@")
        assert domain == DOMAIN
        assert len(local) <= 64, "longer local parts are refused on the way (RFC 5321)"
        assert set(local.removeprefix("case+")) <= set(ALPHABET)
        assert str(case) not in address


def test_it_is_read_however_programs_write_addresses(db: None) -> None:
    mail = put()
    address = reply_address(mail)
    for written in (f"<{address}>", address.upper(), f"<{address.title()}>", address.replace(DOMAIN, DOMAIN.upper())):
        assert mail_answered(written) == mail, written
        assert is_ours(written), written


def test_every_place_of_the_token_counts(db: None) -> None:
    mail = put()
    local, domain = reply_address(mail).split("@")
    token = local.removeprefix("case+")
    for place, letter in enumerate(token[:-1]):  # the last letter carries bits that fill up
        other = ALPHABET[(ALPHABET.index(letter) + 1) % 32]
        assert mail_answered(f"case+{token[:place]}{other}{token[place + 1 :]}@{domain}") is None, place


def test_the_seal_of_one_mail_opens_no_other(db: None) -> None:
    one, other = put(), put()
    tokens = [reply_address(mail).split("@")[0].removeprefix("case+") for mail in (one, other)]
    mixed = tokens[0][:26] + tokens[1][26:]
    assert mail_answered(f"case+{mixed}@{DOMAIN}") is None


def test_the_address_ends_with_its_recipient_and_with_the_key_of_the_house(db: None, settings: Any) -> None:
    mail = put()
    address = reply_address(mail)
    Mail.objects.filter(pk=mail.pk).update(to="somebody.else@people.example")
    assert mail_answered(address) is None
    Mail.objects.filter(pk=mail.pk).update(to="KOIDE@people.example")
    assert mail_answered(address) == mail, "the same mailbox, written otherwise"
    settings.SECRET_KEY = "another-" + "y" * 40
    assert mail_answered(address) is None


def test_a_mail_that_is_gone_or_was_never_there_is_nobodys(db: None) -> None:
    unkept = Mail(to="koide@people.example", case=uuid.uuid4())
    assert mail_answered(reply_address(unkept)) is None


def test_a_mail_about_no_case_has_no_address(db: None) -> None:
    assert reply_address(put(case=None)) == ""


@pytest.mark.parametrize("local", [
    "", "case", "case+", "case+a", "case+" + "a" * 42, "case+" + "a" * 41, "case+" + "a" * 43, "case+" + "a" * 4000, "case+" + "1" * 42,
    "case+" + "あ" * 42, "case+\ud800" + "a" * 41, "case+" + "=" * 42, "case+" + "a" * 41 + " ", "case+\x00" + "a" * 41, "CASE-" + "a" * 42, "info",
    "xcase+" + "a" * 42,
])  # fmt: skip
def test_anything_else_is_no_address_of_a_mail(db: None, local: str) -> None:
    assert mail_answered(f"{local}@{DOMAIN}") is None


@pytest.mark.parametrize("address", [
    "", "@", "<>", DOMAIN, f"@{DOMAIN}.example", f"case+a@x{DOMAIN}", f"case+a@{DOMAIN}.", f"case+a@{DOMAIN}@elsewhere.example", "case+a@hibari.example",
])  # fmt: skip
def test_other_domains_are_not_ours(address: str) -> None:
    assert not is_ours(address)


def test_without_a_domain_nothing_is_ours(db: None, settings: Any) -> None:
    mail = put()
    address = reply_address(mail)
    settings.RENKEI_MAIL_DOMAIN = ""
    assert reply_address(mail) == ""
    assert not is_ours(address)
    assert not is_ours("case+a@")
    assert mail_answered(address) is None


@pytest.mark.parametrize(("by", "body"), [
    (SYSTEM, ""), (GUEST, ""), (company_person(uuid.uuid4()), ""), (staff(uuid.uuid4(), LAB), LAB), (link_holder(uuid.uuid4(), LAB), LAB),
    (link_holder(uuid.uuid4()), ""),
])  # fmt: skip
def test_a_mail_says_for_which_body_it_was_written(db: None, by: Actor, body: str) -> None:
    assert put(by=by).made_by_body == body


@pytest.mark.parametrize(("given", "kept"), [
    ("ご案内", "ご案内"), ("  ご案内\n", "ご案内"), ("一行目\n二行目", "一行目 二行目"), ("一行目\r\nBcc: a@b.example", "一行目 Bcc: a@b.example"),
    ("一\r二", "一 二"), ("文\x00字\u202e列", "文字列"), ("あ" * 300, "あ" * 200), ("", ""),
])  # fmt: skip
def test_a_subject_is_one_clean_line(db: None, given: str, kept: str) -> None:
    assert put(subject=given).subject == kept


def test_without_an_address_no_mail_is_written(world: World) -> None:
    assert put_mail(by=world.lab, to="", subject="件名", text="本文", purpose="offer") is None
    assert Mail.objects.count() == 0
