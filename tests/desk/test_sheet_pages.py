"""Sheets of more than three hundred rows are looked at page by page; the sheet and the choices made come along."""

from __future__ import annotations

import datetime as dt
import html
import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from renkei.base import clock
from renkei.cases.models import Case
from renkei.companies.actions import Profile, register_company
from renkei.companies.models import Company, CompanyImport
from renkei.desk import sheets
from tests.desk.pages import HOSTILE, address, client, said
from tests.desk.test_register import HEADS, OPEN, sheet
from tests.world import DESK, LAB, World

FIRMS, REGISTER = "desk-companies-import", "desk-register-import"


def hidden(answer: Any) -> dict[str, str]:
    found = re.findall(r'<input type="hidden" name="(sheet|name|row-\d+)" value="([^"]*)"', said(answer))
    return {name: html.unescape(value) for name, value in found}


def rows(answer: Any) -> list[int]:
    return [int(one) for one in re.findall(r'<th scope="row" class="num">(\d+)</th>', said(answer))]


def firms(world: World, *lines: str) -> Any:
    file = SimpleUploadedFile("会社.csv", "\n".join(["会社名,従業員数", *lines]).encode())
    return client(world).post(address(FIRMS), {"file": file})


@pytest.fixture(autouse=True)
def _few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "SHOWN", 3)


class TestFirms:
    def test_rows_for_people_first_then_page_by_page_and_all_are_imported(self, world: World) -> None:
        twins = [register_company(Profile(name="ふたご工業", phone=phone), by=world.desk) for phone in ("000-000-0021", "000-000-0022")]
        first = firms(world, *[f"第{n}工業,{n}" for n in range(5)], "つばめ工業,たくさん", "ふたご工業,44")
        assert rows(first) == [7, 8, 2]
        assert "1 / 3 ページ" in said(first)
        given = hidden(first) | {"row-8": str(twins[1].pk)}
        second = client(world).post(address(FIRMS), given | {"page": "2"})
        assert (rows(second), hidden(second)) == ([3, 4, 5], given)
        back = client(world).post(address(FIRMS), hidden(second) | {"page": "1"})
        assert rows(back) == [7, 8, 2]
        assert f'<option value="{twins[1].pk}" selected>' in said(back)
        last = client(world).post(address(FIRMS), hidden(second) | {"page": "3"})
        done = client(world).post(address("desk-companies-import-confirm"), hidden(last), follow=True)
        assert "新しい会社5社、直した会社1社" in said(done)
        assert (Company.objects.get(employees=44), CompanyImport.objects.get().name) == (twins[1], "会社.csv")

    def test_few_rows_have_no_pages(self, world: World) -> None:
        answer = firms(world, *[f"第{n}工業,{n}" for n in range(3)])
        assert (rows(answer), "ページ</span>" in said(answer)) == ([2, 3, 4], False)

    @pytest.mark.parametrize("page", ["0", "-1", "99", "x", "", "１"])
    def test_a_page_that_is_none_is_the_nearest(self, world: World, page: str) -> None:
        given = hidden(firms(world, *[f"第{n}工業,{n}" for n in range(5)]))
        answer = client(world).post(address(FIRMS), given | {"page": page})
        assert answer.status_code == 200
        assert rows(answer) in ([2, 3, 4], [5, 6])

    def test_a_choice_taken_back_is_not_carried_on(self, world: World) -> None:
        twins = [register_company(Profile(name="ふたご工業", phone=phone), by=world.desk) for phone in ("000-000-0021", "000-000-0022")]
        given = hidden(firms(world, *["ふたご工業,44"] * 5))
        chosen = {f"row-{n}": str(twins[0].pk) for n in (2, 3)}
        second = client(world).post(address(FIRMS), given | chosen | {"row-4": "skip", "page": "2"})
        assert (rows(second), hidden(second)) == ([5, 6], given | chosen)  # what is left out needs no field: there may be thousands
        first = client(world).post(address(FIRMS), hidden(second) | {"page": "1"})
        assert said(first).count(f'<option value="{twins[0].pk}" selected>') == 2
        both = {"row-2": [str(twins[0].pk), "skip"], "row-3": [str(twins[0].pk), str(twins[1].pk)]}  # carried, then chosen anew
        assert hidden(client(world).post(address(FIRMS), given | both | {"page": "2"})) == given | {"row-3": str(twins[1].pk)}

    def test_broken_sheets_and_hostile_answers(self, world: World) -> None:
        for broken in ({"sheet": "@@"}, {"sheet": ""}, {"sheet": "eA=="}):
            answer = client(world).post(address(FIRMS), broken | {"page": "2"})
            assert (answer.status_code, answer["Location"]) == (302, address(FIRMS))
        given = hidden(firms(world, *[f"第{n}工業,{n}" for n in range(5)]))
        answer = client(world).post(address(FIRMS), given | {"page": "2", "row-2": HOSTILE, "row-x": "new", "name": HOSTILE})
        assert ("<script>alert" in said(answer), hidden(answer)["row-2"]) == (False, HOSTILE)
        assert not Company.objects.exists()


class TestRegister:
    def look(self, world: World, *lines: list[Any]) -> Any:
        return client(world).post(address(REGISTER), {"file": SimpleUploadedFile("台帳.xlsx", sheet(*lines, heads=HEADS))})

    def line(self, n: int, **more: str) -> list[Any]:
        values = dict(zip(HEADS, OPEN, strict=True)) | {"会社名": f"第{n}工業", "主担当": ""} | more
        return [values[name] for name in HEADS]

    def test_page_by_page_with_what_is_wrong_first(self, world: World) -> None:
        with clock.moved_to(clock.at(dt.date(2026, 11, 25), 9)):
            first = self.look(world, *[self.line(n) for n in range(4)], self.line(4, 受付日="いつか"))
            assert (rows(first), "1 / 2 ページ" in said(first)) == ([6, 2, 3], True)
            second = client(world).post(address(REGISTER), hidden(first) | {"page": "2"})
            assert rows(second) == [4, 5]
            done = client(world).post(address("desk-register-confirm"), hidden(second), follow=True)
            assert "4件を取り込みました。" in said(done)
            assert Case.objects.count() == 4
            again = self.look(world, *[self.line(n) for n in range(3)])
            assert said(again).count("もう入っています") == 3
            assert 'class="btn go"' not in said(again)
            twice = client(world).post(address("desk-register-confirm"), hidden(second), follow=True)
            assert "取り込める行がありません。" in said(twice)
            assert Case.objects.count() == 4

    def test_a_broken_sheet_leads_back(self, world: World) -> None:
        for broken in ({"sheet": "@@"}, {"sheet": ""}, {"sheet": "eA=="}):
            answer = client(world).post(address(REGISTER), broken | {"page": "2"})
            assert (answer.status_code, answer["Location"]) == (302, address(REGISTER))

    def test_only_for_members(self, world: World) -> None:
        assert client(world, LAB).post(address(REGISTER, body=DESK), {"sheet": "eA==", "page": "2"}).status_code == 404
