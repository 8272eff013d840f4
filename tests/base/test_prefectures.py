"""Prefectures by name: where an address lies, and which ones an answer speaks of."""

from __future__ import annotations

import pytest

from renkei.base.prefectures import prefecture_of, prefectures_in


@pytest.mark.parametrize(
    ("address", "code"),
    [("北海道札幌市", "01"), (" 東京都大田区1-1", "13"), ("京都府京都市", "26"), ("沖縄県那覇市", "47"), ("大田区東京都1-1", ""), ("", "")],
)
def test_an_address_begins_with_its_prefecture(address: str, code: str) -> None:
    assert prefecture_of(address) == code


@pytest.mark.parametrize(
    ("text", "codes"),
    [("東京都です", {"13"}), ("東京と京都", {"13", "26"}), ("東京都と京都府", {"13", "26"}), ("神奈川", {"14"}), ("北海", set()), ("どこか", set()), ("", set())],
)
def test_prefectures_are_told_by_full_and_short_names(text: str, codes: set[str]) -> None:
    assert prefectures_in(text) == codes
