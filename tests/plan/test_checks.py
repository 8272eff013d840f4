"""Each rule of a plan: what breaks it is named by file, line and rule."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renkei.plan.checks import check, check_document, check_files, check_shape
from renkei.plan.files import Source, builtin_plans, load
from tests.plan.region import REGION, region

Path_ = tuple[str | int, ...]


def put(document: dict[str, Any], path: Path_, value: Any) -> dict[str, Any]:
    """Return the document with one value changed (``...`` takes it away; past the end of a list adds it)."""
    target: Any = document
    for step in path[:-1]:
        target = target[step]
    last = path[-1]
    if value is ...:
        del target[last]
    elif isinstance(target, list) and last == len(target):
        target.append(value)
    else:
        target[last] = value
    return document


def test_the_region_and_the_shipped_plans_have_no_fault() -> None:
    assert check_files(REGION) == []
    assert {code: check_files(folder) for code, folder in builtin_plans().items()} == {"chiba": [], "chiba-next": []}


SHAPE: list[tuple[Path_, Any, str]] = [
    (("plan",), ..., "required"),
    (("plan", "title"), ..., "required"),
    (("plan", "colour"), "red", "unknown-key"),
    (("colour",), "red", "unknown-key"),
    (("plan", "title"), 5, "type"),
    (("plan", "fictional"), "yes", "type"),
    (("plan", "title"), "", "minLength"),
    (("plan", "title"), "あ" * 201, "maxLength"),
    (("plan", "code"), "ひばり", "pattern"),
    (("plan", "term", "to"), None, "type"),
    (("plan", "term", "to"), "2027", "pattern"),
    (("plan", "term", "from"), "4月1日", "date"),
    (("provisions", 0, "source"), "rumour", "choice"),
    (("provisions", 0), "events", "type"),
    (("bodies",), [], "minItems"),
    (("bodies", 0, "mail"), "no address", "pattern"),
    (("bodies", 0, "phone"), "０４３", "pattern"),
    (("bodies", 0, "number_prefix"), "県 8", "pattern"),
    (("clocks", "idle"), {"days": 3}, "anyOf"),
    (("clocks", "idle"), ..., "required"),
    (("clocks", "idle", "business_days"), -1, "anyOf"),
    (("targets", 0, "fiscal_years"), [], "minItems"),
    (("targets", 0, "count"), True, "type"),
    (("second_person",), ["everything"], "choice"),
    (("sharing",), {"never_by_general_consent": {"bank": ["secret"]}}, "choice"),
]
CROSS: list[tuple[Path_, Any, str]] = [
    (("provisions", 0, "service"), "gone", "unknown-code"),
    (("provisions", 0, "body"), "gone", "unknown-code"),
    (("services", 0, "stage"), "9", "unknown-code"),
    (("bodies", 1, "party"), "gone", "unknown-code"),
    (("plan", "lead_party"), "gone", "unknown-code"),
    (("plan", "front_desk"), "gone", "unknown-code"),
    (("plan", "predecessor"), "hibari-files", "own-predecessor"),
    (("plan", "parent"), {"name": "親", "fields": ["Z"]}, "unknown-code"),
    (("municipalities", 0, "areas"), ["south"], "unknown-code"),
    (("municipalities", 0, "code"), "999017", "check-digit"),
    (("areas", 0, "kind"), "estates", "estate-area"),
    (("estates",), [{"code": "e", "name": "団地", "area": "gone"}], "unknown-code"),
    (("indicators",), [{"area": "gone", "name": "数", "value": 1, "unit": "%", "written": "1%"}], "unknown-code"),
    (("meetings",), [{"code": "m", "name": "会議", "owner": "gone"}], "unknown-code"),
    (("meetings",), [{"code": "m", "name": "会議", "owner": "hibari-desk", "decides": ["gone"]}], "unknown-code"),
    (("meetings",), [{"code": "m", "name": "会議", "owner": "hibari-desk", "decides": ["loan"], "decides_in": ["会合"]}], "unknown-session"),
    (("meetings",), [{"code": code, "name": "会議", "owner": "hibari-desk", "decides": ["loan"]} for code in ("m", "n")], "decided-twice"),
    (("ladder",), [{"code": "r", "name": "段", "lead": "gone"}], "unknown-code"),
    (("networks",), [{"code": "n", "name": "網", "through": "gone", "members": []}], "unknown-code"),
    (("posts",), [{"post": "gone", "body": "hibari-desk"}], "unknown-code"),
    (("parties", 0, "roles", 0, "body"), "gone", "unknown-code"),
    (("parties", 0, "roles", 0, "body"), "hibari-bank", "foreign-role"),
    (("bodies", 1, "kind"), "desk", "second-desk"),
    (("bodies", 1, "number_prefix"), "県", "prefix-twice"),
    (("bodies", 1, "number"), "①", "number-twice"),
    (("services", 1, "code"), "events", "code-twice"),
    (("vocabularies", "channels", 1), {"code": "web", "name": "二度目"}, "code-twice"),
    (("provisions", 4), {"service": "events", "body": "hibari-lab", "source": "text"}, "provision-overlap"),
    (("provisions", 2, "from"), "2025-03-31", "provision-overlap"),
    (("provisions", 1, "to"), "2024-03-31", "ends-before-start"),
    (("provisions", 1, "to"), "2025-02-30", "no-such-day"),
    (("plan", "term", "to"), "2027-02-29", "no-such-day"),
    (("plan", "term", "from"), "2027-04-01", "ends-before-start"),
    (("calendar", "closed", 0, "to"), "02-30", "no-such-day"),
    (("parties", 0, "representatives", 1, "from"), None, "dated-order"),
    (("targets", 1, "fiscal_years"), [2027], "year-outside-term"),
    (("targets", 1, "fiscal_years"), [2023], "year-outside-term"),
    (("targets", 1, "fiscal_years"), [2025], "year-twice"),
    (("targets_total", "count"), 4, "wrong-total"),
    (("sharing",), {"never_by_general_consent": {"university": ["technical"]}}, "unknown-kind"),
    (("letters",), [{"code": "reply", "prefixes": {"gone": "産"}}], "unknown-code"),
    (("letters",), [{"code": "reply", "prefixes": {"hibari-desk": "産", "gone": "県"}}], "unknown-code"),
    (("letters",), [{"code": "reply", "steps": ["staff", "gone"]}], "unknown-code"),
    (("letters",), [{"code": "reply", "number": "産第号"}], "pattern"),
    (("letters",), [{"code": "poem"}], "choice"),
    (("routing",), {"default": [{"kind": "technical", "body": "gone"}]}, "unknown-code"),
    (("routing",), {"outside_region": {"after": "in_region_declined", "lead": "gone"}}, "unknown-code"),
    (("routing",), {"outside_region": {"after": "in_region_declined", "lead": "hibari-lab", "network": "gone"}},
     "unknown-code"),
    (("routing",), {"rules": [{"code": "r", "services": ["gone"], "words": [["AI"]], "first": "hibari-lab"}]},
     "unknown-code"),
    (("routing",), {"rules": [{"code": "r", "services": ["loan"], "words": [["AI"]], "first": "hibari-lab"}]},
     "not-offered"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "value", "rule"), SHAPE + CROSS)
def test_each_rule_finds_what_breaks_it(path: Path_, value: Any, rule: str) -> None:
    document = put(region(), path, value)
    if rule == "provision-overlap" and path[1] == 2:
        document["provisions"][1]["to"] = "2025-03-31"
    faults = check_document(document)
    assert rule in {fault.rule for fault in faults}
    assert {fault.file for fault in faults} <= {*document, ""}
    assert all(fault.message.endswith("。") or "：" in fault.message or fault.message for fault in faults)


def test_letters_may_name_every_body_and_role_there_is() -> None:
    document = region()
    document["letters"] = [
        {"code": kind, "prefixes": {row["code"]: "産" for row in document["bodies"]}, "steps": ["staff", ""]} for kind in ("sheet", "reply")
    ]  # fmt: skip
    assert check_document(document) == []
    del document["vocabularies"]["roles"]  # a vocabulary that is left out limits nothing; that it is left out is said once
    document["letters"][0]["steps"] = ["anybody"]
    assert [fault.rule for fault in check_document(document)] == ["required"]


@pytest.mark.parametrize(
    ("before", "after", "place", "rule"),
    [
        ("service: loan, body: hibari-bank, source: figure, from: 2025", "service: loan, body: gone, source: figure, from: 2025", ("rest.yaml", 15), "unknown-code"),
        ("business_days: 20", "business_days: -20", ("rest.yaml", 27), "anyOf"),
        ('"999016"', '"999017"', ("rest.yaml", 20), "check-digit"),
        ("fiscal_years: [2026]", "fiscal_years: [2031]", ("plan.yaml", 15), "year-outside-term"),
        ("title: ひばり県連携支援計画", "titel: ひばり県連携支援計画", ("plan.yaml", 4), "unknown-key"),
    ],
)  # fmt: skip
def test_a_fault_names_file_and_line(tmp_path: Path, before: str, after: str, place: tuple[str, int], rule: str) -> None:
    for path in REGION.glob("*.yaml"):
        (tmp_path / path.name).write_text(path.read_text(encoding="utf-8").replace(before, after), encoding="utf-8")
    faults = check_files(tmp_path)
    assert (str(tmp_path / place[0]), place[1], rule) in {(fault.file, fault.line, fault.rule) for fault in faults}


def test_reading_faults_stand_beside_faults_of_shape(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(b"plan: 1\n")
    (tmp_path / "b.yaml").write_bytes(b"\xff")
    assert [fault.rule for fault in check_files(tmp_path)][-2:] == ["type", "encoding"]


def test_a_section_is_checked_alone() -> None:
    good = Source(region()["clocks"], {("clocks",): ("clocks", 1)})
    assert list(check_shape(good, ("clocks",))) == []
    bad = Source({"idle": 5}, {("clocks",): ("clocks", 1), ("clocks", "idle"): ("clocks", 2)})
    assert {(fault.line, fault.rule) for fault in check_shape(bad, ("clocks",))} == {(1, "required"), (2, "anyOf")}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(st.data())
def test_no_document_raises(data: st.DataObject) -> None:
    document = copy.deepcopy(region())
    section = data.draw(st.sampled_from(sorted(document)))
    document[section] = data.draw(JSON)
    assert isinstance(check(Source(document, {})), list)


def test_loading_a_single_file_checks_it_alone() -> None:
    faults = check(load(REGION / "plan.yaml"))
    assert {fault.rule for fault in faults} == {"required"}
