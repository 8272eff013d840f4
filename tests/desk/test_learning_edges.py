"""The page of learning on a bad day: pressed twice, read before somebody else pressed, long lists, odd words."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.utils.html import escape

from renkei.audit.models import Event
from renkei.base.actor import SYSTEM
from renkei.base.refusal import Refused
from renkei.matching.learnactions import Outcome, ask_learning, keep_for_kind, keep_learned, roll_back, switch_on
from renkei.matching.learned import in_use
from renkei.matching.learnmodels import LearnedModel
from tests.desk.pages import HOSTILE, address, client, said, seen
from tests.world import BANK, CENTER, DESK, LAB, World

CHANGED = "使う重みは、もう変わっています。いまの重みを確かめて、もう一度押してください。"
SHIPPED, BACK, COMMON = "標準の重みに戻しました。", "前の重みに戻しました。", "全種類に共通の重みに戻しました。"


def outcome(name: str, after: float = 0.6) -> Outcome:
    return Outcome({"name": name}, 40, 0.5, after, 0.02, 0.18)


def learned(world: World, name: str, after: float = 0.6, kind: str = "") -> LearnedModel:
    asked = ask_learning(by=world.desk)
    return keep_for_kind(asked, kind, outcome(name, after), by=SYSTEM) if kind else keep_learned(asked, outcome(name, after), by=SYSTEM)


def used(world: World, name: str) -> LearnedModel:
    return switch_on(learned(world, name), by=world.desk)


def do(world: World, body: str = DESK, **given: Any) -> str:
    """What the press is answered with: the one message on the page."""
    answer = client(world, body).post(address("desk-learning-act", body), given, follow=True)
    assert answer.redirect_chain == [(address("desk-learning", body), 302)]
    (told,) = [str(one) for one in answer.context["messages"]]
    assert escape(told) in said(answer)
    return told


def buttons(page: str, deed: str) -> list[dict[str, str]]:
    """What each button of a deed sends."""
    forms = re.findall(r"<form.*?</form>", page, re.DOTALL)
    return [
        dict(re.findall(r'type="hidden" name="(kind|model)" value="([^"]*)"', one)) for one in forms if f'name="deed" value="{deed}"' in one
    ]


def states() -> dict[str, str]:
    return {one.weights["name"]: one.state for one in LearnedModel.objects.exclude(weights=None)}


def test_going_back_pressed_twice_goes_back_once(world: World) -> None:
    first, second = used(world, "first"), used(world, "second")
    (button,) = buttons(seen(world, "desk-learning"), "back")
    assert button == {"kind": "", "model": str(second.pk)}
    assert do(world, deed="back", **button) == BACK
    assert do(world, deed="back", **button) == CHANGED
    assert in_use() == {"name": "first"}
    assert states() == {"first": "in_use", "second": "retired"}
    (button,) = buttons(seen(world, "desk-learning"), "back")
    assert button["model"] == str(first.pk)
    assert do(world, deed="back", **button) == SHIPPED
    assert do(world, deed="back", **button) == "いまは標準の重みを使っています。"
    assert states() == {"first": "retired", "second": "retired"}
    assert Event.objects.filter(verb="learning.rolled_back").count() == 2


def test_a_page_read_before_somebody_switched_does_not_undo_the_switch(world: World) -> None:
    used(world, "first")
    (stale,) = buttons(seen(world, "desk-learning"), "back")
    used(world, "second")
    assert do(world, deed="back", **stale) == CHANGED
    assert in_use() == {"name": "second"}
    assert states() == {"first": "retired", "second": "in_use"}


def test_a_kinds_button_does_not_reach_the_common_weights(world: World) -> None:
    common = used(world, "common")
    own = switch_on(learned(world, "own", kind="seed"), by=world.desk)
    found = buttons(seen(world, "desk-learning"), "back")
    assert {(one["kind"], one["model"]) for one in found} == {("", str(common.pk)), ("seed", str(own.pk))}
    assert do(world, deed="back", kind="seed", model=str(common.pk)) == CHANGED
    assert do(world, deed="back", kind="", model=str(own.pk)) == CHANGED
    assert (in_use("seed"), in_use()) == ({"name": "own"}, {"name": "common"})
    assert do(world, deed="back", kind="seed", model=str(own.pk)) == COMMON
    assert (in_use("seed"), in_use()) == ({"name": "common"}, {"name": "common"})


def test_the_action_goes_back_from_what_was_seen_only(world: World) -> None:
    first, second = used(world, "first"), used(world, "second")
    with pytest.raises(Refused) as no:
        roll_back(by=world.desk, seen=first.pk)
    assert (no.value.code, no.value.message) == ("changed_meanwhile", CHANGED)
    assert roll_back(by=world.desk, seen=second.pk) == first
    assert roll_back(by=world.desk, seen=first.pk) is None
    with pytest.raises(Refused, match="標準の重み"):
        roll_back(by=world.desk, seen=first.pk)


def test_three_generations_are_walked_back_one_by_one(world: World) -> None:
    for name in ("first", "second", "third"):
        used(world, name)
    told = []
    for _press in range(3):
        (button,) = buttons(seen(world, "desk-learning"), "back")
        told.append((do(world, deed="back", **button), (in_use() or {}).get("name")))
    assert told == [(BACK, "second"), (BACK, "first"), (SHIPPED, None)]
    assert buttons(seen(world, "desk-learning"), "back") == []


def test_switching_on_pressed_twice_is_told(world: World) -> None:
    model = learned(world, "first")
    assert do(world, deed="use", model=str(model.pk)) == "いまから、この重みで順番を決めます。"
    assert do(world, deed="use", model=str(model.pk)) == "この重みは、いま使い始められません。"
    assert Event.objects.filter(verb="learning.switched_on").count() == 1


def test_each_state_has_its_words_and_only_its_buttons(world: World) -> None:
    used(world, "old")
    used(world, "now")
    ready, worse = learned(world, "ready"), learned(world, "worse", after=0.4)
    keep_learned(ask_learning(by=world.desk), None, by=SYSTEM, why_not=f"答えのある課題が3件です。{HOSTILE}")
    ask_learning(by=world.desk)
    page = seen(world, "desk-learning")
    assert HOSTILE not in page
    lines = re.findall(r'<li class="notice-line">.*?</li>', page, re.DOTALL)
    words = {"学習を待っています", "学べませんでした", "比べられます", "使っています", "使うのをやめました"}
    told = [
        (next(word for word in words if word in one), [deed for deed in ("use", "back") if buttons(one, deed)], "良くならないので使えません" in one)
        for one in lines
    ]
    assert told == [
        ("学習を待っています", [], False), ("学べませんでした", [], False), ("比べられます", [], True), ("比べられます", ["use"], False),
        ("使っています", ["back"], False), ("使うのをやめました", ["use"], False),
    ]  # fmt: skip
    assert {one["model"] for one in buttons(page, "use")} == {str(ready.pk), str(LearnedModel.objects.get(state="retired").pk)}
    assert str(worse.pk) not in page
    assert 'value="ask"' not in page  # one waits: another cannot be asked for
    assert all("相川" in one for one in lines)


def test_twenty_are_shown_and_the_newest_first(world: World) -> None:
    for number in range(23):
        keep_learned(ask_learning(by=world.desk), None, by=SYSTEM, why_not=f"{number}回目")
    page = seen(world, "desk-learning")
    assert re.findall(r'<p class="sub">(\d+)回目</p>', page) == [str(number) for number in range(22, 2, -1)]


def test_the_button_of_a_used_one_stands_though_twenty_came_after(world: World) -> None:
    """The way back from what is in use does not leave the page with its place in the list."""
    used(world, "old")
    for _turn in range(20):
        keep_learned(ask_learning(by=world.desk), None, by=SYSTEM, why_not="少ない")
    page = seen(world, "desk-learning")
    assert "学んだ重みを使っています（全種類に共通）" in page
    (button,) = buttons(page, "back")
    assert do(world, deed="back", **button) == SHIPPED


@pytest.mark.parametrize(
    "given",
    [
        {"deed": "back", "kind": "seed", "model": "x"}, {"deed": "back", "model": "00000000-0000-4000-8000-000000000000"},
        {"deed": "back", "kind": "SEED"}, {"deed": "back", "kind": "seed'--"}, {"deed": "use", "model": ""}, {"deed": "use", "model": "\x00"},
        {"deed": "use", "model": HOSTILE}, {"deed": HOSTILE}, {"deed": "ASK"}, {"deed": ""}, {},
    ],
)  # fmt: skip
def test_nonsense_changes_nothing(world: World, given: dict[str, str]) -> None:
    used(world, "first")
    before = states()
    assert do(world, **given) == "ボタンから選んでください。"
    assert states() == before
    assert in_use() == {"name": "first"}


def test_who_may_and_in_which_way(world: World) -> None:
    model = learned(world, "first")
    found = {}
    for body in (DESK, LAB, CENTER, BANK):
        one = client(world, body)
        done = one.post(address("desk-learning-act", body), {"deed": "use", "model": str(model.pk)}).status_code
        found[body] = (one.get(address("desk-learning", body)).status_code, done)
    assert found == {DESK: (200, 302), LAB: (200, 302), CENTER: (200, 302), BANK: (403, 403)}  # the bank is not of the lead party
    assert client(world).get(address("desk-learning-act")).status_code == 405
    assert client(world).post(address("desk-learning")).status_code == 405
    assert client(world, BANK).get(address("desk-learning", DESK)).status_code in {403, 404}
