"""The 相談台帳: in with a preview of every row and an undo, out with the same columns."""

from __future__ import annotations

import datetime as dt
import io
import re
import uuid
import zipfile
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from openpyxl import Workbook, load_workbook

from renkei.base import clock
from renkei.cases.models import Case, ImportRun
from tests.desk.scene import WORDS, arrived, asked
from tests.world import BANK, CENTER, DESK, LAB, World

HEADS = ["受付日", "会社名", "担当者", "電話", "件名", "内容", "主担当", "次の一手", "期日", "状態", "終了日", "結果"]
OPEN = ["令和8年10月1日", "架空工業", "山田", "047-000-0001", "治具の測定", "治具を測りたい。", "センター", "見積りを待つ", "12月10日", "対応中", "", ""]
CLOSED = ["令和8年4月2日", "夢見製作所", "", "", "展示会", "展示会に出たい。", "", "", "", "終了", "令和8年6月1日", "出展した"]
WRONG = ["いつか", "霞組", "", "", "件名", "内容", "どこか", "", "", "", "", ""]


def sheet(*rows: list[Any], heads: list[str] = HEADS) -> bytes:
    book = Workbook()
    page = book.active
    assert page is not None
    for row in (heads, *rows):
        page.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def client(world: World, body: str = CENTER) -> Client:
    one = Client()
    one.force_login(world.people[body])
    return one


def where(name: str = "import", body: str = CENTER, **more: Any) -> str:
    return reverse(f"desk-register-{name}", kwargs={"body": body} | more)


def look(world: World, data: bytes, name: str = "台帳.xlsx", status: int = 200) -> str:
    answer = client(world).post(where(), {"file": SimpleUploadedFile(name, data)})
    assert answer.status_code == status
    return str(answer.content.decode())


def carried(page: str) -> str:
    found = re.search(r'name="sheet" value="([^"]+)"', page)
    assert found is not None
    return found.group(1)


def test_preview_says_for_each_row_what_will_happen_or_what_is_wrong(world: World) -> None:
    page = look(world, sheet(OPEN, CLOSED, WRONG))
    assert "3行を読みました。取り込むもの 2件、直すところのあるもの 1件" in page
    assert "続いている案件として取り込みます（次：12月10日（木） 見積りを待つ）。" in page
    assert "終わった案件として取り込みます。" in page
    assert "「主担当」の「どこか」という機関が計画にありません。" in page
    assert [row in page for row in ("架空工業", "夢見製作所", "霞組")] == [True] * 3
    assert not Case.objects.exists()
    assert not ImportRun.objects.exists()


def test_import_and_undo(world: World) -> None:
    page = look(world, sheet(OPEN, CLOSED, WRONG))
    center = client(world)
    done = center.post(where("confirm"), {"sheet": carried(page)})
    assert (done.status_code, done["Location"]) == (302, where())
    found = {case.title: case for case in Case.objects.all()}
    assert set(found) == {"治具の測定", "展示会"}
    assert (found["治具の測定"].holder_id, found["治具の測定"].next_step, found["治具の測定"].is_open) == (CENTER, "見積りを待つ", True)
    assert found["展示会"].is_open is False
    listed = center.get(where()).content.decode()
    assert "2件を取り込みました。" in listed
    run = ImportRun.objects.get()
    assert client(world).post(where("undo", run=run.pk)).status_code == 302
    assert not Case.objects.open().exists()
    assert "に取り消し" in client(world).get(where()).content.decode()


def test_undo_is_refused_when_something_has_happened(world: World) -> None:
    client(world).post(where("confirm"), {"sheet": carried(look(world, sheet(OPEN)))})
    case = Case.objects.get()
    deed = reverse("desk-case-need-add", kwargs={"body": CENTER, "case": case.pk})
    assert client(world).post(deed, {"title": "測定", "stage": "3"}).status_code == 302
    answer = client(world).post(where("undo", run=ImportRun.objects.get().pk), follow=True)
    assert answer.redirect_chain == [(where(), 302)]
    assert "に取り消し" not in answer.content.decode()
    assert case.number in answer.content.decode()
    case.refresh_from_db()
    assert case.is_open


def bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(sheet(OPEN))) as real, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for part in real.namelist():
            packed.writestr(part, b"0" * 200_000_000 if part == "xl/worksheets/sheet1.xml" else real.read(part))
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "中身のないファイルです。"),
        (b"number,name\n1,a\n", "エクセルの表（.xlsx）として読めません。"),
        (b"PK\x03\x04 broken", "エクセルの表（.xlsx）として読めません。"),
        (b"x" * (3 * 1024 * 1024 + 1), "3メガバイトまでです。"),
        (sheet(heads=["あ", "い"]), "「会社名」「受付日」と、「件名」か「内容」の列が見つかりません。"),
        (sheet(), "列の名前の下に、1行もありません。"),
    ],
    ids=["empty", "csv", "broken", "large", "columns", "rows"],
)
def test_wrong_files_get_a_sentence(world: World, data: bytes, sentence: str) -> None:
    page = look(world, data, status=422)
    assert sentence in page
    assert "<form" in page
    assert not ImportRun.objects.exists()


def test_a_bomb_is_not_unpacked(world: World) -> None:
    assert "表の中身が大きすぎます。" in look(world, bomb(), status=422)


@pytest.mark.parametrize("sent", [{}, {"sheet": "!!!"}, {"sheet": "AAAA"}])
def test_a_broken_confirmation_imports_nothing(world: World, sent: dict[str, str]) -> None:
    answer = client(world).post(where("confirm"), sent)
    assert (answer.status_code, answer["Location"]) == (302, where())
    assert not Case.objects.exists()


def test_export_has_the_same_columns_and_only_what_is_seen(world: World) -> None:
    asked(world)
    arrived(world, "有限会社浦島製網")
    answer = client(world, DESK).post(where("export", DESK))
    assert answer["Content-Disposition"] == f'attachment; filename="soudan-{DESK}-{clock.today():%Y%m%d}.xlsx"'
    table = list(load_workbook(io.BytesIO(answer.content)).worksheets[0].iter_rows(values_only=True))
    assert set(HEADS) <= {str(cell) for cell in table[0]}
    names = {str(row[2]) for row in table[1:]}
    assert names == {"株式会社まぼろし計測", "有限会社浦島製網"}
    lab = client(world, LAB).post(where("export", LAB) + "?state=all")
    rows = list(load_workbook(io.BytesIO(lab.content)).worksheets[0].iter_rows(values_only=True))
    assert len(rows) == 2
    assert WORDS not in {str(cell) for row in rows for cell in row}
    narrowed = client(world, DESK).post(where("export", DESK) + "?q=浦島")
    assert len(list(load_workbook(io.BytesIO(narrowed.content)).worksheets[0].iter_rows())) == 2


def test_what_was_exported_can_be_read_again(world: World) -> None:
    asked(world)
    data = client(world, DESK).post(where("export", DESK)).content
    page = look(world, data)
    assert "は、もう入っています。" in page  # the numbers stand in this region already


def test_only_ones_own_body_and_its_own_runs(world: World) -> None:
    client(world).post(where("confirm"), {"sheet": carried(look(world, sheet(OPEN)))})
    run = ImportRun.objects.get()
    bank = client(world, BANK)
    assert bank.get(where()).status_code == 404
    assert bank.post(where("undo", BANK, run=run.pk)).status_code == 404
    assert bank.post(where("undo", BANK, run=uuid.uuid4())).status_code == 404
    assert client(world, DESK).post(where("undo", DESK, run=run.pk)).status_code == 404  # not the desk's own run
    assert client(world).get(where("confirm")).status_code == 405
    assert client(world).get(where("undo", run=run.pk)).status_code == 405
    assert Client().get(where()).status_code == 302
    assert Case.objects.get().arrived_at.astimezone(clock.JST).date() == dt.date(2026, 10, 1)
