"""Facts of entries as people write them: read, shown, and read again the same; what cannot be read says what to do."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from renkei.matching.fact_words import MOST_LETTERS, read_fact, read_terms, read_words, read_yes, show_fact
from renkei.matching.fields import FACTS, Fact, Shape, facts_of, value_of, with_values
from renkei.matching.models import EntryKind
from tests.world import World

pytestmark = pytest.mark.django_db
BY_KEY = {fact.key: fact for fact in FACTS}


def test_every_key_stands_once_and_belongs_to_kinds_there_are() -> None:
    assert {key: n for key, n in Counter(fact.key for fact in FACTS).items() if n > 1} == {}
    assert {label: n for label, n in Counter(str(fact.label) for fact in FACTS).items() if n > 1} == {}
    assert all(fact.kinds <= set(EntryKind.values) and fact.kinds for fact in FACTS)
    assert all((fact.shape is Shape.CHOICE) == bool(fact.choices) for fact in FACTS)
    assert facts_of("service") == []


def test_eligibility_is_asked_of_what_may_ask_for_something() -> None:
    asked = {kind for kind in EntryKind.values for fact in facts_of(kind) if fact.key.startswith("eligible.")}
    assert asked == {"seed", "equipment", "test", "programme", "event", "outside"}


@pytest.mark.parametrize(
    ("key", "text", "value", "shown"),
    [
        ("lab", " 化学 ", "化学", "化学"), ("spec", "一\n\n 二 ", ["一", "二"], "一\n二"), ("standards", "JIS K 0124、CISPR 32，JIS K 0124", ["JIS K 0124", "CISPR 32"], "JIS K 0124、CISPR 32"),
        ("hourly_yen", "1,540円", 1540, "1540"), ("hourly_yen", "0", 0, "0"), ("cap_yen", "250万円", 2_500_000, "2500000"),
        ("training_level", "２", 2, "2"), ("days", "10日", 10, "10"), ("decision_weeks", "9週間", 9, "9"), ("trl", "5", 5, "5"),
        ("eligible.max_employees", "300人以下", 300, "300"), ("eligible.min_age_years", "1年以上", 1, "1"), ("eligible.consortium_min", "2者以上", 2, "2"),
        ("capacity", "1,000人", 1000, "1000"), ("months", "9か月", 9, "9"),
        ("online", "はい", True, "はい"), ("online", "×", False, "いいえ"), ("eligible.sme_only", "○", True, "はい"), ("eligible.in_prefecture", "NO", False, "いいえ"),
        ("external_use", "使える", "可", "使える"), ("external_use", "要相談", "要相談", "相談のうえ"),
        ("post", "コーディネーター", "coordinator", "コーディネーター"), ("post", "coordinator", "coordinator", "コーディネーター"),
        ("eligible.municipalities", "ひばり市", ["999016"], "ひばり市"), ("eligible.municipalities", "999016", ["999016"], "ひばり市"),
        ("eligible.jsic", "Ｅ、39", ["E", "39"], "E、39"), ("eligible.stage", "資金、3", ["2", "3"], "資金、開発・試験"),
        ("absent", "2026/12/21〜2026/12/28", [{"from": "2026-12-21", "to": "2026-12-28"}], "2026/12/21〜2026/12/28"),
        ("absent", "2026年12月21日～2026-12-21；\n2027/1/4", [{"from": "2026-12-21", "to": "2026-12-21"}, {"from": "2027-01-04", "to": "2027-01-04"}],
         "2026/12/21〜2026/12/21\n2027/1/4〜2027/1/4"),
        ("lab", "", None, ""), ("hourly_yen", "  ", None, ""), ("account", " ", None, ""),
    ],
)  # fmt: skip
def test_read_and_shown(world: World, key: str, text: str, value: Any, shown: str) -> None:
    assert read_fact(BY_KEY[key], text) == value
    assert show_fact(BY_KEY[key], value) == shown
    if value is not None:
        assert read_fact(BY_KEY[key], shown) == value  # what is shown can be written again


@pytest.mark.parametrize(
    ("key", "text", "words"),
    [
        ("hourly_yen", "応相談", "."), ("days", "すぐ", "数字で入れてください"), ("days", "10〜20", "数字で入れてください"), ("days", "3661", "0から3,660まで"),
        ("trl", "10", "1から9まで"), ("training_level", "0", "1から3まで"), ("online", "たぶん", "「はい」か「いいえ」"), ("external_use", "だめ", "「使える、相談のうえ、使えない」"),
        ("post", "王様", "「王様」は一覧にありません"), ("eligible.municipalities", "ひばり市、どこか市", "「どこか市」は一覧にありません"), ("eligible.jsic", "製造業", "「製造業」は産業分類ではありません"),
        ("eligible.jsic", "12345", "産業分類ではありません"), ("eligible.stage", "夢", "「夢」は一覧にありません"), ("lab", "あ" * (MOST_LETTERS + 1), "4,000字まで"),
        ("absent", "年末", "「年末」を期間として読めません"), ("absent", "2026/12/21〜2026/12/22〜2026/12/23", "期間として読めません"),
        ("absent", "2026/12/21〜", "期間として読めません"), ("absent", "2026/12/21〜2026/12/20", "終わりが始まりより前です"),
        ("capacity", "-1", "数字で入れてください"), ("cap_yen", "9" * 15, "."),
    ],
)  # fmt: skip
def test_what_cannot_be_read_says_what_to_do(world: World, key: str, text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        read_fact(BY_KEY[key], text)


@pytest.mark.parametrize(
    ("key", "value", "shown"),
    [("post", "king", "king"), ("account", "00000000-0000-0000-0000-000000000000", ""), ("external_use", "不明", "不明"), ("eligible.municipalities", ["000000"], "000000"), ("eligible.stage", [2, 9], "資金、9"),
     ("requires", "一つの言葉", "一つの言葉"), ("lab", None, ""), ("spec", [], "")],
)  # fmt: skip
def test_what_is_kept_but_no_longer_known_is_shown_as_it_is(world: World, key: str, value: Any, shown: str) -> None:
    assert show_fact(BY_KEY[key], value) == shown


@pytest.mark.parametrize(("text", "is_yes"), [("はい", True), ("あり", True), ("TRUE", True), ("１", True), ("公開", True), ("なし", False), ("−", None), ("０", False), ("非公開", False)])
def test_yes_and_no(text: str, is_yes: bool | None) -> None:
    if is_yes is None:
        with pytest.raises(ValueError, match="はい"):
            read_yes(text)
    else:
        assert read_yes(text) is is_yes


def test_words_and_terms(world: World) -> None:
    assert read_words("一、二，三;四\n五、一、 、") == ["一", "二", "三", "四", "五"]
    assert read_terms("tech_fields", "金属、electronics、金属") == ["metal", "electronics"]
    assert read_terms("tech_fields", "") == []
    with pytest.raises(ValueError, match="「木工」は一覧にありません"):
        read_terms("tech_fields", "金属、木工")


def test_values_lie_one_level_deep() -> None:
    facts = {"lab": "化学", "own": 1, "eligible": {"sme_only": True, "kept": 2}}
    assert [value_of(facts, key) for key in ("lab", "eligible.sme_only", "eligible.jsic", "none")] == ["化学", True, None, None]
    assert value_of({}, "eligible.jsic") is None
    changed = with_values(facts, {"lab": None, "hourly_yen": 0, "eligible.sme_only": False, "eligible.jsic": ["E"], "eligible.stage": []})
    assert changed == {"own": 1, "hourly_yen": 0, "eligible": {"sme_only": False, "jsic": ["E"], "kept": 2}}
    assert facts == {"lab": "化学", "own": 1, "eligible": {"sme_only": True, "kept": 2}}  # the given one stays as it was
    assert with_values({"eligible": {"sme_only": True}}, {"eligible.sme_only": None}) == {}
    assert with_values({}, {"eligible.jsic": None}) == {}


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.key)
def test_no_key_of_a_form_collides(fact: Fact) -> None:
    assert fact.name.isidentifier()
    assert fact.name not in {"name", "kana", "owner", "owner_name", "service", "summary", "text", "tech_fields", "themes", "url", "source", "source_on",
                             "ends_on", "is_public", "seen"}  # fmt: skip
