"""Every deed on a pack in every state it can be in, by every kind of person: one table, whole."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from renkei.base import clock
from renkei.base.actor import GUEST, Actor
from renkei.cases.actions.closing import close_case
from renkei.cases.actions.consents import give_consent
from renkei.cases.actions.holding import Pack, accept_handover, decline_handover
from renkei.cases.actions.moves import (
    Successor,
    accept_packs,
    add_new_cases,
    cancel_move,
    choose_successor,
    decline_pack,
    open_move,
    recall_packs,
    send_packs,
    write_pack,
)
from renkei.cases.models import Case, Handover, Move, MovePack
from renkei.plan.models import Body
from tests.cases.making import NOON, fresh, refuses
from tests.cases.moving import acts, held, join
from tests.cases.outcomes import tried, written_by
from tests.world import DESK, LAB, World

LAST = dt.date(2027, 3, 31)
WORDS = Pack("いまはこうです。", "約束", "残り")


@pytest.fixture(autouse=True)
def _noon() -> Any:
    with clock.moved_to(NOON):
        yield


class Table:
    """A leaver with one pack in each state, the successor, and others."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.leaver, self.ito, self.mori = join(DESK, "sato"), join(DESK, "ito"), join(DESK, "mori")
        names = ("draft", "offered", "accepted", "declined", "given", "given-declined", "given-accepted", "closed")
        cases = dict(zip(names, held(world, self.leaver, each=len(names)), strict=True))
        self.move = open_move(self.leaver, on=LAST, by=self.giver)
        self.packs = {name: MovePack.objects.get(case=case) for name, case in cases.items()}
        choose_successor(self.packs.values(), Successor(DESK, self.ito.person_id), by=self.giver)
        for name in ("given", "given-declined", "given-accepted"):
            give_consent(cases[name], body=Body.objects.get(pk=LAB), klass="summary", by=world.desk, how="oral", given_by="齋藤")
            choose_successor([self.packs[name]], Successor(LAB), by=self.giver)
        send_packs([pack for name, pack in self.packs.items() if name != "draft"], by=self.giver)
        accept_packs([self.packs["accepted"]], by=self.taker)
        decline_pack(self.packs["declined"], by=self.taker, reason="手がいっぱい")
        decline_handover(Handover.objects.get(case=cases["given-declined"]), by=world.lab, reason="専門の外です")
        accept_handover(Handover.objects.get(case=cases["given-accepted"]), by=world.lab)
        close_case(Case.objects.get(pk=cases["closed"].pk), by=world.desk, reason="spam", words="売り込み", needs="dropped")

    @property
    def giver(self) -> Actor:
        return acts(self.leaver)

    @property
    def taker(self) -> Actor:
        return acts(self.ito)

    def outcome(self, name: str, deed: Callable[[MovePack], object]) -> str:
        """The state a deed leads to, with a star where it changed nothing of the row; or its refusal."""
        pack = fresh(self.packs[name])

        def told() -> str:
            now = fresh(pack)
            same = (now.state, now.version, now.to_person_id, now.pack_state) == (pack.state, pack.version, pack.to_person_id, pack.pack_state)
            return f"{now.state}*" if same else str(now.state)

        return str(tried(lambda: deed(fresh(pack)), told))


STATES = ("draft", "offered", "accepted", "declined", "given", "given-declined", "given-accepted", "closed")
# A star: nothing changed. Each row in the order of STATES.
EXPECTED: dict[str, tuple[str, ...]] = {
    "choose": ("draft", "offered*", "accepted*", "declined", "given*", "given", "given*", "offered*"),
    "write": ("draft", "offered", "wrong_state", "declined", "given", "given", "given", "offered"),
    "send": ("offered", "offered*", "accepted*", "offered", "given*", "given", "given*", "offered*"),
    "recall": ("draft*", "draft", "accepted*", "declined*", "given*", "given*", "given*", "draft"),
    "accept": ("wrong_state", "accepted", "wrong_state", "wrong_state", "not_allowed", "not_allowed", "not_allowed", "case_closed"),
    "decline": ("wrong_state", "declined", "wrong_state", "wrong_state", "not_allowed", "not_allowed", "not_allowed", "declined"),
}  # fmt: skip


def test_every_deed_in_every_state(world: World) -> None:
    table = Table(world)
    mori = Successor(DESK, table.mori.person_id)
    deeds: dict[str, Callable[[MovePack], object]] = {
        "choose": lambda pack: choose_successor([pack], mori, by=table.giver),
        "write": lambda pack: write_pack(pack, WORDS, by=table.giver),
        "send": lambda pack: send_packs([pack], by=table.giver),
        "recall": lambda pack: recall_packs([pack], by=table.giver),
        "accept": lambda pack: accept_packs([pack], by=table.taker),
        "decline": lambda pack: decline_pack(pack, by=table.taker, reason="手がいっぱい"),
    }
    found = {name: tuple(table.outcome(state, deed) for state in STATES) for name, deed in deeds.items()}
    assert found == EXPECTED
    assert {name: pack.state for name, pack in ((name, fresh(pack)) for name, pack in table.packs.items())} == {
        "draft": "draft", "offered": "offered", "accepted": "accepted", "declined": "declined", "given": "given",
        "given-declined": "given", "given-accepted": "given", "closed": "offered"}  # fmt: skip


def test_nobody_but_the_giver_or_an_administrator_gives_and_nobody_but_the_successor_takes(world: World) -> None:
    table = Table(world)
    mori = Successor(DESK, table.mori.person_id)
    gives: tuple[Callable[[MovePack, Actor], object], ...] = (
        lambda pack, by: choose_successor([pack], mori, by=by), lambda pack, by: write_pack(pack, WORDS, by=by),
        lambda pack, by: send_packs([pack], by=by), lambda pack, by: recall_packs([pack], by=by),
    )  # fmt: skip
    takes: tuple[Callable[[MovePack, Actor], object], ...] = (
        lambda pack, by: accept_packs([pack], by=by), lambda pack, by: decline_pack(pack, by=by, reason="手がいっぱい"),
    )  # fmt: skip
    actors = {"giver": table.giver, "admin": world.desk, "successor": table.taker, "colleague": acts(table.mori),
              "other body": world.lab, "guest": GUEST}  # fmt: skip
    may = {
        name: (
            all(table.outcome("draft", lambda pack, by=by, deed=deed: deed(pack, by)) != "not_allowed" for deed in gives),
            any(table.outcome("draft", lambda pack, by=by, deed=deed: deed(pack, by)) != "not_allowed" for deed in gives),
            all(table.outcome("offered", lambda pack, by=by, deed=deed: deed(pack, by)) != "not_allowed" for deed in takes),
            any(table.outcome("offered", lambda pack, by=by, deed=deed: deed(pack, by)) != "not_allowed" for deed in takes),
        )
        for name, by in actors.items()
    }
    assert may == {
        "giver": (True, True, False, False), "admin": (True, True, False, False), "successor": (False, False, True, True),
        "colleague": (False,) * 4, "other body": (False,) * 4, "guest": (False,) * 4,
    }  # fmt: skip


def test_what_each_deed_writes_down(world: World) -> None:
    table = Table(world)
    pack = {name: fresh(one) for name, one in table.packs.items()}
    found = {
        "choose": written_by(lambda: choose_successor([pack["draft"]], Successor(DESK, table.mori.person_id), by=table.giver)),
        "choose again": written_by(lambda: choose_successor([pack["draft"]], Successor(DESK, table.ito.person_id), by=table.giver)),
        "write": written_by(lambda: write_pack(pack["draft"], WORDS, by=table.giver)),
        "send": written_by(lambda: send_packs([pack["draft"]], by=table.giver)),
        "send again": written_by(lambda: send_packs([pack["offered"]], by=table.giver)),
        "recall": written_by(lambda: recall_packs([pack["offered"]], by=table.giver)),
        "recall again": written_by(lambda: recall_packs([pack["draft"]], by=table.giver)),
        "accept": written_by(lambda: accept_packs([pack["offered"]], by=table.taker)),
        "decline": written_by(lambda: decline_pack(pack["offered"], by=table.taker, reason="手がいっぱい")),
        "add": written_by(lambda: add_new_cases(table.move, by=table.giver)),
        "cancel": written_by(lambda: cancel_move(table.move, by=table.giver)),
        "open again": written_by(lambda: open_move(table.leaver, on=LAST, by=table.giver)),
        "open for another day": written_by(lambda: open_move(table.leaver, on=dt.date(2027, 2, 28), by=table.giver)),
    }
    assert found == {
        "choose": ({"pack.choose"}, set()), "choose again": (set(), set()), "write": ({"pack.write"}, set()),
        "send": ({"pack.offer"}, {"pack_offered"}), "send again": (set(), set()),
        "recall": ({"pack.recall"}, {"pack_offered"}), "recall again": (set(), set()),
        "accept": ({"pack.accept"}, {"pack_accepted"}), "decline": ({"pack.decline"}, {"pack_declined"}),
        "add": (set(), set()), "cancel": ({"move.cancel", "pack.recall"}, {"pack_offered"}),
        "open again": (set(), set()), "open for another day": ({"move.shift"}, set()),
    }  # fmt: skip


def test_a_cancelled_move_is_over(world: World) -> None:
    table = Table(world)
    cancel_move(table.move, by=table.giver)
    found = {
        "add": tried(lambda: add_new_cases(table.move, by=table.giver), lambda: "done"),
        "cancel": tried(lambda: cancel_move(table.move, by=table.giver), lambda: "done"),
        "send": table.outcome("draft", lambda pack: send_packs([pack], by=table.giver)),
        "choose": table.outcome("draft", lambda pack: choose_successor([pack], Successor(DESK, table.mori.person_id), by=table.giver)),
        "accept": table.outcome("offered", lambda pack: accept_packs([pack], by=table.taker)),
    }
    assert found == {"add": "cancelled", "cancel": "cancelled", "send": "gone", "choose": "gone", "accept": "gone"}
    assert fresh(table.packs["accepted"]).state == "accepted"
    again = open_move(table.leaver, on=LAST, by=table.giver)
    assert again.pk != table.move.pk
    assert Move.objects.filter(cancelled_at=None).get() == again


@pytest.mark.parametrize(
    ("change", "field"),
    [({"state": ""}, "state"), ({"state": "　"}, "state"), ({"state": "あ" * 2001}, "state"), ({"promises": "あ" * 2001}, "promises"),
     ({"open_points": "あ" * 2001}, "open_points")],
)  # fmt: skip
def test_words_that_cannot_be_kept_leave_the_pack(world: World, change: dict[str, str], field: str) -> None:
    leaver = join(DESK, "sato")
    held(world, leaver)
    pack = MovePack.objects.get(move=open_move(leaver, on=LAST, by=acts(leaver)))
    words = Pack(**{"state": "いま", "promises": "", "open_points": ""} | change)
    with refuses("too_long" if len(change[field]) > 2000 else "pack_empty", field):
        write_pack(pack, words, by=acts(leaver))
    assert fresh(pack).version == pack.version


def test_rare_and_hostile_words_are_kept(world: World) -> None:
    leaver = join(DESK, "sato")
    held(world, leaver)
    pack = MovePack.objects.get(move=open_move(leaver, on=LAST, by=acts(leaver)))
    said = "<script>alert(1)</script> {{ 7*7 }} '; DROP TABLE cases_case; -- 𠮷髙﨑\n二行目"
    kept = write_pack(pack, Pack(said, said, said), by=acts(leaver))
    assert (kept.pack_state, kept.pack_promises, kept.pack_open) == (said, said, said)
