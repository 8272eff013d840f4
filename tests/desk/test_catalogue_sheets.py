"""The pages that take a sheet of entries in, and write one out."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from renkei.base.actor import SYSTEM
from renkei.cases.models import Export
from renkei.documents.sheets import read_sheet
from renkei.matching.actions import EntryRow, put_entries
from renkei.matching.models import CatalogueRun, Entry
from tests.desk.pages import HOSTILE, address, client, fault, said, seen
from tests.world import BANK, DESK, LAB, World

pytestmark = pytest.mark.django_db
HEAD = "種類,名前,説明,1時間の料金,備考"


def upload(world: World, *rows: str, body: str = LAB, kind: str = "") -> Any:
    file = SimpleUploadedFile("台帳.csv", "\n".join([HEAD, *rows]).encode("cp932"))
    return client(world, body).post(address("desk-catalogue-import", body), {"file": file, "kind": kind})


def carried(page: str) -> dict[str, str]:
    """What the preview carries to the button."""
    return {name: html.unescape(value) for name, value in re.findall(r'<input type="hidden" name="(sheet|name|kind)" value="([^"]*)"', page)}


def test_from_file_to_entries_and_back(world: World) -> None:
    put_entries([EntryRow(id="EQ1", kind="equipment", name="膜厚計", body=LAB)], kept_by="screen", by=SYSTEM)
    page = said(upload(world, '機器,膜厚計,厚さを測る,"1,540",', "機器,炉,熱い,,", "機器,,,,"))
    words = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))
    assert "3行を読みました。新しいもの 1、直すもの 1、同じもの 0、取り込まないもの 1。" in words
    assert "読まない列があります：備考" in words
    assert re.findall(r'class="num">(\d+)</th>', page) == ["4", "2", "3"]  # what needs a person first
    assert "説明：空 → 厚さを測る" in words
    assert Entry.objects.count() == 1
    done = client(world, LAB).post(address("desk-catalogue-import-confirm", LAB), carried(page), follow=True)
    assert "新しいもの1件、直したもの1件、同じもの0件、取り込まなかったもの1件" in said(done)
    assert "4行目：名前を入れてください。" in re.sub(r"<[^>]+>", "", said(done))
    assert set(Entry.objects.values_list("name", "summary")) == {("膜厚計", "厚さを測る"), ("炉", "熱い")}
    again = client(world, LAB).post(address("desk-catalogue-import-confirm", LAB), carried(page), follow=True)
    assert "取り込む行がありません" in said(again)
    run = CatalogueRun.objects.get()
    assert client(world, BANK).post(address("desk-catalogue-undo", BANK, run=run.pk)).status_code == 404
    back = client(world, LAB).post(address("desk-catalogue-undo", LAB, run=run.pk), follow=True)
    assert "取り込みを取り消しました。" in said(back)
    assert set(Entry.objects.filter(withdrawn_on__isnull=True).values_list("name", "summary")) == {("膜厚計", "")}
    twice = client(world, LAB).post(address("desk-catalogue-undo", LAB, run=run.pk), follow=True)
    assert "もう取り消してあります" in said(twice)


def test_what_stays_is_named(world: World) -> None:
    page = said(upload(world, "機器,炉,熱い,,"))
    client(world, LAB).post(address("desk-catalogue-import-confirm", LAB), carried(page))
    entry = Entry.objects.get()
    put_entries([EntryRow(id=entry.pk, kind="equipment", name="別の炉", body=LAB)], kept_by="screen", by=SYSTEM)
    back = client(world, LAB).post(address("desk-catalogue-undo", LAB, run=CatalogueRun.objects.get().pk), follow=True)
    assert "2行目「別の炉」：取り込んだあとに直されています。" in said(back)
    assert Entry.objects.get().withdrawn_on is None


def test_bad_files_are_said_beside_the_field(world: World) -> None:
    one, path = client(world, LAB), address("desk-catalogue-import", LAB)
    assert "ファイルを選んでください" in fault(one.post(path, {}), "file")
    assert "列が見つかりません" in fault(one.post(path, {"file": SimpleUploadedFile("x.csv", b"a,b\n1,2\n")}), "file")
    assert fault(one.post(path, {"file": SimpleUploadedFile("x.xlsx", b"PK\x03\x04zz")}), "file")
    assert one.post(path, {"file": SimpleUploadedFile("x.csv", b"\xff\xfe\xff")}).status_code == 422
    for name in ("desk-catalogue-import-confirm", "desk-catalogue-import"):
        answer = one.post(address(name, LAB), {"sheet": "@@", "name": ""}, follow=True)
        assert "もう一度ファイルを選んでください" in said(answer)


def test_long_sheets_turn_pages(world: World) -> None:
    page = said(upload(world, *[f"機器,炉{n:03},,," for n in range(305)]))
    assert len(re.findall(r'class="num">', page)) == 300
    more = client(world, LAB).post(address("desk-catalogue-import", LAB), carried(page) | {"page": "2"})
    assert re.findall(r"<b>(炉\d+)</b>", said(more)) == [f"炉{n}" for n in range(300, 305)]


def test_a_kind_for_the_whole_sheet(world: World) -> None:
    page = said(upload(world, ",炉,,,", kind="seed"))
    client(world, LAB).post(address("desk-catalogue-import-confirm", LAB), carried(page))
    assert Entry.objects.get().kind == "seed"


def test_hostile_cells_stay_text(world: World) -> None:
    quoted = HOSTILE.replace('"', '""')
    assert "<script>alert" not in said(upload(world, f'機器,"{quoted}","{quoted}",,'))


def test_empty_sheets(world: World) -> None:
    rows = read_sheet(client(world, LAB).get(address("desk-catalogue-template", LAB, kind="seed")).content, most_rows=5)
    assert (len(rows), rows[0][:3]) == (1, ["番号", "種類", "名前"])
    assert client(world, LAB).get(address("desk-catalogue-template", LAB, kind="service")).status_code == 404
    assert "まだありません。" in seen(world, "desk-catalogue-import", LAB)


def test_written_out_as_narrowed_and_on_record(world: World, settings: Any) -> None:
    put_entries([EntryRow(id="EQ1", kind="equipment", name="膜厚計", body=LAB), EntryRow(id="SD1", kind="seed", name="酸化", body=LAB)],
                kept_by="screen", by=SYSTEM)  # fmt: skip
    path = address("desk-catalogue-export", DESK)
    settings.RENKEI_AGAIN_MINUTES = 0
    one = client(world)
    assert one.post(path, {"kind": "seed"})["Content-Type"].startswith("text/html")  # asked for the password again
    answer = one.post(path, {"kind": "seed", "again": "1", "again-password": "hibari-secret-1"})
    assert [row[2] for row in read_sheet(answer.content, most_rows=9)] == ["名前", "酸化"]
    made = Export.objects.get()
    assert (made.what, made.query, made.count, made.body_id) == ("entries", "kind=seed", 1, DESK)
    settings.RENKEI_AGAIN_MINUTES, settings.RENKEI_EXPORT_ROWS = 60, 1
    one.post(path, {"again": "1", "again-password": "hibari-secret-1"})
    assert "一度に書き出せるのは1行までです" in said(one.get(address("desk-catalogue", DESK)))
    assert Export.objects.count() == 1
    assert "台帳" in seen(world, "desk-exports", DESK)
