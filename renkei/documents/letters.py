"""Office templates: check a docx before it is used, and fill one. A template holds fields and nothing that runs."""

from __future__ import annotations

import difflib
import io
import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import jinja2
from django.utils.translation import gettext as _
from jinja2 import nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from renkei.base.refusal import Refused

if TYPE_CHECKING:
    from docxtpl import DocxTemplate

MOST_BYTES = 3 * 1024 * 1024
MOST_UNPACKED = 40 * 1024 * 1024
MOST_PARTS = 500
MAIN = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
_RUNS = re.compile(r"vbaProject|vbaData|activeX|/embeddings/|oleObject|\.bin$|customUI|attachedToolbars", re.IGNORECASE)
_FETCHES = re.compile(rb"\b(DDEAUTO|DDE|INCLUDETEXT|INCLUDEPICTURE|LINK|IMPORT|DATABASE|MACROBUTTON)\b")
_INSTRUCTION = re.compile(rb"<w:instrText[^>]*>([^<]*)<|w:instr=\"([^\"]*)\"")
# What a template may hold: text, fields, and parts that show only when a field has something to say.
_ALLOWED = (nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.If, nodes.Not, nodes.And, nodes.Or)
_HEADING = re.compile(r"Heading([1-3])")
_BROKEN = (ValueError, KeyError, TypeError, OSError, EOFError, AttributeError, IndexError, SyntaxError,
           zipfile.BadZipFile, NotImplementedError, RuntimeError)  # fmt: skip

Lists = Mapping[str, Mapping[str, str]]  # of a repeated list: its columns, each with an example


@dataclass(frozen=True, slots=True)
class Checked:
    """What a template was found to hold: its fields, and what is wrong with it, each in a sentence."""

    fields: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Block:
    """One line of a document, or a whole table (``rows``); ``side`` is right, center or empty.

    ``level``: 1 to 3 for a heading. ``widths``: of the columns, in mm, where the document says so. ``has_head``: the first row names columns.
    """

    text: str = ""
    rows: tuple[tuple[str, ...], ...] = ()
    side: str = ""
    level: int = 0
    widths: tuple[int, ...] = ()
    has_head: bool = False


def letter_text(data: bytes) -> list[Block]:
    """Return what a docx says, header first and footer last, for a page that needs no office program.

    Raises Refused (``not_docx``) for what cannot be read.
    """
    import docx  # noqa: PLC0415  as slow to load as the filler

    try:
        document = docx.Document(io.BytesIO(data))
        section = document.sections[0] if document.sections else None
        around = [[*part.iter_inner_content()] for part in (section.header, section.footer)] if section is not None else [[], []]
        head, foot = ([one for one in map(_block, part) if one.text or one.rows] for part in around)
        return [*head, *map(_block, document.iter_inner_content()), *foot]
    except _BROKEN as error:
        raise _not_docx() from error


def _block(inner: Any) -> Block:
    if not hasattr(inner, "rows"):
        level = _HEADING.fullmatch(inner.style.style_id if inner.style is not None else "")
        return Block(inner.text, side={1: "center", 2: "right"}.get(int(inner.alignment or 0), ""), level=int(level[1]) if level else 0)
    # A merged cell stands in several places of python-docx's rows, and is one cell of the document.
    rows = [{id(cell._tc): cell for cell in row.cells} for row in inner.rows]  # noqa: SLF001  the cell's own element
    first = list(rows[0].values()) if rows else []
    widths = tuple(round(cell.width.mm) for cell in first if cell.width)
    return Block(
        rows=tuple(tuple(cell.text for cell in cells.values()) for cells in rows),
        widths=widths if len(widths) == len(first) else (),
        has_head=bool(rows) and bool(inner.rows[0]._tr.xpath("./w:trPr/w:tblHeader")),  # noqa: SLF001  python-docx has no name for it
    )


def check_template(data: bytes, *, known: Mapping[str, str], lists: Lists | None = None) -> Checked:
    """Read a docx that somebody wants letters to be made with. ``known`` are the fields, each with an example.

    ``lists``: what may be repeated, by name, each the columns of a row with an example.
    Raises Refused when it is no docx we can read at all (``not_docx``, ``file_too_large``); everything else is listed.
    """
    if len(data) > MOST_BYTES:
        raise Refused(_("ひな形は3メガバイトまでです。大きな図を外してください。"), "file_too_large", field="file")
    faults = _check_parts(data)
    if faults:
        return Checked(faults=faults)
    try:
        source = _source(_open(data))
    except _BROKEN as error:
        raise _not_docx() from error
    fields, faults = _check_fields(source, known, lists or {})
    if not faults:
        faults = _try(data, known, lists or {})
    return Checked(sorted(fields), faults)


def fill_template(data: bytes, values: Mapping[str, str], lists: Mapping[str, Sequence[Mapping[str, str]]] | None = None) -> bytes:
    """Return the docx with its fields filled and its rows repeated; line breaks stay.

    Raises Refused (``template_broken``) for a field without value.
    """
    template = _open(data)
    rows = {name: [{key: str(value) for key, value in row.items()} for row in found] for name, found in (lists or {}).items()}
    try:
        template.render({name: str(value) for name, value in values.items()} | rows, _environment(), autoescape=True)
        memory = io.BytesIO()
        template.save(memory)
    except (jinja2.TemplateError, *_BROKEN) as error:
        raise Refused(_("ひな形を埋められませんでした。ひな形を確かめてください。"), "template_broken") from error
    return memory.getvalue()


def _open(data: bytes) -> DocxTemplate:
    from docxtpl import DocxTemplate  # noqa: PLC0415  a third of a second, which every start would pay

    return DocxTemplate(io.BytesIO(data))


def _environment() -> ImmutableSandboxedEnvironment:
    return ImmutableSandboxedEnvironment(autoescape=True, undefined=jinja2.StrictUndefined)


def _source(template: Any) -> str:
    """Return the text of body, headers and footers as the filler reads it."""
    template.init_docx()
    parts = [template.patch_xml(template.get_xml())]
    for uri in (template.HEADER_URI, template.FOOTER_URI):
        parts += [template.patch_xml(template.get_part_xml(part)) for _key, part in template.get_headers_footers(uri)]
    return "".join(parts)


def _check_parts(data: bytes) -> list[str]:
    """Look into the package itself: kind, size, what runs, what fetches."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.infolist()
            names = {part.filename for part in parts}
            if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_UNPACKED:
                raise Refused(_("ひな形の中身が大きすぎます。"), "file_too_large", field="file")
            if not {"[Content_Types].xml", "word/document.xml"} <= names:
                raise _not_docx()
            texts = {name: archive.read(name) for name in names if name.endswith((".xml", ".rels"))}
    except _BROKEN as error:
        raise _not_docx() from error
    if any(b"<!DOCTYPE" in text[:4096].upper() or b"<!ENTITY" in text.upper() for text in texts.values()):
        raise _not_docx()
    kinds = texts["[Content_Types].xml"].decode("utf-8", "replace")
    faults = []
    if "macroEnabled" in kinds or any(_RUNS.search(name) for name in names):
        faults.append(_("マクロや埋め込まれた部品が入っています。外して、.docxで保存し直してください。"))
    elif MAIN not in kinds:
        raise _not_docx()
    if any(b'TargetMode="External"' in text for name, text in texts.items() if name.endswith(".rels")):
        faults.append(_("外のファイルやウェブへのリンクが入っています。リンクを外してください。"))
    if any(_fetches(text) for name, text in texts.items() if name.startswith("word/")):
        faults.append(_("ほかのファイルを読み込む差込みが入っています。外してください。"))
    return faults


def _fetches(text: bytes) -> bool:
    said = b" ".join(b"".join(found) for found in _INSTRUCTION.findall(text)).upper()
    return bool(_FETCHES.search(said))


def _check_fields(source: str, known: Mapping[str, str], lists: Lists) -> tuple[set[str], list[str]]:
    try:
        tree = _environment().parse(source)
    except jinja2.TemplateSyntaxError:
        return set(), [_("差込みの書き方が正しくないところがあります。{{ 会社名 }} のように、かっこを2つずつ書いてください。")]
    repeated = _repeated(tree, lists)
    odd = [one for one in _all(tree) if not isinstance(one, _ALLOWED) and one not in repeated]
    fields = {one.name for one in tree.find_all(nodes.Name) if one not in repeated}
    faults = []
    if odd and not lists:
        faults.append(_("差込みに使えるのは、{{ 項目名 }} と {% if 項目名 %} だけです。計算や繰返しは外してください。"))
    elif odd:
        faults.append(_("使えるのは、{{ 項目名 }}、{% if 項目名 %} と、一覧の繰返し {%tr for 行 in 一覧名 %} だけです。行の項目は {{ 行.項目名 }} と書いてください。"))
    for name in sorted(fields - set(known)):
        near = difflib.get_close_matches(name, known, n=2, cutoff=0.5)
        hint = _("「%(names)s」のことですか。") % {"names": "」「".join(near)} if near else _("項目の一覧を見て直してください。")
        faults.append(_("「%(name)s」という項目はありません。%(hint)s") % {"name": name[:40], "hint": hint})
    if not fields and not faults:
        faults.append(_("差込みの項目が1つもありません。{{ 本文 }} のように書いてください。"))
    return fields, faults


def _repeated(tree: nodes.Template, lists: Lists) -> set[nodes.Node]:
    """Return the parts of the template that repeat a known list, and the row's known columns in them: ``{{ row.column }}``."""
    found: set[nodes.Node] = set()
    for loop in tree.find_all(nodes.For):
        if not isinstance(loop.target, nodes.Name) or not isinstance(loop.iter, nodes.Name) or loop.iter.name not in lists or loop.recursive:
            continue
        row, columns = loop.target.name, lists[loop.iter.name]
        found |= {loop, loop.target, loop.iter}
        for part in loop.find_all(nodes.Getattr):
            if isinstance(part.node, nodes.Name) and part.node.name == row and part.attr in columns:
                found |= {part, part.node}
    return found


def _all(node: nodes.Node) -> list[nodes.Node]:
    return [node, *(inner for child in node.iter_child_nodes() for inner in _all(child))]


def _try(data: bytes, known: Mapping[str, str], lists: Lists) -> list[str]:
    try:
        fill_template(data, known, {name: [columns, columns] for name, columns in lists.items()})
    except Refused as refusal:
        return [refusal.message]
    return []


def _not_docx() -> Refused:
    return Refused(_("ワードの文書（.docx）として読めません。ワードで開いて、.docxで保存し直してください。"), "not_docx", field="file")
