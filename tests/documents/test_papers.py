"""Papers with lists: what a template may repeat, what is refused, what is filled, and the ones that are shipped."""

from __future__ import annotations

import io
import itertools
from typing import Any

import docx
import pytest
from docx.oxml.ns import qn

from renkei.base.actor import SYSTEM
from renkei.base.refusal import Refused
from renkei.documents.letters import Block, check_template, fill_template, letter_text
from renkei.documents.papers import PAPERS, example_paper, paper_docx, paper_template

KNOWN = {"会議名": "定例会議"}
LISTS = {"議題": {"番号": "1", "件名": "水質計"}, "資料": {"資料名": "図面.pdf"}}
ONE_FAULT = "使えるのは、{{ 項目名 }}、{% if 項目名 %} と、一覧の繰返し {%tr for 行 in 一覧名 %} だけです。行の項目は {{ 行.項目名 }} と書いてください。"


def written(*lines: str, rows: tuple[tuple[str, ...], ...] = ()) -> bytes:
    document = docx.Document()
    for line in lines:
        document.add_paragraph(line)
    if rows:
        table = document.add_table(rows=0, cols=len(rows[0]))
        for row in rows:
            for cell, text in zip(table.add_row().cells, row, strict=True):
                cell.text = text
    memory = io.BytesIO()
    document.save(memory)
    return memory.getvalue()


def faults(*lines: str, rows: tuple[tuple[str, ...], ...] = ()) -> list[str]:
    return check_template(written(*lines, rows=rows), known=KNOWN, lists=LISTS).faults


LOOP = (("番号", "件名"), ("{%tr for 行 in 議題 %}", ""), ("{{ 行.番号 }}", "{% if 行.件名 %}{{ 行.件名 }}{% endif %}"), ("{%tr endfor %}", ""))


class TestWhatATemplateMayRepeat:
    def test_rows_of_a_known_list(self) -> None:
        found = check_template(written("{{ 会議名 }}", rows=LOOP), known=KNOWN, lists=LISTS)
        assert (found.fields, found.faults) == (["会議名"], [])

    def test_paragraphs_too_and_the_row_may_have_any_name(self) -> None:
        assert faults("{{ 会議名 }}", "{%p for x in 資料 %}", "・{{ x.資料名 }}", "{%p endfor %}") == []

    @pytest.mark.parametrize(
        "lines",
        [
            ("{%p for 行 in 議題 %}", "{{ 行.資料名 }}", "{%p endfor %}"),
            ("{%p for 行 in 議題 %}", "{{ 行.items }}", "{%p endfor %}"),
            ("{%p for 行 in 議題 %}", "{{ 行.件名.upper }}", "{%p endfor %}"),
            ("{%p for 行 in 議題 %}", "{{ 行['件名'] }}", "{%p endfor %}"),
            ("{%p for 行 in 議題 %}", "{{ loop.index }}", "{%p endfor %}"),
            ("{%p for a, b in 議題 %}", "{{ a }}", "{%p endfor %}"),
            ("{%p for 行 in 出席 %}", "{{ 行.番号 }}", "{%p endfor %}"),
            ("{%p for 行 in 会議名 %}", "{{ 行 }}", "{%p endfor %}"),
            ("{%p for 行 in [1, 2] %}", "{{ 会議名 }}", "{%p endfor %}"),
            ("{{ 会議名.件名 }}",),
            ("{{ 会議名 * 1000000 }}",),
        ],
    )  # fmt: skip
    def test_nothing_else_runs(self, lines: tuple[str, ...]) -> None:
        assert ONE_FAULT in faults("{{ 会議名 }}", *lines)

    def test_a_row_outside_its_loop_is_no_field(self) -> None:
        (only,) = faults("{{ 会議名 }}", "{%p for 行 in 資料 %}", "{{ 行.資料名 }}", "{%p endfor %}", "{{ 行 }}")
        assert only.startswith("「行」という項目はありません。")

    def test_a_list_written_like_a_field_is_said(self) -> None:
        (only,) = faults("{{ 会議名 }}", "{{ 議題 }}")
        assert only.startswith("「議題」という項目はありません。")

    def test_without_lists_the_old_sentence_stands(self) -> None:
        found = check_template(written("{{ 会議名 }}", "{%p for 行 in 議題 %}", "x", "{%p endfor %}"), known=KNOWN)
        assert found.faults == ["差込みに使えるのは、{{ 項目名 }} と {% if 項目名 %} だけです。計算や繰返しは外してください。", "「行」という項目はありません。項目の一覧を見て直してください。",
                                "「議題」という項目はありません。項目の一覧を見て直してください。"]  # fmt: skip


class TestWhatIsFilled:
    def test_each_row_stands_once_in_order_and_markup_stays_text(self) -> None:
        given = [{"番号": "1", "件名": "<b>&{{ 会議名 }}"}, {"番号": "2", "件名": "一行目\n二行目"}]
        made = fill_template(written("{{ 会議名 }}", rows=LOOP), KNOWN, {"議題": given})
        assert letter_text(made) == [
            Block("定例会議"), Block(rows=(("番号", "件名"), ("1", "<b>&{{ 会議名 }}"), ("2", "一行目\n二行目")), widths=letter_text(made)[1].widths),
        ]  # fmt: skip

    def test_an_empty_list_leaves_its_head(self) -> None:
        made = fill_template(written(rows=LOOP), KNOWN, {"議題": []})
        assert [one.rows for one in letter_text(made)] == [(("番号", "件名"),)]

    def test_a_missing_list_is_refused(self) -> None:
        with pytest.raises(Refused) as refused:
            fill_template(written(rows=LOOP), KNOWN, {})
        assert refused.value.code == "template_broken"


class TestShipped:
    @pytest.mark.parametrize("kind", sorted(PAPERS))
    def test_each_passes_the_check_and_shows_every_field_and_list(self, kind: str) -> None:
        paper = PAPERS[kind]
        found = check_template(paper_template(kind), known=paper.fields, lists=paper.lists)
        said = "".join(one.text for one in letter_text(paper_template(kind)) if one.level == 1)
        untold = set(paper.fields) - set(found.fields)
        assert (found.faults, {name for name in untold if name != "件名"}, "{{" in said or bool(said)) == ([], set(), True)

    @pytest.mark.parametrize("kind", sorted(PAPERS))
    def test_filled_with_examples_nothing_is_left_open(self, kind: str) -> None:
        blocks = letter_text(example_paper(kind, paper_template(kind)))
        words = "\n".join([one.text for one in blocks] + [cell for one in blocks for row in one.rows for cell in row])
        assert "{{" not in words and "{%" not in words  # noqa: PT018
        wanted = [example for columns in PAPERS[kind].lists.values() for example in columns.values()]
        assert [one for one in wanted if words.count(one) < 2] == []

    @pytest.mark.parametrize("kind", sorted(PAPERS))
    def test_heads_repeat_on_each_page_and_columns_have_their_widths(self, kind: str) -> None:
        tables = [one for one in letter_text(example_paper(kind, paper_template(kind))) if one.has_head]
        told = {tuple(row for row in table.rows[0]): table.widths for table in tables}
        assert told == {tuple(table.columns): tuple(mm for _example, mm in table.columns.values()) for table in PAPERS[kind].tables.values()}
        assert {sum(widths) for widths in told.values()} <= {160}

    @pytest.mark.parametrize("kind", sorted(PAPERS))
    def test_figures_stand_at_the_right_under_their_heads_and_no_heading_stays_behind(self, kind: str) -> None:
        paper, document = PAPERS[kind], docx.Document(io.BytesIO(paper_template(kind)))
        tables = {tuple(cell.text for cell in table.rows[0].cells): table for table in document.tables}
        for table in paper.tables.values():
            rows = tables[tuple(table.columns)].rows
            right = [{name for name, cell in zip(table.columns, rows[place].cells, strict=True) if cell.paragraphs[0].alignment == 2} for place in (0, 2)]
            assert (right, {name for name in table.figures if not table.columns[name][0].isdigit()}) == ([set(table.figures)] * 2, set())
        order = paper.order or (*paper.texts, *paper.tables)
        stays = {one.text.strip("{} ") for one in document.paragraphs if one.paragraph_format.keep_with_next}
        assert stays == {name for name, after in itertools.pairwise(order) if name in paper.texts and after in paper.tables}

    def test_who_fills_a_paper_gives_every_field_and_every_column(self) -> None:
        paper = PAPERS["change"]
        rows: Any = {name: [row] for name, row in paper.lists.items()}
        assert paper_docx("change", paper.fields, rows, by=SYSTEM).startswith(b"PK")
        with pytest.raises(KeyError, match="理由"):
            paper_docx("change", {name: text for name, text in paper.fields.items() if name != "理由"}, rows, by=SYSTEM)
        with pytest.raises(KeyError, match="変更前"):
            paper_docx("change", paper.fields, {"新旧": [{"項目": "x", "変更後": "y"}]}, by=SYSTEM)
        with pytest.raises(KeyError, match="poem"):
            paper_docx("poem", {}, {}, by=SYSTEM)


@pytest.mark.covers("C98")
def test_an_office_program_finds_the_widths_in_the_grid_and_the_language_of_the_words() -> None:
    """LibreOffice reads the grid where Word reads the cells, and sets a full stop by the language of the document."""
    for code, paper in PAPERS.items():
        document = docx.Document(io.BytesIO(paper_template(code)))
        found = [[round(column.width.mm) for column in table.columns] for table in document.tables]
        lists = [[width for _example, width in paper.tables[name].columns.values()] for name in paper.order or paper.tables if name in paper.tables]
        assert found == [[40, 120], *lists], code
        assert {sum(one) for one in found} == {160}, code
        assert {one.get(qn("w:eastAsia")) for one in document.styles.element.iter(qn("w:lang"))} == {"ja-JP"}, code
