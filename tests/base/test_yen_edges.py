"""Money at its edges: every unit, every carry, and what a slip of the hand must never become."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renkei.base.yen import parse_yen, yen, yen_words

UNITS = {"億": 10**8, "千万": 10**7, "百万": 10**6, "万": 10**4, "千": 10**3, "": 1}
FULL = str.maketrans("0123456789,.", "０１２３４５６７８９，．")


@pytest.mark.parametrize(("unit", "size"), UNITS.items())
@pytest.mark.parametrize("count", [0, 1, 9, 10, 999])
def test_each_unit_is_worth_its_size(unit: str, size: int, count: int) -> None:
    for typed in (f"{count}{unit}", f"{count}{unit}円", f"¥{count}{unit}", f"{count} {unit}", f"{count}{unit}".translate(FULL)):
        assert parse_yen(typed) == count * size, typed


@given(st.integers(0, 9), st.integers(0, 9999), st.integers(0, 9999))
def test_units_from_large_to_small_add_up(hundred_millions: int, ten_thousands: int, ones: int) -> None:
    amount = hundred_millions * 10**8 + ten_thousands * 10**4 + ones
    assert parse_yen(f"{hundred_millions}億{ten_thousands:,}万{ones:,}円") == amount


@given(st.permutations(list(UNITS)), st.integers(2, 6))
def test_units_out_of_order_are_a_slip_of_the_hand(units: list[str], count: int) -> None:
    chosen = units[:count]
    sizes = [UNITS[unit] for unit in chosen]
    typed = "".join(f"1{unit}" for unit in chosen)
    if sizes == sorted(sizes, reverse=True):
        assert parse_yen(typed) == sum(sizes)
    elif "" in chosen[:-1]:
        return  # 1 before another figure is one figure: 11万
    else:
        with pytest.raises(ValueError, match="のように入れてください"):
            parse_yen(typed)


@pytest.mark.parametrize(
    ("typed", "amount"),
    [
        ("0.5万", 5_000), ("1.25億", 125_000_000), ("1.0円", 1), ("0.001億", 100_000), ("12.3456万", 123_456), ("1億1", 100_000_001),
        ("5百万円", 5_000_000), ("1億5百万", 105_000_000), ("1千万5百万", 15_000_000), ("\\500", 500), ("￥1億", 100_000_000),
        ("1,9,0", 190), ("00", 0), ("007", 7), ("1 900", 1_900), ("１　９００", 1_900),
    ],
)  # fmt: skip
def test_amounts_in_unusual_dress(typed: str, amount: int) -> None:
    assert parse_yen(typed) == amount


@pytest.mark.parametrize(
    "typed",
    ["1兆", "円", "¥", "1.", ".5", "1..5万", "¥1,900-", "1,900円也", "税込1,000円", "1千5百", "3百万千", "1万円円", "+5", "−5", "▲5", "五万",
     "1万円から2万円", "約100万円", "100〜200万円", "５百", "0x10", "1_000", "NaN", "Infinity", "1e3", "$5", "1/2", "1円5"],
)  # fmt: skip
def test_what_is_no_amount_is_not_guessed(typed: str) -> None:
    with pytest.raises(ValueError, match="^金額は「700万円」「1,900円」のように入れてください。$"):
        parse_yen(typed)


@pytest.mark.parametrize(
    ("typed", "is_read"),
    [("1" + "0" * 15, True), ("9" * 15, True), ("1" + "0" * 14 + "1", False), ("10000000億", True), ("10000000億1", False),
     ("99999999億", False), ("9" * 5_000 + "億", False)],
)  # fmt: skip
def test_the_largest_amount(typed: str, is_read: bool) -> None:
    if is_read:
        assert parse_yen(typed) <= 10**15
    else:
        with pytest.raises(ValueError, match="^金額が大きすぎます。桁を確かめてください。$"):
            parse_yen(typed)


@pytest.mark.parametrize("typed", ["0.1", "0.00001万", "1.5", "100.01円", "0.000000001億"])
def test_less_than_one_yen_is_refused(typed: str) -> None:
    with pytest.raises(ValueError, match="^1円より小さい金額は入れられません。$"):
        parse_yen(typed)


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        (1, "1円"), (999, "999円"), (1_000, "1,000円"), (9_999, "9,999円"), (10_000, "1万円"), (10_001, "10,001円"),
        (99_990_000, "9,999万円"), (99_999_999, "99,999,999円"), (100_000_000, "1億円"), (100_010_000, "1億1万円"),
        (100_000_001, "100,000,001円"), (1_000_000_000_000, "10,000億円"), (-1, "−1円"), (-9_999, "−9,999円"), (-100_000_000, "−1億円"),
    ],
)  # fmt: skip
def test_amounts_in_words_at_their_carries(amount: int, words: str) -> None:
    assert yen_words(amount) == words


@given(st.integers(0, 10**13))
def test_the_short_form_says_the_whole_amount_and_nothing_more(amount: int) -> None:
    words = yen_words(amount)
    assert words.count("円") == 1
    assert words.endswith("円")
    assert "億0" not in words
    assert len(words) <= len(yen(amount)) + 2
    assert yen_words(-amount) == ("−" if amount else "") + words


@given(st.integers(-(10**12), 10**12))
def test_a_minus_is_written_as_a_minus_and_thousands_have_commas(amount: int) -> None:
    words = yen(amount)
    assert "-" not in words
    assert words.startswith("−") == (amount < 0)
    assert int(words.removesuffix("円").replace(",", "").replace("−", "-")) == amount
