"""Letters that wait for a word: every decision in every state, by everybody, and nothing of the letter is lost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as conf

from renkei.base import clock
from renkei.base.actor import GUEST, SYSTEM, Actor, link_holder
from renkei.base.context import acting
from renkei.base.refusal import Refused
from renkei.cases.actions.closing import close_case
from renkei.cases.actions.mail_in import accept_letter, discard_letter
from renkei.cases.actions.talk import MOST_CHARACTERS
from renkei.cases.models import Attachment, Case, Contact, Incoming, Message, Transition
from renkei.documents.store import path_of
from renkei.post.links import open_link
from renkei.post.models import Mail, Nudge
from renkei.post.replies import reply_address
from tests.cases.making import arrived, company, events, fresh, offered, refuses
from tests.cases.test_mail_in import FIRM, PDF, _mail, bring, letter, mail_to
from tests.world import DESK, LAB, World

__all__ = ["_mail"]
BOSS = "boss@kitsunebi.example"


@pytest.fixture
def case(world: World) -> Case:
    from renkei.cases.actions.talk import write_to_company

    made = arrived(world, company=company()).case
    write_to_company(made, by=world.desk, text="大きさは？", kind="question")
    return fresh(made)


def held(case: Case, text: str = "30センチ角です。\n", **more: Any) -> Incoming:
    return bring(letter(text, sender=BOSS, **more), reply_address(mail_to(case)))


def with_file(case: Case, *files: tuple[str, bytes], text: str = "図を付けます。\n", sender: str = BOSS) -> Incoming:
    made = letter(text, sender=sender)
    for name, data in files:
        made.add_attachment(data, maintype="application", subtype="octet-stream", filename=name)
    return bring(made, reply_address(mail_to(case)))


def names(case: Case) -> list[str]:
    return sorted(Attachment.objects.filter(case=case).values_list("name", flat=True))


class TestNothingIsLost:
    def test_files_come_along_when_a_held_letter_is_taken(self, world: World, case: Case) -> None:
        row = with_file(case, ("図面.pdf", PDF), ("危.exe", b"MZ"))
        assert names(case) == []
        done = accept_letter(row, by=world.desk)
        assert names(case) == ["図面.pdf"]
        assert done.left_out.startswith("危.exe：")
        assert Message.objects.get(case=case, from_company=True).text == "図を付けます。"
        assert Attachment.objects.get().from_company

    def test_a_letter_of_files_alone_says_so(self, world: World, case: Case) -> None:
        accept_letter(with_file(case, ("図面.pdf", PDF), text="\n"), by=world.desk)
        assert Message.objects.get(case=case, from_company=True).text == "（ファイルだけのメールです）"
        assert names(case) == ["図面.pdf"]

    def test_an_empty_letter_is_taken_as_empty(self, world: World, case: Case) -> None:
        row = bring(letter("> 大きさは？\n"), reply_address(mail_to(case)))
        assert row.held_for == "empty"
        accept_letter(row, by=world.desk)
        assert Message.objects.get(case=case, from_company=True).text == "（本文のないメールです）"

    def test_what_is_too_long_is_cut_and_whole_in_a_file(self, world: World, case: Case) -> None:
        words = "あ" * (MOST_CHARACTERS + 500)
        accept_letter(held(case, words), by=world.desk)
        kept = Message.objects.get(case=case, from_company=True).text
        assert (len(kept), kept.endswith("（続きは、付いているファイルにあります）")) == (MOST_CHARACTERS, True)
        file = Attachment.objects.get()
        assert (file.name, path_of(file.sha256).read_text().strip()) == ("届いたメールの全文.txt", words)

    def test_more_than_twenty_files_are_named(self, case: Case) -> None:
        row = with_file(case, *[(f"{n:02}.pdf", PDF + bytes([n])) for n in range(22)], sender=FIRM)
        assert names(case) == [f"{n:02}.pdf" for n in range(20)]
        assert row.left_out.split("\n") == [f"{n}.pdf：1通のメールから入れられるのは20件までです。" for n in (20, 21)]

    def test_a_colleagues_files_are_kept_or_named(self, world: World) -> None:
        support = offered(world)
        mail = Mail.objects.filter(case=support.case_id, to_body=LAB).latest("made_at")
        made = letter("測れます。\n", sender=world.people[LAB].email)
        made.add_attachment(PDF, maintype="application", subtype="pdf", filename="機械.pdf")
        row = bring(made, reply_address(mail), envelope=world.people[LAB].email)
        assert row.state == "held" or "測れます。" in Contact.objects.latest("recorded_at").text
        if row.state == "held":  # the mail went to the shared mailbox: its address is not the colleague's
            accept_letter(row, by=world.desk)
        assert names(support.case) == ["機械.pdf"] or row.left_out.startswith("機械.pdf：")

    def test_when_the_bytes_are_gone_the_row_still_holds_the_words(self, world: World, case: Case) -> None:
        row = with_file(case, ("図面.pdf", PDF))
        assert path_of(row.sha256).is_relative_to(Path(conf.MEDIA_ROOT))
        path_of(row.sha256).unlink()
        accept_letter(row, by=world.desk)
        assert Message.objects.get(case=case, from_company=True).text == "図を付けます。"
        assert names(case) == []

    def test_the_firm_is_answered_by_the_clock(self, world: World, case: Case) -> None:
        row = held(case)
        before = fresh(case)
        accept_letter(row, by=world.desk)
        after = fresh(case)
        assert (before.from_company_at, after.from_company_at) == (None, clock.now())
        assert (after.next_kind, after.version > before.version) == ("answer", True)


def whole(row: Incoming) -> dict[str, Any]:
    return Incoming.objects.filter(pk=row.pk).values().get()


DECIDED = {"taken": "not_held", "auto": "not_held", "bounce": "not_held", "discarded": "not_held", "held": "ok"}


@pytest.mark.parametrize("act", [accept_letter, discard_letter])
def test_every_state_takes_one_decision_or_none(world: World, case: Case, act: Any) -> None:
    """The table is whole: a new state has to be decided here."""
    assert set(DECIDED) == set(Incoming._meta.get_field("state").choices and dict(Incoming._meta.get_field("state").choices))
    more = {"reason": "迷惑"} if act is discard_letter else {}
    for number, (state, expected) in enumerate(DECIDED.items()):
        row = held(case, message_id=f"<{number}@x>")
        Incoming.objects.filter(pk=row.pk).update(state=state)
        before, steps = whole(row), Transition.objects.count()
        if expected == "ok":
            act(row, by=world.desk, **more)
            assert whole(row)["decided_by_id"] == world.desk.person
            continue
        with refuses(expected):
            act(row, by=world.desk, **more)
        assert (whole(row), Transition.objects.count()) == (before, steps)


def test_nobody_but_who_runs_the_case_decides(world: World, case: Case) -> None:
    row = held(case)
    link = open_link(Mail.objects.filter(text__contains="/status/").first().text.split("/status/")[1].split("/")[0])  # type: ignore[union-attr]  # there is one
    assert link is not None
    before = whole(row)
    for by in (world.lab, world.bank, GUEST, link_holder(link.id), Actor(world.desk.kind, body=DESK)):
        for act, more in ((accept_letter, {}), (discard_letter, {"reason": "x"})):
            if by.body == DESK:
                continue
            with pytest.raises(Refused) as refused:
                act(row, by=by, **more)
            assert refused.value.code == "not_allowed"
    assert whole(row) == before
    assert (events("mail_in.taken"), events("mail_in.discarded")) == (0, 0)


def test_a_closed_case_takes_nothing_but_the_letter_can_be_laid_aside(world: World, case: Case) -> None:
    row = held(case)
    close_case(fresh(case), by=world.desk, reason="solved", words="済んだ", result="solved", needs="settled")
    before = whole(row)
    with refuses("case_closed"):
        accept_letter(row, by=world.desk)
    assert whole(row) == before
    assert discard_letter(row, by=world.desk, reason="終わった話").reason == "終わった話"


@pytest.mark.parametrize(
    ("reason", "code"), [("", "reason_empty"), (" 　\n", "reason_empty"), ("\u200b", "reason_empty"), ("あ" * 201, "too_long")]
)
def test_the_reason_is_a_word_of_some_length(world: World, case: Case, reason: str, code: str) -> None:
    row = held(case)
    with refuses(code, "reason"):
        discard_letter(row, by=world.desk, reason=reason)
    assert whole(row)["state"] == "held"


def test_a_stray_letter_goes_into_no_case_of_others(world: World, case: Case) -> None:
    row = bring(letter(), "info@in.hibari.example")
    with refuses("not_allowed"):
        accept_letter(row, by=world.lab, case=case)
    done = accept_letter(row, by=world.desk, case=case)
    assert (done.case_id, done.state) == (case.pk, "taken")
    assert Message.objects.get(case=case, from_company=True).author_name == "齋藤 亘"


def test_under_the_web_login_a_letter_is_taken_with_its_file(committed_world: World, login: Any) -> None:
    world = committed_world
    made = arrived(world, company=company()).case
    from renkei.cases.actions.talk import write_to_company

    write_to_company(made, by=world.desk, text="大きさは？", kind="question")
    row = with_file(made, ("図面.pdf", PDF))
    with login("web"), acting(world.desk):
        accept_letter(Incoming.objects.visible_to(world.desk).get(pk=row.pk), by=world.desk)
        assert names(made) == ["図面.pdf"]
    with acting(SYSTEM):
        assert [one.settled_at is not None for one in Nudge.objects.filter(kind="mail_in")] == [True]
