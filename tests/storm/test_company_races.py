"""Two people merging firms crosswise, and a consultation that arrives in that very moment."""

from __future__ import annotations

from typing import Any

import pytest

from renkei.cases.actions.intake import Said, receive
from renkei.cases.models import Case
from renkei.companies.actions import Profile, merge_companies, merging, register_company
from renkei.companies.models import Company, Merge
from renkei.plan.models import Body
from tests.storm.racing import at_once, codes, meet_in, without_row_locks
from tests.world import DESK, World

pytestmark = pytest.mark.storm


def firms(world: World) -> tuple[Company, Company]:
    return tuple(register_company(Profile(name=name), by=world.desk) for name in ("まぼろし一", "まぼろし二"))  # type: ignore[return-value]  # two


@pytest.mark.parametrize("locked", [True, False])
def test_merged_crosswise_one_stays(committed_world: World, login: Any, monkeypatch: pytest.MonkeyPatch, locked: bool) -> None:
    world = committed_world
    one, two = firms(world)
    if not locked:
        without_row_locks(monkeypatch)
    meet_in(monkeypatch, merging, "_check")
    with login("web"):
        got = at_once((world.desk, lambda: merge_companies(one, two, by=world.desk)),
                      (world.desk, lambda: merge_companies(two, one, by=world.desk)))  # fmt: skip
    standing = Company.objects.standing().count()
    if locked:
        assert codes(got) == ["merged", "ok"]
        assert (standing, Merge.objects.count()) == (1, 1)
    else:
        assert codes(got) != ["merged", "ok"]  # both go ahead, or wait for each other: what the lock prevents


def test_a_consultation_in_that_moment_follows_the_firm(committed_world: World, login: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    world = committed_world
    keeper, gone = firms(world)
    meet_in(monkeypatch, merging, "_move")
    said = Said(text="相談です。", channel="phone", company=gone, phone="000-000-0011")
    with login("web"):
        got = at_once((world.desk, lambda: merge_companies(keeper, gone, by=world.desk)),
                      (world.desk, lambda: receive(said, by=world.desk, body=Body.objects.get(pk=DESK))))  # fmt: skip
    assert codes(got) == ["ok", "ok"]
    assert set(Case.objects.values_list("company", flat=True)) == {keeper.pk}
