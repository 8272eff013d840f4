"""A number looked up while the firm's form is filled: shown first, taken only where ticked, saved only when saved."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest

from renkei.base.numbers import corporate_check_digit
from renkei.companies.actions import Profile, register_company
from renkei.companies.models import Company, RegisteredNumber
from tests.desk.pages import address, client, said
from tests.world import World

NUMBER = f"{corporate_check_digit('040001000001')}040001000001"


@pytest.fixture
def register(db: None) -> RegisteredNumber:
    return RegisteredNumber.objects.create(
        number=NUMBER, name="株式会社まぼろし計測", kana="マボロシケイソク", postal_code="999-0010", municipality="999016",
        address="ひばり県ひばり市北町1", updated_on=dt.date(2026, 4, 1),
    )  # fmt: skip


def offers(answer: Any) -> dict[str, bool]:
    return {name: bool(tick) for name, tick in re.findall(r'name="take" value="(\w+)"( checked)?', said(answer))}


def test_what_is_found_is_shown_taken_and_then_saved(world: World, register: RegisteredNumber) -> None:
    desk, path = client(world), address("desk-company-new")
    typed = {"name": "まぼろし", "corporate_number": NUMBER, "employees": "たくさん"}
    answer = desk.post(path, typed | {"do": "lookup"})
    assert answer.status_code == 200
    assert offers(answer) == {"name": False, "kana": True, "postal_code": True, "municipality": True, "address": True}
    assert "法人番号の公表データ" in said(answer)
    given = dict(re.findall(r'name="(found_\w+)" value="([^"]*)"', said(answer)))
    filled = desk.post(path, typed | given | {"do": "fill", "take": ["kana", "municipality"]})
    assert (filled.status_code, Company.objects.exists()) == (200, False)
    for words in ('value="マボロシケイソク"', 'value="まぼろし"', '<option value="999016" selected>', 'value="たくさん"'):
        assert words in said(filled), words
    assert "ひばり県ひばり市北町1" not in said(filled)
    desk.post(path, {"name": "まぼろし", "corporate_number": NUMBER, "kana": "マボロシケイソク", "municipality": "999016"})
    assert Company.objects.values_list("kana", "corporate_number").get() == ("マボロシケイソク", NUMBER)


@pytest.mark.parametrize(("typed", "words"), [("123", "13桁"), ("", "13桁"), (f"{corporate_check_digit('040001000009')}040001000009", "見つかりません")])
def test_a_wrong_or_unknown_number_is_said_and_what_was_typed_is_kept(world: World, typed: str, words: str) -> None:
    answer = client(world).post(address("desk-company-new"), {"name": "まぼろし", "corporate_number": typed, "do": "lookup"})
    assert words in re.search(r'id="look"[^>]*>([^<]+)<', said(answer))[1]  # type: ignore[index]  # it is there
    assert 'value="まぼろし"' in said(answer)


def test_a_closed_firm_is_said(world: World, register: RegisteredNumber) -> None:
    RegisteredNumber.objects.update(closed_on=dt.date(2025, 3, 31))
    answer = client(world).post(address("desk-company-new"), {"corporate_number": NUMBER, "do": "lookup"})
    assert "令和7年3月31日に閉じた法人です" in said(answer)


def test_while_editing_the_mark_of_the_second_editor_is_kept(world: World, register: RegisteredNumber) -> None:
    made = register_company(Profile(name="株式会社まぼろし計測", employees=19), by=world.desk)
    path = address("desk-company-edit", company=made.pk)
    mark = re.search(r'name="seen" value="(\w+)"', said(client(world).get(path)))[1]  # type: ignore[index]  # it is there
    answer = client(world).post(path, {"name": made.name, "corporate_number": NUMBER, "seen": mark, "do": "lookup"})
    assert f'name="seen" value="{mark}"' in said(answer)
    assert "name" not in offers(answer)
    assert Company.objects.get().kana == ""


def test_nothing_new_says_so(world: World, register: RegisteredNumber) -> None:
    typed = {"name": register.name, "kana": register.kana, "postal_code": register.postal_code, "municipality": "999016", "address": register.address}
    answer = client(world).post(address("desk-company-new"), typed | {"corporate_number": NUMBER, "do": "lookup"})
    assert offers(answer) == {}
    assert "入れてある内容と同じです" in said(answer)
