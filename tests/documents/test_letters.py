"""Office templates: what is refused and in which words, what is filled, and the ones that are shipped."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable

import docx
import pytest

from renkei.base.refusal import Refused
from renkei.documents import letters
from renkei.documents.letters import check_template, fill_template
from renkei.documents.shipped import FONT, KINDS, shipped_template

KNOWN = {"会社名": "ひばり工業株式会社", "本文": "一行目\n二行目", "文書番号": "産第1号"}


def written(*lines: str, header: str = "", cell: str = "") -> bytes:
    document = docx.Document()
    for line in lines:
        document.add_paragraph(line)
    if header:
        document.sections[0].header.paragraphs[0].text = header
    if cell:
        document.add_table(rows=1, cols=1).rows[0].cells[0].text = cell
    memory = io.BytesIO()
    document.save(memory)
    return memory.getvalue()


def text_of(data: bytes) -> str:
    document = docx.Document(io.BytesIO(data))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    headers = [one.text for section in document.sections for one in section.header.paragraphs]
    return "\n".join([*(one.text for one in document.paragraphs), *cells, *headers])


def changed(data: bytes, change: Callable[[dict[str, bytes]], None]) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    change(parts)
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return memory.getvalue()


def faults(data: bytes) -> list[str]:
    return check_template(data, known=KNOWN).faults


def test_a_good_template_names_its_fields_wherever_they_stand() -> None:
    data = written("{{ 会社名 }}　様", "{% if 本文 %}{{ 本文 }}{% endif %}", header="{{文書番号}}", cell="{{ 会社名 }}")
    found = check_template(data, known=KNOWN)
    assert (found.fields, found.faults) == (["会社名", "文書番号", "本文"], [])


def test_filling_keeps_lines_and_takes_no_field_for_xml() -> None:
    data = written("{{ 会社名 }}", "{{ 本文 }}", header="{{ 文書番号 }}")
    filled = text_of(fill_template(data, {"会社名": "A&B <b>{{ 本文 }}</b>", "本文": "一\n二", "文書番号": "1"}))
    assert filled.split("\n") == ["A&B <b>{{ 本文 }}</b>", "一", "二", "1"]


def test_filling_without_a_value_is_refused_in_words() -> None:
    with pytest.raises(Refused) as refused:
        fill_template(written("{{ 会社名 }}"), {})
    assert refused.value.code == "template_broken"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{{ 会社 }}", ["「会社」という項目はありません。「会社名」のことですか。"]),
        ("{{ zzz }}", ["「zzz」という項目はありません。項目の一覧を見て直してください。"]),
        ("何もない", ["差込みの項目が1つもありません。{{ 本文 }} のように書いてください。"]),
        ("{{ 会社名 }", ["差込みの書き方が正しくないところがあります。{{ 会社名 }} のように、かっこを2つずつ書いてください。"]),
        ("{% if 会社名 %}a", ["差込みの書き方が正しくないところがあります。{{ 会社名 }} のように、かっこを2つずつ書いてください。"]),
    ],
)  # fmt: skip
def test_mistakes_in_fields_are_named(line: str, said: list[str]) -> None:
    assert faults(written(line)) == said


@pytest.mark.parametrize(
    "line",
    [
        "{{ 会社名.__class__ }}", "{{ 会社名.__class__.__mro__[1].__subclasses__() }}", "{{ 会社名|upper }}", "{{ 会社名[0] }}",
        "{% for x in 会社名 %}{{ x }}{% endfor %}", "{{ 会社名 * 1000000 }}", "{% set x = 会社名 %}{{ x }}", "{{ 会社名() }}",
        "{% include 会社名 %}", "{{ 'x' }}{{ 会社名 }}", "{% macro 本文() %}{% endmacro %}{{ 会社名 }}",
    ],
)  # fmt: skip
def test_nothing_that_runs_gets_in(line: str) -> None:
    assert any("だけです" in one or "正しくない" in one for one in faults(written(line)))


def test_many_unknown_fields_are_all_listed() -> None:
    assert len(faults(written("{{ ab }} {{ cd }} {{ 会社名 }}", header="{{ ef }}"))) == 3


def _add(name: str, content: bytes = b"x") -> Callable[[dict[str, bytes]], None]:
    return lambda parts: parts.update({name: content})


def _replace(name: str, before: bytes, after: bytes) -> Callable[[dict[str, bytes]], None]:
    def change(parts: dict[str, bytes]) -> None:
        assert before in parts[name]
        parts[name] = parts[name].replace(before, after, 1)

    return change


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (_add("word/vbaProject.bin"), "マクロ"), (_add("word/activeX/activeX1.xml", b"<a/>"), "マクロ"),
        (_add("word/embeddings/oleObject1.bin"), "マクロ"), (_add("customUI/customUI.xml", b"<a/>"), "マクロ"),
        (_replace("[Content_Types].xml", b"wordprocessingml.document.main", b"macroEnabled.main"), "マクロ"),
        (_replace("word/_rels/document.xml.rels", b"</Relationships>", b'<Relationship Id="r9" Type="t" Target="http://x" TargetMode="External"/></Relationships>'), "リンク"),
        (_add("word/_rels/settings.xml.rels", b'<Relationships><Relationship Id="r" Type="t" Target="file://x" TargetMode="External"/></Relationships>'), "リンク"),
        (_replace("word/document.xml", b"<w:body>", b"<w:body><w:p><w:r><w:instrText>DDEAUTO c:\\\\x</w:instrText></w:r></w:p>"), "差込み"),
        (_replace("word/document.xml", b"<w:body>", b'<w:body><w:p><w:fldSimple w:instr="INCLUDETEXT x"/></w:p>'), "差込み"),
    ],
)  # fmt: skip
def test_what_runs_or_fetches_is_refused(change: Callable[[dict[str, bytes]], None], word: str) -> None:
    found = faults(changed(written("{{ 会社名 }}"), change))
    assert len(found) == 1
    assert word in found[0]


def test_page_numbers_may_stand() -> None:
    page = _replace("word/document.xml", b"<w:body>", b"<w:body><w:p><w:r><w:instrText>PAGE</w:instrText></w:r></w:p>")
    assert faults(changed(written("{{ 会社名 }}"), page)) == []


def _drop(name: str) -> Callable[[dict[str, bytes]], None]:
    return lambda parts: parts.__delitem__(name)


@pytest.mark.parametrize(
    "data",
    [
        b"", b"no zip", b"PK\x03\x04broken", changed(written("x"), _drop("word/document.xml")), changed(written("x"), _drop("[Content_Types].xml")),
        changed(written("x"), _add("word/document.xml", b"<broken")),
        changed(written("x"), _add("word/styles.xml", b'<!DOCTYPE x [<!ENTITY a "b">]><x/>')),
        changed(written("x"), _replace("[Content_Types].xml", b"wordprocessingml.document.main", b"spreadsheetml.sheet.main")),
    ],
)  # fmt: skip
def test_what_is_no_docx_is_refused(data: bytes) -> None:
    with pytest.raises(Refused) as refused:
        check_template(data, known=KNOWN)
    assert (refused.value.code, refused.value.field) == ("not_docx", "file")


def test_what_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    good = written("{{ 会社名 }}")
    for name, most in (("MOST_BYTES", len(good) - 1), ("MOST_UNPACKED", 1000), ("MOST_PARTS", 3)):
        with monkeypatch.context() as patch:
            patch.setattr(letters, name, most)
            with pytest.raises(Refused) as refused:
                check_template(good, known=KNOWN)
            assert refused.value.code == "file_too_large"


@pytest.mark.parametrize("kind", KINDS)
def test_shipped_templates_are_a4_in_a_japanese_font(kind: str) -> None:
    data = shipped_template(kind)
    section = docx.Document(io.BytesIO(data)).sections[0]
    assert (round(section.page_width.mm), round(section.page_height.mm)) == (210, 297)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert f'w:eastAsia="{FONT}"' in archive.read("word/styles.xml").decode()


def test_a_kind_without_template_is_no_template() -> None:
    with pytest.raises(KeyError):
        shipped_template("nothing")
