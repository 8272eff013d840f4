"""Keep a file under the digest of its bytes. Two equal files are stored once; nothing is ever overwritten."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
import unicodedata
from dataclasses import dataclass
from pathlib import Path

import puremagic
from django.conf import settings
from django.utils.translation import gettext as _

from renkei.base.refusal import Refused
from renkei.base.text import clean_text

MOST_BYTES: int = settings.RENKEI_FILE_MEGABYTES * 1024 * 1024
# What offices and workshops send. The ending decides the type; the bytes must agree where the type has a signature.
KINDS = {
    "pdf": "application/pdf",
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "tif": "image/tiff",
    "tiff": "image/tiff",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "doc": "application/msword",
    "xls": "application/vnd.ms-excel",
    "ppt": "application/vnd.ms-powerpoint",
    "zip": "application/zip",
    "txt": "text/plain",
    "csv": "text/csv",
    "dxf": "image/vnd.dxf",
}
_ZIPPED, _OLD_OFFICE, _PLAIN = {"docx", "xlsx", "pptx", "zip"}, {"doc", "xls", "ppt"}, {"txt", "csv", "dxf"}
_STARTS: dict[str, tuple[bytes, ...]] = {
    "pdf": (b"%PDF-",),
    "png": (b"\x89PNG\r\n\x1a\n",),
    "jpg": (b"\xff\xd8\xff",),
    "jpeg": (b"\xff\xd8\xff",),
    "gif": (b"GIF87a", b"GIF89a"),
    "tif": (b"II*\x00", b"MM\x00*"),
    "tiff": (b"II*\x00", b"MM\x00*"),
    **dict.fromkeys(_ZIPPED, (b"PK\x03\x04", b"PK\x05\x06")),
    **dict.fromkeys(_OLD_OFFICE, (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",)),
}
_NOT_IN_NAMES = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|]+')
_ENDS = re.compile(r"^[\s.]+|[\s.]+$")  # blanks of any kind, not the plain one alone


@dataclass(frozen=True, slots=True)
class Kept:
    """A file that lies safely on disk."""

    name: str
    media_type: str
    size: int
    sha256: str


def keep(name: str, data: bytes) -> Kept:
    """Check a file and write it, synced, under its digest. Raises Refused for what is empty, too large or not allowed."""
    tidy = clean_name(name)
    if not data:
        raise Refused(_("ファイルが空です。中身のあるファイルを選んでください。"), "file_empty", field="file")
    if len(data) > MOST_BYTES:
        raise Refused(
            _("ファイルは%(most)sメガバイトまでです。分けるか、小さくしてください。")
            % {"most": settings.RENKEI_FILE_MEGABYTES},
            "file_too_large",
            field="file",
        )
    media_type = kind_of(tidy, data)
    digest = hashlib.sha256(data).hexdigest()
    _write(path_of(digest), data)
    return Kept(tidy, media_type, len(data), digest)


def keep_letter(data: bytes) -> str:
    """Write a letter as it came, synced, and return its digest. It is never given out under its own type."""
    digest = hashlib.sha256(data).hexdigest()
    _write(path_of(digest), data)
    return digest


def path_of(sha256: str) -> Path:
    """Return where the bytes of a digest lie. Raises ValueError for anything but 64 hexadecimal characters."""
    if not re.fullmatch(r"[0-9a-f]{64}", sha256):
        raise ValueError("not a digest")
    return Path(settings.MEDIA_ROOT) / sha256[:2] / sha256


def clean_name(name: str) -> str:
    """Return a file name safe to show and to offer for download: no path, no control characters, 200 at most."""
    last = clean_text(unicodedata.normalize("NFC", name)).replace("\\", "/").rsplit("/", 1)[-1]
    tidy = _ENDS.sub("", _NOT_IN_NAMES.sub("_", last)) or _("名前のないファイル")
    stem, dot, ending = str(tidy).rpartition(".")
    return f"{stem[: 199 - len(ending)]}.{ending}" if dot and len(ending) <= 10 else _ENDS.sub("", str(tidy)[:200])


def kind_of(name: str, data: bytes) -> str:
    """Return the media type. Raises Refused when the ending is not allowed or the bytes are something else."""
    ending = name.rpartition(".")[2].lower() if "." in name else ""
    if ending not in KINDS:
        raise Refused(
            _("この種類のファイルは付けられません。PDF、画像、Word、Excel、PowerPoint、テキスト、ZIPにしてください。"),
            "file_kind",
            field="file",
        )
    fits = _is_text(data) if ending in _PLAIN else data.startswith(_STARTS[ending])
    if not fits or _is_program(data):
        raise Refused(
            _("ファイルの中身が、名前の終わり（.%(ending)s）と合いません。元のアプリで保存し直してください。")
            % {"ending": ending},
            "file_content",
            field="file",
        )
    return KINDS[ending]


def _is_text(data: bytes) -> bool:
    return b"\x00" not in data[:8192]


def _is_program(data: bytes) -> bool:
    """Tell whether the signature is that of a program or a page, whatever the file is called."""
    try:
        found = {match.extension for match in puremagic.magic_string(data[:2048])[:1]}
    except puremagic.PureError:
        return False
    return bool(found & {".exe", ".dll", ".elf", ".jar", ".com", ".html", ".htm", ".svg"})


def _write(path: Path, data: bytes) -> None:
    """Write once: temporary file, sync, rename, sync the folder. A file that is there already has the same bytes."""
    if path.exists():
        return
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    for folder in (path.parent, path.parent.parent):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
