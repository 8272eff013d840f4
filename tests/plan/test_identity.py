"""Rows cases point at are shared by every version and plan: never copied, never deleted, worded by the plan that ends last."""

from __future__ import annotations

import copy
import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction

from renkei.audit.models import Event
from renkei.base import clock
from renkei.base.actor import SYSTEM
from renkei.base.refusal import Refused
from renkei.plan import actions
from renkei.plan.checks import check_files
from renkei.plan.files import builtin_plans, load, write_folder
from renkei.plan.models import Body, Field, Municipality, Party, Plan, PlanVersion, Provision, Service, Stage
from renkei.plan.queries import current_plan, version_content
from tests.plan.region import region

pytestmark = pytest.mark.django_db
ROWS = (Party, Body, Field, Stage, Service, Municipality)


@pytest.fixture(autouse=True)
def _today() -> Iterator[None]:
    with clock.moved_to(clock.at(dt.date(2026, 11, 25), 12)):
        yield


def counts() -> tuple[int, ...]:
    return tuple(model.objects.count() for model in ROWS)


def refused(document: dict[str, Any]) -> str:
    with pytest.raises(Refused) as refusal, transaction.atomic():
        actions.publish(document, by=SYSTEM)
    return refusal.value.code


def following(code: str = "hibari-next", start: str = "2027-04-01", end: str = "2030-03-31") -> dict[str, Any]:
    document = region()
    document["plan"] |= {"code": code, "predecessor": "hibari-files", "term": {"from": start, "to": end, "written": "次"}}
    document["targets"], document["targets_total"] = [], {"count": 0}
    return document


@pytest.mark.parametrize(
    ("section", "index", "key", "value", "model", "code"),
    [
        ("bodies", 1, "name", "新しい試験所", Body, "hibari-lab"), ("bodies", 1, "short", "新試験所", Body, "hibari-lab"),
        ("bodies", 1, "phone", "000-000-9999", Body, "hibari-lab"), ("bodies", 1, "mail", "lab@hibari.example", Body, "hibari-lab"),
        ("bodies", 1, "kind", "university", Body, "hibari-lab"), ("bodies", 1, "number", "⑨", Body, "hibari-lab"),
        ("services", 0, "name", "新しい催し", Service, "events"), ("services", 0, "short", "新催し", Service, "events"),
        ("stages", 0, "name", "新しいきっかけ", Stage, "1"), ("fields", 0, "name", "新しい分野", Field, "A"),
        ("municipalities", 0, "name", "新ひばり市", Municipality, "999016"), ("municipalities", 0, "kana", "しんひばりし", Municipality, "999016"),
    ],
)  # fmt: skip
@pytest.mark.covers("C69")
def test_a_new_wording_changes_the_row_and_makes_none(
    section: str, index: int, key: str, value: str, model: Any, code: str
) -> None:
    actions.publish(region(), by=SYSTEM)
    before, old = counts(), model.objects.get(pk=code)
    document = region()
    document[section][index][key] = value
    actions.publish(document, by=SYSTEM)
    row = model.objects.get(pk=code)
    assert (getattr(row, key), counts()) == (value, before)
    assert [name for name in vars(old) if name != "_state" and getattr(old, name) != getattr(row, name)] == [key]


def test_a_service_may_move_to_another_stage_and_an_area_take_another_town() -> None:
    actions.publish(region(), by=SYSTEM)
    document = region()
    document["services"][0]["stage"] = "3"
    document["areas"].append({"code": "south", "name": "南", "kind": "municipalities"})
    document["municipalities"][0]["areas"] = ["north", "south"]
    actions.publish(document, by=SYSTEM)
    assert Service.objects.get(pk="events").stage_id == "3"
    assert Municipality.objects.get().areas == ["north", "south"]


def test_order_follows_the_document() -> None:
    actions.publish(region(), by=SYSTEM)
    document = region()
    for section in ("parties", "bodies", "stages", "services"):
        document[section].reverse()
    actions.publish(document, by=SYSTEM)
    assert list(Body.objects.values_list("pk", flat=True)) == ["hibari-bank", "hibari-lab", "hibari-desk"]
    assert list(Stage.objects.values_list("pk", flat=True)) == ["3", "1"]
    assert list(Party.objects.values_list("pk", flat=True)) == ["hibari-bank-party", "hibari"]
    assert list(Service.objects.values_list("pk", flat=True)) == ["tech-consultation", "loan", "events"]


@pytest.mark.covers("C69")
def test_what_leaves_the_plan_stays_for_the_cases_that_rest_on_it() -> None:
    actions.publish(region(), by=SYSTEM)
    before = counts()
    document = region()
    document["services"].pop(1)  # the loan
    document["provisions"] = [row for row in document["provisions"] if row["service"] != "loan"]
    document["municipalities"] = []
    actions.publish(document, by=SYSTEM)
    assert counts() == before
    assert Provision.objects.filter(service="loan", withdrawn=True).count() == 2


@pytest.mark.covers("C74")
def test_a_party_is_called_as_on_the_day_of_publication() -> None:
    document = region()
    document["parties"][1]["names"].append({"from": "2026-11-26", "value": "あすのひばり銀行"})
    actions.publish(document, by=SYSTEM)
    assert Party.objects.get(pk="hibari-bank-party").name == "ひばり銀行"
    with clock.moved_to(clock.at(dt.date(2026, 11, 26))):
        actions.publish({**document, "areas_note": "一日後"}, by=SYSTEM)
    assert Party.objects.get(pk="hibari-bank-party").name == "あすのひばり銀行"


def test_a_version_is_kept_word_for_word_whatever_comes_after() -> None:
    versions = [actions.publish({**region(), "areas_note": f"第{n}"}, by=SYSTEM) for n in range(1, 4)]
    assert [one.number for one in PlanVersion.objects.order_by("number")] == [1, 2, 3]
    for version, note in zip(versions, ("第1", "第2", "第3"), strict=True):
        assert PlanVersion.objects.get(pk=version.pk).content == {**region(), "areas_note": note}
        assert version_content(version.pk).raw["areas_note"] == note


def test_going_back_to_an_old_wording_is_a_new_version() -> None:
    first = actions.publish(region(), by=SYSTEM)
    actions.publish({**region(), "areas_note": "x"}, by=SYSTEM)
    third = actions.publish(region(), by=SYSTEM)
    assert (third.number, third.content) == (3, first.content)
    assert Event.objects.filter(verb="plan.publish").count() == 3


def test_the_document_given_is_left_as_it_was() -> None:
    document = region()
    given_before = copy.deepcopy(document)
    actions.publish(document, by=SYSTEM)
    assert document == given_before


@pytest.mark.parametrize(
    "change",
    [
        {"provisions": [{"service": "gone", "body": "hibari-lab", "source": "text"}]}, {"bodies": []}, {"calendar": {"closed": [{"from": "02-30", "to": "03-01"}]}},
        {"colour": "red"}, {"clocks": {}}, {"calendar": {"closed": [{"from": "01-01", "to": "12-31"}]}},
        {"parties": [{**region()["parties"][0], "names": [{"from": None, "value": "県" * 201}]}, region()["parties"][1]]},
        {"bodies": [{**row, "kind": "k" * 21} if row["code"] == "hibari-lab" else row for row in region()["bodies"]]},
        {"fields": [{"code": "A", "name": "物" * 201, "definition": "物"}]},
    ],
)  # fmt: skip
def test_a_faulty_document_writes_nothing_and_never_meets_the_database(change: dict[str, Any]) -> None:
    assert refused({**region(), **change}) == "plan_faults"
    assert (counts(), PlanVersion.objects.count(), Event.objects.count()) == ((0,) * 6, 0, 0)


# Several plans in time -----------------------------------------------------------------------------------------------


@pytest.mark.covers("C01", "C02")
def test_an_older_plan_adds_what_is_missing_and_words_nothing() -> None:
    actions.publish(region(), by=SYSTEM)
    actions.publish(following(), by=SYSTEM)
    old = region()
    old["bodies"][1]["name"] = "古い名"
    old["services"].append({"code": "tour", "stage": "1", "name": "見学", "short": "見学"})
    actions.publish(old, by=SYSTEM)
    assert Body.objects.get(pk="hibari-lab").name == "ひばり県工業試験所"
    assert Service.objects.get(pk="tour").name == "見学"
    assert PlanVersion.objects.get(plan="hibari-files", number=2).content["bodies"][1]["name"] == "古い名"


@pytest.mark.parametrize(("end", "leads"), [("2027-03-30", False), ("2027-03-31", True), ("2027-04-01", True)])
def test_the_plan_that_ends_last_words_the_rows(end: str, leads: bool) -> None:
    """Of two that end on the same day, the one published last."""
    actions.publish(region(), by=SYSTEM)
    other = following(start="2026-04-01", end=end)
    other["bodies"][1]["name"] = "別の名"
    actions.publish(other, by=SYSTEM)
    assert (Body.objects.get(pk="hibari-lab").name == "別の名") is leads


@pytest.mark.covers("C66")
def test_each_plan_has_its_own_provisions() -> None:
    actions.publish(region(), by=SYSTEM)
    other = following()
    other["provisions"] = other["provisions"][:1]
    actions.publish(other, by=SYSTEM)
    per_plan = {plan: Provision.objects.filter(plan=plan, withdrawn=False).count() for plan in ("hibari-files", "hibari-next")}
    assert per_plan == {"hibari-files": 4, "hibari-next": 1}
    actions.publish({**other, "provisions": []}, by=SYSTEM)
    assert Provision.objects.filter(plan="hibari-files", withdrawn=False).count() == 4


def test_a_body_only_the_next_plan_names_is_open_as_soon_as_that_is_published() -> None:
    """It must be able to prepare before its term begins."""
    actions.publish(region(), by=SYSTEM)
    other = following()
    other["bodies"].append({"code": "hibari-new", "number": "④", "party": "hibari", "name": "新機関", "short": "新", "kind": "lab", "number_prefix": "新"})
    actions.publish(other, by=SYSTEM)
    assert Body.objects.get(pk="hibari-new").closed_on is None
    assert current_plan().pk == "hibari-files"


def test_a_body_is_closed_when_the_last_running_plan_that_names_it_has_ended() -> None:
    actions.publish(region(), by=SYSTEM)
    other = following()
    other["bodies"].pop()
    other["provisions"] = [row for row in other["provisions"] if row["body"] != "hibari-bank"]
    other["parties"][1]["roles"] = []
    actions.publish(other, by=SYSTEM)
    assert Body.objects.get(pk="hibari-bank").closed_on is None
    with clock.moved_to(clock.at(dt.date(2027, 4, 1))):
        actions.publish({**other, "areas_note": "始まった"}, by=SYSTEM)
    assert Body.objects.get(pk="hibari-bank").closed_on == dt.date(2027, 4, 1)


# Files ---------------------------------------------------------------------------------------------------------------


def test_export_writes_again_what_was_published_and_the_files_have_no_fault(tmp_path: Path) -> None:
    plan = actions.publish(region(), by=SYSTEM).plan
    actions.publish({**region(), "areas_note": "二版"}, by=SYSTEM)
    first = {path.name: path.read_bytes() for path in actions.export(plan, tmp_path)}
    again = {path.name: path.read_bytes() for path in actions.export(plan, tmp_path)}
    assert first == again
    assert check_files(tmp_path) == []
    assert load(tmp_path).document["areas_note"] == "二版"


@pytest.mark.parametrize("left_out", ["targets_total", "form_rules", "municipalities"])
@pytest.mark.parametrize("is_backwards", [False, True])
def test_neither_what_is_left_out_nor_the_order_of_sections_is_lost(tmp_path: Path, left_out: str, is_backwards: bool) -> None:
    names = sorted(region(), reverse=is_backwards)
    document = {name: region()[name] for name in names if name != left_out}
    write_folder(document, tmp_path)
    assert load(tmp_path).document == document
    assert check_files(tmp_path) == []


@pytest.mark.covers("C01", "C02")
def test_a_plan_that_extends_another_is_published_whole(tmp_path: Path) -> None:
    base, child = tmp_path / "base", tmp_path / "child"
    write_folder(region(), base)
    child.mkdir()
    head = following()["plan"]
    (child / "plan.yaml").write_text(
        "extends: base\nplan:\n  code: hibari-next\n  title: 次の計画\n  fictional: true\n  approval: {date: null, written: 未承認}\n"
        "  term: {from: 2027-04-01, to: 2030-03-31, written: 次}\n  lead_party: hibari\n  front_desk: hibari-desk\n"
        "  predecessor: hibari-files\ntargets: []\ntargets_total: {count: 0}\n", encoding="utf-8",
    )  # fmt: skip
    assert check_files(child) == []
    actions.publish(load(base).document, by=SYSTEM)
    plan = actions.publish(load(child).document, by=SYSTEM).plan
    assert (plan.pk, plan.predecessor_id, plan.term_from.isoformat() if plan.term_from else None) == (head["code"], "hibari-files", "2027-04-01")
    assert "extends" not in PlanVersion.objects.get(plan=plan).content
    actions.export(plan, tmp_path / "out")
    assert load(tmp_path / "out").document == load(child).document
    assert PlanVersion.objects.get(plan=plan).content["bodies"] == region()["bodies"]


def test_a_fault_of_the_plan_below_is_named_in_its_own_file(tmp_path: Path) -> None:
    base, child = tmp_path / "base", tmp_path / "child"
    broken = region()
    broken["provisions"][0]["body"] = "gone"
    write_folder(broken, base)
    child.mkdir()
    (child / "plan.yaml").write_text("extends: base\ntargets: []\ntargets_total: {count: 1}\n", encoding="utf-8")
    places = {(Path(one.file).relative_to(tmp_path).as_posix(), one.rule) for one in check_files(child)}
    assert places == {("base/services.yaml", "unknown-code"), ("child/plan.yaml", "wrong-total")}


@pytest.mark.covers("C01")
def test_the_shipped_successor_shares_every_identity_row_with_the_plan_before_it() -> None:
    plans = {code: load(folder).document for code, folder in builtin_plans().items()}
    assert list(plans) == ["chiba", "chiba-next"]
    actions.publish(plans["chiba"], by=SYSTEM)
    before = counts()
    actions.publish(plans["chiba-next"], by=SYSTEM)
    assert counts() == before
    assert Plan.objects.get(pk="chiba-next").predecessor_id == "chiba"
    assert not Body.objects.filter(closed_on__isnull=False).exists()
