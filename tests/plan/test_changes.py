"""A comparison names each value that changed, and nothing else."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from renkei.plan.changes import Change, diff
from tests.plan.region import region


def test_equal_documents_do_not_differ() -> None:
    assert diff(region(), region()) == []


def test_a_changed_value_is_named_by_its_row() -> None:
    new = region()
    new["clocks"]["idle"]["business_days"] = 15
    new["parties"][0]["representatives"][1]["name"] = "別の 知事"
    new["bodies"][2]["phone"] = "000-000-1111"
    new["targets"][1]["count"] = 5
    assert diff(region(), new) == [
        Change(("targets", "令和8年度", "count"), 2, 5),
        Change(("parties", "hibari", "representatives", "2025-04-01", "name"), "新しい 知事", "別の 知事"),
        Change(("bodies", "hibari-bank", "phone"), None, "000-000-1111"),
        Change(("clocks", "idle", "business_days"), 20, 15),
    ]


def test_rows_come_and_go_by_name() -> None:
    old, new = region(), region()
    gone = new["provisions"].pop(0)
    fresh = {"service": "events", "body": "hibari-bank", "source": "text"}
    new["provisions"].append(fresh)
    assert diff(old, new) == [
        Change(("provisions", "events hibari-lab"), gone, None),
        Change(("provisions", "events hibari-bank"), None, fresh),
    ]


def test_a_new_order_is_one_change() -> None:
    new = region()
    new["stages"].reverse()
    assert diff(region(), new) == [Change(("stages", "順番"), ["1", "3"], ["3", "1"])]


def test_sections_come_and_go() -> None:
    new = region()
    areas = new.pop("areas")
    new["second_person"] = ["close"]
    assert diff(region(), new) == [Change(("areas",), areas, None), Change(("second_person",), None, ["close"])]


def test_lists_of_words_and_rows_of_the_same_name_change_whole() -> None:
    assert diff({"a": ["x"]}, {"a": ["x", "y"]}) == [Change(("a",), ["x"], ["x", "y"])]
    twice = [{"code": "x"}, {"code": "x"}]
    assert diff({"a": twice}, {"a": twice[:1]}) == [Change(("a",), twice, twice[:1])]


def test_one_and_true_differ() -> None:
    assert diff({"a": 1}, {"a": True}) == [Change(("a",), 1, True)]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(0, 3) | st.text("ab", max_size=2),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["code", "name", "x"]), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from("pqr"), JSON), st.dictionaries(st.sampled_from("pqr"), JSON))
def test_a_difference_is_found_exactly_when_there_is_one(old: dict[str, object], new: dict[str, object]) -> None:
    same = json.dumps(old, sort_keys=True) == json.dumps(new, sort_keys=True)
    absent = {key for key in {*old, *new} if (key in old) != (key in new)}
    only_empty = all({**old, **new}[key] is None for key in absent)
    assert (diff(old, new) == []) == same or only_empty
