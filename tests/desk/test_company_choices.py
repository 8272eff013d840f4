"""Industry and estate are chosen on the firm's form: from the classification, from the plan, from what is on record."""

from __future__ import annotations

import html
import re
from typing import Any

from renkei.base import clock
from renkei.companies.actions import Profile, register_company
from renkei.companies.models import Company
from renkei.plan.models import PlanVersion
from tests.desk.pages import address, client, fault, said, seen
from tests.world import BANK, CONTENT, DESK, LAB, World


def with_estates(world: World) -> None:
    PlanVersion.objects.create(plan=world.plan, number=2, published_at=clock.now(), content=CONTENT | {
        "estates": [{"code": "a", "name": "ひばり第一工業団地", "area": "north"}, {"code": "b", "name": "ひばり第二工業団地", "area": "north"}]})  # fmt: skip


def offered(page: str, name: str) -> list[str]:
    """The words a line suggests, or a list offers."""
    field = re.search(rf'<input[^>]* name="{name}"[^>]*>.*?<datalist id="{name}-words">(.*?)</datalist>', page, re.DOTALL)
    chosen = re.search(rf'<select name="{name}"[^>]*>(.*?)</select>', page, re.DOTALL)
    found = field or chosen
    return [html.unescape(one) for one in re.findall(r'<option value="([^"]*)"', found[1])] if found else []


def value(page: str, name: str) -> str:
    found = re.search(rf'<input[^>]* name="{name}" value="([^"]*)"', page)
    return html.unescape(found[1]) if found else ""


def test_the_industry_is_found_by_word_or_number(world: World) -> None:
    page = seen(world, "desk-company-new")
    words = offered(page, "jsic_code")
    assert (len(words), words[0], words[-1]) == (119, "A 農業、林業", "99 分類不能の産業")
    for typed, code, name in (("27 業務用機械器具製造業", "27", "業務用機械器具製造業"), ("食料品製造業", "09", "食料品製造業"), ("２４", "24", "金属製品製造業")):
        client(world).post(address("desk-company-new"), {"name": f"{code}の会社", "jsic_code": typed})
        made = Company.objects.get(name=f"{code}の会社")
        assert (made.jsic_code, made.jsic_name) == (code, name)


def test_what_was_said_of_the_industry_is_not_written_over(world: World) -> None:
    client(world).post(address("desk-company-new"), {"name": "まぼろし", "jsic_code": "27", "jsic_name": "水質計の製造"})
    made = Company.objects.get()
    assert made.jsic_name == "水質計の製造"
    page = seen(world, "desk-company", company=made.pk)
    assert ("水質計の製造" in page, "27 業務用機械器具製造業" in page) == (True, True)
    assert value(seen(world, "desk-company-edit", company=made.pk), "jsic_code") == "27 業務用機械器具製造業"


def test_saving_what_is_shown_changes_nothing(world: World) -> None:
    made = register_company(Profile(name="まぼろし", jsic_code="2731", jsic_name="計量器製造業", estate="むかしの団地"), by=world.desk)
    with_estates(world)
    page = seen(world, "desk-company-edit", company=made.pk)
    assert value(page, "jsic_code") == "2731"
    assert offered(page, "estate") == ["", "ひばり第一工業団地", "ひばり第二工業団地", "むかしの団地"]  # what stands on record can stay
    given = {"name": made.name, "jsic_code": "2731", "jsic_name": made.jsic_name, "estate": made.estate}
    assert client(world).post(address("desk-company-edit", company=made.pk), given).status_code == 302
    now = Company.objects.get()
    assert (now.jsic_code, now.jsic_name, now.estate) == ("2731", "計量器製造業", "むかしの団地")


def test_wrong_words_stay_beside_their_sentence(world: World) -> None:
    for typed, sentence in (("精密な機械", "産業分類の番号は、A〜Tの1文字か"), ("00", "産業分類に「00」はありません。"), ("A27", "産業分類に「A27」はありません。")):
        answer = client(world).post(address("desk-company-new"), {"name": "まぼろし", "jsic_code": typed})
        assert answer.status_code == 422
        assert fault(answer, "jsic_code").startswith(sentence)
        assert value(said(answer), "jsic_code") == typed
    assert not Company.objects.exists()


def test_an_estate_of_the_plan_is_chosen_and_no_other(world: World) -> None:
    with_estates(world)
    assert offered(seen(world, "desk-company-new"), "estate") == ["", "ひばり第一工業団地", "ひばり第二工業団地"]
    answer = client(world).post(address("desk-company-new"), {"name": "まぼろし", "estate": "よその団地"})
    assert (answer.status_code, bool(fault(answer, "estate"))) == (422, True)
    client(world).post(address("desk-company-new"), {"name": "まぼろし", "estate": "ひばり第二工業団地"})
    assert Company.objects.get().estate == "ひばり第二工業団地"


def test_where_the_plan_names_none_what_is_on_record_is_offered(world: World) -> None:
    for body, estate in ((DESK, "東の団地"), (DESK, "西の団地"), (DESK, "東の団地"), (LAB, "ひみつの団地")):
        register_company(Profile(name=f"{estate}の{Company.objects.count()}", estate=estate), by=world.actor(body))
    assert set(offered(seen(world, "desk-company-new"), "estate")) == {"東の団地", "西の団地", "ひみつの団地"}
    assert offered(seen(world, "desk-company-new", body=LAB), "estate") == ["ひみつの団地"]
    assert offered(seen(world, "desk-company-new", body=BANK), "estate") == []
    client(world, BANK).post(address("desk-company-new", body=BANK), {"name": "まぼろし", "estate": "あたらしい団地"})
    assert Company.objects.get(name="まぼろし").estate == "あたらしい団地"


def test_a_look_up_keeps_what_was_typed(world: World, settings: Any) -> None:
    page = said(client(world).post(address("desk-company-new"), {"name": "まぼろし", "jsic_code": "27", "estate": "東の団地", "do": "lookup"}))
    assert (value(page, "jsic_code"), value(page, "estate")) == ("27 業務用機械器具製造業", "東の団地")


def test_registering_in_spite_of_a_likeness_is_a_decision(world: World) -> None:
    known = register_company(Profile(name="まぼろし計測", phone="047-000-0001"), by=world.desk)
    given = {"name": "株式会社まぼろし計測", "phone": "047-000-0001"}
    answer = client(world).post(address("desk-company-new"), given)
    assert "同じ会社かもしれません" in said(answer)
    client(world).post(address("desk-company-new"), given | {"anyway": "on"})
    made = Company.objects.exclude(pk=known.pk).get()
    assert "同じ会社に見える組はありません" in seen(world, "desk-companies-alike")
    decided = seen(world, "desk-companies-alike", given={"decided": "1"})
    first, second = sorted([made, known], key=lambda one: one.pk)
    assert address("desk-company-distinct-undo", company=first.pk, other=second.pk) in decided
