"""Check digits catch every single slip of the hand they can catch; postal codes and telephones in every writing."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renkei.base.numbers import (
    corporate_check_digit,
    digits,
    is_corporate_number,
    is_municipality_code,
    municipality_check_digit,
    parse_phone,
    parse_postal_code,
    phone_key,
)

CORPORATE = ["7000012050002", "8000012010038", "1180301018771"]
CODES = ["131016", "011002", "271004", "473821", "999016"]
FULL = str.maketrans("0123456789-", "０１２３４５６７８９－")


def slips(number: str) -> list[str]:
    """Every number that differs from this one in exactly one digit."""
    return [
        number[:place] + wrong + number[place + 1 :]
        for place, right in enumerate(number) for wrong in "0123456789" if wrong != right
    ]  # fmt: skip


@pytest.mark.parametrize("number", CORPORATE)
def test_every_single_wrong_digit_of_a_corporate_number_is_noticed_but_nine_for_nought(number: str) -> None:
    missed = [slip for slip in slips(number) if is_corporate_number(slip)]
    assert is_corporate_number(number)
    assert len(slips(number)) == 117
    for slip in missed:
        ((right, wrong),) = [(a, b) for a, b in zip(number, slip, strict=True) if a != b]
        assert {right, wrong} == {"0", "9"}


@pytest.mark.parametrize("number", CORPORATE)
def test_digits_side_by_side_that_change_places_are_noticed(number: str) -> None:
    for place in range(1, 12):
        left, right = number[place], number[place + 1]
        if left != right and abs(int(left) - int(right)) != 9:
            swapped = number[:place] + right + left + number[place + 2 :]
            assert not is_corporate_number(swapped), swapped


@pytest.mark.parametrize("code", CODES)
def test_every_single_wrong_digit_of_a_municipality_code_is_noticed_but_where_two_rests_share_a_digit(code: str) -> None:
    """The weights are prime to eleven: what is missed is only rest 0 taken for rest 10, as both are written 1."""
    rest = sum(int(digit) * weight for digit, weight in zip(code[:5], (6, 5, 4, 3, 2), strict=True)) % 11
    missed = [slip for slip in slips(code) if is_municipality_code(slip)]
    assert (missed == []) == (rest not in {0, 10})
    assert is_municipality_code(code)


def test_the_check_digits_of_prefectures_are_those_of_the_ministrys_table() -> None:
    table = ["010006", "020001", "030007", "040002", "050008", "130001", "270008", "400009", "470007"]
    assert [f"{code[:5]}{municipality_check_digit(code[:5])}" for code in table] == table


@given(st.text("0123456789", min_size=12, max_size=12))
def test_the_check_digit_is_what_the_ordinance_says(base: str) -> None:
    """9 − (Σ Pn × Qn mod 9): odd places from the right count once, even ones twice."""
    total = sum(int(base[-n]) * (1 if n % 2 else 2) for n in range(1, 13))
    assert corporate_check_digit(base) == 9 - total % 9


@pytest.mark.parametrize(
    "text",
    ["7000012050002\n0", "７０００ ０１２０５０００２", "0000000000000", "+7000012050002", "7000012050002.0", "7e12", "٧٠٠٠٠١٢٠٥٠٠٠٢", "\x007000012050002"],
)
def test_what_only_looks_like_a_corporate_number(text: str) -> None:
    assert not is_corporate_number(text)


@pytest.mark.parametrize("text", ["", "13101", "1310160", "13101x", "131 016", "१३१०१६", "131016\n1"])
def test_what_only_looks_like_a_municipality_code(text: str) -> None:
    assert not is_municipality_code(text)


@pytest.mark.parametrize(("read", "text"), [(is_corporate_number, CORPORATE[0]), (is_municipality_code, CODES[0])])
def test_width_and_outer_space_do_not_matter(read: Callable[[str], bool], text: str) -> None:
    for typed in (text.translate(FULL), f"  {text}　", f"{text}\n"):
        assert read(typed)


POSTAL = st.text("0123456789", min_size=7, max_size=7)


@given(POSTAL, st.sampled_from(["", "-", "－", "ー", "―", "−", "‐", "–", "—", " ", "　"]), st.sampled_from(["", "〒", "〒 "]), st.booleans())
def test_a_postal_code_is_read_with_any_stroke(code: str, stroke: str, mark: str, is_full: bool) -> None:
    typed = mark + code[:3] + stroke + code[3:]
    assert parse_postal_code(typed.translate(FULL) if is_full else typed) == f"{code[:3]}-{code[3:]}"


@given(POSTAL)
def test_a_postal_code_is_read_back(code: str) -> None:
    once = parse_postal_code(code)
    assert parse_postal_code(once) == once
    assert digits(once) == code


@pytest.mark.parametrize("typed", ["123_4567", "123.4567", "٠١٢٣٤٥٦", "123-4567号", "〒", "-------", "123-45-6x", "<1234567>", "1" * 10_000])
def test_what_is_no_postal_code(typed: str) -> None:
    with pytest.raises(ValueError, match="^郵便番号は7桁の数字で入れてください。例：123-4567$"):
        parse_postal_code(typed)


PHONES = st.from_regex(r"0[1-9][0-9]{0,3}-[0-9]{1,4}-[0-9]{4}", fullmatch=True).filter(lambda typed: 10 <= len(digits(typed)) <= 11)


@given(PHONES, st.sampled_from(["-", "－", "ー", "−", "–", " ", "　", "- ", " - ", "--"]), st.booleans())
def test_a_telephone_number_is_one_whatever_stands_between(number: str, stroke: str, is_full: bool) -> None:
    typed = number.replace("-", stroke)
    assert parse_phone(typed.translate(FULL) if is_full else typed) == number
    assert phone_key(typed) == digits(number)


@given(PHONES)
def test_brackets_around_the_area_or_the_exchange_do_not_matter(number: str) -> None:
    area, exchange, line = number.split("-")
    for typed in (f"({area}){exchange}-{line}", f"{area}({exchange}){line}", f"（{area}）{exchange}ー{line}"):
        assert parse_phone(typed) == number


@given(PHONES)
def test_a_number_from_abroad_is_found_by_the_same_key(number: str) -> None:
    for typed in (f"+81-{number[1:]}", f"+81 {number[1:]}", f"+81(0){number[1:]}", f"＋８１ {number[1:]}"):
        assert phone_key(typed) == phone_key(number)
    assert phone_key(parse_phone(f"+81-{number[1:]}")) == phone_key(number)


@given(PHONES, PHONES)
def test_two_numbers_have_two_keys(one: str, other: str) -> None:
    assert (phone_key(one) == phone_key(other)) == (digits(one) == digits(other))


@pytest.mark.parametrize(
    ("typed", "is_read"),
    [("0" * 9, False), ("0" * 10, True), ("0" * 13, True), ("0" * 14, False), ("0-" * 9 + "0", True), ("-" * 20, False),
     ("+819012345678", True), ("++81901234567", False), ("81+9012345678", False), ("043-000-0000;ext=3", False),
     ("043.000.0000", False), ("043/000/0000", False), ("043-000-0000（代）", False), ("043-000-0000\x00", False)],
)  # fmt: skip
def test_telephone_numbers_at_their_edges(typed: str, is_read: bool) -> None:
    if is_read:
        assert re.fullmatch(r"\+?[0-9-]{10,20}", parse_phone(typed))
    else:
        with pytest.raises(ValueError, match="市外局番から"):
            parse_phone(typed)


@given(st.text(max_size=40))
def test_what_was_read_once_is_read_again_as_the_same(text: str) -> None:
    try:
        number = parse_phone(text)
    except ValueError:
        return
    assert parse_phone(number) == number
    assert not any(one == other == "-" for one, other in pairwise(number))
    assert phone_key(number) == phone_key(text)


@given(st.text(max_size=40))
def test_digits_are_ascii_and_in_order(text: str) -> None:
    found = digits(text)
    assert digits(found) == found
    assert found.isascii()
    assert digits(f"a{text}b") == found
