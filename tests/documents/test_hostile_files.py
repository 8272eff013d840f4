"""Files as attackers and tired people send them: wrong names, false endings, traps, and two at once."""

from __future__ import annotations

import hashlib
import io
import threading
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as house
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from renkei.base.refusal import Refused
from renkei.documents import store
from renkei.documents.store import KINDS, MOST_BYTES, Kept, clean_name, keep, kind_of, path_of

PDF = b"%PDF-1.7\n"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(32)
SIGNATURES = {
    "pdf": PDF, "png": PNG, "jpg": b"\xff\xd8\xff\xe0", "jpeg": b"\xff\xd8\xff\xe1", "gif": b"GIF89a", "tif": b"II*\x00",
    "tiff": b"MM\x00*", "zip": b"PK\x03\x04", "docx": b"PK\x03\x04", "xlsx": b"PK\x03\x04", "pptx": b"PK\x03\x04",
    "doc": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "xls": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
    "ppt": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "txt": b"text", "csv": b"a,b\r\n", "dxf": b"0\nSECTION\n",
}  # fmt: skip
BOUND = {ending for ending in KINDS if ending not in {"txt", "csv", "dxf"}}
RARE = settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, settings: Any) -> Path:
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def code_of(name: str, data: bytes) -> str:
    with pytest.raises(Refused) as refused:
        keep(name, data)
    assert refused.value.field == "file"
    assert refused.value.message.endswith("。")
    return refused.value.code


def bomb() -> bytes:
    """Ten megabytes of nothing in ten kilobytes."""
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("nothing", bytes(10 * 1024 * 1024))
    return memory.getvalue()


@pytest.mark.parametrize("ending", sorted(KINDS))
def test_every_kind_is_taken_under_its_own_ending_in_any_case(ending: str) -> None:
    for written in (ending, ending.upper(), ending.title()):
        assert keep(f"図面.{written}", SIGNATURES[ending]).media_type == KINDS[ending]


@pytest.mark.parametrize("ending", sorted(BOUND))
def test_a_kind_with_a_signature_takes_no_bytes_of_another(ending: str, folder: Path) -> None:
    for other, data in SIGNATURES.items():
        if KINDS[other] != KINDS[ending] and data[:4] != SIGNATURES[ending][:4]:
            assert code_of(f"a.{ending}", data) == "file_content", other
    assert files(folder) == []


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("請求書.pdf.exe", PDF, "file_kind"),
        ("請求書.pdf .exe", PDF, "file_kind"),
        ("請求書.exe\u202efdp.pdf", b"MZ\x90\x00", "file_content"),
        ("図面.pdf\x00.exe", PDF, "file_kind"),
        ("図面.pdf/", PDF, "file_kind"),
        ("a.php", b"<?php", "file_kind"),
        ("a.xlsm", b"PK\x03\x04", "file_kind"),
        ("a.docm", b"PK\x03\x04", "file_kind"),
        ("a.jar", b"PK\x03\x04", "file_kind"),
        ("a.lnk", b"L\x00", "file_kind"),
        ("pdf", PDF, "file_kind"),
        ("..", PDF, "file_kind"),
        ("", PDF, "file_kind"),
        ("a.ｐｄｆ", PDF, "file_kind"),
        ("a.txt", b"\x7fELF\x02\x01\x01" + bytes(9), "file_content"),
        ("a.csv", b"<!DOCTYPE html><html><body>", "file_content"),
        ("a.txt", b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", "file_content"),
        ("a.dxf", b"AC1015\x00binary", "file_content"),
    ],
)
def test_a_false_ending_is_refused_in_words(name: str, data: bytes, code: str, folder: Path) -> None:
    assert code_of(name, data) == code
    assert files(folder) == []


@pytest.mark.parametrize("name", ["a.exe.pdf", "v1.2.final.pdf", "2026.11.25 図面.pdf", ".pdf.pdf"])
def test_dots_before_the_ending_harm_nothing(name: str) -> None:
    assert keep(name, PDF).media_type == "application/pdf"


def test_a_zip_that_would_fill_the_disk_stays_packed(folder: Path) -> None:
    data = bomb()
    assert keep("bomb.zip", data).size == len(data) < 20_000
    assert sum(path.stat().st_size for path in files(folder)) == len(data)


def test_an_empty_archive_is_a_file_like_any_other() -> None:
    assert keep("空.zip", b"PK\x05\x06" + bytes(18)).media_type == "application/zip"


@pytest.mark.parametrize(("more", "taken"), [(-1, True), (0, True), (1, False)])
def test_the_limit_is_the_last_byte_taken(monkeypatch: pytest.MonkeyPatch, more: int, taken: bool) -> None:
    assert MOST_BYTES == house.RENKEI_FILE_MEGABYTES * 1024 * 1024
    monkeypatch.setattr(store, "MOST_BYTES", 1000)
    data = PDF + bytes(1000 + more - len(PDF))
    assert (keep("a.pdf", data).size == 1000 + more) if taken else (code_of("a.pdf", data) == "file_too_large")


def test_nothing_and_one_byte_differ() -> None:
    assert code_of("a.txt", b"") == "file_empty"
    assert keep("a.txt", b"x").size == 1


@RARE
@example("/\xa00")
@given(name=st.text(max_size=300))
def test_a_clean_name_is_clean_whatever_came(name: str) -> None:
    tidy = clean_name(name)
    assert 1 <= len(tidy) <= 200
    assert not set(tidy) & set('\x00\n\r\t/\\:*?"<>|\u202e\u200b')
    assert tidy == tidy.strip(" ")
    assert not tidy.startswith(".")
    assert clean_name(tidy) == tidy


@RARE
@given(stem=st.text(max_size=250), ending=st.sampled_from(sorted(KINDS)))
def test_cleaning_keeps_the_ending(stem: str, ending: str) -> None:
    assert clean_name(f"{stem}図.{ending}").endswith(f"図.{ending}") or len(stem) > 190


@RARE
@given(data=st.binary(min_size=1, max_size=200))
def test_bytes_come_back_as_they_went_in(data: bytes) -> None:
    made = keep("a.pdf", PDF + data)
    assert path_of(made.sha256).read_bytes() == PDF + data
    assert made.sha256 == hashlib.sha256(PDF + data).hexdigest()


@RARE
@given(data=st.binary(min_size=1, max_size=60), ending=st.sampled_from(sorted(BOUND)))
def test_random_bytes_are_taken_for_their_signature_only(data: bytes, ending: str) -> None:
    try:
        assert kind_of(f"a.{ending}", data) == KINDS[ending]
    except Refused as refused:
        assert refused.code == "file_content"  # noqa: PT017  both ends are right; what decides stands below
        assert not data.startswith(SIGNATURES[ending])


@RARE
@given(digest=st.text(alphabet="0123456789abcdefABCDEF/.\\\n", max_size=70))
def test_no_address_leads_out_of_the_folder(digest: str) -> None:
    with pytest.raises(ValueError, match="digest"):
        path_of(digest[:63])
    with pytest.raises(ValueError, match="digest"):
        path_of(digest[:40] + "/" + "0" * 23)


def test_one_content_under_two_names_is_kept_once_and_told_twice(folder: Path) -> None:
    one, other = keep("図面.pdf", PDF), keep("別の名前.pdf", PDF)
    assert (one.name, other.name, one.sha256) == ("図面.pdf", "別の名前.pdf", other.sha256)
    assert len(files(folder)) == 1
    assert Kept("図面.pdf", "application/pdf", len(PDF), one.sha256) == one


def test_ten_at_once_leave_one_whole_file(folder: Path) -> None:
    data, gate, made = PDF + bytes(200_000), threading.Barrier(10), []

    def send() -> None:
        gate.wait()
        made.append(keep("a.pdf", data))

    threads = [threading.Thread(target=send) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 10
    assert [path.read_bytes() == data for path in files(folder)] == [True]


def test_a_file_that_is_there_is_never_written_over(folder: Path) -> None:
    made = keep("a.pdf", PDF)
    path_of(made.sha256).write_bytes(b"as it lies")
    keep("a.pdf", PDF)
    assert path_of(made.sha256).read_bytes() == b"as it lies"


def test_folders_and_files_are_the_houses_alone(folder: Path) -> None:
    path = path_of(keep("a.pdf", PDF).sha256)
    assert path.parent.name == path.name[:2]
    assert [one.stat().st_mode & 0o077 for one in (path, path.parent)] == [0, 0]


def test_a_refused_file_after_a_kept_one_leaves_the_kept_one(folder: Path) -> None:
    keep("a.pdf", PDF)
    assert code_of("b.pdf", PNG) == "file_content"
    assert len(files(folder)) == 1
