"""The national classification of industries as it is shipped: whole, in order, and read from what people type."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from renkei.companies.actions import Profile, register_company
from renkei.companies.industries import class_of, classes, read_class, shown_class
from renkei.plan.content import PlanContent
from renkei.plan.files import builtin_plans, load
from renkei.plan.industry import industry_of
from tests.cases.making import refuses
from tests.world import World

# Middle groups a division, as the ministry counts them: 20 divisions and 99 groups in both revisions.
GROUPS = {"A": 2, "B": 2, "C": 1, "D": 3, "E": 24, "F": 4, "G": 5, "H": 8, "I": 12, "J": 6, "K": 3, "L": 4, "M": 3, "N": 3, "O": 2,
          "P": 3, "Q": 2, "R": 9, "S": 2, "T": 1}  # fmt: skip


def test_twenty_divisions_and_ninety_nine_groups_without_a_gap() -> None:
    divisions = [one for one in classes() if not one.group]
    groups = [one for one in classes() if one.group]
    assert [one.letter for one in divisions] == list("ABCDEFGHIJKLMNOPQRST")
    assert [one.group for one in groups] == [f"{n:02d}" for n in range(1, 100)]
    assert {one.letter: sum(1 for group in groups if group.letter == one.letter) for one in divisions} == GROUPS


def test_every_line_stands_under_its_division_and_has_a_name_of_its_own() -> None:
    for before, after in pairwise(classes()):
        assert before.letter == after.letter or not after.group
    names = [one.name for one in classes()]
    assert all(name == name.strip() and name and "，" not in name and "," not in name for name in names)
    twice = {name for name in names if names.count(name) > 1}
    assert twice == {"鉱業、採石業、砂利採取業", "分類不能の産業"}  # divisions of one group


def test_the_shipped_plans_divide_alike() -> None:
    folders = builtin_plans()
    for folder in folders.values():
        industry = industry_of(PlanContent(load(folder).document))
        for one in classes():
            if one.group and industry.divisions:
                assert industry.division(one.group) == one.letter


@pytest.mark.parametrize(
    ("code", "name"),
    [("27", "業務用機械器具製造業"), ("２７", "業務用機械器具製造業"), ("E27", "業務用機械器具製造業"), ("2731", "業務用機械器具製造業"), ("e", "製造業"), (" 09 ", "食料品製造業"),
     ("00", None), ("A27", None), ("U", None), ("", None), ("業", None)],
)  # fmt: skip
def test_a_code_is_read_by_its_middle_group(code: str, name: str | None) -> None:
    found = class_of(code)
    assert (found.name if found else None) == name


@pytest.mark.parametrize(
    ("typed", "code"),
    [("27 業務用機械器具製造業", "27"), ("業務用機械器具製造業", "27"), ("E 製造業", "E"), ("製造業", "E"), ("2731", "2731"), ("プラスチック製品製造業（別掲を除く）", "18"),
     ("ﾌﾟﾗｽﾁｯｸ製品製造業(別掲を除く)", "18"), ("分類不能の産業", "99"), ("精密機械", "精密機械"), ("", ""), ("00 なにか", "00 なにか")],
)  # fmt: skip
def test_what_is_typed_or_chosen_becomes_a_code(typed: str, code: str) -> None:
    assert read_class(typed) == code


def test_what_is_shown_is_read_back() -> None:
    assert [read_class(shown_class(one.code)) for one in classes()] == [one.code for one in classes()]
    assert (shown_class("2731"), shown_class(""), shown_class("??")) == ("2731", "", "??")


@pytest.mark.parametrize("code", ["00", "A27", "T98", "0001"])
def test_a_code_the_classification_has_not_is_refused_with_the_way_out(world: World, code: str) -> None:
    with refuses("jsic_unknown", "jsic_code"):
        register_company(Profile(name="まぼろし", jsic_code=code), by=world.desk)


@pytest.mark.parametrize("one", classes(), ids=lambda one: one.code)
def test_every_code_can_be_kept(one: Any) -> None:
    from renkei.companies.actions.profile import checked

    assert checked(Profile(name="まぼろし", jsic_code=one.code), places=frozenset())["jsic_code"] == one.code
