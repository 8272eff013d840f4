"""The shipped plan says what the plan document says: every written string is looked up in the seed."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from renkei.base.fiscal_year import FiscalYear
from renkei.plan.files import builtin_plans, load

SHARED = Path(__file__).resolve().parents[3] / "shared"
needs_seed = pytest.mark.skipif(not (SHARED / "seed").is_dir(), reason="../shared/seed is not there: LOUDLY skipped")
NUMBERS = "①②③④⑤⑥⑦⑧⑨⑩⑪"


def squeeze(text: str) -> str:
    """Drop what only the printing added: spaces, line ends, page breaks, tags."""
    return re.sub(r"\s|</?(?:p|ul|li)>|^--$", "", text, flags=re.MULTILINE)


@pytest.fixture(scope="module")
def seed() -> str:
    (path,) = (SHARED / "seed").glob("*.txt")
    return squeeze(path.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def chiba() -> dict[str, Any]:
    source = load(builtin_plans()["chiba"])
    assert source.faults == []
    return source.document


@pytest.fixture(scope="module")
def following() -> dict[str, Any]:
    return load(builtin_plans()["chiba-next"]).document


def rows(name: str) -> list[dict[str, str]]:
    with (SHARED / "plan" / name).open(encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def written(value: Any, key: str = "") -> Iterator[str]:
    """Yield every string that claims to stand in the plan document."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from written(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from written(inner, key)
    elif isinstance(value, str) and (key == "written" or key.endswith("_written")):
        yield value


@needs_seed
def test_every_written_string_stands_in_the_seed(chiba: dict[str, Any], seed: str) -> None:
    strings = [text for section, content in chiba.items() if section != "cues" for text in written(content)]
    assert len(strings) > 60
    assert [text for text in strings if squeeze(text) not in seed] == []


@needs_seed
@pytest.mark.covers("C01", "C02", "C03")
def test_the_head_stands_in_the_seed(chiba: dict[str, Any], seed: str) -> None:
    head = chiba["plan"]
    assert squeeze(head["title"]) in seed
    assert squeeze(head["term"]["written"]) in seed
    assert head["term"]["to"] == FiscalYear.parse("平成 35 年度").last_day.isoformat() == "2024-03-31"
    assert (head["approval"]["date"], head["term"]["from"], head["parent"]["consent_date"]) == (None, None, None)
    assert all(part["note"] for part in (head["approval"], head["parent"], head["law"]))
    assert (head["parent"]["to"], head["parent"]["fields"], head["lead_party"]) == ("2024-03-31", ["A", "B"], "chiba-pref")


@needs_seed
@pytest.mark.covers("C04", "C05", "C06")
def test_the_fields_are_worded_as_in_the_seed(chiba: dict[str, Any], seed: str) -> None:
    assert [field["code"] for field in chiba["fields"]] == ["A", "B"]
    for field in chiba["fields"]:
        assert squeeze(field["definition"]) in seed
        assert field["definition"].endswith(field["name"])
        assert all(source["name"] in field["definition"] for source in field["sources"])
        assert field["others"] in field["definition"]
    sources = [[source.get("body") for source in field["sources"]] for field in chiba["fields"]]
    assert sources == [["sanken", None, "chiba-u"], ["utokyo", "aist", "sanken"]]


@needs_seed
@pytest.mark.covers("C69", "C74", "C75", "C77")
def test_the_parties_are_those_of_the_table(chiba: dict[str, Any], seed: str) -> None:
    assert len(chiba["parties"]) == 9
    for party in chiba["parties"]:
        (name,), (address,), (person,) = party["names"], party["addresses"], party["representatives"]
        line = f"①{name['value']}②{address['value']}③{person['title']}{person['name']}"
        assert squeeze(line) in seed, party["code"]
        roles = "".join(role["heading"] + "".join("・" + item for item in role["items"]) for role in party["roles"])
        assert squeeze(roles) in seed.replace("④千葉県東葛", "千葉県東葛").replace(">④", ">"), party["code"]
    owners = [body["party"] for body in chiba["bodies"]]
    assert owners == ["chiba-pref", "chiba-pref", "ccjc", "ccjc", "chisa", "aist", "chiba-u", "utokyo", "chibabank",
                      "keiyobank", "kogyobank"]  # fmt: skip
    assert chiba["parties"][0]["representatives"][0]["public_name"] == "森田 健作"


@needs_seed
@pytest.mark.covers("C69")
def test_the_bodies_are_those_of_the_figure(chiba: dict[str, Any], seed: str) -> None:
    assert squeeze("".join(body["number"] + body["figure_name"] for body in chiba["bodies"])) in seed
    wanted = [(row["code"], row["number"], row["name_ja"], row["short_ja"]) for row in rows("bodies.tsv")]
    assert [(b["code"], b["number"], b["name"], b["short"]) for b in chiba["bodies"]] == wanted
    names = {party["code"]: party["names"][0]["value"] for party in chiba["parties"]}
    assert [names[body["party"]] for body in chiba["bodies"]] == [row["party"] for row in rows("bodies.tsv")]
    assert all(body["mail"].endswith(".example") and "000" in body["phone"] for body in chiba["bodies"])


@needs_seed
@pytest.mark.covers("C66")
def test_the_figure_is_the_seeds_figure(chiba: dict[str, Any], seed: str) -> None:
    """Each line of the figure, put together from the provisions, is the line of the seed."""
    number = {body["code"]: body["number"] for body in chiba["bodies"]}
    for stage in chiba["stages"][:4]:
        assert stage["name_figure"] in seed
        assert stage["name"] in seed
        for service in (s for s in chiba["services"] if s["stage"] == stage["code"]):
            offered = sorted(
                number[p["body"]] for p in chiba["provisions"]
                if p["service"] == service["code"] and p["source"] in {"figure", "both"}
            )  # fmt: skip
            assert squeeze(f"{service['figure']} {''.join(offered)}") in seed, service["code"]
    figure = [p for p in chiba["provisions"] if p["source"] != "text"]
    assert len(figure) == len(re.findall(f"[{NUMBERS}]", seed.partition("主な支援内容")[2].partition("【支援機関】")[0])) == 31


@needs_seed
@pytest.mark.covers("C66", "C25")
def test_the_services_are_those_of_the_list(chiba: dict[str, Any], seed: str) -> None:
    offers: dict[str, list[str]] = {}
    for provision in chiba["provisions"]:
        offers.setdefault(provision["service"], []).append(provision["body"])
    found = [(s["code"], s["stage"], s["name"], ",".join(offers[s["code"]])) for s in chiba["services"]]
    assert found == [(r["code"], r["stage"], r["name_ja"], r["providers"]) for r in rows("services.tsv")]
    assert all(squeeze(service["text"]) in seed for service in chiba["services"])
    assert {ask for service in chiba["services"] for ask in service["asks"]} == {
        ask["code"] for ask in chiba["vocabularies"]["asks"]
    }


@needs_seed
@pytest.mark.covers("C07", "C10", "C11")
def test_the_indicators_are_those_of_the_text(chiba: dict[str, Any], seed: str) -> None:
    shares = [row for row in chiba["indicators"] if row["unit"] == "%"]
    assert [row["value"] for row in shares] == [37.9, 36.5, 23.0, 31.3, 11.6, 27.4, 59.6, 36.5, 18.9, 32.5, 21.1, 29.4, 18.8]
    assert all(row["written"] == f"{row['name']}{row['value']:.1f}%" for row in shares)
    assert {(row["survey"], row["survey_year"]) for row in shares} == {("平成29年工業統計調査結果確報", 2017)}
    assert "平成29年工業統計調査結果確報" in seed
    for area in chiba["areas"]:
        line = "、".join(row["written"] for row in shares if row["area"] == area["code"])
        assert line in seed
    (headline,) = [row for row in chiba["indicators"] if row["area"] == ""]
    assert (headline["value"], headline["unit"], headline["rank"], headline["year"]) == (114020, "億円", 7, 2016)
    assert headline["written"] == f"約{114020 // 10000}兆{114020 % 10000:,}億円"
    assert squeeze(chiba["areas_note"]) in seed


@needs_seed
@pytest.mark.covers("C08", "C09", "C10")
def test_areas_overlap_and_estates_are_no_municipalities(chiba: dict[str, Any]) -> None:
    with (SHARED / "data" / "chiba-municipalities.tsv").open(encoding="utf-8") as file:
        wanted = [
            (r["code"], r["name"], r["kana"], [a for a in (r["areas"] or "").split(",") if a])
            for r in csv.DictReader(file, delimiter="\t")
        ]
    found = [(m["code"], m["name"], m["kana"], m["areas"]) for m in chiba["municipalities"]]
    assert found == wanted
    assert len(found) == 54
    assert [m["name"] for m in chiba["municipalities"] if len(m["areas"]) == 2] == ["市川市", "船橋市", "習志野市", "浦安市"]
    assert all("読み取り" in area["note"] for area in chiba["areas"] if area["kind"] == "municipalities")
    (inland,) = [area for area in chiba["areas"] if area["kind"] == "estates"]
    assert (inland["counted"], [estate["name"] for estate in chiba["estates"]]) == (88, ["袖ヶ浦地区", "茂原地区"])


@needs_seed
@pytest.mark.covers("C38", "C39", "C40")
def test_the_targets_are_those_of_the_table(chiba: dict[str, Any], seed: str) -> None:
    table = "年度" + "".join(t["written"] for t in chiba["targets"]) + "合計件数"
    counts = "".join(t["count_written"] for t in chiba["targets"]) + chiba["targets_total"]["count_written"]
    assert squeeze(table + counts) in seed
    assert squeeze(chiba["targets_total"]["text"]) in seed
    assert [t["fiscal_years"] for t in chiba["targets"]] == [[2018, 2019], [2020], [2021], [2022], [2023]]
    for target in chiba["targets"][1:]:
        assert [FiscalYear.parse(target["written"]).start_year] == target["fiscal_years"]


@needs_seed
@pytest.mark.covers("C12", "C15", "C17", "C18")
def test_places_and_people_outside_the_nine_parties(chiba: dict[str, Any], seed: str) -> None:
    for section in ("units", "universities", "medical_partners"):
        assert [row["name"] for row in chiba[section] if squeeze(row["name"]) not in seed] == []
    states = [(unit["code"], unit["states"][0]["state"], unit["states"][0]["from"]) for unit in chiba["units"]]
    assert states == [
        ("ciric", "open", "2018-06-01"), ("aist-kashiwa", "open", "2018-11-01"), ("utokyo-hub", "planned", "2019-04-01"),
    ]  # fmt: skip
    parties = {party["code"] for party in chiba["parties"]}
    assert [u["name"] for u in chiba["universities"] if u.get("party") not in parties] == [
        "東京理科大学", "日本大学", "千葉工業大学", "公益財団法人かずさDNA研究所",
    ]  # fmt: skip
    concierge = [post for post in chiba["posts"] if post["post"] == "medical-concierge"]
    assert [post["body"] for post in concierge] == ["tokatsu"]
    assert [p["code"] for p in chiba["medical_partners"] if p.get("party") is None] == ["ncc"]


@needs_seed
@pytest.mark.covers("C16", "C23", "C24", "C79")
def test_the_words_are_those_of_the_text(chiba: dict[str, Any], seed: str) -> None:
    words = {name: [term["name"] for term in terms] for name, terms in chiba["vocabularies"].items()}
    assert words["themes"] == ["IoT", "AI", "素材", "医療福祉機器", "電子デバイス（各種センサー）"]
    assert [p.replace(" ", "") for p in words["pressures"]] == [
        "人口減少・少子高齢化", "経済・社会のグローバル化", "第4次産業革命の到来",
    ]  # fmt: skip
    assert "、".join(words["tech_fields"][:6]) == "食品、醸造、化学、電子、機械、金属"
    assert {"市場縮小に応じた生産規模の縮小", "新規分野への進出"} <= set(words["purposes"])
    texts = words["themes"] + words["pressures"] + words["purposes"][:-1] + words["tech_fields"][:6]
    assert [text for text in texts if squeeze(text) not in seed] == []


@needs_seed
@pytest.mark.covers("C34")
def test_the_network_outside_the_region_has_dated_members(
    chiba: dict[str, Any], following: dict[str, Any], seed: str
) -> None:
    (network,) = chiba["networks"]
    assert squeeze(network["name"]) in seed
    assert squeeze("（" + "、".join(member["name"] for member in network["members"]) + "）") in seed
    later = {n["code"]: n for n in following["networks"]}
    joined = {member["code"]: member["from"] for member in later["tkf"]["members"]}
    assert {member["code"] for member in network["members"]} <= joined.keys()
    assert (joined["tiri"], joined["yokohama"], joined["niigata"]) == ("2002-04-01", "2008-04-01", "2015-04-01")
    assert later["ended"]["to"] == "2026-03-31"


@needs_seed
@pytest.mark.covers("C68", "C77")
def test_contradictions_are_kept_with_both_wordings(chiba: dict[str, Any], seed: str) -> None:
    quoted = [place["text"] for note in chiba["notes"] for place in note["places"]]
    assert len(quoted) >= 18
    assert [text for text in quoted if squeeze(text) not in seed] == []
    notes = {note["code"]: [place["text"] for place in note["places"]] for note in chiba["notes"]}
    assert "②④⑤" in notes["training-providers"][0]
    assert "各機関" in notes["training-providers"][1]
    (full,) = [meeting for meeting in chiba["meetings"] if meeting["code"] == "full"]
    assert (full["name"], full["aliases"]) == ("連携支援会議", ["連絡支援会議"])
    assert "連絡支援会議の開催" in chiba["parties"][0]["roles"][0]["items"]


@needs_seed
@pytest.mark.covers("C96", "C97", "C98")
def test_the_optional_part_stays_empty_and_the_form_rules_are_kept(chiba: dict[str, Any], seed: str) -> None:
    assert chiba["optional_sections"] == [{"number": "II-1", "title": "補助金等交付財産の活用に関する事項", "text": ""}]
    rules = {rule["code"]: rule for rule in chiba["form_rules"]}
    assert (rules["paper"]["paper"], rules["seal"]["accepts"]) == ("A4", ["seal", "signature"])
    assert all(squeeze(rule["written"]) in seed for rule in rules.values())


@needs_seed
def test_the_text_stands_in_the_seed_in_its_order(chiba: dict[str, Any], seed: str) -> None:
    at = 0
    for part in chiba["document"]:
        for text in [*([] if part.get("added") else [part["title"]]), *part["paragraphs"]]:
            found = seed.find(squeeze(text), at)
            assert found >= 0, text
            at = found
    left = len(seed) - sum(len(squeeze(text)) for part in chiba["document"] for text in part["paragraphs"])
    assert left < 3200  # headings, bullets and the three tables


def test_the_successor_differs_only_where_it_says_so(chiba: dict[str, Any], following: dict[str, Any]) -> None:
    assert {name for name in {*chiba, *following} - {"cues"} if chiba.get(name) != following.get(name)} == {
        "plan", "targets", "targets_total", "form_rules", "document", "notes", "networks", "estates", "units", "parties",
    }  # fmt: skip
    head = following["plan"]
    assert (head["predecessor"], head["fictional"], head["front_desk"]) == ("chiba", True, "pref")
    assert (head["term"]["from"], head["term"]["to"]) == ("2024-04-01", "2029-03-31")
    assert [party["representatives"][0] for party in following["parties"]] == [
        party["representatives"][0] for party in chiba["parties"]
    ]
    assert all("（架空）" in party["representatives"][-1]["name"] for party in following["parties"])
