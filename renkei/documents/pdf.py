"""A4 in PDF with Japanese fonts inside: a docx as it reads, and several papers bound into one with page numbers."""

from __future__ import annotations

import datetime as dt
import io
import json
import zlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.utils.translation import gettext as _

from renkei.base import clock
from renkei.base.refusal import Refused
from renkei.documents.letters import Block, letter_text

MOST_PAGES = 500
_IMAGES = {"image/png": "png", "image/jpeg": "jpg", "image/gif": "gif", "image/webp": "webp"}
_BROKEN = (ValueError, KeyError, TypeError, AttributeError, IndexError, RuntimeError, OSError, zlib.error)  # typst says RuntimeError
_HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Part:
    """One paper of a bundle: its name and what it is."""

    name: str
    data: bytes
    media_type: str


def pdf_of(blocks: Sequence[Block], *, title: str, foot: str | None = "", is_wide: bool = False) -> bytes:
    """Return an A4 PDF of blocks, tagged for screen readers; ``foot`` stands left of the page number, None: no foot at all.

    The same blocks give the same bytes on a day: the fonts are ours, those of the machine are not looked at.
    """
    shown = [asdict(one) | {"columns": max(map(len, one.rows), default=0)} for one in blocks]
    return _compile("page.typ", {"title": title, "foot": foot, "is_wide": is_wide, "blocks": shown})


def pdf_of_docx(data: bytes, *, title: str, foot: str | None = "") -> bytes:
    """Return a docx as A4 PDF: its words, headings and tables; what a body arranged beyond that stays in the docx.

    Raises Refused (``not_docx``).
    """
    return pdf_of(letter_text(data), title=title, foot=foot)


def bind(parts: Sequence[Part], *, title: str) -> bytes:
    """Return the papers as one PDF in their order, each page numbered at its foot and each paper a bookmark.

    PDF, pictures, docx and plain text are bound; of another kind stands a page that names it. A landscape page stays so.
    Raises Refused: ``unreadable`` (damaged or locked, said which), ``too_many_pages``.
    """
    import pypdf  # noqa: PLC0415  a tenth of a second, which every start would pay

    bound = pypdf.PdfWriter()
    for part in parts:
        start = len(bound.pages)
        try:
            for page in pypdf.PdfReader(io.BytesIO(_as_pdf(part))).pages:
                if len(bound.pages) == MOST_PAGES:
                    raise Refused(_("とじるのは%(n)sページまでです。資料を減らしてください。") % {"n": MOST_PAGES}, "too_many_pages")
                added = bound.add_page(page)
                if added.rotation:
                    added.transfer_rotation_to_content()
        except (pypdf.errors.PyPdfError, *_BROKEN) as error:
            raise Refused(
                _("「%(name)s」は読めないか、鍵がかかっています。開けるファイルにして付け直してください。") % {"name": part.name[:60]}, "unreadable"
            ) from error
        bound.add_outline_item(title=part.name, page_number=start)
    _number(bound)
    bound.add_metadata({"/Title": title, "/Producer": "Renkei"})
    memory = io.BytesIO()
    bound.write(memory)
    return memory.getvalue()


def _number(bound: Any) -> None:
    """Lay a page with nothing but its number over each page, in its own size."""
    import pypdf  # noqa: PLC0415  see above

    sizes = [(float(page.mediabox.width), float(page.mediabox.height)) for page in bound.pages]
    if not sizes:
        return
    numbers = pypdf.PdfReader(io.BytesIO(_compile("numbers.typ", {"sizes": sizes})))
    for page, number in zip(bound.pages, numbers.pages, strict=True):
        left, bottom = float(page.mediabox.left), float(page.mediabox.bottom)
        page.merge_transformed_page(number, pypdf.Transformation().translate(left, bottom))


def _as_pdf(part: Part) -> bytes:
    if part.media_type == "application/pdf":
        return part.data
    if part.media_type.endswith("wordprocessingml.document"):
        return pdf_of_docx(part.data, title=part.name, foot=None)
    if part.media_type.startswith("text/"):
        return pdf_of([Block(line) for line in part.data.decode("utf-8-sig", "replace").splitlines()], title=part.name, foot=None)
    if part.media_type in _IMAGES:
        return _compile("picture.typ", {"title": part.name, "kind": _IMAGES[part.media_type]}, picture=part.data)
    words = _("この資料はページにできない形式です。元のファイルを開いてください。")
    return pdf_of([Block(part.name, level=1), Block(words)], title=part.name, foot=None)


def _compile(name: str, given: dict[str, Any], picture: bytes = b"") -> bytes:
    """Run one of the layouts beside this file on data; a picture lies beside it for the while."""
    import typst  # noqa: PLC0415  34 megabytes, which every start would load

    today = dt.datetime.combine(clock.today(), dt.time(), dt.UTC)
    inputs = {"given": json.dumps(given, ensure_ascii=False)}
    with TemporaryDirectory() as folder:
        main = Path(folder) / name
        main.write_bytes((_HERE / name).read_bytes())
        if picture:
            (Path(folder) / "picture").write_bytes(picture)
        made = typst.compile(main, root=folder, sys_inputs=inputs, font_paths=_fonts(), timestamp=today)
    return bytes(made)


@cache
def _fonts() -> Any:
    import pylopdf_fonts_cjk as fonts  # noqa: PLC0415  beside typst
    import typst  # noqa: PLC0415  see above

    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[fonts.serif_path().parent])
