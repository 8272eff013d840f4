"""Money is whole yen in integers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renkei.base.yen import parse_yen, yen, yen_words


@given(st.integers(0, 10**15))
def test_what_is_printed_is_read(amount: int) -> None:
    assert parse_yen(yen(amount)) == amount
    assert parse_yen(yen_words(amount)) == amount


@pytest.mark.parametrize(
    ("typed", "amount"),
    [
        ("700万円", 7_000_000), ("７００万", 7_000_000), ("1億2000万", 120_000_000), ("1,900", 1_900), ("¥500", 500),
        ("￥５００", 500), ("1.1億", 110_000_000), ("1.5万円", 15_000), ("3千円", 3_000), ("2千万円", 20_000_000),
        ("1億2千万円", 120_000_000), ("0円", 0), (" 700 万 円 ", 7_000_000), ("1万2千5", 12_005),
    ],
)  # fmt: skip
def test_amounts_as_people_type_them(typed: str, amount: int) -> None:
    assert parse_yen(typed) == amount


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("", "のように入れて"), ("-5", "のように入れて"), ("七百万円", "のように入れて"), ("1万2万", "のように入れて"),
        ("3千2億", "のように入れて"), ("1e5", "のように入れて"), ("0.5円", "1円より小さい"), ("1.00001万", "1円より小さい"),
        ("9" * 400, "大きすぎます"), ("1" + "0" * 10 + "億", "大きすぎます"), ("\x00", "のように入れて"),
    ],
)  # fmt: skip
def test_what_is_no_amount_is_said_in_words(typed: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        parse_yen(typed)


@pytest.mark.parametrize(
    ("amount", "words"),
    [(7_000_000, "700万円"), (120_000_000, "1億2,000万円"), (100_000_000, "1億円"), (1_900, "1,900円"), (0, "0円"),
     (12_345, "12,345円"), (-30_000, "−3万円"), (-5, "−5円")],
)  # fmt: skip
def test_amounts_in_words(amount: int, words: str) -> None:
    assert yen_words(amount) == words


@given(st.text(max_size=30))
def test_no_text_breaks_the_reader(text: str) -> None:
    try:
        assert parse_yen(text) >= 0
    except ValueError as error:
        assert str(error).endswith("。")  # noqa: PT017  every other exception fails the test
