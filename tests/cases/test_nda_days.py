"""A promise of secrecy: who records and ends it, its days, and that what is kept for it opens and shuts at the next request [C46]."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from renkei.base import clock
from renkei.base.actor import GUEST, Actor, link_holder
from renkei.cases.actions.closing import close_case
from renkei.cases.actions.consents import give_consent
from renkei.cases.actions.ndas import end_nda, keep_for_secrecy, record_nda
from renkei.cases.actions.talk import add_file
from renkei.cases.models import Attachment, Case, Nda
from renkei.plan.models import Body
from renkei.post.models import Link
from tests.cases.making import arrived, fresh, offered
from tests.cases.trying import tried
from tests.world import BANK, LAB, World

LAST = dt.date(2027, 3, 31)
ROWS = (Nda, Attachment, Case)


@pytest.fixture(autouse=True)
def _files(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


def body(code: str = LAB) -> Body:
    return Body.objects.get(pk=code)


def firm_of(case: Case) -> Actor:
    return link_holder(Link.objects.get(purpose="status", case=case.pk).pk)


def seen(case: Case, by: Actor) -> list[str]:
    return [one.name for one in Attachment.objects.visible_to(by).filter(case=case)]


def shown(world: World) -> tuple[Case, Attachment]:
    """The lab was asked and may read technical matter; one drawing is kept for secrecy."""
    case = offered(world).case
    file = add_file(case, by=world.desk, name="図面.txt", data="図面".encode())
    for klass in ("summary", "technical"):
        give_consent(case, body=body(), klass=klass, by=world.desk, how="oral", given_by="齋藤")
    keep_for_secrecy(file, by=world.desk, needs_nda=True)
    return case, file


@pytest.mark.covers("C46")
@pytest.mark.parametrize(
    ("moment", "reads"),
    [(clock.at(LAST, 0), True), (clock.at(LAST, 23, 59), True), (clock.at(dt.date(2027, 4, 1), 0), False), (clock.at(dt.date(2027, 4, 1), 8, 59), False)],
)  # fmt: skip
def test_it_holds_to_midnight_of_its_last_day_in_tokyo(world: World, moment: dt.datetime, reads: bool) -> None:
    with clock.moved_to(clock.at(LAST, 0)):
        case, _file = shown(world)
        assert seen(case, world.lab) == []
        nda = record_nda(case, by=world.desk, body=body(), signed_on=LAST, known="paper", until=LAST)
    with clock.moved_to(moment):
        assert (seen(case, world.lab), fresh(nda).is_live) == (["図面.txt"] if reads else [], reads)


def test_ended_today_is_gone_at_the_next_request_and_another_can_follow(world: World) -> None:
    case, file = shown(world)
    nda = record_nda(case, by=world.desk, body=body(), signed_on=clock.today(), known="paper")
    assert seen(case, world.lab) == ["図面.txt"]
    end_nda(nda, by=world.desk)
    assert (seen(case, world.lab), seen(case, world.desk), seen(case, firm_of(case))) == ([], ["図面.txt"], ["図面.txt"])
    again = record_nda(case, by=world.desk, body=body(), signed_on=clock.today(), known="company")
    assert (again.pk != nda.pk, Nda.objects.count(), seen(case, world.lab)) == (True, 2, ["図面.txt"])
    keep_for_secrecy(file, by=firm_of(case), needs_nda=False)
    end_nda(again, by=world.desk)
    assert seen(case, world.lab) == ["図面.txt"]


def test_a_promise_of_one_body_opens_nothing_to_another(world: World) -> None:
    case, _file = shown(world)
    record_nda(case, by=world.desk, body=body(BANK), signed_on=clock.today(), known="paper")
    assert (seen(case, world.lab), seen(case, world.bank)) == ([], [])


def test_every_act_on_an_open_and_a_closed_case(world: World) -> None:
    case = arrived(world).case
    file = add_file(case, by=world.desk, name="図面.txt", data="図面".encode())
    nda = record_nda(case, by=world.desk, body=body(), signed_on=clock.today(), known="paper")
    acts = {
        "record": lambda by: record_nda(case, by=by, body=body(BANK), signed_on=clock.today(), known="paper"),
        "correct": lambda by: record_nda(case, by=by, body=body(), signed_on=clock.today(), known="company"),
        "end": lambda by: end_nda(nda, by=by),
        "keep": lambda by: keep_for_secrecy(file, by=by, needs_nda=True),
        "free": lambda by: keep_for_secrecy(file, by=by, needs_nda=False),
    }  # fmt: skip
    firm = firm_of(case)
    no = dict.fromkeys(acts, "not_allowed")
    expected: list[tuple[Actor, dict[str, str]]] = [
        (world.desk, dict.fromkeys(acts, "ok") | {"free": "same"}), (world.lab, no), (world.bank, no), (GUEST, no),
        (firm, no | {"keep": "ok", "free": "same"}),
    ]  # fmt: skip
    for by, wanted in expected:
        assert {name: tried(lambda act=act, by=by: act(by), *ROWS) for name, act in acts.items()} == wanted
    close_case(fresh(case), by=world.desk, reason="solved", words="済", result="solved", needs="settled")
    closed = dict.fromkeys(acts, "case_closed") | {"end": "ok"}  # a promise that ended is said to have ended, also afterwards
    assert {name: tried(lambda act=act: act(world.desk), *ROWS) for name, act in acts.items()} == closed


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"kind": "three", "third_party": "あ" * 201}, "too_long"), ({"kind": "three", "third_party": "\u200b"}, "third_missing"),
        ({"signed_on": dt.date(9999, 12, 31)}, "not_yet"), ({"until": dt.date(1, 1, 1)}, "until_before"), ({"known": ""}, "unknown_known"),
    ],
)  # fmt: skip
def test_odd_words_and_days_write_nothing(world: World, more: dict[str, Any], code: str) -> None:
    case = arrived(world).case
    given = {"body": body(), "signed_on": clock.today(), "known": "paper"} | more
    assert tried(lambda: record_nda(case, by=world.desk, **given), *ROWS) == code


def test_two_parties_name_no_third(world: World) -> None:
    case = arrived(world).case
    nda = record_nda(case, by=world.desk, body=body(), signed_on=clock.today(), known="paper", kind="three", third_party="架空大学")
    assert nda.third_party == "架空大学"
    assert record_nda(case, by=world.desk, body=body(), signed_on=clock.today(), known="paper", third_party="消える").third_party == ""
