"""Bad input and hostile words through the pages of reports, their files for every body, and what each page asks the database."""

from __future__ import annotations

import datetime as dt
import io
import re
import uuid
from typing import Any

import docx
import openpyxl
import pypdf
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from renkei.base import clock
from renkei.cases.actions.letter_templates import add_template
from renkei.desk.reports.files import file_stem
from renkei.desk.reports.paper import version_words
from renkei.documents.models import LetterTemplate
from renkei.documents.papers import PAPERS, left_out
from renkei.reporting.models import Report, ReportText
from renkei.reporting.report.actions import MOST, approve_report, begin_next_version, begin_report, write_section
from tests.cases.making import events
from tests.desk.pages import HOSTILE, address, client, fault, said, seen
from tests.reporting.test_closing import MAY, YEAR, close
from tests.reporting.year import a_year, at
from tests.world import BANK, CENTER, DESK, LAB, World

NOVEMBER = at(11, 27)
FILES = ("desk-report-sheet", "desk-report-paper", "desk-report-pdf")
READS = ("desk-report", *FILES)


@pytest.fixture
def draft(world: World) -> Report:
    a_year(world)
    with clock.moved_to(NOVEMBER):
        return begin_report("year", world.plan, YEAR, by=world.desk)


@pytest.fixture
def approved(world: World, draft: Report) -> Report:
    close(world)
    with clock.moved_to(MAY):
        write_section(draft, "work", text=f"=1+1\n{HOSTILE}\n{{{{ 7*7 }}}}{{% now %}} #let x", seen=0, by=world.desk)
        return approve_report(draft, by=world.desk)


def post(world: World, name: str, given: dict[str, Any], body: str = DESK, **more: Any) -> Any:
    with clock.moved_to(NOVEMBER):
        return client(world, body).post(address(name, body, **more), given)


class TestWritingThroughThePage:
    @pytest.mark.parametrize(
        ("given", "name", "words"),
        [
            ({"text": "あ" * 10_000, "seen": 0}, "text", None), ({"text": "あ" * (MOST + 1), "seen": 0}, "text", None), ({"text": "", "seen": 0}, "text", "文は変わっていません。"),
            ({"text": "\x00\x0b", "seen": 0}, "text", "文は変わっていません。"), ({"text": "文", "seen": 5}, "text", "ほかの人が先に書きました。上に、いまの文があります。あなたの文と合わせて、もう一度保存してください。"),
        ],
    )  # fmt: skip
    def test_what_cannot_be_kept_is_said_beside_the_field(self, world: World, draft: Report, given: dict[str, Any], name: str, words: str | None) -> None:
        answer = post(world, "desk-report-write", given, yearly=draft.pk, part="work")
        told = fault(answer, name)
        assert (answer.status_code, bool(told), ReportText.objects.count()) == (422, True, 0)
        assert words is None or told == words

    @pytest.mark.parametrize("seen_number", ["", "-1", "x", "1.5", "９９９９９９９９９９９９９９９９９９９９", None])
    def test_a_number_of_words_seen_that_is_none_writes_nothing_and_breaks_nothing(self, world: World, draft: Report, seen_number: str | None) -> None:
        given = {"text": "文"} | ({"seen": seen_number} if seen_number is not None else {})
        answer = post(world, "desk-report-write", given, yearly=draft.pk, part="work")
        assert (answer.status_code, ReportText.objects.count(), events("report.write")) == (422, 0, 0)
        assert "文</textarea>" in said(answer)

    @pytest.mark.parametrize("part", ["nowhere", "years", "left", "lab", "WORK", "x" * 200])
    def test_a_section_that_is_not_there_is_not_found(self, world: World, draft: Report, part: str) -> None:
        url = address("desk-report-write", yearly=draft.pk, part=part)
        with clock.moved_to(NOVEMBER):
            one = client(world)
            assert (one.get(url).status_code, one.post(url, {"text": "x", "seen": 0}).status_code) == (404, 404)
        assert ReportText.objects.count() == 0

    def test_words_with_markup_are_text_wherever_they_stand(self, world: World, draft: Report) -> None:
        words = f"{HOSTILE}\n</textarea><img src=x onerror=alert(1)>"
        assert post(world, "desk-report-write", {"text": words, "seen": 0}, yearly=draft.pk, part="work").status_code == 302
        with clock.moved_to(NOVEMBER):
            for name, more in (("desk-report", {}), ("desk-report-write", {"part": "work"})):
                page = seen(world, name, yearly=draft.pk, **more)
                assert ("<script>alert" in page, "<img src=x" in page, "&lt;script&gt;alert(1)" in page) == (False, False, True), name
        assert ReportText.objects.get().text == words

    def test_an_approved_report_takes_no_more_words(self, world: World, approved: Report) -> None:
        with clock.moved_to(MAY):
            answer = client(world).post(address("desk-report-write", yearly=approved.pk, part="next"), {"text": "あとから", "seen": 0})
        assert (answer.status_code, "承認した報告は直せません。直すときは、新しい版を始めてください。" in said(answer), ReportText.objects.count()) == (422, True, 1)

    def test_without_the_forms_secret_nothing_is_begun_written_approved_or_gone_on_with(self, world: World, draft: Report) -> None:
        strict = Client(enforce_csrf_checks=True)
        strict.force_login(world.people[DESK])
        close(world)
        tries = [("desk-reports", {}, {"which": "year-hibari-plan-2025"}), ("desk-report-write", {"yearly": draft.pk, "part": "work"}, {"text": "x", "seen": 0}),
                 ("desk-report-approve", {"yearly": draft.pk}, {"sure": "on"}), ("desk-report-next", {"yearly": draft.pk}, {})]  # fmt: skip
        with clock.moved_to(MAY):
            assert [strict.post(address(name, **more), given).status_code for name, more, given in tries] == [403] * 4
        assert (Report.objects.count(), ReportText.objects.count(), events("report.approve")) == (1, 0, 0)


class TestBeginningThroughThePage:
    @pytest.mark.parametrize("which", ["", "year", "year-hibari-plan-1999", "lab-hibari-plan-2026", "term-hibari-plan-2029", "x" * 10_000, "\x00", HOSTILE])
    def test_what_is_not_in_the_list_begins_nothing(self, world: World, which: str) -> None:
        a_year(world)
        answer = post(world, "desk-reports", {"which": which})
        assert (answer.status_code, fault(answer, "which") in {"選んでください。", "一覧から選び直してください。"}, Report.objects.count()) == (422, True, 0)
        assert "<script>alert" not in said(answer)

    def test_with_no_year_counted_and_nothing_begun_the_page_says_so(self, world: World) -> None:
        page = seen(world, "desk-reports", BANK)
        assert ("報告はまだありません" in page, "窓口が書いて承認すると、ここで読めます。" in page, "<form" in page[page.index("<main"):page.index("</main>")]) == (True, True, False)

    def test_only_the_desk_may_post_there(self, world: World) -> None:
        a_year(world)
        for body in (LAB, CENTER, BANK):
            assert post(world, "desk-reports", {"which": "year-hibari-plan-2026"}, body).status_code == 403
        assert Client().post(address("desk-reports"), {"which": "year-hibari-plan-2026"}).status_code in {302, 403}
        assert Report.objects.count() == 0


class TestOthers:
    def test_of_a_draft_other_bodies_find_nothing_and_of_an_approved_one_every_file(self, world: World, draft: Report) -> None:
        with clock.moved_to(NOVEMBER):
            assert {client(world, body).get(address(name, body, yearly=draft.pk)).status_code for body in (LAB, CENTER, BANK) for name in READS} == {404}
        close(world)
        with clock.moved_to(MAY):
            approve_report(draft, by=world.desk)
            assert {client(world, body).get(address(name, body, yearly=draft.pk)).status_code for body in (LAB, BANK) for name in READS} == {200}
            second = begin_next_version(draft, by=world.desk)
            page = seen(world, "desk-report", LAB, yearly=draft.pk)
        assert str(second.pk) not in page

    @pytest.mark.parametrize("name", [*READS, "desk-report-approve", "desk-report-next"])
    def test_what_is_not_there_is_not_found(self, world: World, name: str) -> None:
        one, url = client(world), address(name, yearly=uuid.uuid4())
        answers = {one.post(url).status_code} if name == "desk-report-next" else {one.get(url).status_code}
        assert answers == {404}

    def test_other_bodies_neither_approve_nor_go_on(self, world: World, approved: Report) -> None:
        with clock.moved_to(MAY):
            for body in (LAB, BANK):
                one = client(world, body)
                assert [one.get(address("desk-report-approve", body, yearly=approved.pk)).status_code, one.post(address("desk-report-approve", body, yearly=approved.pk), {"sure": "on"}).status_code,
                        one.post(address("desk-report-next", body, yearly=approved.pk)).status_code,
                        one.post(address("desk-report-write", body, yearly=approved.pk, part="work"), {"text": "x", "seen": 1}).status_code] == [403] * 4  # fmt: skip
        assert (Report.objects.count(), ReportText.objects.count()) == (1, 1)

    def test_reading_and_files_take_no_post_and_going_on_takes_no_get(self, world: World, approved: Report) -> None:
        one = client(world)
        assert {one.post(address(name, yearly=approved.pk)).status_code for name in READS} == {405}
        assert one.get(address("desk-report-next", yearly=approved.pk)).status_code == 405

    def test_going_on_twice_says_that_a_version_is_open(self, world: World, approved: Report) -> None:
        with clock.moved_to(MAY):
            one, url = client(world), address("desk-report-next", yearly=approved.pk)
            first, second = one.post(url), one.post(url)
            page = said(one.get(second["Location"]))
        assert first["Location"] != second["Location"] == address("desk-report", yearly=approved.pk)
        assert "承認していない版があります。そちらを直してください。" in page
        assert "新しい版を始める" not in page
        assert Report.objects.count() == 2


class TestFiles:
    def test_names_types_and_how_they_are_given(self, world: World, draft: Report) -> None:
        with clock.moved_to(NOVEMBER):
            found = {name: client(world).get(address(name, yearly=draft.pk)) for name in FILES}
        assert {name: one["Content-Disposition"] for name, one in found.items()} == {
            "desk-report-sheet": 'attachment; filename="houkoku-year-2026-1.xlsx"', "desk-report-paper": 'attachment; filename="houkoku-year-2026-1.docx"',
            "desk-report-pdf": 'inline; filename="houkoku-year-2026-1.pdf"'}  # fmt: skip
        assert [one.content[:4] for one in found.values()] == [b"PK\x03\x04", b"PK\x03\x04", b"%PDF"]

    @pytest.mark.parametrize(("number", "done", "stem", "words"), [(1, False, "houkoku-year-2026-1", "第1版（案）"), (12, True, "houkoku-year-2026-12", "第12版（承認済み）")])
    def test_stems_and_versions(self, number: int, done: bool, stem: str, words: str) -> None:
        report = Report(kind="year", fiscal_year=2026, number=number, approved_at=MAY if done else None)
        assert (file_stem(report), version_words(report)) == (stem, words)

    def test_hostile_words_are_words_in_every_file_and_no_formula(self, world: World, approved: Report) -> None:
        wanted = f"=1+1\n{HOSTILE}\n{{{{ 7*7 }}}}{{% now %}} #let x"
        with clock.moved_to(MAY):
            data = {name: client(world).get(address(name, yearly=approved.pk)).content for name in FILES}
        book = openpyxl.load_workbook(io.BytesIO(data["desk-report-sheet"]))
        cells = [cell for row in book["2 相談と支援の内容"].iter_rows() for cell in row if cell.value == wanted]
        assert [cell.data_type for cell in cells] == ["s"]
        formulas = {cell.value for sheet in book for row in sheet.iter_rows() for cell in row if cell.data_type == "f"}
        assert {one for one in formulas if not re.fullmatch(r"=SUM\(\w+:\w+\)|=\w+-\w+", one)} == set()
        assert wanted in "\n".join(one.text for one in docx.Document(io.BytesIO(data["desk-report-paper"])).paragraphs)
        text = "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(data["desk-report-pdf"])).pages)
        assert re.sub(r"\s", "", wanted) in re.sub(r"\s", "", text)

    def test_a_draft_says_in_every_file_that_it_is_one(self, world: World, draft: Report) -> None:
        with clock.moved_to(NOVEMBER):
            data = {name: client(world).get(address(name, yearly=draft.pk)).content for name in FILES}
        head = openpyxl.load_workbook(io.BytesIO(data["desk-report-sheet"])).worksheets[0]["A1"].value
        assert head == "ひばり県連携支援計画　令和8年度　年度報告　第1版（案）　令和8年11月27日までの記録"
        facts = [[cell.text for cell in row.cells] for row in docx.Document(io.BytesIO(data["desk-report-paper"])).tables[0].rows]
        assert [row for row in facts if row[0] in {"承認", "集計", "版"}] == [row for row in facts if row[0] in {"承認", "集計", "版"} and row[1] in {
            "まだ承認していません", "令和8年11月27日までの記録", "第1版（案）"}]  # fmt: skip
        assert ["承認", "まだ承認していません"] in facts
        text = "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(data["desk-report-pdf"])).pages)
        assert "第1版（案）" in re.sub(r"\s", "", text)

    def test_files_are_japanese_for_a_reader_of_english(self, world: World, approved: Report) -> None:
        with clock.moved_to(MAY):
            one = client(world)
            for name in FILES[:2]:
                both = [one.get(address(name, yearly=approved.pk), headers={"accept-language": language}).content for language in ("ja", "en")]
                if name == "desk-report-sheet":
                    told = [[[cell.value for cell in row] for sheet in openpyxl.load_workbook(io.BytesIO(data)) for row in sheet.iter_rows()] for data in both]
                else:
                    told = [[[cell.text for row in table.rows for cell in row.cells] for table in docx.Document(io.BytesIO(data)).tables] for data in both]
                assert told[0] == told[1], name

    def test_the_longest_words_stand_whole_in_docx_and_workbook(self, world: World, draft: Report) -> None:
        long = "あいうえおかきくけこ" * (MOST // 10)
        with clock.moved_to(NOVEMBER):
            write_section(draft, "next", text=long, seen=0, by=world.desk)
            book = openpyxl.load_workbook(io.BytesIO(client(world).get(address("desk-report-sheet", yearly=draft.pk)).content))
            paper = docx.Document(io.BytesIO(client(world).get(address("desk-report-paper", yearly=draft.pk)).content))
        assert long in [cell.value for row in book.worksheets[-2].iter_rows() for cell in row]
        assert long in [one.text for one in paper.paragraphs]


class TestWhatIsAsked:
    def count(self, world: World, name: str, **more: Any) -> int:
        with CaptureQueriesContext(connection) as found, clock.moved_to(MAY):
            assert client(world).get(address(name, **more)).status_code == 200
        return len(found)

    def test_the_list_asks_as_often_for_one_report_as_for_three(self, world: World, approved: Report) -> None:
        self.count(world, "desk-reports")
        one = self.count(world, "desk-reports")
        with clock.moved_to(MAY + dt.timedelta(hours=1)):
            for _number in range(2):
                approve_report(begin_next_version(approved, by=world.desk), by=world.desk)
        assert Report.objects.count() == 3
        assert self.count(world, "desk-reports") == one

    def test_an_approved_report_asks_as_often_with_words_in_every_section(self, world: World, approved: Report) -> None:
        self.count(world, "desk-report", yearly=approved.pk)
        before = self.count(world, "desk-report", yearly=approved.pk)
        with clock.moved_to(MAY):
            second = begin_next_version(approved, by=world.desk)
            for section in ("targets", "roles", "meetings", "gaps", "changes", "next"):
                write_section(second, section, text="文", seen=0, by=world.desk)
            approve_report(second, by=world.desk)
        assert self.count(world, "desk-report", yearly=second.pk) == before

    def test_in_english_the_page_is_english_and_the_frozen_words_are_as_they_were(self, world: World, approved: Report) -> None:
        with clock.moved_to(MAY):
            page = said(client(world).get(address("desk-report", yearly=approved.pk), headers={"accept-language": "en"}))
        assert '<html lang="en">' in page
        assert ("新しい版を始める" in page, "目標と実績" in page) == (False, True)


def own_template(*texts: str) -> bytes:
    """A body's own docx with these lines."""
    document, memory = docx.Document(), io.BytesIO()
    for text in texts:
        document.add_paragraph(text)
    document.save(memory)
    return memory.getvalue()


@pytest.mark.covers("C86")
def test_a_template_from_before_a_section_says_on_both_pages_that_it_is_missing(world: World, draft: Report) -> None:
    texts = [f"{{{{ {name} }}}}" for name in PAPERS["report"].texts]
    with clock.moved_to(NOVEMBER):
        assert "差込みのない節" not in seen(world, "desk-templates") + seen(world, "desk-report", yearly=draft.pk)
        add_template("report", by=world.desk, name="古い.docx", data=own_template(*[one for one in texts if "銀行" not in one]))
        page, report = seen(world, "desk-templates"), seen(world, "desk-report", yearly=draft.pk)
        assert "使っている様式に差込みのない節があり、書いた文が文書に出ません：7 銀行の働き。様式に差込みの項目（銀行の文）を足すか、" in page
        assert "あなたの機関の様式に差込みのない節は、ワードとPDFに出ません：7 銀行の働き。" in report
        add_template("report", by=world.desk, name="新しい.docx", data=own_template(*texts))
        assert "差込みのない節" not in seen(world, "desk-templates") + seen(world, "desk-report", yearly=draft.pk)


@pytest.mark.parametrize(("kind", "given", "missing"), [
    ("report", PAPERS["report"].texts, {}),
    ("report", PAPERS["report"].texts[1:], {"目標の文": "1 目標と実績"}),
    ("report_lab", ("指定の文",), {"課題の文": "2 課題と次の年度"}),
    ("agenda", (), {}),  # a paper without sections misses none
    ("reply", ("本文",), {}),
])  # fmt: skip
def test_the_sections_that_a_template_has_no_place_for(kind: str, given: tuple[str, ...], missing: dict[str, str]) -> None:
    assert left_out(LetterTemplate(kind=kind, fields=["計画名", *given])) == missing


def test_a_list_without_rows_says_so_on_paper_and_a_section_from_later_does_not_claim_it(world: World, draft: Report) -> None:
    with clock.moved_to(NOVEMBER):
        document = docx.Document(io.BytesIO(client(world).get(address("desk-report-paper", yearly=draft.pk)).content))
    rows = {table.rows[0].cells[0].text: [cell.text for cell in table.rows[1].cells] for table in document.tables if len(table.rows) > 1}
    assert (rows["会議"], rows["指定"]) == (["ありません", "", ""], ["―", "", ""])


@pytest.mark.covers("C86")
def test_a_wide_table_becomes_a_list_with_its_heads_on_a_telephone(world: World, draft: Report) -> None:
    with clock.moved_to(NOVEMBER):
        page = seen(world, "desk-report", yearly=draft.pk)
    banks = page[page.index('id="banks"') : page.index("</section>", page.index('id="banks"'))]
    assert re.findall(r'data-l="([^"]+)"', banks) == ["受け付けた相談", "引き受けた支援", "断った依頼", "返事のなかった依頼", "会議に出した企業動向"]
    meetings = page[page.index('id="meetings"') : page.index("</section>", page.index('id="meetings"'))]
    assert ("data-l" in meetings, '<div class="fig-wide">' in banks) == (False, True)
