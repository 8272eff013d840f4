"""Repeated rows in papers: how many, in which order, what stands in them, and templates that try for more."""

from __future__ import annotations

import io
from typing import Any

import docx
import pytest

from renkei.base.actor import GUEST, SYSTEM
from renkei.base.refusal import Refused
from renkei.documents.letters import Block, check_template, fill_template, letter_text
from renkei.documents.papers import PAPERS, example_paper, paper_docx, paper_template
from tests.documents.test_papers import KNOWN, LISTS, LOOP, ONE_FAULT, faults, written


def rows_of(data: bytes) -> list[tuple[str, ...]]:
    """The rows of the first table under its head."""
    return list(next(one for one in letter_text(data) if one.rows).rows[1:])


def agenda(*titles: str) -> bytes:
    """The paper with a row for each title."""
    return fill_template(written("{{ 会議名 }}", rows=LOOP), KNOWN, {"議題": [{"番号": str(n), "件名": title} for n, title in enumerate(titles, start=1)]})


class TestRows:
    @pytest.mark.parametrize("how_many", [0, 1, 2, 100])
    def test_as_many_as_given_in_their_order(self, how_many: int) -> None:
        titles = [f"第{n}の件" for n in range(how_many)]
        assert rows_of(agenda(*titles)) == [(str(n), title) for n, title in enumerate(titles, start=1)]

    @pytest.mark.parametrize("title", ["", "{% for x in y %}", "{{ 会議名 }}", "{%tr endfor %}", "<w:p/>", "&amp;", "'\"", "𠮷髙﨑", "=1+1", "あ" * 10_000])
    def test_whatever_stands_in_a_cell_is_words(self, title: str) -> None:
        assert rows_of(agenda(title, "次")) == [("1", title), ("2", "次")]

    def test_a_cell_that_asks_whether_it_has_words_stays_empty_without(self) -> None:
        assert rows_of(agenda("", "ある", "")) == [("1", ""), ("2", "ある"), ("3", "")]

    def test_a_column_that_is_missing_in_one_row_is_refused(self) -> None:
        with pytest.raises(Refused) as refused:
            fill_template(written(rows=LOOP), KNOWN, {"議題": [{"番号": "1", "件名": "x"}, {"件名": "y"}]})
        assert (refused.value.code, refused.value.message) == ("template_broken", "ひな形を埋められませんでした。ひな形を確かめてください。")

    def test_the_same_list_twice_and_two_lists_each_stand(self) -> None:
        loop = ("{%p for 行 in 資料 %}", "・{{ 行.資料名 }}", "{%p endfor %}")
        made = fill_template(written("{{ 会議名 }}", *loop, "再び", *loop), KNOWN, {"資料": [{"資料名": "甲"}, {"資料名": "乙"}]})
        assert [one.text for one in letter_text(made)] == ["定例会議", "・甲", "・乙", "再び", "・甲", "・乙"]

    def test_what_is_not_text_is_written_as_text(self) -> None:
        rows: Any = {"議題": [{"番号": 1, "件名": None}]}
        assert rows_of(fill_template(written(rows=LOOP), KNOWN, rows)) == [("1", "None")]


class TestWhatIsRefused:
    @pytest.mark.parametrize(
        "line",
        [
            "{% set x = 1 %}", "{{ range(9) }}", "{{ 会議名|upper }}", "{{ ''.__class__ }}", "{% include 'x' %}", "{% macro m() %}{% endmacro %}",
            "{{ 会議名 ~ 会議名 }}", "{% for 行 in 議題 recursive %}{{ 行.番号 }}{% endfor %}", "{% for 行 in 議題|sort %}{{ 行.番号 }}{% endfor %}",
            "{% for 行 in 議題 %}{{ 行.__class__ }}{% endfor %}", "{% for 行 in 議題 %}{{ 議題.番号 }}{% endfor %}", "{% if 会議名 == 'x' %}{% endif %}",
        ],
    )  # fmt: skip
    def test_nothing_that_computes(self, line: str) -> None:
        assert ONE_FAULT in faults("{{ 会議名 }}", line)

    @pytest.mark.parametrize("line", ["{{ 会議名", "{% for 行 in 議題 %}", "{% endfor %}", "{{ }}", "{% if %}{% endif %}"])
    def test_what_is_half_written_is_said_in_one_sentence(self, line: str) -> None:
        assert faults("{{ 会議名 }}", line) == ["差込みの書き方が正しくないところがあります。{{ 会社名 }} のように、かっこを2つずつ書いてください。"]

    def test_a_name_near_one_that_is_known_is_proposed(self) -> None:
        assert faults("{{ 会議 }}") == ["「会議」という項目はありません。「会議名」のことですか。"]

    def test_only_repeated_rows_are_no_field(self) -> None:
        assert check_template(written(rows=LOOP), known=KNOWN, lists=LISTS).faults == ["差込みの項目が1つもありません。{{ 本文 }} のように書いてください。"]

    @pytest.mark.parametrize("data", [b"", b"PK", b"%PDF-1.4", "ことば".encode(), b"\x00" * 1000])
    def test_what_is_no_document_is_refused(self, data: bytes) -> None:
        for deed in (lambda: check_template(data, known=KNOWN, lists=LISTS), lambda: letter_text(data)):
            with pytest.raises(Refused) as refused:
                deed()
            assert refused.value.code == "not_docx"


class TestPapers:
    @pytest.mark.parametrize("kind", sorted(PAPERS))
    def test_whoever_asks_gets_the_shipped_one_with_the_same_words(self, kind: str) -> None:
        paper = PAPERS[kind]
        lists = {name: [row, row] for name, row in paper.lists.items()}
        made = [letter_text(paper_docx(kind, paper.fields, lists, by=by)) for by in (SYSTEM, GUEST)]
        assert made[0] == made[1] == letter_text(example_paper(kind, paper_template(kind)))

    @pytest.mark.parametrize("kind", sorted(PAPERS))
    def test_without_a_row_each_table_keeps_its_head_alone(self, kind: str) -> None:
        paper = PAPERS[kind]
        tables = [one for one in letter_text(paper_docx(kind, paper.fields, {name: [] for name in paper.tables}, by=SYSTEM)) if one.has_head]
        assert {one.rows for one in tables} == {(tuple(table.columns),) for table in paper.tables.values()}

    @pytest.mark.parametrize("kind", sorted(PAPERS))
    def test_fields_and_lists_never_share_a_name_and_texts_are_fields(self, kind: str) -> None:
        paper = PAPERS[kind]
        assert set(paper.fields) & set(paper.tables) == set()
        assert set(paper.texts) <= set(paper.fields)
        assert set(paper.headings) <= set(paper.texts)
        assert set(paper.order) <= {*paper.texts, *paper.tables}
        assert not paper.order or set(paper.order) == {*paper.texts, *paper.tables}

    def test_a_field_that_is_given_too_much_is_left_out(self) -> None:
        paper = PAPERS["change"]
        rows: Any = {"新旧": [{"項目": "甲", "変更前": "一", "変更後": "二", "秘密": "見せない"}]}
        blocks = letter_text(paper_docx("change", {**paper.fields, "秘密": "見せない"}, rows, by=SYSTEM))
        assert "見せない" not in str(blocks)
        assert ("甲", "一", "二") in [row for one in blocks for row in one.rows]


def test_merged_cells_are_one_cell_and_empty_lines_stand() -> None:
    document = docx.Document()
    document.add_paragraph("")
    table = document.add_table(rows=2, cols=2)
    table.cell(0, 0).merge(table.cell(0, 1)).text = "合わせた"
    table.cell(1, 0).text, table.cell(1, 1).text = "左", "右"
    memory = io.BytesIO()
    document.save(memory)
    first, second = letter_text(memory.getvalue())
    assert (first, second.rows, second.has_head) == (Block(), (("合わせた",), ("左", "右")), False)
