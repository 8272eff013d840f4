"""The parts of a firm's page: people, sites, earlier names, size, contacts."""

from __future__ import annotations

import pytest

from renkei.base import clock
from renkei.cases.actions.talk import log_contact
from renkei.companies.actions import Place, Profile, add_former, add_person, register_company, save_site
from renkei.companies.models import Company, CompanyPerson, Former, Site
from tests.desk.pages import HOSTILE, address, client, fault, said, seen
from tests.desk.scene import arrived
from tests.world import LAB, World


@pytest.fixture
def firm(world: World) -> Company:
    return register_company(Profile(name="まぼろし計測", employees=19, jsic_code="27"), by=world.desk)


def test_a_site_is_written_down_corrected_and_closed(world: World, firm: Company) -> None:
    desk, path = client(world), address("desk-company-site-new", company=firm.pk)
    given = {"name": "第二工場", "role": "factory", "municipality": "999016", "since": "平成10年4月1日"}
    answer = desk.post(path, given, follow=True)
    assert "第二工場を書き加えました。" in said(answer)
    site = Site.objects.get()
    assert (site.municipality_id, str(site.since)) == ("999016", "1998-04-01")
    path = address("desk-company-site", company=firm.pk, site=site.pk)
    assert 'value="第二工場"' in said(desk.get(path))
    assert desk.post(path, given | {"until": "令和2年3月31日"}).status_code == 302
    assert str(Site.objects.get().until) == "2020-03-31"
    assert "令和2年3月31日" in seen(world, "desk-company", company=firm.pk)


def test_a_fault_stands_beside_its_field_and_what_was_typed_is_kept(world: World, firm: Company) -> None:
    answer = client(world).post(address("desk-company-site-new", company=firm.pk), {"name": "第二工場", "role": "factory", "postal_code": "12"})
    assert (answer.status_code, fault(answer, "postal_code")[:4]) == (422, "郵便番号")
    assert 'value="第二工場"' in said(answer)
    answer = client(world).post(address("desk-company-former", company=firm.pk), {"kind": "name", "value": "", "until": "あした"})
    assert (answer.status_code, fault(answer, "value")) == (422, "前の名前を入れてください。")
    assert not Site.objects.exists()


def test_an_earlier_name_is_written_down_and_shown(world: World, firm: Company) -> None:
    answer = client(world).post(address("desk-company-former", company=firm.pk), {"kind": "name", "value": HOSTILE, "until": "2020-03-31"}, follow=True)
    assert "書き加えました。" in said(answer)
    assert "<script>alert" not in said(answer)
    assert Former.objects.get().value == HOSTILE


def test_a_person_is_corrected_and_leaves(world: World, firm: Company) -> None:
    person = add_person(firm, name="本郷 理恵", phone="000-000-0013", by=world.desk)
    path = address("desk-company-person", company=firm.pk, person=person.pk)
    assert 'value="000-000-0013"' in said(client(world).get(path))
    answer = client(world).post(path, {"name": "本郷 里恵", "left_on": "今日"}, follow=True)
    assert "本郷 里恵様の記録を直しました。" in said(answer)
    assert "辞めた方：" in said(answer)
    assert CompanyPerson.objects.get().left_on == clock.today()
    answer = client(world).post(path, {"name": "", "left_on": "2999-01-01"})
    assert (answer.status_code, fault(answer, "name")) == (422, "お名前を入れてください。")


def test_a_part_of_another_firm_is_not_there(world: World, firm: Company) -> None:
    other = register_company(Profile(name="つばめ計測"), by=world.desk)
    person, site = add_person(other, name="本郷 理恵", by=world.desk), save_site(other, Place("第二工場"), by=world.desk)
    for path in (address("desk-company-person", company=firm.pk, person=person.pk), address("desk-company-site", company=firm.pk, site=site.pk),
                 address("desk-company-site-new", body=LAB, company=firm.pk)):  # fmt: skip
        body = LAB if LAB in path else "hibari-desk"
        assert client(world, body).get(path).status_code == 404


def test_the_page_tells_size_sites_names_contacts_and_who_knows(world: World, firm: Company) -> None:
    add_former(firm, kind="name", value="かもめ計測", by=world.desk)
    case = arrived(world, company=firm).case
    log_contact(case, by=world.desk, channel="visit", text="工場を見せてもらった。")
    page = seen(world, "desk-company", company=firm.pk)
    for words in ("中小企業", "従業員300人以下（従業員19人）", "大企業の子会社などかどうかは、聞いていません。", "かもめ計測", "工場を見せてもらった。",
                  "知っている機関", "本社のほかの事業所は書かれていません。"):  # fmt: skip
        assert words in page, words


def test_what_is_missing_for_the_size_is_a_question(world: World) -> None:
    made = register_company(Profile(name="つばめ計測"), by=world.desk)
    page = seen(world, "desk-company", company=made.pk)
    assert "まだ分かりません" in page
    assert "聞くこと：従業員数、資本金" in page


def test_deemed_large_is_asked_kept_and_shown_again(world: World, firm: Company) -> None:
    path = address("desk-company-edit", company=firm.pk)
    desk = client(world)
    for typed, kept in (("true", True), ("false", False), ("", None)):
        assert desk.post(path, {"name": "まぼろし計測", "employees": "19", "is_deemed_large": typed}).status_code == 302
        assert Company.objects.get(pk=firm.pk).is_deemed_large is kept
        assert f'<option value="{typed}" selected>' in said(desk.get(path))
