"""Files by their content: checked, synced, stored once, never overwritten."""

from __future__ import annotations

import hashlib
import io
import os
import zipfile
from pathlib import Path
from typing import Any

import pytest

from renkei.base.refusal import Refused
from renkei.documents import store
from renkei.documents.store import clean_name, keep, kind_of, path_of

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 32


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, settings: Any) -> None:
    settings.MEDIA_ROOT = tmp_path


def docx() -> bytes:
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as archive:
        archive.writestr("word/document.xml", "<x/>")
    return memory.getvalue()


def refused(name: str, data: bytes) -> tuple[str, str | None]:
    with pytest.raises(Refused) as caught:
        keep(name, data)
    return caught.value.code, caught.value.field


def test_lies_under_its_digest_readable_by_nobody_else() -> None:
    kept = keep("図面.png", PNG)
    digest = hashlib.sha256(PNG).hexdigest()
    assert (kept.name, kept.media_type, kept.size, kept.sha256) == ("図面.png", "image/png", len(PNG), digest)
    assert path_of(digest).read_bytes() == PNG
    assert path_of(digest).stat().st_mode & 0o077 == 0


def test_the_same_bytes_are_stored_once(tmp_path: Path) -> None:
    keep("a.png", PNG)
    before = path_of(hashlib.sha256(PNG).hexdigest()).stat().st_mtime_ns
    keep("b.png", PNG)
    assert path_of(hashlib.sha256(PNG).hexdigest()).stat().st_mtime_ns == before
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 1


def test_the_bytes_are_synced_before_it_returns(monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[bool] = []
    real = os.fsync
    monkeypatch.setattr(store.os, "fsync", lambda handle: (synced.append(True), real(handle))[1])
    keep("a.png", PNG)
    assert len(synced) == 3  # the file and both folders


def test_a_full_disk_leaves_nothing_half_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def full(_handle: int) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(store.os, "fsync", full)
    with pytest.raises(OSError, match="space"):
        keep("a.png", PNG)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [
        ("a.PDF", b"%PDF-1.4", "application/pdf"),
        ("a.jpeg", b"\xff\xd8\xff\xe0", "image/jpeg"),
        ("a.docx", docx(), "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        ("古い.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"0" * 512, "application/vnd.ms-excel"),
        ("メモ.txt", "寸法は 25 mm".encode("shift_jis"), "text/plain"),
        ("表.csv", b"a,b\n1,2\n", "text/csv"),
    ],
)
def test_what_offices_send_is_taken(name: str, data: bytes, kind: str) -> None:
    assert kind_of(name, data) == kind


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("a.pdf", b"", "file_empty"),
        ("a.exe", b"MZ", "file_kind"),
        ("a", b"x", "file_kind"),
        ("a.svg", b"<svg/>", "file_kind"),
        ("a.html", b"<html>", "file_kind"),
        ("a.pdf.js", b"%PDF-", "file_kind"),
        ("a.pdf", b"MZ\x90\x00", "file_content"),
        ("a.png", b"%PDF-1.4", "file_content"),
        ("a.txt", b"\x00\x01binary", "file_content"),
        ("a.docx", b"\xd0\xcf\x11\xe0", "file_content"),
        ("a.txt", b"<!DOCTYPE html><html><script>alert(1)</script></html>", "file_content"),
    ],
)
def test_what_is_refused_says_why(name: str, data: bytes, code: str, tmp_path: Path) -> None:
    assert refused(name, data) == (code, "file")
    assert list(tmp_path.rglob("*")) == []


def test_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "MOST_BYTES", 10)
    assert refused("a.png", PNG) == ("file_too_large", "file")


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("../../etc/passwd.txt", "passwd.txt"),
        ("C:\\Users\\x\\図面.pdf", "図面.pdf"),
        ("a\x00b\u202efdp.pdf", "abfdp.pdf"),
        ('a:*?"<>|b.pdf', "a_b.pdf"),
        ("  .hidden.pdf  ", "hidden.pdf"),
        ("", "名前のないファイル"),
        ("...", "名前のないファイル"),
        ("か\u3099.pdf", "が.pdf"),
    ],
)
def test_names_are_cleaned(name: str, clean: str) -> None:
    assert clean_name(name) == clean


def test_long_names_keep_their_ending() -> None:
    assert (len(clean_name("あ" * 300 + ".pdf")), clean_name("あ" * 300 + ".pdf")[-5:]) == (200, "あ.pdf")
    assert len(clean_name("あ" * 300)) == 200


@pytest.mark.parametrize("digest", ["", "../../etc/passwd", "A" * 64, "0" * 63])
def test_only_digests_have_a_place(digest: str) -> None:
    with pytest.raises(ValueError, match="digest"):
        path_of(digest)
