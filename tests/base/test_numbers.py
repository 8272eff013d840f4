"""Numbers with check digits, postal codes and telephone numbers."""

from __future__ import annotations

import csv
from pathlib import Path

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
    whole_number,
)

TABLE = Path(__file__).parents[3] / "shared" / "data" / "chiba-municipalities.tsv"


@pytest.mark.parametrize("number", ["7000012050002", "8000012010038", "1180301018771", "７０００012050002"])
def test_numbers_of_real_offices_pass(number: str) -> None:
    assert is_corporate_number(number)


@given(st.text("0123456789", min_size=12, max_size=12))
def test_one_check_digit_of_nine_fits(base: str) -> None:
    good = corporate_check_digit(base)
    assert 1 <= good <= 9
    assert [digit for digit in range(10) if is_corporate_number(f"{digit}{base}")] == [good]


@given(st.text("0123456789", min_size=12, max_size=12), st.integers(0, 11), st.integers(1, 8))
def test_one_wrong_digit_is_noticed_unless_nine_lie_between(base: str, place: int, step: int) -> None:
    wrong = base[:place] + str((int(base[place]) + step) % 10) + base[place + 1 :]
    if abs(int(wrong[place]) - int(base[place])) != 9:
        assert not is_corporate_number(f"{corporate_check_digit(base)}{wrong}")


@pytest.mark.parametrize("text", ["", "700001205000", "70000120500021", "7000012050003", "70000-12050002", "a" * 13])
def test_what_is_no_corporate_number(text: str) -> None:
    assert not is_corporate_number(text)


@pytest.mark.parametrize("code", ["131016", "011002", "271004", "473821", "０１１００２"])
def test_municipality_codes_of_other_regions(code: str) -> None:
    assert is_municipality_code(code)


@pytest.mark.covers("C08")
def test_every_municipality_code_of_the_seed_passes() -> None:
    if not TABLE.exists():
        pytest.skip(f"{TABLE} is not there")
    with TABLE.open(encoding="utf-8") as lines:
        codes = [row["code"] for row in csv.DictReader(lines, delimiter="\t")]
    assert len(codes) == 54
    assert [code for code in codes if not is_municipality_code(code)] == []


@given(st.text("0123456789", min_size=5, max_size=5))
def test_one_check_digit_of_ten_fits_a_municipality(base: str) -> None:
    good = municipality_check_digit(base)
    assert [digit for digit in range(10) if is_municipality_code(f"{base}{digit}")] == [good]


@pytest.mark.parametrize("typed", ["1234567", "123-4567", "〒１２３－４５６７", "〒 123 4567", "123ー4567"])
def test_postal_codes_as_people_type_them(typed: str) -> None:
    assert parse_postal_code(typed) == "123-4567"


@pytest.mark.parametrize("typed", ["", "123-456", "12345678", "abc1234567", "123-4567-1", "1a2b3c4d5e6f7", "\x001234567"])
def test_what_is_no_postal_code_is_said_in_words(typed: str) -> None:
    with pytest.raises(ValueError, match="郵便番号は7桁"):
        parse_postal_code(typed)


@pytest.mark.parametrize(
    ("typed", "number", "key"),
    [
        ("043-000-0000", "043-000-0000", "0430000000"), ("０４３（０００）００００", "043-000-0000", "0430000000"),
        ("0430000000", "0430000000", "0430000000"), ("+81 43 000 0000", "+81-43-000-0000", "0430000000"),
        ("+81-043-000-0000", "+81-043-000-0000", "0430000000"), ("090ー1234ー5678", "090-1234-5678", "09012345678"),
        (" 043 000 0000 ", "043-000-0000", "0430000000"),
    ],
)  # fmt: skip
def test_telephone_numbers_as_people_type_them(typed: str, number: str, key: str) -> None:
    assert parse_phone(typed) == number
    assert phone_key(typed) == phone_key(number) == key


@pytest.mark.parametrize(
    "typed", ["", "110", "43-000-000", "090-1234-5678-9012-3", "電話", "043-000-0000 内線3", "0" * 30, "0-" * 11, "٠٤٣٠٠٠٠٠٠٠"]
)
def test_what_is_no_telephone_number_is_said_in_words(typed: str) -> None:
    with pytest.raises(ValueError, match="市外局番"):
        parse_phone(typed)


@given(st.text(max_size=40))
def test_no_text_breaks_the_readers(text: str) -> None:
    assert set(digits(text)) <= set("0123456789")
    is_corporate_number(text)
    is_municipality_code(text)
    for read in (parse_phone, parse_postal_code):
        try:
            assert len(read(text)) <= 20
        except ValueError as error:
            assert "。" in str(error)  # noqa: PT017  every other exception fails the test


@pytest.mark.parametrize(("text", "number"), [
    ("0", 0), ("7", 7), ("0012", 12), ("999999999", 999_999_999), ("1000000000", None), ("", None), (" 1", None), ("1\n", None), ("-1", None), ("1.0", None),
    ("１", None), ("²", None), ("٣", None), ("x", None), ("9" * 5_000, None),
])  # fmt: skip
def test_a_number_a_page_sent_back(text: str, number: int | None) -> None:
    assert whole_number(text) == number
