"""Machines and tests in the forms of a route: offered by the plan's word for their kind, in reading order, never when they are gone."""

from __future__ import annotations

import datetime as dt
import html
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from renkei.base import clock
from renkei.cases.queries.route_choices import choosable
from renkei.matching.models import CREDIT, Entry
from renkei.plan.models import Provision
from tests.cases.routing import NOON, Routed, entry, first_need, routed
from tests.desk.pages import HOSTILE, address, client, fault, said
from tests.world import BANK, CENTER, DESK, LAB, World

PAST = NOON.date() - dt.timedelta(days=1)
WRONG = "この支援と機関では選べません。名前の一部を入れて、出てくるものから選んでください。"


@pytest.fixture(autouse=True)
def _at_noon() -> Iterator[None]:
    with clock.moved_to(NOON):
        yield


@pytest.fixture
def there(world: World, monkeypatch: pytest.MonkeyPatch) -> Routed:
    """A route over machines and tests of two bodies that have no service of their own, one of them gone."""
    made = routed(world, monkeypatch)
    Provision.objects.create(plan=world.plan, service_id="equipment-tests", body_id=CENTER, source="text")
    for code, kind, body, kana in (
        ("EQ3", "equipment", LAB, "ン"), ("EQ2", "equipment", LAB, "ア"), ("TS1", "test", LAB, ""), ("EQ4", "equipment", CENTER, ""),
        ("EQ5", "equipment", BANK, ""), ("EQ6", "equipment", LAB, ""), ("OU1", "outside", None, ""), ("SE1", "seed", LAB, ""),
    ):  # fmt: skip
        entry(code, kind, None, body)
        Entry.objects.filter(pk=code).update(kana=kana, ends_on=PAST if code == "EQ6" else None)
    return made


def step_url(there: Routed, service: str = "equipment-tests") -> str:
    return address("desk-route-step", DESK, case=there.case.pk, planned=there.step(service).key)


def picked(there: Routed, service: str = "equipment-tests") -> list[tuple[str, list[str]]]:
    """The groups of the choice of an entry, as they stand."""
    text = said(client(there.world).get(step_url(there, service)))
    part = re.search(r'<select name="entry".*?</select>', text, re.DOTALL)
    assert part is not None
    return [(name, re.findall(r'value="([^"]*)"', rows)) for name, rows in re.findall(r'<optgroup label="([^"]*)">(.*?)</optgroup>', part.group(), re.DOTALL)]


def change(there: Routed, **more: str) -> Any:
    step = there.step("equipment-tests")
    given = {"body": step.body_id, "entry": step.entry, "begin": "", "end": "", "override": "", "version": str(there.version), "option": ""}
    return client(there.world).post(step_url(there), given | more, follow=True)


def test_machines_and_tests_are_offered_by_the_plans_word_for_their_kind(there: Routed) -> None:
    """Those of the step's body first, by reading; what is gone, outside, of no provider or of another kind is not there."""
    assert picked(there) == [
        ("工業試験所　機器", ["EQ1", "EQ2", "EQ3"]), ("工業試験所　依頼試験", ["TS1"]), ("センター　機器", ["EQ4"]),
    ]  # fmt: skip
    assert "いまは選べません" not in said(client(there.world).get(step_url(there)))
    assert "段取りを直しました" in said(change(there, entry="TS1"))
    assert there.step("equipment-tests").entry == "TS1"
    assert picked(there, "rd-subsidy") == [("センター　制度", ["PG1", "PG2"])]


def test_a_steps_own_machine_stands_among_them_until_it_is_gone(there: Routed) -> None:
    Entry.objects.filter(pk="EQ1").update(ends_on=PAST)
    assert "EQ1の名（いまは選べません）" in said(client(there.world).get(step_url(there)))
    assert "EQ1" not in picked(there)[0][1]
    assert fault(change(there, entry="EQ6"), "entry") == "一覧にないものです。選び直してください。"


def test_other_machines_and_tests_are_other_ways_to_do_it(there: Routed) -> None:
    def options() -> set[str]:
        return set(re.findall(r'name="option" value="([^"]+)"', said(client(there.world).get(step_url(there)))))

    use = "equipment-tests"
    Entry.objects.filter(pk="TS1").update(name="雷サージの依頼試験")  # what the need says
    entry("EQ7", "equipment", None, LAB)
    Entry.objects.filter(pk="EQ7").update(name="真空ポンプ")  # neither like the need nor like the machine
    assert options() == {f"{use}|{LAB}|EQ2", f"{use}|{LAB}|EQ3", f"{use}|{LAB}|TS1", f"{use}|{CENTER}|EQ4", f"{use}|{CENTER}|"}
    change(there, option=f"{use}|{CENTER}|EQ4")
    assert (there.step(use).body_id, there.step(use).entry) == (CENTER, "EQ4")
    assert f"{use}|{LAB}|EQ1" in options()


def test_many_machines_cost_no_more_questions_and_few_options(there: Routed) -> None:
    def asked() -> int:
        with CaptureQueriesContext(connection) as ran:
            client(there.world).get(step_url(there))
        return len(ran)

    asked()
    before = asked()
    for number in range(30):
        entry(f"EX{number}", "equipment", None, LAB)
    asked()
    assert asked() == before
    assert said(client(there.world).get(step_url(there))).count('name="option"') <= 9
    with CaptureQueriesContext(connection) as ran:
        assert len(choosable("equipment-tests")) == 36
    assert len([one for one in ran if "matching_entry" in one["sql"]]) == 1


def add(there: Routed, **more: str) -> Any:
    given = {"need": str(first_need(there.case).pk), "provision": f"equipment-tests|{LAB}", "begin": "", "end": "", "override": "", "version": str(there.version)}
    return client(there.world).post(address("desk-route-add", DESK, case=there.case.pk), given | more, follow=True)


def test_a_step_is_added_with_its_machine(there: Routed) -> None:
    text = said(client(there.world).get(address("desk-route-add", DESK, case=there.case.pk)))
    part = text.split('<datalist id="entry-words">')[1].split("</datalist>")[0]
    offered = [html.unescape(one) for one in re.findall(r'value="([^"]*)"', part)]
    assert [one for one in offered if "工業試験所" in one] == [f"{one}の名（工業試験所）" for one in ("EV1", "EQ1", "EQ2", "EQ3", "TS1")]
    assert [one for one in offered if one.startswith(("EQ6", "OU1", "SE1"))] == []
    for words, code in (("EQ2の名（工業試験所）", "EQ2"), ("EQ3", "EQ3"), ("ｔｓ1の名", "TS1")):
        assert "段取りを足しました" in said(add(there, entry=words))
        assert (there.steps[-1].service_id, there.steps[-1].entry) == ("equipment-tests", code)


@pytest.mark.parametrize("words", ["EQ4の名（センター）", "EV1の名（工業試験所）", "EQ6", "EQ6の名（工業試験所）", "SE1", "の名", HOSTILE, "あ" * 300])
def test_what_the_body_cannot_use_for_it_is_said_beside_the_field(there: Routed, words: str) -> None:
    answer = add(there, entry=words)
    assert (answer.status_code, fault(answer, "entry"), there.version) == (422, WRONG, 1)
    assert HOSTILE not in said(answer)


def test_two_of_one_name_are_told_apart_by_their_number(there: Routed) -> None:
    Entry.objects.filter(pk__in=["EQ2", "EQ3"]).update(name="恒温槽", kana="")
    assert fault(add(there, entry="恒温槽"), "entry") == WRONG
    assert "段取りを足しました" in said(add(there, entry="恒温槽（工業試験所） EQ3"))
    assert there.steps[-1].entry == "EQ3"


def test_a_programme_carries_its_credit_in_the_route_and_among_the_other_ways(there: Routed) -> None:
    route, step = address("desk-route", DESK, case=there.case.pk), step_url(there, "rd-subsidy")
    chosen = there.step("rd-subsidy").entry
    other = next(one for one in ("PG1", "PG2") if one != chosen)
    assert CREDIT not in said(client(there.world).get(route)) + said(client(there.world).get(step))
    Entry.objects.filter(pk=chosen).update(source=CREDIT)
    assert said(client(there.world).get(route)).count(CREDIT) == 1
    Entry.objects.filter(pk=other).update(source=CREDIT)
    assert said(client(there.world).get(step)).count(CREDIT) == 1
