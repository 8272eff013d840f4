"""The pages of lists of other institutes: what is read, its columns, what each reading brought."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from renkei.base import clock
from renkei.matching.jobs import run_harvests
from renkei.matching.models import CatalogueRun, Entry, Harvest
from tests.desk.pages import HOSTILE, address, client, fault, part, said, seen
from tests.world import DESK, LAB, World

pytestmark = pytest.mark.django_db
TODAY = dt.date(2026, 11, 25)
LIST = "管理番号,装置名,用途,使用料\nA-1,大型の炉,耐火,12000\nA-2,電波暗室,ノイズ,相談\n"
GIVEN = {"name": "となりの県の一覧", "owner_name": "となりの県の試験場", "way": "folder", "place": "list.csv", "every_days": "7", "is_public": "on", "is_on": "on",
         "col__key": "管理番号", "col__name": "装置名", "col__summary": "用途", "col__hourly_yen": "使用料"}  # fmt: skip


@pytest.fixture(autouse=True)
def _day() -> Iterator[None]:
    with clock.moved_to(clock.at(TODAY, 9)):
        yield


@pytest.fixture
def folder(tmp_path: Path, settings: Any) -> Path:
    settings.RENKEI_HARVEST_FOLDER = str(tmp_path)
    (tmp_path / "list.csv").write_text(LIST, encoding="utf-8")
    return tmp_path


def post(world: World, name: str, given: dict[str, str] | None = None, body: str = DESK, **more: Any) -> Any:
    return client(world, body).post(address(name, body, **more), given or {})


def words(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def test_nothing_is_read_until_somebody_says_so(world: World) -> None:
    page = seen(world, "desk-catalogue-lists")
    assert "読んでいる一覧はありません" in page
    assert "どこにもつなぎません" in page
    kinds = re.findall(r"/lists/new/(\w+)/", page)
    assert kinds == ["jgrants", "seed", "equipment", "test", "programme", "event", "need", "outside"]
    assert re.findall(r"/lists/new/(\w+)/", seen(world, "desk-catalogue-lists", LAB)) == []
    assert [client(world).get(address("desk-catalogue-list-new", kind=kind)).status_code for kind in ("person", "example", "service", "x")] == [404] * 4


def test_from_a_named_list_to_its_report(world: World, folder: Path) -> None:
    answer = post(world, "desk-catalogue-list-new", GIVEN, kind="outside")
    harvest = Harvest.objects.get()
    assert answer["Location"] == address("desk-catalogue-list", harvest=harvest.pk)
    assert (harvest.way, harvest.kind, harvest.is_on, harvest.next_on, harvest.fixed) == ("folder", "outside", True, TODAY, {"is_public": True, "service": None})
    assert harvest.columns == {"key": "管理番号", "name": "装置名", "summary": "用途", "hourly_yen": "使用料"}
    assert "まだ読んでいません" in seen(world, "desk-catalogue-list", LAB, harvest=harvest.pk)
    assert run_harvests() == 1
    page = words(seen(world, "desk-catalogue-list", LAB, harvest=harvest.pk))
    assert "新しい 1、変わった 0、戻った 0、同じ 0、無くなった 0、読めない 1" in page
    assert re.search(r"3行目 ?：1時間の料金：", page)
    assert "1件（無くなったもの 0件）" in page
    assert "列「装置名」" in page
    rows = words(seen(world, "desk-catalogue-lists", LAB))
    assert "新しい 1、変わった 0、無くなった 0、読めない 1" in rows
    assert "出典" in seen(world, "desk-catalogue-entry", LAB, entry=Entry.objects.get().pk)


def test_the_columns_of_the_file_are_offered(world: World, folder: Path) -> None:
    post(world, "desk-catalogue-list-new", GIVEN, kind="outside")
    harvest = Harvest.objects.get()
    page = seen(world, "desk-catalogue-list-edit", harvest=harvest.pk)
    assert re.findall(r'<option value="([^"]+)"', part(page, 'id="col__name-words"', "</datalist>")) == ["管理番号", "装置名", "用途", "使用料"]
    (folder / "list.csv").unlink()
    assert "装置名" in seen(world, "desk-catalogue-list-edit", harvest=harvest.pk)  # the page stands without the file


@pytest.mark.parametrize(
    ("change", "beside"),
    [({"name": ""}, "name"), ({"owner_name": " "}, "owner_name"), ({"place": ""}, "place"), ({"every_days": "0"}, "every_days"), ({"every_days": "毎日"}, "every_days"),
     ({"col__name": ""}, "col__name"), ({"way": "jgrants"}, "way"), ({"service": "none"}, "service")],
)  # fmt: skip
def test_what_is_wrong_stands_beside_its_field(world: World, folder: Path, change: dict[str, str], beside: str) -> None:
    answer = post(world, "desk-catalogue-list-new", GIVEN | change, kind="outside")
    assert (answer.status_code, Harvest.objects.count()) == (422, 0)
    assert fault(answer, beside)
    assert 'value="管理番号"' in said(answer)


def test_other_bodies_read_but_do_not_change(world: World, folder: Path) -> None:
    post(world, "desk-catalogue-list-new", GIVEN, kind="outside")
    harvest = Harvest.objects.get()
    assert "読み方を直す" not in seen(world, "desk-catalogue-list", LAB, harvest=harvest.pk)
    for name in ("desk-catalogue-list-now", "desk-catalogue-list-end"):
        answer = client(world, LAB).post(address(name, LAB, harvest=harvest.pk), follow=True)
        assert "一覧を決められるのは、窓口の職員だけです。" in said(answer)
    refused = post(world, "desk-catalogue-list-edit", GIVEN | {"name": "盗み"}, LAB, harvest=harvest.pk)
    assert refused.status_code == 422
    assert "窓口の職員だけです" in said(refused)
    assert Harvest.objects.get().name == "となりの県の一覧"


def test_reading_now_stopping_and_ending(world: World, folder: Path) -> None:
    post(world, "desk-catalogue-list-new", GIVEN, kind="outside")
    harvest = Harvest.objects.get()
    run_harvests()
    assert Harvest.objects.get().next_on == TODAY + dt.timedelta(days=7)
    answer = client(world).post(address("desk-catalogue-list-now", harvest=harvest.pk), follow=True)
    assert "10分のうちに読みます" in said(answer)
    assert run_harvests() == 1
    off = {name: value for name, value in GIVEN.items() if name != "is_on"}
    post(world, "desk-catalogue-list-edit", off, harvest=harvest.pk)
    assert "止めています" in seen(world, "desk-catalogue-list", harvest=harvest.pk)
    assert "読むことになっていません" in said(client(world).post(address("desk-catalogue-list-now", harvest=harvest.pk), follow=True))
    ended = client(world).post(address("desk-catalogue-list-end", harvest=harvest.pk), follow=True)
    assert "1件を取り下げました" in said(ended)
    assert "読むのをやめました。" in words(seen(world, "desk-catalogue-list", harvest=harvest.pk))
    assert "やめました" in seen(world, "desk-catalogue-lists")
    assert Entry.objects.get().withdrawn_on == TODAY
    assert "もう読んでいません" in said(client(world).post(address("desk-catalogue-list-end", harvest=harvest.pk), follow=True))


def test_faults_are_told_in_words(world: World, folder: Path) -> None:
    (folder / "list.csv").unlink()
    post(world, "desk-catalogue-list-new", GIVEN, kind="outside")
    run_harvests()
    for page in (seen(world, "desk-catalogue-lists", LAB), seen(world, "desk-catalogue-list", LAB, harvest=Harvest.objects.get().pk)):
        assert "ファイル「list.csv」がフォルダにありません。" in page


def test_keywords_for_jgrants(world: World) -> None:
    page = seen(world, "desk-catalogue-list-new", kind="jgrants")
    assert "探す言葉" in page
    assert 'name="col__name"' not in page
    short = post(world, "desk-catalogue-list-new", {"name": "Jグランツ", "owner_name": "国", "place": "あ", "every_days": "1"}, kind="jgrants")
    assert fault(short, "place") == "探す言葉を、2文字以上で1つは入れてください。"
    post(world, "desk-catalogue-list-new", {"name": "Jグランツ", "owner_name": "国", "place": "設備投資", "area": "ひばり県", "every_days": "1", "is_on": "on"}, kind="jgrants")
    harvest = Harvest.objects.get()
    assert (harvest.way, harvest.kind, harvest.place, harvest.fixed) == (
        "jgrants", "programme", "設備投資", {"is_public": False, "service": None, "area": "ひばり県"})  # fmt: skip
    run_harvests()
    page = seen(world, "desk-catalogue-list", harvest=harvest.pk)
    assert "Jグランツのアドレスが決まっていません" in page
    assert "Jグランツ（jGrants）からの出典" in page
    assert 'value="ひばり県"' in seen(world, "desk-catalogue-list-edit", harvest=harvest.pk)


def test_hostile_names_stay_words(world: World, folder: Path) -> None:
    post(world, "desk-catalogue-list-new", GIVEN | {"name": HOSTILE, "owner_name": HOSTILE, "place": HOSTILE, "col__name": HOSTILE}, kind="outside")
    run_harvests()
    assert CatalogueRun.objects.get().fault
    for page in (seen(world, "desk-catalogue-lists"), seen(world, "desk-catalogue-list", harvest=Harvest.objects.get().pk),
                 seen(world, "desk-catalogue-list-edit", harvest=Harvest.objects.get().pk)):  # fmt: skip
        assert "<script>alert" not in page
