"""Our own list of synonyms: which of its words a text says, and what is searched for besides."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from renkei.matching import synonyms
from renkei.matching.synonyms import Wordlist
from renkei.matching.wordfile import ALIKE, MEANS, SYMPTOM, Group, Listed
from renkei.matching.words import content_forms, words


def group(code: str, *listed: str) -> Group:
    """Return a group; ``~`` before a word makes a symptom of it, ``+`` a way of testing."""
    kinds = {"~": SYMPTOM, "+": MEANS}
    return Group(code, tuple(Listed(one.lstrip("~+"), kinds.get(one[0], ALIKE)) for one in listed))


def said(listed: Wordlist, text: str, without: tuple[str, ...] = ()) -> list[tuple[str, str]]:
    return [(one.said, one.group) for one in listed.used(words(text), without=without)]


def test_plain_words_meet_technical_ones() -> None:
    assert "腐食" in synonyms.expanded(["さび"])
    assert "融資" in synonyms.expanded(content_forms("借入"))
    assert synonyms.expanded(["融資", "借入"]) & {"融資", "借入"} == set()
    assert synonyms.expanded(["知らない語"]) == set()


def test_a_symptom_starts_a_search_and_is_never_searched_for_itself() -> None:
    listed = Wordlist([group("1", "~音がする", "異音", "きしみ")])
    assert listed.expanded_by("モーターから音がする") == {"音がする": ["異音", "きしみ"]}
    assert listed.expanded_by("異音の原因") == {"異音": ["きしみ"]}
    assert listed.expanded(["異音"]) == {"軋み"}


def test_a_way_of_testing_is_searched_for_and_starts_nothing() -> None:
    listed = Wordlist([group("1", "腐食", "塩害", "+塩水噴霧")])
    assert listed.expanded_by("塩害が心配") == {"塩害": ["腐食", "塩水噴霧"]}
    assert listed.expanded_by("塩水噴霧をしたい") == {}
    assert listed.expanded(content_forms("塩水噴霧")) == set()


@pytest.mark.parametrize("text", ["バリが出る", "バリ", "ばり", "ﾊﾞﾘが残る", "バリ取りを頼みたい"])
def test_a_word_the_analyser_takes_for_an_adverb_is_met_however_it_is_written(text: str) -> None:
    assert [code for _said, code in said(Wordlist([group("1", "バリ", "切りくず")]), text)] == ["1"]


@pytest.mark.parametrize(("text", "found"), [
    ("これが何でできているか知りたい", "何でできている"),
    ("何で出来ていますか", "何で出来ています"),
    ("中が見たい", "中が見たい"),
    ("つやが無い", "つやが無い"),
    ("表面がざらざらする", "ざらざら"),
    ("ザラザラです", "ザラザラ"),
])  # fmt: skip
def test_a_phrase_of_common_words_is_met_in_any_ending(text: str, found: str) -> None:
    listed = Wordlist([group("1", "~何でできているか", "材質"), group("2", "~中を見る", "内部観察"), group("3", "~つやがない", "光沢"),
                       group("4", "ざらざら", "粗さ")])  # fmt: skip
    (only,) = listed.used(words(text))
    assert only.said == text[only.start : only.end] == found


@pytest.mark.parametrize("text", ["何か作れますか", "見るだけ", "つやがある", "中身", ""])
def test_a_part_of_a_phrase_is_not_the_phrase(text: str) -> None:
    listed = Wordlist([group("1", "~何でできているか", "材質"), group("2", "~中を見る", "内部観察"), group("3", "~つやがない", "光沢")])
    assert said(listed, text) == []


def test_the_longer_word_covers_the_shorter_one_in_it() -> None:
    listed = Wordlist([group("1", "変形", "反り"), group("2", "熱変形", "熱膨張"), group("3", "熱", "温度")])
    assert said(listed, "熱変形を直したい") == [("熱変形", "2")]
    assert said(listed, "熱で変形した") == [("熱で変形", "2")]
    assert said(listed, "変形と熱") == [("変形", "1"), ("熱", "3")]


def test_a_word_of_two_groups_means_both_and_goes_one_step_only() -> None:
    listed = Wordlist([group("1", "腐食", "塩害"), group("2", "塩害", "潮風"), group("3", "潮風", "腐食")])
    assert listed.expanded_by("塩害") == {"塩害": ["腐食", "潮風"]}
    assert said(listed, "塩害") == [("塩害", "1"), ("塩害", "2")]
    assert listed.expanded(["塩害"]) == {"腐食", *content_forms("潮風")}
    assert Wordlist([group("1", "腐食", "塩害"), group("2", "塩害", "潮風")]).expanded(["腐食"]) == {"塩害"}


def test_what_is_left_out_is_not_searched_for() -> None:
    listed = Wordlist([group("1", "腐食", "塩害", "赤錆"), group("2", "反り", "変形")])
    text = "腐食と反り"
    assert listed.expanded_by(text) == {"腐食": ["塩害", "赤錆"], "反り": ["変形"]}
    assert listed.expanded_by(text, without=["塩害"]) == {"腐食": ["赤錆"], "反り": ["変形"]}
    assert listed.expanded_by(text, without=["1"]) == {"反り": ["変形"]}
    assert listed.expanded_by(text, without=["1", "変形"]) == {}
    assert listed.added(words(text), without=["1"]) == [tuple(content_forms("変形"))]


def test_a_phrase_is_searched_for_by_all_its_words_and_what_the_text_has_is_not_added() -> None:
    listed = Wordlist([group("1", "はがれ", "密着不良", "剥離")])
    assert listed.added(words("はがれ")) == [("密着", "不良"), ("剥離",)]
    assert listed.added(words("密着の不良で剥離")) == [tuple(content_forms("はがれ"))]
    assert listed.expanded(content_forms("はがれ")) == {"剥離"}


def test_a_word_said_twice_counts_once() -> None:
    listed = Wordlist([group("1", "腐食", "塩害")])
    assert said(listed, "腐食、また腐食") == [("腐食", "1")]


def test_ten_thousand_characters_are_read_to_the_end() -> None:
    listed = Wordlist([group("1", "腐食", "塩害")])
    assert said(listed, "あ" * 9_000 + "。腐食") == [("腐食", "1")]


def test_words_that_only_fill_tell_nothing() -> None:
    assert content_forms("そろそろ、ますます、なかなか、いろいろとスグにズット") == []
    assert content_forms("べたべた") == ["べたべた"]
    assert content_forms("バリ") == ["バリ"] == content_forms("バリが")


def test_the_shipped_list_is_had_without_a_database_and_without_django() -> None:
    """``renkei bench retrieval`` and whoever measures run without either."""
    told = "from renkei.matching import synonyms; print(synonyms.default().expanded(['さび']))"
    ours = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE" and "DATABASE" not in name}
    done = subprocess.run([sys.executable, "-c", told], env=ours, capture_output=True, text=True, check=False)
    assert "腐食" in done.stdout, done.stderr
