"""The data files of the example: made up and said to be, whole, and pointing only at what is there."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections import Counter
from importlib import resources
from typing import Any

import pytest

from renkei.base.numbers import is_corporate_number, is_municipality_code, parse_phone
from renkei.base.text import clean_text, search_key
from renkei.example.catalogue import REFERENCE_DAY
from renkei.example.files import PASSWORD, rows
from renkei.example.plots import PLOTS
from renkei.example.scene import phrases
from renkei.plan.files import builtin_plans, load

CATALOGUE = ["equipment", "events", "external_equipment", "needs", "past_cases", "people", "programmes", "seeds"]
FILES = ["staff", "companies", "stories", "projects", *[f"catalogue/{name}" for name in CATALOGUE]]


def read(name: str) -> list[dict[str, Any]]:
    return list(rows(f"{name}.jsonl"))


@pytest.fixture(scope="module")
def plan() -> dict[str, Any]:
    return load(builtin_plans()["chiba-next"]).document


def codes(plan: dict[str, Any], section: str) -> set[str]:
    return {row["code"] for row in plan[section]}


@pytest.mark.parametrize("name", FILES)
def test_every_row_has_an_id_of_its_own_and_clean_text(name: str) -> None:
    found = read(name)
    assert found
    assert [one for one, count in Counter(row["id"] for row in found).items() if count > 1] == []
    text = json.dumps(found, ensure_ascii=False)
    assert clean_text(text) == text
    assert not re.search(r"�|lorem", text, re.IGNORECASE)


@pytest.mark.parametrize("name", FILES)
def test_no_address_and_no_number_reaches_anybody(name: str) -> None:
    """Mail goes to .example, which nobody can own; telephone numbers have a block of noughts."""
    text = json.dumps(read(name), ensure_ascii=False)
    assert [mail for mail in re.findall(r"[\w.+-]+@([\w.-]+)", text) if not mail.endswith(".example")] == []
    assert re.findall(r"https?://(?!\w[\w.-]*\.example)", text) == []


def test_every_firm_is_marked_made_up_and_could_be_registered(plan: dict[str, Any]) -> None:
    firms = read("companies")
    assert len(firms) == 60
    towns = {row["code"]: row for row in plan["municipalities"]}
    for firm in firms:
        assert firm["架空"] is True, firm["id"]
        assert is_corporate_number(firm["corporate_number"]), firm["id"]
        assert is_municipality_code(firm["municipality_code"])
        assert towns[firm["municipality_code"]]["name"] == firm["municipality"], firm["id"]
        assert parse_phone(firm["phone"])
        assert search_key(firm["name"])
        assert firm["people"], firm["id"]
        assert 1600 < firm["founded_year"] <= REFERENCE_DAY.year


@pytest.mark.parametrize("key", ["name", "corporate_number", "phone", "email"])
def test_no_two_firms_could_be_taken_for_each_other(key: str) -> None:
    found = Counter(search_key(firm[key]) if key == "name" else firm[key] for firm in read("companies"))
    assert [one for one, count in found.items() if count > 1] == []


def test_every_body_has_people_who_belong_to_it_already_and_one_who_admits_others(plan: dict[str, Any]) -> None:
    staff = read("staff")
    assert {row["body"] for row in staff} == codes(plan, "bodies")
    for body in codes(plan, "bodies"):
        members = [row for row in staff if row["body"] == body]
        assert any(row["admin"] for row in members), body
        assert any(dt.date.fromisoformat(row["since"]) <= dt.date(2024, 4, 1) for row in members), body
    assert max(row["since"] for row in staff) <= REFERENCE_DAY.isoformat()


def test_every_role_of_the_staff_is_a_word_of_the_plan(plan: dict[str, Any]) -> None:
    words = {word["code"] for name in ("roles", "posts") for word in plan["vocabularies"][name]}
    assert {row["role"] for row in read("staff")} - words == set()
    assert len({row["email"] for row in read("staff")}) == len(read("staff"))


def test_people_of_the_catalogue_are_the_staff() -> None:
    people = {row["id"]: (row["name"], row["kana"], row["body"]) for row in read("catalogue/people")}
    staff = {row["id"]: (row["name"], row["kana"], row["body"]) for row in read("staff")}
    assert {one: staff[one] for one in people.keys() & staff.keys()} == {one: people[one] for one in people.keys() & staff.keys()}


def test_stories_use_every_plot_and_what_they_name_is_there(plan: dict[str, Any]) -> None:
    stories, firms = read("stories"), {row["id"]: row for row in read("companies")}
    bodies, services, stages = (codes(plan, name) for name in ("bodies", "services", "stages"))
    channels = {word["code"] for word in plan["vocabularies"]["channels"]}
    assert {row["plot"] for row in stories} == set(PLOTS)
    for row in stories:
        assert row["channel"] in channels
        assert row["days_ago"] >= 0
        assert row["company"] is None or row["person"] < len(firms[row["company"]]["people"]), row["id"]
        for need in row["needs"]:
            assert (need["body"] in bodies, need["service"] in services, need["stage"] in stages) == (True,) * 3, row["id"]
            assert need["quote"] == "" or need["quote"] in row["text"], row["id"]


def test_a_body_is_asked_only_for_what_it_offers(plan: dict[str, Any]) -> None:
    offers = {(row["service"], row["body"]) for row in plan["provisions"]}
    asked = {(need["service"], need["body"]) for row in read("stories") for need in row["needs"]}
    assert asked - offers == set()
    past = {(one["service"], one["body"]) for row in read("catalogue/past_cases") for one in row["supports"]}
    assert {pair for pair in past - offers if pair[1] in codes(plan, "bodies")} == set()


def test_at_least_twelve_stories_wait_to_be_sorted() -> None:
    waiting = [row for row in read("stories") if row["plot"] == "untriaged"]
    assert len(waiting) >= 12
    assert max(row["days_ago"] for row in waiting) <= 10
    assert [row["id"] for row in waiting if row["needs"]] == []


def test_the_stories_reach_over_two_fiscal_years() -> None:
    days = [REFERENCE_DAY - dt.timedelta(days=row["days_ago"]) for row in read("stories")]
    assert min(days) < dt.date(2026, 4, 1) <= max(days)


@pytest.mark.parametrize("kind", ["contacts", "next"])
def test_there_is_a_phrase_for_every_stage(plan: dict[str, Any], kind: str) -> None:
    assert set(phrases()[kind]) == codes(plan, "stages")
    assert all(phrases()[kind].values())


def test_phrases_are_sentences_and_reasons_are_words_of_the_plan(plan: dict[str, Any]) -> None:
    assert set(phrases()["declines"]) <= {word["code"] for word in plan["vocabularies"]["decline_reasons"]}
    for kind in ("done", "company", "to_company", "feedback"):
        assert [one for one in phrases()[kind] if not one.endswith("。")] == []


def test_no_need_tells_in_public_who_has_it() -> None:
    for row in read("catalogue/needs"):
        keeper = row["source_name"].split()[0]
        assert keeper not in row["public_summary"] + row["title"], row["id"]
        assert "架空" in row["source_name"] or row["source_name"] == "", row["id"]
        assert row["disclosure"] in {"public", "bodies", "named", "nda"}


@pytest.mark.parametrize(
    ("name", "start", "end"), [("programmes", "opens_on", "closes_on"), ("events", "starts", "ends"), ("people", "term_from", "term_to")]
)
def test_nothing_ends_before_it_begins(name: str, start: str, end: str) -> None:
    spans = [(row["id"], row[start], row[end]) for row in read(f"catalogue/{name}") if row.get(start) and row.get(end)]
    assert spans
    assert [one for one, begins, ends in spans if ends < begins] == []


def test_seats_close_before_the_day_and_hosts_are_bodies(plan: dict[str, Any]) -> None:
    for row in read("catalogue/events"):
        assert row["closes_on"] is None or row["closes_on"] <= row["starts"][:10], row["id"]
        assert row["hosts"], row["id"]
        assert set(row["hosts"]) <= codes(plan, "bodies"), row["id"]
        assert row["service"] in codes(plan, "services")


def test_money_is_whole_yen_and_never_negative() -> None:
    amounts = [value for name in CATALOGUE for row in read(f"catalogue/{name}") for key, value in row.items()
               if key.endswith("_yen") and value is not None]  # fmt: skip
    assert len(amounts) > 300
    assert [one for one in amounts if type(one) is not int or one < 0] == []


def test_outside_machines_know_which_of_ours_could_do_it() -> None:
    ours = {row["id"] for row in read("catalogue/equipment")}
    assert {one for row in read("catalogue/external_equipment") for one in row["in_region_equipment"]} - ours == set()


def test_the_password_is_long_enough_for_the_rules_of_the_house() -> None:
    assert len(PASSWORD) >= 10


def test_every_data_file_is_read_by_somebody() -> None:
    folder = resources.files("renkei.example").joinpath("data")
    found = {one.name for one in folder.iterdir() if one.is_file()} | {f"catalogue/{one.name}" for one in folder.joinpath("catalogue").iterdir()}
    assert found == {f"{name}.jsonl" for name in FILES} | {"phrases.json", "corporate-numbers.txt"}
