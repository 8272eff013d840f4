"""One firm, written in many ways: old kanji, legal forms, widths, telephones and mail hosts."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from renkei.base import clock
from renkei.base.actor import GUEST, SYSTEM
from renkei.base.context import acting
from renkei.base.numbers import corporate_check_digit
from renkei.companies.actions import Profile, add_person, end_sight, know_company, register_company, update_company
from renkei.companies.models import Company
from renkei.companies.queries import Duplicate, lookup, own_domain, possible_duplicates
from renkei.plan.models import Body
from tests.world import CENTER, LAB, World

NUMBER = f"{corporate_check_digit('040001000001')}040001000001"
OTHER = f"{corporate_check_digit('040001000002')}040001000002"


def firm(world: World, name: str = "まぼろし計測", **more: Any) -> Company:
    return register_company(Profile(name=name, **more), by=world.desk)


def found(world: World, **given_: str) -> list[Duplicate]:
    return possible_duplicates(**given_, actor=world.desk)


@pytest.mark.parametrize(
    ("registered", "typed"),
    [
        ("髙﨑製作所", "高崎製作所"),
        ("渡邊鐵工所", "渡辺鉄工所"),
        ("渡邉鉄工所", "渡辺鐵工所"),
        ("齋藤精機", "斉藤精機"),
        ("齊藤精機", "斎藤精機"),
        ("𠮷田國光堂", "吉田国光堂"),
        ("長嶋瀧澤工業", "長島滝沢工業"),
        ("濵德櫻會", "浜徳桜会"),
        ("株式会社まぼろし計測", "まぼろし計測㈱"),
        ("(有)まぼろし計測", "まぼろし計測有限会社"),
        ("合同会社まぼろし計測", "まぼろし計測"),
        ("（株） まぼろし 計測", "ﾏﾎﾞﾛｼ計測"),
        ("ﾏﾎﾞﾛｼ計測", "マボロシ計測"),
        ("ＡＢＣテック", "abcテック"),
        ("A・B＆C工業", "ABC工業"),
        ("鎌ケ谷硝子", "鎌ヶ谷硝子"),
        ("鎌が谷硝子", "鎌ガ谷硝子"),
        ("コンピューター工房", "コンピュータ工房"),
        ("まぼろし\u200b計測", "まぼろし\u202e計測"),
    ],
)
def test_one_name_in_two_writings_is_one_firm(world: World, registered: str, typed: str) -> None:
    made = firm(world, registered)
    assert [(one.company, one.code) for one in found(world, name=typed)] == [(made, "name")]


@pytest.mark.parametrize(
    ("registered", "typed"),
    [("まぼろし計測", "まぼろし計器"), ("東まぼろし計測", "まぼろし計測"), ("まぼろし計測", "まぼろし計測東"), ("ABC工業", "ABD工業")],
)
def test_a_name_that_only_looks_alike_is_another_firm(world: World, registered: str, typed: str) -> None:
    firm(world, registered)
    assert found(world, name=typed) == []


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    front=st.sampled_from(["", "株式会社", "㈱", "(有) ", "合同会社　"]),
    back=st.sampled_from(["", " 株式会社", "（株）", "㈲"]),
    gap=st.sampled_from(["", " ", "　", "・", "\u200b"]),
    wide=st.booleans(),
)
def test_forms_and_gaps_never_hide_a_firm(world: World, front: str, back: str, gap: str, wide: bool) -> None:
    made = Company.objects.first() or firm(world, "株式会社髙橋ケミカル")
    typed = f"{front}高橋{gap}{'ｹﾐｶﾙ' if wide else 'ケミカル'}{back}"
    assert [one.company for one in found(world, name=typed)] == [made]


@pytest.mark.parametrize(
    "typed", [NUMBER, " ".join(NUMBER), f"{NUMBER[:1]}-{NUMBER[1:5]}-{NUMBER[5:9]}-{NUMBER[9:]}", NUMBER.translate({48 + n: 0xFF10 + n for n in range(10)})]
)
def test_a_number_is_known_in_any_writing(world: World, typed: str) -> None:
    made = firm(world, corporate_number=NUMBER)
    assert [(one.company, one.code) for one in found(world, corporate_number=typed)] == [(made, "number")]


@pytest.mark.parametrize("typed", [NUMBER[:12], f"{NUMBER}0", OTHER, "", "法人番号"])
def test_another_number_is_no_likeness(world: World, typed: str) -> None:
    firm(world, corporate_number=NUMBER)
    assert found(world, corporate_number=typed) == []


@pytest.mark.parametrize(
    ("on_file", "typed"),
    [
        ("04-7100-0002", "0471000002"),
        ("04-7100-0002", "０４－７１００－０００２"),
        ("04-7100-0002", "04(7100)0002"),
        ("04-7100-0002", "+81 4 7100 0002"),
        ("+81-4-7100-0002", "04-7100-0002"),
        ("090-0000-7777", "+81-90-0000-7777"),
    ],
)
def test_one_telephone_in_two_writings_is_one_firm(world: World, on_file: str, typed: str) -> None:
    made = firm(world, phone=on_file)
    assert [(one.company, one.code) for one in found(world, phone=typed)] == [(made, "phone")]


def test_a_telephone_inside_a_longer_number_is_no_likeness(world: World) -> None:
    firm(world, corporate_number=NUMBER, phone="090-1234-5678")
    for part in (NUMBER[1:11], NUMBER[3:], "9012345678", "0901234567"):
        assert found(world, phone=part) == [], part


@pytest.mark.parametrize(
    ("on_file", "typed", "same"),
    [
        ("info@maboroshi.example", "sales@maboroshi.example", True),
        ("info@maboroshi.example", "SALES@MABOROSHI.EXAMPLE", True),
        ("info@maboroshi.example", "a@lab.maboroshi.example", False),
        ("info@lab.maboroshi.example", "a@maboroshi.example", False),
        ("info@mab-roshi.example", "a@maboroshi.example", False),
        ("info@yahoo.co.jp", "other@yahoo.co.jp", False),
        ("info@icloud.com", "other@icloud.com", False),
        ("info@ab.auone-net.jp", "other@ab.auone-net.jp", True),
    ],
)
def test_a_host_of_its_own_tells_a_firm(world: World, on_file: str, typed: str, same: bool) -> None:
    made = firm(world, email=on_file)
    assert [(one.company, one.code) for one in found(world, email=typed)] == ([(made, "mail")] if same else [])


@pytest.mark.parametrize("address", ["", "@", "a@", "x", "   ", "a@GMAIL.com ", "a@b.ne.jp", "%@%"])
def test_hostile_and_shared_addresses_name_no_host_of_a_firm(world: World, address: str) -> None:
    firm(world, email="info@maboroshi.example")
    assert own_domain(address) in {"", "%"}
    assert found(world, email=address) == []


def test_a_firm_alike_in_everything_stands_once_with_the_strongest_reason(world: World) -> None:
    made = firm(world, corporate_number=NUMBER, phone="04-7100-0002", email="a@maboroshi.example")
    for number in range(3):
        add_person(made, name=f"担当{number}", phone="04-7100-0002", email=f"{number}@maboroshi.example", by=world.desk)
    alike = found(world, name="まぼろし計測", corporate_number=NUMBER, phone="04-7100-0002", email="b@maboroshi.example")
    assert [(one.company, one.code, one.reason) for one in alike] == [(made, "number", "法人番号が同じです。")]


def test_reasons_come_in_their_order(world: World) -> None:
    by_mail = firm(world, "い", email="a@maboroshi.example")
    by_phone = firm(world, "ろ", phone="04-7100-0002")
    by_name = firm(world, "まぼろし計測")
    by_number = firm(world, "は", corporate_number=NUMBER)
    alike = found(world, name="㈱まぼろし計測", corporate_number=NUMBER, phone="0471000002", email="b@maboroshi.example")
    assert [one.company for one in alike] == [by_number, by_name, by_phone, by_mail]
    assert [one.reason for one in alike][-1] == "メールアドレスの「@maboroshi.example」が同じです。"


def test_five_questions_however_many_firms_are_alike(world: World) -> None:
    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            found(world, name="まぼろし計測", corporate_number=NUMBER, phone="0471000002", email="b@maboroshi.example")
        return len([one for one in queries if "companies_company" in one["sql"]])

    firm(world, email="0@maboroshi.example")
    assert asked() == 5
    for number in range(1, 4):
        firm(world, email=f"{number}@maboroshi.example", municipality="999016")
    assert asked() == 5


def test_a_firm_is_found_by_its_new_name_and_by_the_one_before(world: World) -> None:
    made = firm(world, "まぼろし計測", kana="マボロシケイソク")
    update_company(made, Profile(name="つばめ計測", kana="ツバメケイソク"), by=world.desk)
    assert [hit.company for hit in lookup("まぼろし計測", actor=world.desk)] == [made]
    assert [(one.company, one.code) for one in found(world, name="まぼろし計測")] == [(made, "former")]
    assert [hit.company for hit in lookup("つばめ", actor=world.desk)] == [made]


def test_who_has_left_is_found_but_not_named(world: World) -> None:
    made = firm(world)
    gone = add_person(made, name="髙梨 芽衣", kana="タカナシ メイ", by=world.desk)
    gone.left_on = clock.today()
    gone.save()
    (hit,) = lookup("たかなし", actor=world.desk)
    assert (hit.company, hit.person) == (made, None)
    stays = add_person(made, name="会計 担当", by=world.desk)
    (hit,) = lookup("たかなし", actor=world.desk)
    assert hit.person == stays


@pytest.mark.parametrize("typed", ["_", "__", "%%", "\\", "\\\\", "まぼ%", "ま_ろ", "((", "[a-z]+", "'; --"])
def test_signs_of_a_pattern_are_only_signs(world: World, typed: str) -> None:
    firm(world)
    assert lookup(typed, actor=world.desk) == []


def test_the_list_ends_at_its_limit_in_one_order(world: World) -> None:
    made = [firm(world, f"まぼろし{number:02}", kana=f"マボロシ{number:02}") for number in range(15)]
    assert [hit.company for hit in lookup("まぼろし", actor=world.desk)] == made[:12]
    assert [hit.company for hit in lookup("まぼろし", actor=world.desk, limit=3)] == made[:3]
    assert lookup("まぼろし", actor=GUEST) == []
    assert len(lookup("まぼろし", actor=SYSTEM)) == 12


def test_under_the_web_login_likeness_tells_nothing_of_firms_a_body_does_not_know(committed_world: World, login: Any) -> None:
    world = committed_world
    with login("web"):
        with acting(world.desk):
            made = firm(world, corporate_number=NUMBER, phone="04-7100-0002", email="a@maboroshi.example")
        wanted = {"name": "まぼろし計測", "corporate_number": NUMBER, "phone": "0471000002", "email": "b@maboroshi.example"}
        with acting(world.lab):
            assert possible_duplicates(**wanted, actor=world.lab) == []
        with acting(world.desk):
            know_company(made, Body.objects.get(pk=LAB), by=world.desk)
        with acting(world.lab):
            assert [one.code for one in possible_duplicates(**wanted, actor=world.lab)] == ["number"]
        with acting(world.desk), clock.moved_to(clock.now() + dt.timedelta(days=1)):
            end_sight(made, Body.objects.get(pk=LAB), by=world.desk)
        with acting(world.lab):
            assert possible_duplicates(**wanted, actor=world.lab) == []
        with acting(world.center):
            assert [hit.company for hit in lookup("まぼろし", actor=world.center)] == []
    assert not Company.objects.filter(sights__body_id=CENTER).exists()
