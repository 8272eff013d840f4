"""The pages of the import and the export of firms."""

from __future__ import annotations

import html
import re
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from renkei.companies.actions import Profile, register_company
from renkei.companies.models import Company, CompanyImport
from renkei.documents.sheets import read_sheet
from tests.desk.pages import HOSTILE, address, client, fault, said, seen
from tests.world import DESK, LAB, World

HEAD = "会社名,電話番号,従業員数,担当者,やりとり日,内容"


def upload(world: World, *rows: str, body: str = DESK) -> Any:
    file = SimpleUploadedFile("会社.csv", "\n".join([HEAD, *rows]).encode("cp932"))
    return client(world, body).post(address("desk-companies-import", body=body), {"file": file})


def carried(answer: Any) -> dict[str, str]:
    fields = re.findall(r'<input type="hidden" name="(sheet|name)" value="([^"]*)"', said(answer))
    return {name: html.unescape(value) for name, value in fields}


def test_looked_at_confirmed_and_taken_back(world: World) -> None:
    answer = upload(world, "つばめ工業,000-000-0031,12,髙梨 芽衣,2026/4/1,見学した。", "かもめ工業,,たくさん,,,")
    assert "2行を読みました。新しい会社 1" in said(answer)
    assert "従業員数「たくさん」を数として読めません。" in said(answer)
    assert not Company.objects.exists()
    desk = client(world)
    done = desk.post(address("desk-companies-import-confirm"), carried(answer), follow=True)
    assert "新しい会社1社、直した会社0社、担当の方1人、やりとり1件" in said(done)
    assert "会社.csv" in said(done)
    made = Company.objects.get()
    assert "見学した。" in seen(world, "desk-company", company=made.pk)
    run = CompanyImport.objects.get()
    undone = desk.post(address("desk-companies-import-undo", run=run.pk), follow=True)
    assert "取り込みを取り消しました。" in said(undone)
    assert "つばめ工業" not in seen(world, "desk-companies")
    again = desk.post(address("desk-companies-import-undo", run=run.pk), follow=True)
    assert "もう取り消してあります。" in said(again)


def test_a_choice_is_made_on_the_page(world: World) -> None:
    twins = [register_company(Profile(name="ふたご工業", phone=phone), by=world.desk) for phone in ("000-000-0021", "000-000-0022")]
    answer = upload(world, "ふたご工業,,44,,,")
    assert f'<option value="{twins[1].pk}">' in said(answer)
    client(world).post(address("desk-companies-import-confirm"), carried(answer) | {"row-2": str(twins[1].pk), "row-x": "new"})
    assert list(Company.objects.filter(employees=44)) == [twins[1]]


def test_faults_are_said_beside_the_field_or_above(world: World) -> None:
    answer = client(world).post(address("desk-companies-import"), {})
    assert (answer.status_code, fault(answer, "file")) == (422, "ファイルを選んでください。")
    file = SimpleUploadedFile("x.csv", "名字\n佐藤".encode())
    answer = client(world).post(address("desk-companies-import"), {"file": file})
    assert "「会社名」の列が見つかりません。" in fault(answer, "file")
    for given in ({}, {"sheet": "@@"}, {"sheet": "eA=="}):
        answer = client(world).post(address("desk-companies-import-confirm"), given, follow=True)
        assert answer.status_code == 200
    assert not CompanyImport.objects.exists()


def test_hostile_words_are_words(world: World) -> None:
    answer = upload(world, f"{HOSTILE.replace(chr(34), '')},,,,,")
    assert "<script>alert" not in said(answer)


def test_another_bodys_run_is_not_there(world: World) -> None:
    answer = upload(world, "つばめ工業,,,,,")
    client(world).post(address("desk-companies-import-confirm"), carried(answer))
    run = CompanyImport.objects.get()
    assert client(world, LAB).post(address("desk-companies-import-undo", body=LAB, run=run.pk)).status_code == 404
    assert "会社.csv" not in seen(world, "desk-companies-import", body=LAB)


def test_written_out_after_asking_again(world: World, settings: Any) -> None:
    register_company(Profile(name="つばめ工業", kana="ツバメ"), by=world.desk)
    register_company(Profile(name="かもめ工業", kana="カモメ"), by=world.desk)
    path = address("desk-companies-export")
    settings.RENKEI_AGAIN_MINUTES = 0
    asked = client(world).post(path, {"q": "つばめ"})
    assert asked["Content-Type"].startswith("text/html")  # signed in by the test, not lately by a password
    one = client(world)
    one.post(path, {"q": "つばめ"})
    answer = one.post(path, {"q": "つばめ", "again": "1", "again-password": "hibari-secret-1"})
    assert answer["Content-Disposition"].endswith('.xlsx"')
    assert [row[0] for row in read_sheet(answer.content, most_rows=9)] == ["会社名", "つばめ工業"]
    assert client(world).get(path).status_code == 405


def test_the_empty_sheet_has_the_columns(world: World) -> None:
    rows = read_sheet(client(world).get(address("desk-companies-template")).content, most_rows=9)
    assert (len(rows), rows[0][:3]) == (1, ["会社名", "フリガナ", "法人番号"])
