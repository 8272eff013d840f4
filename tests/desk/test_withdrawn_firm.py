"""A firm whose import was taken back: its old address is no more, nothing is written to it any more, no list offers it."""

from __future__ import annotations

from typing import Any

import pytest

from renkei.companies.actions import Profile, import_companies, register_company, undo_company_import
from renkei.companies.models import Company, CompanyPerson, Former, Site
from renkei.companies.sheet import read_companies
from tests.desk.pages import address, client, seen
from tests.world import BANK, DESK, World


@pytest.fixture
def gone(world: World) -> Company:
    data = "会社名,電話番号,担当者\nつばめ工業,047-000-0031,髙梨 芽衣".encode()
    run = import_companies(read_companies(data, actor=world.desk), name="", data=data, by=world.desk)
    register_company(Profile(name="ほかの会社"), by=world.desk)
    assert undo_company_import(run, by=world.desk) == []
    return Company.objects.get(name="つばめ工業")


def test_it_stands_in_no_list(world: World, gone: Company) -> None:
    other = Company.objects.get(name="ほかの会社")
    for name, more, given in (
        ("desk-companies", {}, {}), ("desk-companies", {}, {"q": "つばめ"}), ("desk-search", {}, {"q": "つばめ"}),
        ("desk-companies-alike", {}, {}), ("desk-company-others", {"company": other.pk}, {"q": "つばめ"}),
    ):  # fmt: skip
        assert str(gone.pk) not in seen(world, name, given=given, **more), (name, given)


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("desk-company", {"name": "本郷 理恵"}), ("desk-company-edit", {"name": "つばめ工業", "products": "水質計"}), ("desk-company-others", {}),
        ("desk-company-site-new", {"name": "第三工場", "role": "factory"}), ("desk-company-former", {"kind": "name", "value": "前の名前"}),
    ],
)  # fmt: skip
def test_its_pages_are_not_there_any_more(world: World, gone: Company, name: str, given: dict[str, str]) -> None:
    before = Company.objects.values().get(pk=gone.pk)
    for method in ("get", "post"):
        assert getattr(client(world), method)(address(name, company=gone.pk), given).status_code in {404, 405}, method
    assert client(world).get(address(name, company=gone.pk)).status_code == 404
    assert Company.objects.values().get(pk=gone.pk) == before
    assert set(CompanyPerson.objects.values_list("name", flat=True)) == {"髙梨 芽衣"}
    assert (Site.objects.count(), Former.objects.count()) == (0, 0)


def test_for_a_body_that_never_knew_it_it_is_not_there(world: World, gone: Company) -> None:
    for name in ("desk-company", "desk-company-edit"):
        assert client(world, BANK).get(address(name, BANK, company=gone.pk)).status_code == 404


def test_it_may_be_registered_again(world: World, gone: Company) -> None:
    answer: Any = client(world).post(address("desk-company-new"), {"name": "つばめ工業", "phone": "047-000-0031"})
    assert answer.status_code == 302  # what was taken back is no likeness
    made = Company.objects.standing().get(name="つばめ工業")
    assert (made.pk != gone.pk, made.entered_by_id) == (True, DESK)
