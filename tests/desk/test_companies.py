"""Firms: found, shown to who knows them, registered once, mended in words."""

from __future__ import annotations

import re
import uuid
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from renkei.base import clock
from renkei.cases.actions.intake import Said, receive
from renkei.cases.models import Case
from renkei.companies.actions import Profile, add_person, register_company
from renkei.companies.models import Company, CompanyPerson
from renkei.plan.models import Body
from tests.desk.scene import arrived, running
from tests.world import BANK, CENTER, DESK, LAB, World

HOSTILE = '"><script>alert(1)</script>'
NUMBER = "6999901978591"


def client(world: World, body: str = DESK) -> Client:
    one = Client()
    one.force_login(world.people[body])
    return one


def url(name: str, body: str = DESK, **more: Any) -> str:
    return reverse(name, kwargs={"body": body, **more})


def firm(world: World, name: str = "まぼろし精機株式会社", by: str = DESK, **more: Any) -> Company:
    profile = {"kana": "マボロシセイキ", "municipality": "999016"} | more
    return register_company(Profile(name=name, **profile), by=world.actor(by))


def names(text: str) -> list[str]:
    return re.findall(r'<a class="t" href="[^"]+">([^<]+)</a>', text)


def fault(answer: Any, name: str) -> str:
    found = re.search(rf'<p class="err" id="id_{name}_error">([^<]+)</p>', answer.content.decode())
    return found.group(1) if found else ""


def test_list_shows_known_firms_by_reading(world: World) -> None:
    firm(world, "有限会社浦島製網", kana="ウラシマセイモウ")
    firm(world, "天狗鼻ばね株式会社", kana="テングバナバネ", by=LAB)
    assert names(client(world).get(url("desk-companies")).content.decode()) == ["有限会社浦島製網", "天狗鼻ばね株式会社"]
    assert names(client(world, LAB).get(url("desk-companies", LAB)).content.decode()) == ["天狗鼻ばね株式会社"]
    text = client(world, BANK).get(url("desk-companies", BANK)).content.decode()
    assert (names(text), "知っている会社がまだありません" in text) == ([], True)


def test_list_finds_by_reading_number_and_person(world: World) -> None:
    found = firm(world, "有限会社浦島製網", kana="ウラシマセイモウ", phone="043-000-0000")
    firm(world, "天狗鼻ばね株式会社", kana="テングバナバネ")
    add_person(found, name="江澤 太郎", by=world.desk)
    for words in ("うらしま", "043-000", "江澤"):
        assert names(client(world).get(url("desk-companies"), {"q": words}).content.decode()) == ["有限会社浦島製網"]
    text = client(world).get(url("desk-companies"), {"q": HOSTILE}).content.decode()
    assert (names(text), "<script>alert" in text, "見つかりません" in text) == ([], False, True)


def test_list_is_paged(world: World) -> None:
    for number in range(53):
        firm(world, f"架空{number:02d}株式会社", kana=f"カクウ{number:02d}")
    text = client(world).get(url("desk-companies"), {"q": "架空"}).content.decode()
    assert (len(names(text)), "1 / 2 ページ" in text) == (50, True)
    assert 'rel="next" href="?q=%E6%9E%B6%E7%A9%BA&amp;page=2"' in text
    assert len(names(client(world).get(url("desk-companies"), {"q": "架空", "page": "2"}).content.decode())) == 3
    assert len(names(client(world).get(url("desk-companies"), {"page": "x"}).content.decode())) == 50


@pytest.mark.parametrize("many", [1, 3])
def test_query_count_of_the_list(world: World, many: int) -> None:
    for number in range(many):
        firm(world, f"架空{number}株式会社")
    one = client(world)
    one.get(url("desk-companies"))
    with CaptureQueriesContext(connection) as seen:
        one.get(url("desk-companies"))
    assert len(seen) == 14


def test_page_shows_profile_people_and_cases(world: World) -> None:
    scene = running(world)
    company = scene.case.company
    assert company is not None
    add_person(company, name="髙梨 芽衣", title="代表", by=world.desk)
    text = client(world).get(url("desk-company", company=company.pk)).content.decode()
    assert names(text) == ["水質計を発売したい"]
    assert [one in text for one in ("髙梨 芽衣様", "マボロシケイソク", "ひばり市", scene.case.number)] == [True] * 4


def test_page_shows_only_cases_the_body_may_see(world: World) -> None:
    first = arrived(world).case
    assert first.company is not None
    Company.objects.filter(pk=first.company_id).update(entered_by=LAB)
    own = receive(Said(text="試験をしたい", channel="visit", company=first.company), by=world.lab,
                  body=Body.objects.get(pk=LAB), to_desk=False).case
    text = client(world, LAB).get(url("desk-company", LAB, company=first.company_id)).content.decode()
    assert names(text) == [own.title]


def test_foreign_and_missing_firms_look_the_same(world: World) -> None:
    company = firm(world)
    for name in ("desk-company", "desk-company-edit"):
        assert client(world, BANK).get(url(name, BANK, company=company.pk)).status_code == 404
        assert client(world).get(url(name, company=uuid.uuid4())).status_code == 404
        assert client(world, LAB).get(url(name, DESK, company=company.pk)).status_code == 404
        assert Client().get(url(name, company=company.pk)).status_code == 302
        assert client(world, BANK).post(url(name, BANK, company=company.pk), {"name": "別の名"}).status_code == 404
    company.refresh_from_db()
    assert company.name == "まぼろし精機株式会社"


def test_add_a_person(world: World) -> None:
    company = firm(world)
    one = client(world)
    answer = one.post(url("desk-company", company=company.pk), {"name": "本郷 理恵", "phone": "047-400-0001"})
    assert answer.url == url("desk-company", company=company.pk)
    assert list(CompanyPerson.objects.values_list("name", "phone")) == [("本郷 理恵", "047-400-0001")]
    wrong = one.post(url("desk-company", company=company.pk), {"name": "", "phone": "でんわ", "title": "代表"})
    assert (wrong.status_code, fault(wrong, "name")) == (422, "お名前を入れてください。")
    assert fault(wrong, "phone").startswith("電話番号は市外局番から")
    assert 'value="代表"' in wrong.content.decode()
    mail = one.post(url("desk-company", company=company.pk), {"name": "本郷 理恵", "email": "なし"})
    assert fault(mail, "email").startswith("メールアドレスの形が違います。")
    assert CompanyPerson.objects.count() == 1


def test_edit_starts_from_what_is_known_and_saves(world: World) -> None:
    company = firm(world, capital_yen=20_000_000, employees=33, corporate_number=NUMBER)
    one = client(world)
    form = one.get(url("desk-company-edit", company=company.pk)).content.decode()
    assert [one in form for one in ('value="2,000万円"', 'value="33"', f'value="{NUMBER}"')] == [True] * 3
    typed = {"name": "まぼろし精機株式会社", "kana": "マボロシセイキ", "corporate_number": NUMBER, "municipality": "999016",
             "capital_yen": "3,000万円", "employees": "40名", "products": "盛付け機"}  # fmt: skip
    answer = one.post(url("desk-company-edit", company=company.pk), typed)
    assert answer.url == url("desk-company", company=company.pk)
    company.refresh_from_db()
    assert (company.capital_yen, company.employees, company.products) == (30_000_000, 40, "盛付け機")


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"name": ""}, "name"), ({"name": "あ" * 201}, "name"), ({"corporate_number": "1234567890123"}, "corporate_number"),
        ({"postal_code": "12"}, "postal_code"), ({"phone": "12"}, "phone"), ({"email": "x"}, "email"),
        ({"capital_yen": "たくさん"}, "capital_yen"), ({"employees": "多数"}, "employees"), ({"employees": "-3"}, "employees"),
        ({"founded_year": "3000"}, "founded_year"), ({"municipality": "000000"}, "municipality"),
        ({"is_sole_proprietor": "on", "corporate_number": NUMBER}, "corporate_number"),
    ],
)  # fmt: skip
def test_wrong_values_get_a_sentence_and_stay(world: World, typed: dict[str, str], field: str) -> None:
    company = firm(world)
    given = {"name": "まぼろし精機株式会社", "strengths": "計量" + HOSTILE} | typed
    answer = client(world).post(url("desk-company-edit", company=company.pk), given)
    text = answer.content.decode()
    assert answer.status_code == 422
    assert fault(answer, field).endswith("。") or "例：" in fault(answer, field)
    assert "計量&quot;&gt;&lt;script&gt;" in text
    assert f'href="#id_{field}"' in text
    company.refresh_from_db()
    assert (company.name, company.strengths) == ("まぼろし精機株式会社", "")


def test_register_with_the_name_only(world: World) -> None:
    answer = client(world, LAB).post(url("desk-company-new", LAB), {"name": "絵空事精密工業株式会社"})
    made = Company.objects.get()
    assert answer.url == url("desk-company", LAB, company=made.pk)
    assert (made.name, made.entered_by_id) == ("絵空事精密工業株式会社", LAB)


def test_alike_firms_are_shown_before_a_second_one_is_written(world: World) -> None:
    first = firm(world, phone="047-400-0000")
    one = client(world)
    answer = one.post(url("desk-company-new"), {"name": "(株)まぼろし精機", "phone": "０４７-400-0000"})
    text = answer.content.decode()
    assert (answer.status_code, Company.objects.count()) == (422, 1)
    assert "同じ会社かもしれません" in text
    assert url("desk-company", company=first.pk) in text
    assert 'value="(株)まぼろし精機"' in text
    assert one.post(url("desk-company-new"), {"name": "(株)まぼろし精機", "anyway": "on"}).status_code == 302
    assert Company.objects.count() == 2


def test_register_from_a_case_binds_it_and_fills_the_form(world: World) -> None:
    said = Said(text="盛付けがぶれる", channel="phone", company_given="まぼろし精機", phone="047-400-0000", person_given="本郷 理恵")
    case = receive(said, by=world.desk, body=Body.objects.get(pk=DESK)).case
    one = client(world)
    path = url("desk-company-new") + f"?case={case.pk}"
    form = one.get(path).content.decode()
    assert [f'value="{words}"' in form for words in ("まぼろし精機", "047-400-0000", "本郷 理恵")] == [True] * 3
    assert one.post(path, {"name": "まぼろし精機株式会社"}).url == url("desk-triage", case=case.pk)  # where one was sorting it
    assert Case.objects.get(pk=case.pk).company == Company.objects.get()


def test_a_firm_registered_twice_from_a_case_is_there_once_and_one_is_led_back(world: World) -> None:
    case = receive(Said(text="盛付けがぶれる", channel="phone"), by=world.desk, body=Body.objects.get(pk=DESK)).case
    one, path = client(world), url("desk-company-new") + f"?case={case.pk}"
    answers = [one.post(path, {"name": "まぼろし精機株式会社"}), one.post(path, {"name": "まぼろし精機"}), one.get(path)]
    assert [(answer.status_code, answer.url) for answer in answers] == [(302, url("desk-triage", case=case.pk))] * 3
    assert list(Company.objects.values_list("name", flat=True)) == ["まぼろし精機株式会社"]
    Case.objects.filter(pk=case.pk).update(state="active")
    assert one.get(path).url == url("desk-case", case=case.pk)


@pytest.mark.parametrize(
    ("known", "line"),
    [
        ({}, '<p class="sub"><span'), ({"employees": 33, "jsic_name": "計量器製造業"}, "33名、計量器製造業　／　<span"),
        ({"employees": 0}, "0名　／　<span"), ({"jsic_name": "計量器製造業"}, '<p class="sub">計量器製造業　／　<span'),
    ],
)  # fmt: skip
def test_the_head_of_a_consultation_says_what_is_known_of_the_firm(world: World, known: dict[str, Any], line: str) -> None:
    made = register_company(Profile(name="まぼろし精機"), by=world.desk)
    Company.objects.filter(pk=made.pk).update(**known)
    case = receive(Said(text="盛付けがぶれる", channel="phone"), by=world.desk, body=Body.objects.get(pk=DESK)).case
    Case.objects.filter(pk=case.pk).update(company=made)
    text = client(world).get(url("desk-triage", case=case.pk)).content.decode()
    assert text.count(line) == 1


def test_a_case_others_run_cannot_be_bound(world: World) -> None:
    case = receive(Said(text="試験", channel="phone", company_given="架空"), by=world.lab, body=Body.objects.get(pk=LAB)).case
    assert client(world, LAB).get(url("desk-company-new", LAB) + f"?case={case.pk}").status_code == 403
    assert client(world, CENTER).get(url("desk-company-new", CENTER) + f"?case={case.pk}").status_code == 404
    assert client(world).get(url("desk-company-new") + "?case=nonsense").status_code == 200
    assert client(world, LAB).get(url("desk-company-new")).status_code == 404


def test_sight_ends_what_a_body_sees(world: World) -> None:
    company = firm(world)
    company.sights.create(body_id=LAB, since=clock.today(), ended_on=clock.today())
    assert client(world, LAB).get(url("desk-company", LAB, company=company.pk)).status_code == 404
