"""What a programme leaves out: words of both texts that meet make people look; nothing is a no, and every word named stands in both."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renkei.base.actor import SYSTEM
from renkei.matching import index, synonyms
from renkei.matching.actions import EntryRow, put_entries
from renkei.matching.eligibility import rulings
from renkei.matching.excluded import Meeting, meetings
from renkei.matching.facts import Facts
from renkei.matching.propose import propose
from renkei.plan.industry import Size, industry_of, size_of
from tests.matching.conftest import CUES
from tests.world import CENTER, World

UNKNOWN = Size(None, "")
OUT = ["みなし大企業", "飲食店", "汎用設備の更新", "腐食", "発売前の製品"]


@pytest.fixture(autouse=True)
def _shipped(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if "world" not in request.fixturenames:
        monkeypatch.setattr(synonyms, "current", synonyms.default)


@pytest.mark.parametrize(
    ("facts", "met"),
    [
        (Facts(), []),
        (Facts(text="試作品を作りたいです。"), []),
        (Facts(text="飲食店の厨房で使う製品です。"), [("飲食店", "相談", "飲食店")]),
        (Facts(text="汎用の設備を更新します。"), [("汎用設備の更新", "相談", "汎用の設備を更新")]),
        (Facts(text="汎用。設備の更新です。"), []),  # of two sentences
        (Facts(text="更新する汎用設備。"), []),  # in another order
        (Facts(text="部品がサビて困っています。"), [("腐食", "相談", "サビ")]),  # by the list of words that mean the same
        (Facts(answers={"wish": "店は飲食店だけです"}), [("飲食店", "会社の答え", "飲食店")]),
        (Facts(jsic="76"), [("飲食店", "業種", "飲食店")]),
        (Facts(jsic="24"), []),
        (Facts(jsic="??"), []),
        (Facts(deemed_large=True), [("みなし大企業", "会社の規模", "みなし大企業")]),
        (Facts(deemed_large=False), []),
        (Facts(jsic="76", text="飲食店です"), [("飲食店", "業種", "飲食店")]),  # once, by what is on record first
    ],
)
def test_what_meets(facts: Facts, met: list[tuple[str, str, str]]) -> None:
    assert [(one.excluded, one.where, one.said) for one in meetings(OUT, facts, UNKNOWN)] == met


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("飲食店ではなく工場です。", ""), ("うちは飲食店ではありません。", ""), ("飲食店の話じゃなくて、部品です。", ""), ("飲食店はしていません。", ""),
        ("みなし大企業には当たりません。", ""), ("汎用設備の更新は考えていません。", ""), ("飲食店を始めるつもりはありません。", ""), ("部品にサビはありません。", ""),
        ("飲食店だけではなく、工場もあります。", "飲食店"), ("飲食店ではないでしょうか。", "飲食店"), ("飲食店ですが、工場ではありません。", "飲食店"),
        ("飲食店です。工場はありません。", "飲食店"), ("飲食店\nではなく工場です。", "飲食店"), ("飲食店ではなく、と言いたいが、飲食店です。", "飲食店"),
        ("汎用設備の更新は済みました。", "汎用設備の更新"), ("工場ではなく飲食店です。", "飲食店"), ("サビではない。やはりサビです。", "サビ"),
    ],
)  # fmt: skip
def test_what_is_denied_meets_nothing(text: str, said: str) -> None:
    assert [one.said for one in meetings(OUT, Facts(text=text), UNKNOWN)] == ([said] if said else [])
    assert [one.said for one in meetings(OUT, Facts(answers={"wish": text}), UNKNOWN)] == ([said] if said else [])


def test_the_size_of_a_firm_is_known_by_its_numbers() -> None:
    large = size_of(industry_of(None), capital_yen=10**9, employees=1_000)
    assert [str(one) for one in meetings(["大企業"], Facts(), large)] == ["会社の規模の「大企業」と、対象にならない「大企業」"]
    assert meetings(["大企業"], Facts(), UNKNOWN) == []


def test_a_word_that_every_text_has_meets_nothing() -> None:
    assert meetings(["必要", "方法"], Facts(text="必要な方法を教えてください。"), UNKNOWN) == []
    assert meetings(["", "。", "　"], Facts(text="。"), UNKNOWN) == []


def test_it_is_said_and_never_a_no() -> None:
    found = rulings({"excludes": OUT}, Facts(text="飲食店です。"))
    assert [(one.is_met, one.key, one.text) for one in found] == [
        (None, "", "対象外かもしれません（相談の「飲食店」と、対象にならない「飲食店」）。会社に確かめてください"),
        (None, "", "次に当たらないこと：みなし大企業、汎用設備の更新、腐食、発売前の製品"),
    ]
    assert [one.text for one in rulings({"excludes": ["飲食店"]}, Facts(text="飲食店です。"))] == [found[0].text]
    assert [one.text for one in rulings({"excludes": OUT}, Facts(text="試作です。"))] == ["次に当たらないこと：みなし大企業、飲食店、汎用設備の更新、腐食、発売前の製品"]


BITS = ["飲食店", "汎用", "設備", "の", "更新", "する", "。", "、", "\n", " ", "サビ", "錆", "腐食", "🦊", "㍿", "ﾒｯｷ", "発売前の", "製品", "<b>"]


@given(st.lists(st.sampled_from(BITS), max_size=12).map("".join), st.lists(st.sampled_from(["".join(BITS[n : n + 3]) for n in range(len(BITS))]), max_size=4))
def test_every_word_named_stands_in_both_texts(text: str, out: list[str]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(synonyms, "current", synonyms.default)
        for one in meetings(out, Facts(text=text), UNKNOWN):
            assert one.excluded in out
            assert one.said
            assert one.said in text


def test_the_firms_own_words_reach_the_rule(region: Callable[..., World], settings: Any) -> None:
    """As the proposal says it: the programme stays among what fits, with the sentence."""
    region(cues=CUES)
    row = EntryRow(id="P", kind="programme", name="試作の補助金", body=CENTER, service="rd-subsidy", summary="試作の費用を補助する", is_public=True,
                   facts={"eligible": {"excludes": ["飲食店"]}})  # fmt: skip
    put_entries([row], kept_by="t", by=SYSTEM)
    index.follow()
    found = propose("試作の補助金を使いたい。飲食店をしています。")
    said = [one for candidate in found.supports if any(hit.id == "P" for hit in candidate.entries) for one in candidate.evidence if "対象外" in one.text]
    assert {(one.kind, one.text) for one in said} == {("unknown", "対象外かもしれません（相談の「飲食店」と、対象にならない「飲食店」）。会社に確かめてください")}
    assert "P" not in {one.name for one in found.near_misses}


def test_a_meeting_reads_as_a_sentence() -> None:
    assert str(Meeting("採用広報", "相談", "採用広報")) == "相談の「採用広報」と、対象にならない「採用広報」"
