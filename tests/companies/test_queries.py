"""Find a firm while the telephone is ringing, and notice when it is already there."""

from __future__ import annotations

import time
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from renkei.base import clock
from renkei.base.actor import GUEST
from renkei.base.context import acting
from renkei.base.numbers import corporate_check_digit
from renkei.base.text import search_key
from renkei.companies.actions import Profile, add_person, know_company, register_company
from renkei.companies.models import Company, Sight
from renkei.companies.queries import lookup, own_domain, possible_duplicates
from renkei.plan.models import Body, Municipality
from tests.world import DESK, LAB, World

NUMBER = f"{corporate_check_digit('040001000001')}040001000001"


@pytest.fixture
def firms(world: World) -> dict[str, Company]:
    Municipality.objects.create(code="999024", name="つばめ市", kana="つばめし")
    profiles = {
        "keisoku": Profile(name="株式会社まぼろし計測", kana="マボロシケイソク", corporate_number=NUMBER, phone="04-7100-0002",
                           municipality="999016", email="info@maboroshi.example"),
        "namesake": Profile(name="有限会社まぼろし計測", kana="マボロシケイソク", phone="000-222-3333", email="m@gmail.com"),
        "takahashi": Profile(name="髙橋製作所", kana="タカハシセイサクショ", is_sole_proprietor=True, email="t@gmail.com"),
        "glass": Profile(name="鎌ケ谷ガラス工業(株)", kana="カマガヤガラスコウギョウ", phone="０００（１１１）２２２２"),
    }  # fmt: skip
    made = {key: register_company(profile, by=world.desk) for key, profile in profiles.items()}
    add_person(made["takahashi"], name="髙梨 芽衣", kana="タカナシ メイ", phone="090-0000-7777",
               email="mei@takahashi.example", by=world.desk)  # fmt: skip
    return made


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("まぼろ", ["keisoku", "namesake"]),
        ("マボロ", ["keisoku", "namesake"]),
        ("ﾏﾎﾞﾛ", ["keisoku", "namesake"]),
        ("㈱まぼろし計測", ["keisoku", "namesake"]),
        ("高橋", ["takahashi"]),
        ("たかはし", ["takahashi"]),
        ("高梨", ["takahashi"]),
        ("たかなし", ["takahashi"]),
        ("7777", ["takahashi"]),
        ("鎌ヶ谷", ["glass"]),
        ("鎌が谷 ガラス", ["glass"]),
        ("鎌ケ谷 計測", []),
        ("04-7100", ["keisoku"]),
        ("０４７１０", ["keisoku"]),
        ("0001112", ["glass"]),
        (NUMBER[:5], ["keisoku"]),
        ("ま", []),
        ("04", []),
        ("", []),
        ("　 ", []),
        ("%", []),
        ("100%' OR 1=1 --", []),
        ("\x00まぼ\u202eろし計測", ["keisoku", "namesake"]),
        ("あ" * 5000, []),
    ],
)
def test_firms_are_found_as_people_type(
    world: World, firms: dict[str, Company], typed: str, found: list[str]
) -> None:
    assert {hit.company for hit in lookup(typed, actor=world.desk)} == {firms[key] for key in found}


def test_the_person_who_matched_comes_with_the_firm_and_the_place(world: World, firms: dict[str, Company]) -> None:
    add_person(firms["takahashi"], name="会計 担当", kana="アア", by=world.desk)
    (hit,) = lookup("たかなし", actor=world.desk)
    assert hit.person is not None
    assert (hit.person.name, hit.place) == ("髙梨 芽衣", "")
    (by_firm,) = lookup("たかはし", actor=world.desk)
    assert by_firm.person is not None
    assert by_firm.person.name == "会計 担当"  # the first by reading
    assert [(hit.company, hit.place) for hit in lookup("04710", actor=world.desk)] == [(firms["keisoku"], "ひばり市")]


def test_beginnings_come_before_middles(world: World) -> None:
    for name in ("東まつば工業", "まつば", "まつば製作所"):
        register_company(Profile(name=name), by=world.desk)
    register_company(Profile(name="別の会社", kana="マツバ"), by=world.desk)
    names = [hit.company.name for hit in lookup("まつば", actor=world.desk)]
    assert names == ["まつば", "まつば製作所", "別の会社", "東まつば工業"]
    assert len(lookup("まつば", actor=world.desk, limit=2)) == 2


def test_two_queries_whatever_is_found(world: World, firms: dict[str, Company]) -> None:
    lookup("まぼろし", actor=world.desk)  # the plan is read once
    with CaptureQueriesContext(connection) as queries:
        lookup("まぼろし", actor=world.desk)
    company_queries = [query for query in queries if "companies_" in query["sql"]]
    assert len(company_queries) == 2


def test_a_body_finds_what_it_knows(world: World, firms: dict[str, Company]) -> None:
    assert lookup("まぼろし", actor=world.lab) == []
    assert lookup("まぼろし", actor=GUEST) == []
    know_company(firms["namesake"], Body.objects.get(pk=LAB), by=world.desk)
    assert [hit.company for hit in lookup("まぼろし", actor=world.lab)] == [firms["namesake"]]


def test_duplicates_say_why_strongest_first(world: World, firms: dict[str, Company]) -> None:
    found = possible_duplicates(
        name="まぼろし計測株式会社", corporate_number=NUMBER, phone="+81 00 111 2222", email="x@Maboroshi.example",
        actor=world.desk,
    )  # fmt: skip
    assert [(one.company, one.code, one.reason) for one in found] == [
        (firms["keisoku"], "number", "法人番号が同じです。"),
        (firms["namesake"], "name", "会社名が同じです（株式会社などの違いを除く）。"),
    ]


@pytest.mark.parametrize(
    ("given", "firm", "code"),
    [
        ({"phone": "0001112222"}, "glass", "phone"),
        ({"phone": "090(0000)7777"}, "takahashi", "phone"),
        ({"phone": "+81 4-7100-0002"}, "keisoku", "phone"),
        ({"email": "sales@MABOROSHI.example"}, "keisoku", "mail"),
        ({"email": "info@takahashi.example"}, "takahashi", "mail"),
        ({"name": "高橋製作所"}, "takahashi", "name"),
        ({"corporate_number": " ".join(NUMBER)}, "keisoku", "number"),
    ],
)
def test_each_likeness_alone(
    world: World, firms: dict[str, Company], given: dict[str, str], firm: str, code: str
) -> None:
    assert [(one.company, one.code) for one in possible_duplicates(**given, actor=world.desk)] == [(firms[firm], code)]


@pytest.mark.parametrize(
    "given",
    [{}, {"email": "new@gmail.com"}, {"phone": "7777"}, {"name": "株式会社"}, {"email": "x"}, {"corporate_number": "1"},
     {"email": "a@boroshi.example"}],
)  # fmt: skip
def test_what_many_firms_share_is_no_likeness(
    world: World, firms: dict[str, Company], given: dict[str, str]
) -> None:
    assert possible_duplicates(**given, actor=world.desk) == []


def test_duplicates_show_only_firms_the_body_knows(world: World, firms: dict[str, Company]) -> None:
    assert possible_duplicates(name="まぼろし計測", actor=world.lab) == []


@pytest.mark.parametrize(
    ("address", "domain"),
    [("a@firm.example", "firm.example"), ("A@Firm.Example ", "firm.example"), ("a@gmail.com", ""),
     ("a@xx.ocn.ne.jp", ""), ("a@docomo.ne.jp", ""), ("nonsense", ""), ("", "")],
)  # fmt: skip
def test_own_domain(address: str, domain: str) -> None:
    assert own_domain(address) == domain


def test_five_thousand_firms_under_the_web_login_answer_in_time(committed_world: World, login: Any) -> None:
    world = committed_world
    heads, tails = "青赤黄白黒東西南北中", ["計測", "電機", "製作所", "精密", "化学", "金属", "食品", "樹脂", "光学", "機工"]
    rows = []
    for n in range(5000):
        name = f"{heads[n % 10]}{heads[n // 10 % 10]}{n}{tails[n // 100 % 10]}株式会社"
        phone = f"0{n % 90 + 10}-{n:04d}-{n * 7 % 10000:04d}"
        kana = "タナカ" if n == 4321 else "アオイケイソク"
        rows.append(
            Company(name=name, kana=kana, phone=phone, entered_by_id=DESK, entered_at=clock.now(),
                    name_key=search_key(name), find_text=" ".join(map(search_key, (name, kana, phone))))
        )  # fmt: skip
    Company.objects.bulk_create(rows)
    Sight.objects.bulk_create(Sight(company=row, body_id=LAB, since=clock.today()) for row in rows)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE companies_company, companies_sight")
    times = []
    with login("web"):
        for actor in (world.desk, world.lab):
            for typed in ("タナカ", "青赤", "あおい", "4321", "0123", "見つからない名前"):
                with acting(actor):
                    start = time.perf_counter()
                    hits = lookup(typed, actor=actor)
                    times.append(time.perf_counter() - start)
                    assert (len(hits) > 0) is (typed != "見つからない名前")
    assert max(times) < 0.2, times  # some 20 ms where it was measured
