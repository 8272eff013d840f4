"""A firm's page and profile at the edges: two editors at once, the same press twice, odd values, who may look."""

from __future__ import annotations

import datetime as dt
import html
import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from renkei.base import clock
from renkei.base.context import acting
from renkei.base.refusal import Refused
from renkei.companies.actions import (
    Profile,
    add_person,
    end_sight,
    know_company,
    profile_mark,
    register_company,
    update_company,
)
from renkei.companies.models import Company, CompanyPerson
from renkei.plan.models import Body
from tests.world import BANK, CENTER, DESK, LAB, World

NUMBER = "6999901978591"
NAME = "まぼろし精機株式会社"
HOSTILE = "\u202e<img src=x onerror=alert(1)>&amp;\x07"


def client(world: World, body: str = DESK) -> Client:
    one = Client()
    one.force_login(world.people[body])
    return one


def url(name: str, body: str = DESK, **more: Any) -> str:
    return reverse(f"desk-compan{name}", kwargs={"body": body, **more})


def firm(world: World, by: str = DESK, **more: Any) -> Company:
    return register_company(Profile(**({"name": NAME, "kana": "マボロシセイキ", "municipality": "999016"} | more)), by=world.actor(by))


def typed(answer: Any) -> dict[str, str]:
    """What the form on a page would send: every field with its value."""
    page = answer.content.decode()
    form = page[page.index('<form method="post" novalidate id="f"') :]
    fields = {name: html.unescape(value) for name, value in re.findall(r'<input type="(?:text|hidden|tel)" name="(\w+)"(?: value="([^"]*)")?', form)}
    texts = {name: html.unescape(words).removeprefix("\n") for name, words in re.findall(r'<textarea name="(\w+)"[^>]*>(.*?)</textarea>', form, re.DOTALL)}
    chosen = re.search(r'<option value="(\w+)" selected', form)
    return fields | texts | {"municipality": chosen[1] if chosen else ""}


def kept(company: Company) -> Company:
    return Company.objects.get(pk=company.pk)


class TestTwoEditors:
    def test_the_second_is_told_and_sees_what_the_first_saved(self, world: World) -> None:
        company = firm(world, employees=33)
        path = url("y-edit", company=company.pk)
        mine = typed(client(world).get(path)) | {"products": "盛付け機"}
        update_company(company, Profile(name=NAME, kana="マボロシセイキ", municipality="999016", employees=40), by=world.desk)
        answer = client(world).post(path, mine)
        page = answer.content.decode()
        assert (answer.status_code, "ほかの人が先に直しました" in page) == (422, True)
        assert re.search(r"<h2>いまの記録</h2>\s*<dl[^>]*><dt>従業員数</dt><dd>40</dd><dt>主要製品</dt><dd>空</dd></dl>", page)
        assert typed(answer)["products"] == "盛付け機"
        assert (kept(company).employees, kept(company).products) == (40, "")

    def test_saving_again_after_having_looked_is_meant(self, world: World) -> None:
        company = firm(world, employees=33)
        path = url("y-edit", company=company.pk)
        mine = typed(client(world).get(path)) | {"products": "盛付け機"}
        update_company(company, Profile(name=NAME, employees=40), by=world.desk)
        shown = typed(client(world).post(path, mine))
        assert client(world).post(path, shown).status_code == 302
        assert (kept(company).employees, kept(company).products) == (33, "盛付け機")

    def test_nobody_is_stopped_when_the_record_is_as_it_was(self, world: World) -> None:
        company = firm(world)
        path = url("y-edit", company=company.pk)
        mine = typed(client(world).get(path))
        add_person(company, name="本郷 理恵", by=world.desk)  # people are no part of the profile
        assert client(world).post(path, mine | {"strengths": "精密な計量"}).status_code == 302
        assert kept(company).strengths == "精密な計量"

    def test_a_form_that_is_opened_and_saved_changes_nothing(self, world: World) -> None:
        company = firm(world, capital_yen=20_000_000, employees=0, corporate_number=NUMBER, postal_code="260-0001", founded_year=1998,
                       products="一行目\n二行目", phone="047-400-0000")  # fmt: skip
        before = profile_mark(company)
        assert client(world).post(url("y-edit", company=company.pk), typed(client(world).get(url("y-edit", company=company.pk)))).status_code == 302
        assert profile_mark(kept(company)) == before

    @pytest.mark.parametrize("seen", ["x", "0" * 32, "あ"])
    def test_a_mark_nobody_gave_is_not_the_present_one(self, world: World, seen: str) -> None:
        company = firm(world)
        with pytest.raises(Refused) as refused:
            update_company(company, Profile(name="別の名"), by=world.desk, seen=seen)
        assert (refused.value.code, kept(company).name) == ("changed_meanwhile", NAME)

    def test_the_mark_follows_every_field_of_the_profile(self, world: World) -> None:
        company = firm(world)
        marks = {profile_mark(company)}
        for more in ({"employees": 1}, {"capital_yen": 1}, {"kana": "マボロシ"}, {"municipality": ""}, {"phone": "047-400-0000"}, {"is_sole_proprietor": True}):
            marks.add(profile_mark(update_company(company, Profile(**({"name": NAME, "kana": "マボロシセイキ", "municipality": "999016"} | more)), by=world.desk)))
        assert len(marks) == 7


class TestTheSamePressTwice:
    def test_a_firm_with_a_number_is_written_once(self, world: World) -> None:
        given = {"name": NAME, "corporate_number": NUMBER, "anyway": "on"}
        one = client(world)
        first, second = one.post(url("y-new"), given), one.post(url("y-new"), given)
        assert (first.status_code, first["Location"]) == (302, second["Location"])
        assert Company.objects.count() == 1

    def test_a_firm_without_one_is_shown_instead_of_written_again(self, world: World) -> None:
        one = client(world)
        assert one.post(url("y-new"), {"name": NAME}).status_code == 302
        again = one.post(url("y-new"), {"name": NAME})
        assert (again.status_code, "会社名が同じです" in again.content.decode(), Company.objects.count()) == (422, True, 1)

    def test_another_name_under_a_taken_number_is_refused_beside_the_number(self, world: World) -> None:
        firm(world, corporate_number=NUMBER)
        answer = client(world).post(url("y-new"), {"name": "別の名前工業", "corporate_number": NUMBER, "anyway": "on"})
        page = answer.content.decode()
        assert answer.status_code == 422
        assert re.search(r'id="id_corporate_number_error">この法人番号は、別の名前の会社で登録されています', page)
        assert Company.objects.count() == 1


class TestWhatIsTyped:
    @pytest.mark.parametrize(
        ("field", "given", "stored"),
        [
            ("employees", "１，０００名", 1000), ("employees", "1,000 人", 1000), ("employees", "", None), ("employees", "0", 0),
            ("founded_year", "1998年", 1998), ("founded_year", "１９９８", 1998), ("capital_yen", "1億2,000万円", 120_000_000),
            ("capital_yen", "0", 0), ("capital_yen", "", None), ("phone", "０４７-４００-００００", "047-400-0000"),
            ("postal_code", "2600001", "260-0001"), ("corporate_number", "６９９９-９０１９-７８５９-１", NUMBER), ("name", "  まぼろし　精機  ", "まぼろし 精機"),
            ("email", " info@maboroshi.example ", "info@maboroshi.example"), ("products", "盛付け機\r\n包装機", "盛付け機\n包装機"),
        ],
    )  # fmt: skip
    def test_is_read_as_people_write_it(self, world: World, field: str, given: str, stored: Any) -> None:
        company = firm(world)
        answer = client(world).post(url("y-edit", company=company.pk), {"name": NAME, field: given})
        assert answer.status_code == 302, answer.content.decode()[:3000]
        found = getattr(kept(company), field)
        assert found == stored or (field == "name" and found.replace("　", " ") == stored)

    @pytest.mark.parametrize(
        ("field", "given"),
        [
            ("capital_yen", "-1"), ("capital_yen", "9" * 30), ("employees", "1.5"), ("employees", "1000001"), ("founded_year", "577"),
            ("founded_year", "2027"), ("phone", "電話なし"), ("postal_code", "260-00011"), ("email", "a@b@c"), ("corporate_number", NUMBER[:-1] + "0"),
            ("jsic_code", "123456"), ("jsic_revision", "あ" * 11), ("products", "あ" * 4001), ("representative", "あ" * 101),
            ("municipality", "' OR 1=1"), ("estate", "い" * 101), ("address", "う" * 301),
        ],
    )  # fmt: skip
    def test_each_fault_stands_beside_its_field_and_the_rest_is_kept(self, world: World, field: str, given: str) -> None:
        company = firm(world)
        with clock.moved_to(clock.at(dt.date(2026, 11, 25), 9)):
            answer = client(world).post(url("y-edit", company=company.pk), {"name": NAME, "strengths": "計量が得意", field: given})
        page = answer.content.decode()
        assert answer.status_code == 422
        assert f'id="id_{field}_error"' in page
        assert page.count('class="err"') == 1
        assert typed(answer)["strengths"] == ("計量が得意")
        assert kept(company).strengths == ""

    def test_hostile_words_are_shown_as_words(self, world: World) -> None:
        company = firm(world)
        one = client(world)
        assert one.post(url("y-edit", company=company.pk), {"name": NAME, "strengths": HOSTILE}).status_code == 302
        page = one.get(url("y", company=company.pk)).content.decode()
        assert "<img src=x" not in page
        assert "&lt;img src=x" in page
        assert "\x07" not in page

    def test_a_name_of_marks_only_is_no_name(self, world: World) -> None:
        for name in ("", "　", "株式会社", "・・・"):
            answer = client(world).post(url("y-new"), {"name": name, "kana": "カナ"})
            assert answer.status_code == 422, name
            assert "会社名を入れてください。" in answer.content.decode()
            assert 'value="カナ"' in answer.content.decode()
        assert Company.objects.count() == 0

    def test_the_longest_name_of_a_register_fits(self, world: World) -> None:
        name = "株式会社" + "ま" * 196
        assert client(world).post(url("y-new"), {"name": name}).status_code == 302
        assert Company.objects.get().name == name
        assert client(world).get(url("ies")).status_code == 200


class TestPeople:
    @pytest.mark.parametrize("name", ["", "　　", "様", "\x00"])
    def test_somebody_without_a_name_is_not_written_down(self, world: World, name: str) -> None:
        company = firm(world)
        answer = client(world).post(url("y", company=company.pk), {"name": name, "title": "工場長"})
        if answer.status_code == 302:  # 様 alone is somebody's name as far as anyone can tell
            assert name == "様"
        else:
            assert 'value="工場長"' in answer.content.decode()
            assert CompanyPerson.objects.count() == 0

    def test_who_has_left_is_not_listed(self, world: World) -> None:
        company = firm(world)
        stays, left = (add_person(company, name=name, by=world.desk) for name in ("本郷 理恵", "江澤 太郎"))
        CompanyPerson.objects.filter(pk=left.pk).update(left_on=clock.today())
        page = client(world).get(url("y", company=company.pk)).content.decode()
        assert (f"{stays.name}様" in page, "江澤 太郎様" in page) == (True, False)
        assert "辞めた方：" in page

    def test_a_new_person_makes_the_firm_findable_by_name_and_number(self, world: World) -> None:
        company = firm(world)
        one = client(world)
        one.post(url("y", company=company.pk), {"name": "江澤 太郎", "kana": "エザワ タロウ", "phone": "090-0000-1234"})
        for words in ("江澤", "えざわ", "1234"):
            assert NAME in one.get(url("ies"), {"q": words}).content.decode(), words

    def test_two_of_one_name_are_two_people(self, world: World) -> None:
        company = firm(world)
        for title in ("代表", "工場長"):
            assert client(world).post(url("y", company=company.pk), {"name": "本郷 理恵", "title": title}).status_code == 302
        assert sorted(CompanyPerson.objects.values_list("title", flat=True)) == ["代表", "工場長"]


class TestWhoKnowsAFirm:
    @pytest.mark.parametrize("body", [LAB, CENTER, BANK])
    def test_a_body_that_does_not_know_it_sees_nothing_and_writes_nothing(self, committed_world: World, login: Any, body: str) -> None:
        company = firm(committed_world)
        stranger = client(committed_world, body)
        with login("web"):
            assert NAME not in stranger.get(url("ies", body)).content.decode()
            assert NAME not in stranger.get(url("ies", body), {"q": "まぼろし"}).content.decode()
            for name, given in (("y", {"name": "乗取 一"}), ("y-edit", {"name": "乗取"})):
                path = url(name, body, company=company.pk)
                assert (stranger.get(path).status_code, stranger.post(path, given).status_code) == (404, 404)
        assert kept(company).name == NAME
        assert CompanyPerson.objects.count() == 0

    def test_it_knows_it_from_the_day_it_meets_it_until_the_day_its_sight_ends(self, committed_world: World, login: Any) -> None:
        company = firm(committed_world)
        bank, body = client(committed_world, BANK), Body.objects.get(pk=BANK)
        with acting(committed_world.desk):
            know_company(company, body, by=committed_world.desk)
        with login("web"):
            assert NAME in bank.get(url("ies", BANK)).content.decode()
            assert bank.post(url("y-edit", BANK, company=company.pk), {"name": NAME, "employees": "12"}).status_code == 302
        with acting(committed_world.desk):
            end_sight(company, body, by=committed_world.desk)
        with login("web"):
            assert bank.get(url("y", BANK, company=company.pk)).status_code == 404
        assert kept(company).employees == 12

    def test_a_name_alone_does_not_tell_a_stranger_that_the_firm_is_known(self, committed_world: World, login: Any) -> None:
        firm(committed_world, phone="047-400-0000", email="info@maboroshi.example")
        given = {"name": NAME, "phone": "047-400-0000", "email": "b@maboroshi.example"}
        with login("web"):
            answer = client(committed_world, BANK).post(url("y-new", BANK), given)
            assert (answer.status_code, "同じ会社かもしれません" in answer.content.decode()) == (302, False)
            told = client(committed_world).post(url("y-new"), given)
            assert "同じ会社かもしれません" in told.content.decode()
        assert Company.objects.count() == 2

    def test_number_and_name_together_let_a_body_meet_the_firm_that_is_there(self, committed_world: World, login: Any) -> None:
        company = firm(committed_world, corporate_number=NUMBER, strengths="窓口だけが知る強み")
        with login("web"):
            bank = client(committed_world, BANK)
            met = bank.post(url("y-new", BANK), {"name": "（株）まぼろし精機", "corporate_number": NUMBER})
            assert met["Location"] == url("y", BANK, company=company.pk)
        assert Company.objects.count() == 1
        assert kept(company).strengths == "窓口だけが知る強み"
