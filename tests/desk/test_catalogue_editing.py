"""Entries kept on screen by their owners: every field, errors beside it, a second editor, withdrawing and back."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from typing import Any

import pytest

from renkei.base import clock
from renkei.base.actor import SYSTEM
from renkei.matching.actions import EntryRow, WindowRow, put_entries
from renkei.matching.entry_words import mark_of, row_of
from renkei.matching.models import Entry, Revision
from tests.desk.pages import address, client, fault, part, said, seen
from tests.world import BANK, DESK, LAB, World

pytestmark = pytest.mark.django_db
TODAY = dt.date(2026, 11, 25)
EMPTY = {"w-TOTAL_FORMS": "0", "w-INITIAL_FORMS": "0"}


@pytest.fixture(autouse=True)
def _day() -> Iterator[None]:
    with clock.moved_to(clock.at(TODAY, 9)):
        yield


def window(number: int, **given: str) -> dict[str, str]:
    return {f"w-{number}-{name}": value for name, value in given.items()}


def post(world: World, name: str, body: str = LAB, given: dict[str, Any] | None = None, **more: Any) -> Any:
    return client(world, body).post(address(name, body, **more), (given or {}) | ({} if "w-TOTAL_FORMS" in (given or {}) else EMPTY))


def kept(body: str | None = LAB, **more: Any) -> Entry:
    put_entries([EntryRow(id="EQ1", kind="equipment", name="膜厚計", body=body, **more)], kept_by="screen", by=SYSTEM)
    return Entry.objects.get(pk="EQ1")


def typed(entry: Entry, **more: str) -> dict[str, str]:
    """What the form sends back for an entry that has little in it."""
    return {"name": entry.name, "kana": entry.kana, "owner_name": entry.owner_name, "summary": entry.summary, "text": entry.text,
            "seen": mark_of(entry)} | more  # fmt: skip


def test_the_kinds_one_may_write_down(world: World) -> None:
    page = seen(world, "desk-catalogue-kinds", LAB)
    assert re.findall(r'/catalogue/new/(\w+)/">([^<]+)<', page) == [
        ("seed", "シーズ"), ("equipment", "機器"), ("test", "依頼試験"), ("programme", "制度"), ("person", "人"), ("event", "催し・講座"),
        ("need", "ニーズ"), ("example", "事例"), ("outside", "域外の機器・機関"),
    ]  # fmt: skip
    assert [client(world).get(address("desk-catalogue-new", kind=kind)).status_code for kind in ("service", "robot")] == [404, 404]


def test_a_name_is_enough(world: World) -> None:
    answer = post(world, "desk-catalogue-new", given={"name": "小さな炉"}, kind="equipment")
    entry = Entry.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, address("desk-catalogue-entry", LAB, entry=entry.pk))
    assert (entry.name, entry.kind, entry.body_id, entry.kept_by, entry.is_public, entry.facts) == ("小さな炉", "equipment", LAB, "screen", False, {})
    assert (entry.last_checked, entry.checked_by_id) == (TODAY, world.people[LAB].pk)


@pytest.mark.covers("C16")
def test_every_field_of_a_programme_is_kept(world: World) -> None:
    given = {
        "name": "試作の補助金", "kana": "シサク", "owner_name": "企画課", "service": "rd-subsidy", "summary": "試作を助ける", "text": "補助、助成",
        "tech_fields": ["metal"], "themes": ["iot"], "url": "https://lab.example/p", "source": "要綱", "source_on": "2026年4月1日",
        "ends_on": "2027年3月31日", "is_public": "on", "rate": "1/2", "rate_small": "2/3", "cap_yen": "250万円", "floor_yen": "500,000",
        "decision_weeks": "９週", "requires": "決算書、見積書", "contact": "企画課", "eligible__sme_only": "on", "eligible__in_prefecture": "on",
        "eligible__municipalities": "ひばり市", "eligible__max_employees": "300人", "eligible__min_age_years": "1", "eligible__jsic": "E、39",
        "eligible__consortium_min": "2", "eligible__stage": ["2", "3"], "eligible__excludes": "みなし大企業",
        "w-TOTAL_FORMS": "3", "w-INITIAL_FORMS": "0",
    } | window(0, kind="call", opens="2026年12月1日", closes="2026年12月25日") | window(1, kind="meeting", closes="12月20日", starts="12月22日") | window(2, kind="call", always_open="on")  # fmt: skip
    answer = post(world, "desk-catalogue-new", given=given, kind="programme")
    assert answer.status_code == 302, re.findall(r'class="err"[^>]*>([^<]+)', said(answer))
    row = row_of(Entry.objects.get())
    assert row.facts == {
        "rate": "1/2", "rate_small": "2/3", "cap_yen": 2_500_000, "floor_yen": 500_000, "decision_weeks": 9, "requires": ["決算書", "見積書"],
        "contact": "企画課", "eligible": {
            "sme_only": True, "in_prefecture": True, "municipalities": ["999016"], "max_employees": 300, "min_age_years": 1,
            "jsic": ["E", "39"], "consortium_min": 2, "stage": ["2", "3"], "excludes": ["みなし大企業"],
        },
    }  # fmt: skip
    assert set(row.windows) == {
        WindowRow("call", dt.date(2026, 12, 1), dt.date(2026, 12, 25)), WindowRow("meeting", None, dt.date(2026, 12, 20), dt.date(2026, 12, 22)),
        WindowRow("call", always_open=True),
    }  # fmt: skip
    assert (row.service, row.tech_fields, row.themes, row.url, row.source, row.source_on, row.ends_on, row.is_public, row.owner_name) == (
        "rd-subsidy", ["metal"], ["iot"], "https://lab.example/p", "要綱", dt.date(2026, 4, 1), dt.date(2027, 3, 31), True, "企画課")  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "given", "beside"),
    [
        ("equipment", {"name": " "}, "name"), ("equipment", {"hourly_yen": "高い"}, "hourly_yen"), ("equipment", {"training_level": "4"}, "training_level"),
        ("test", {"days": "すぐ"}, "days"), ("programme", {"eligible__jsic": "製造"}, "eligible__jsic"),
        ("programme", {"eligible__municipalities": "どこか市"}, "eligible__municipalities"), ("seed", {"trl": "0"}, "trl"),
        ("equipment", {"url": "javascript:alert(1)"}, "url"), ("equipment", {"ends_on": "いつか"}, "ends_on"),
        ("equipment", {"summary": "あ" * 4001}, "summary"), ("person", {"post": "king"}, "post"), ("seed", {"tech_fields": "none"}, "tech_fields"),
    ],
)  # fmt: skip
def test_what_is_wrong_stands_beside_its_field_and_the_input_stays(world: World, kind: str, given: dict[str, str], beside: str) -> None:
    answer = post(world, "desk-catalogue-new", given={"name": "名前のある物", "owner_name": "計測室"} | given, kind=kind)
    page = said(answer)
    assert answer.status_code == 422
    assert re.findall(r'class="err" id="id_(\w+)_error"', page) == [beside]
    assert 'value="計測室"' in page
    assert Entry.objects.count() == 0


@pytest.mark.parametrize(
    ("given", "beside", "words"),
    [
        ({"opens": "12月1日"}, "kind", "期間の種類を選んでください。"), ({"kind": "call"}, "closes", "終わりの日を入れるか、「いつでも」に印を付けてください。"),
        ({"kind": "call", "opens": "12月10日", "closes": "12月1日"}, "closes", "始まりより前です。"),
        ({"kind": "call", "closes": "来月のいつか"}, "closes", None),
    ],
)  # fmt: skip
def test_a_wrong_window_is_said_beside_its_day(world: World, given: dict[str, str], beside: str, words: str | None) -> None:
    answer = post(world, "desk-catalogue-new", given={"name": "炉", "w-TOTAL_FORMS": "1", "w-INITIAL_FORMS": "0"} | window(0, **given), kind="equipment")
    found = fault(answer, f"w-0-{beside}")
    assert (answer.status_code, Entry.objects.count()) == (422, 0)
    assert found == words if words else found


@pytest.mark.covers("C12")
def test_the_desk_writes_down_what_belongs_to_others(world: World) -> None:
    page = seen(world, "desk-catalogue-new", kind="outside")
    assert 'name="owner" value="-"' in page
    assert 'name="owner"' not in seen(world, "desk-catalogue-new", LAB, kind="outside")
    nobody = post(world, "desk-catalogue-new", DESK, {"name": "大きな炉", "owner": "-"}, kind="outside")
    assert fault(nobody, "owner_name") == "計画の外の機関のものは、その機関の名前を入れてください。"
    post(world, "desk-catalogue-new", DESK, {"name": "大きな炉", "owner": "-", "owner_name": "となりの県の試験場"}, kind="outside")
    post(world, "desk-catalogue-new", LAB, {"name": "小さな炉", "owner": "-", "owner_name": "となりの県"}, kind="outside")
    assert set(Entry.objects.values_list("name", "body", "owner_name")) == {
        ("大きな炉", None, "となりの県の試験場"), ("小さな炉", LAB, "となりの県")}  # fmt: skip


def test_changing_keeps_what_the_form_does_not_know(world: World) -> None:
    entry = kept(facts={"hourly_yen": 100, "buffer": 30, "eligible": {"sme_only": True, "extra": 1}}, windows=(WindowRow("slot", None, TODAY),))
    page = seen(world, "desk-catalogue-edit", LAB, entry="EQ1")
    assert 'name="w-0-closes"' in page
    answer = post(world, "desk-catalogue-edit", given=typed(entry, name="新しい膜厚計", hourly_yen="1,540"), entry="EQ1")
    assert answer.status_code == 302
    row = row_of(Entry.objects.get())
    assert (row.name, row.windows, row.facts) == ("新しい膜厚計", (), {"hourly_yen": 1540, "buffer": 30, "eligible": {"sme_only": False, "extra": 1}})


def test_the_history_names_the_fields(world: World) -> None:
    entry = kept(facts={"hourly_yen": 100})
    post(world, "desk-catalogue-edit", given=typed(entry, name="新しい膜厚計", hourly_yen="1540"), entry="EQ1")
    words = re.sub(r"<[^>]+>", "", part(seen(world, "desk-catalogue-entry", BANK, entry="EQ1"), 'id="h"', "</section>"))
    assert "直した" in words
    assert "名前：膜厚計 → 新しい膜厚計" in words
    assert "1時間の料金：100 → 1540" in words
    assert "工業試験所 小出" in words


def test_a_second_editor_sees_what_the_first_one_saved(world: World) -> None:
    entry = kept()
    first, second = typed(entry, name="一人目"), typed(entry, name="二人目", summary="二人目の説明")
    assert post(world, "desk-catalogue-edit", given=first, entry="EQ1").status_code == 302
    answer = post(world, "desk-catalogue-edit", given=second, entry="EQ1")
    page = said(answer)
    assert answer.status_code == 422
    assert "ほかの人が先に直しました" in page
    assert re.findall(r"<dt>([^<]+)</dt><dd>([^<]+)</dd>", part(page, "いまの記録</h2>", "</dl>")) == [
        ("名前", "一人目"), ("説明", "空")]  # fmt: skip
    assert 'value="二人目"' in page
    mark = re.findall(r'name="seen" value="([^"]+)"', page)[0]
    assert post(world, "desk-catalogue-edit", given=second | {"seen": mark}, entry="EQ1").status_code == 302
    assert Entry.objects.get().name == "二人目"


def test_others_are_told_who_keeps_it(world: World) -> None:
    kept()
    put_entries([EntryRow(id="MD1", kind="test", name="引張試験", body=LAB)], kept_by="lab", by=SYSTEM)
    for body, entry in ((BANK, "EQ1"), (DESK, "EQ1"), (LAB, "MD1")):
        page = seen(world, "desk-catalogue-entry", body, entry=entry)
        assert "直す</a>" not in page
        assert "取り下げる</a>" not in page
        answer = client(world, body).post(address("desk-catalogue-edit", body, entry=entry), {"name": "盗み"} | EMPTY)
        assert answer["Location"] == address("desk-catalogue-entry", body, entry=entry)
        assert "職員だけが直せます" in seen(world, "desk-catalogue-withdraw", body, entry=entry) or entry == "MD1"
    assert set(Entry.objects.values_list("name", flat=True)) == {"膜厚計", "引張試験"}


def test_withdrawing_says_when_and_why_and_can_be_undone(world: World) -> None:
    kept()
    for given, beside in (({"on": "今日"}, "reason"), ({"on": "いつか", "reason": "x"}, "on"), ({"on": "", "reason": "x"}, "on")):
        answer = post(world, "desk-catalogue-withdraw", given=given, entry="EQ1")
        assert (answer.status_code, bool(fault(answer, beside))) == (422, True)
    assert post(world, "desk-catalogue-withdraw", given={"on": "今日", "reason": "壊れました"}, entry="EQ1").status_code == 302
    page = seen(world, "desk-catalogue-entry", LAB, entry="EQ1")
    assert "取り下げました。（壊れました）" in page
    assert "戻す</button>" in page
    assert "直す</a>" not in page
    assert post(world, "desk-catalogue-withdraw", given={"on": "今日", "reason": "また"}, entry="EQ1").status_code == 422
    post(world, "desk-catalogue-return", entry="EQ1")
    post(world, "desk-catalogue-return", entry="EQ1")  # twice: refused in words, changes nothing
    entry = Entry.objects.get()
    assert (entry.withdrawn_on, entry.withdrawn_reason) == (None, "")
    assert [one.deed for one in Revision.objects.order_by("done_at", "deed")] == ["returned", "withdrawn"]


def test_from_a_day_to_come_it_stands_until_then(world: World) -> None:
    kept()
    post(world, "desk-catalogue-withdraw", given={"on": "2026年12月31日", "reason": "年末で終わり"}, entry="EQ1")
    entry = Entry.objects.get()
    assert (entry.withdrawn_on, entry.ends_on, entry.withdrawn_reason) == (None, dt.date(2026, 12, 31), "年末で終わり")
    assert "提案には出ません" not in seen(world, "desk-catalogue-entry", LAB, entry="EQ1")
    with clock.moved_to(clock.at(dt.date(2027, 1, 1), 9)):
        assert "で終わりました。（年末で終わり）" in seen(world, "desk-catalogue-entry", LAB, entry="EQ1")
        post(world, "desk-catalogue-return", entry="EQ1")
        assert Entry.objects.get().ends_on is None


def test_one_button_says_it_is_right_as_it_stands(world: World) -> None:
    kept(last_checked=dt.date(2020, 1, 1))
    answer = post(world, "desk-catalogue-check", given={"entry": "EQ1", "back": "entry"})
    assert answer["Location"] == address("desk-catalogue-entry", LAB, entry="EQ1")
    entry = Entry.objects.get()
    assert (entry.last_checked, entry.checked_by_id) == (TODAY, world.people[LAB].pk)
    refused = client(world, BANK).post(address("desk-catalogue-check", BANK), {"entry": "EQ1"}, follow=True)
    assert "持ち主の機関の職員だけが直せます" in said(refused)
    assert "確かめたものに印を付けてください" in said(client(world, BANK).post(address("desk-catalogue-check", BANK), follow=True))
