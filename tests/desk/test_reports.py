"""The pages of reports: every number opens its records, a second writer sees both texts, the workbook adds up."""

from __future__ import annotations

import datetime as dt
import io
import re
from decimal import Decimal
from typing import Any

import openpyxl
import pytest

from renkei.base import clock
from renkei.base.fiscal_year import FiscalYear
from renkei.reporting.models import Report, ReportText
from renkei.reporting.report.actions import approve_report, begin_report, write_section
from renkei.reporting.report.parts import refs
from renkei.reporting.report.queries import sections_of
from tests.desk.pages import HOSTILE, address, client, fault, part, seen
from tests.desk.pages import said as text_of
from tests.meetings.making import WITH_MEETINGS
from tests.reporting.test_closing import MAY, YEAR, close
from tests.reporting.test_reports import publish_more
from tests.reporting.year import a_year, at
from tests.world import BANK, CENTER, DESK, LAB, World

NOVEMBER = at(11, 27)


@pytest.fixture
def draft(world: World) -> Report:
    a_year(world)
    publish_more(world, meetings=WITH_MEETINGS["meetings"])
    with clock.moved_to(NOVEMBER):
        return begin_report("year", world.plan, YEAR, by=world.desk)


@pytest.fixture
def approved(world: World, draft: Report) -> Report:
    with clock.moved_to(NOVEMBER):
        write_section(draft, "work", text="試験が増えた。\n\n二つ目の段落。", seen=0, by=world.desk)
    close(world)
    with clock.moved_to(MAY):
        return approve_report(draft, by=world.desk)


def number_links(text: str) -> list[tuple[str, str]]:
    """Every number in the report's tables with the address it opens (empty: none)."""
    article = part(text, '<article class="report">', "</article>")
    cells = re.findall(r'<td class="num"(?: data-l="[^"]*")?>(.*?)</td>', article)
    found = []
    for cell in cells:
        link = re.search(r'href="([^"]*)"', cell)
        found.append((re.sub(r"<[^>]+>", "", cell), link.group(1).replace("&amp;", "&") if link else ""))
    return found


def at_noon(world: World, moment: dt.datetime, name: str, body: str = DESK, given: Any = None, **more: Any) -> str:
    with clock.moved_to(moment):
        return seen(world, name, body, given, **more)


@pytest.mark.covers("C38", "C40")
def test_every_number_in_the_report_opens_as_many_records_as_it_says(world: World, draft: Report) -> None:
    page = at_noon(world, NOVEMBER, "desk-report", yearly=draft.pk)
    found = number_links(page)
    aims = {"2", "1", "3"}
    assert [text for text, url in found if not url] == ["2", "1", "3"]  # what the plan aims at
    assert aims
    with clock.moved_to(NOVEMBER):
        numbers = [ref for _section, _table, _row, ref in refs(sections_of(draft, world.desk))]
        linked = [(text, url) for text, url in found if url]
        assert len(linked) == len(numbers) == 76
        one = client(world)
        for (text, url), ref in zip(linked, numbers, strict=True):
            answer = one.get(url)
            assert answer.status_code == 200, url
            assert Decimal(text) == (ref.value or 0)
            shown = re.sub(r"<[^>]+>", "", part(text_of(answer), "<main", "</main>"))
            assert re.search(rf"(?<!\d){text}\s*(件|回|営業日|日)", shown), (url, text)


def test_a_frozen_number_opens_what_was_known_at_that_moment_not_at_the_end_of_its_day(world: World, approved: Report) -> None:
    from tests.reporting.test_reports import _late_project

    later = MAY + dt.timedelta(hours=2)
    with clock.moved_to(later):
        _late_project(world)  # on the very afternoon
        page = seen(world, "desk-report", yearly=approved.pk)
        one, wrong = client(world), []
        for text, url in number_links(page):
            if "of/projects/" in url:
                shown = re.sub(r"<[^>]+>", "", part(text_of(one.get(url)), "<main", "</main>"))
                wrong += [] if re.search(rf"(?<!\d){text}\s*件", shown) else [url]
    assert (wrong, "of/projects/" in page) == ([], True)


@pytest.mark.parametrize("given", ["", "x", "2027-05-01", "2027-05-01T12:00", "9999-01-01T00:00:00+09:00"])
def test_a_moment_that_is_none_or_to_come_is_the_end_of_today(world: World, given: str) -> None:
    from django.http import QueryDict

    from renkei.desk.figures.asked import read_asked

    with clock.moved_to(MAY):
        asked = read_asked(QueryDict(f"year=2026&at={given.replace('+', '%2B')}"))
        assert (asked.moment, asked.as_of) == (None, MAY)
        known = read_asked(QueryDict("at=2027-04-12T03:00:00%2B00:00"))
        assert (known.on, known.as_of, "at=2027-04-12" in known.query) == (dt.date(2027, 4, 12), dt.datetime(2027, 4, 12, 3, tzinfo=dt.UTC), True)


def test_the_page_says_whether_the_numbers_are_frozen_and_who_approved(world: World, approved: Report) -> None:
    with clock.moved_to(MAY + dt.timedelta(days=1)):
        page = seen(world, "desk-report", yearly=approved.pk)
        assert "相川 志保が" in page
        assert "いま数えても、どの数字も同じです。" in page
        assert approved.digest[:16] in page
        assert re.findall(r"<p>(試験が増えた。|二つ目の段落。)</p>", page) == ["試験が増えた。", "二つ目の段落。"]
        assert "文を書く" not in page
        assert "新しい版を始める" in page


def test_an_open_year_says_so(world: World, draft: Report) -> None:
    page = at_noon(world, NOVEMBER, "desk-report", yearly=draft.pk)
    assert "まだ締めていないので、いま" in page
    close(world)
    page = at_noon(world, MAY, "desk-report", yearly=draft.pk)
    assert "締めた年度の数字です" in page
    assert "まだ締めていないので" not in page


def test_what_came_later_is_shown_beside_what_was_approved(world: World, approved: Report) -> None:
    from tests.reporting.test_reports import _late_project

    with clock.moved_to(MAY + dt.timedelta(days=9)):
        _late_project(world)
        page = seen(world, "desk-report", yearly=approved.pk)
        other = seen(world, "desk-report", LAB, yearly=approved.pk)
    assert "そのあとに変わった数字が4つあります" in page
    rows = re.findall(r"<tr><th scope=\"row\">([^<]+)</th><td class=\"num\"[^>]*>([\d.]+)</td><td class=\"num\"[^>]*>([\d.]+)", part(page, '<details class="mt-s">', "</details>"))
    assert sorted(rows) == sorted([
        ("目標と実績　支援した地域経済牽引事業　令和7・8年度", "2", "3"), ("目標と実績　支援した地域経済牽引事業　令和9年度", "2", "3"),
        ("機関ごとの役割と実績　機関ごとの件数　工業試験所", "0.6", "1.6"), ("機関ごとの役割と実績　機関ごとの件数　計画全体", "1", "2"),
    ])  # fmt: skip
    assert "そのあとに変わった数字" not in other  # whoever may not count every body sees no difference that is none


def test_another_body_reads_the_approved_report_and_opens_its_own_numbers_only(world: World, approved: Report, draft: Report) -> None:
    with clock.moved_to(MAY):
        page = seen(world, "desk-report", LAB, yearly=approved.pk)
        desk = seen(world, "desk-report", yearly=approved.pk)
    assert [text for text, _url in number_links(page)] == [text for text, _url in number_links(desk)]
    mine = {re.search(r"by=([\w-]+)", url).group(1) for _text, url in number_links(page) if "by=" in url}  # type: ignore[union-attr]
    assert mine == {LAB}
    assert {re.search(r"by=([\w%-]+)", url).group(1) for _text, url in number_links(desk) if "by=" in url} == {DESK, LAB, CENTER, BANK, "%3F"}  # type: ignore[union-attr]
    one = client(world, LAB)
    with clock.moved_to(MAY):
        assert {one.get(url).status_code for _text, url in number_links(page) if url} == {200}
    for words in ("承認する", "新しい版を始める", "文を直す"):
        assert words not in page


def test_another_body_sees_no_draft_and_writes_nothing(world: World, draft: Report) -> None:
    one = client(world, LAB)
    for name, more in [("desk-report", {}), ("desk-report-sheet", {}), ("desk-report-approve", {}), ("desk-report-write", {"part": "work"})]:
        assert one.get(address(name, LAB, yearly=draft.pk, **more)).status_code == 404, name
    assert one.post(address("desk-report-write", LAB, yearly=draft.pk, part="work"), {"text": "x", "seen": 0}).status_code == 404
    assert one.post(address("desk-reports", LAB), {"which": "x"}).status_code == 403
    assert "報告はまだありません" in seen(world, "desk-reports", LAB)
    assert ReportText.objects.count() == 0


def test_the_second_writer_sees_what_the_first_wrote_and_keeps_their_own(world: World, draft: Report) -> None:
    with clock.moved_to(NOVEMBER):
        first, second = client(world), client(world)
        url = address("desk-report-write", yearly=draft.pk, part="work")
        forms = [text_of(one.get(url)) for one in (first, second)]
        assert [re.search(r'name="seen" value="(\d+)"', form).group(1) for form in forms] == ["0", "0"]  # type: ignore[union-attr]
        assert first.post(url, {"text": "一人目", "seen": 0}).status_code == 302
        answer = second.post(url, {"text": f"二人目{HOSTILE}", "seen": 0})
        page = text_of(answer)
        assert answer.status_code == 422
        assert "いま保存されている文（相川 志保" in page
        assert part(page, '<p class="quote mt-s">', "</p>").endswith("一人目")
        assert "二人目&quot;&gt;&lt;script&gt;" in page
        assert "先に書きました" in fault(answer, "text")
        assert re.search(r'name="seen" value="1"', page)
        assert second.post(url, {"text": "一人目、二人目", "seen": 1}).status_code == 302
    assert list(ReportText.objects.order_by("number").values_list("text", flat=True)) == ["一人目", "一人目、二人目"]


def test_a_report_is_begun_from_the_list_once(world: World) -> None:
    a_year(world)
    with clock.moved_to(NOVEMBER):
        one, url = client(world), address("desk-reports")
        page = text_of(one.get(url))
        keys = re.findall(r'<option value="([^"]+)"', page)
        assert "year-hibari-plan-2026" in keys
        answer = one.post(url, {"which": "year-hibari-plan-2026"})
        report = Report.objects.get()
        assert (answer.status_code, answer.url) == (302, address("desk-report", yearly=report.pk))
        again = one.post(url, {"which": "year-hibari-plan-2026"})
        assert (again.status_code, fault(again, "which")) == (422, "一覧から選び直してください。")
        assert (one.post(url, {}).status_code, Report.objects.count()) == (422, 1)
        assert "書いている" in text_of(one.get(url))


def test_what_may_be_begun_stands_by_kind_the_newest_year_first(world: World) -> None:
    a_year(world)
    with clock.moved_to(clock.at(dt.date(2029, 11, 25), 9)):
        page = text_of(client(world).get(address("desk-reports")))
    groups = [(label, re.findall(r'value="(\w+)-hibari-plan-(\d{4})"', options)) for label, options in re.findall(r'<optgroup label="([^"]+)">(.*?)</optgroup>', page, re.DOTALL)]
    assert [(label, {kind for kind, _year in rows}) for label, rows in groups] == [("年度報告", {"year"}), ("期間のまとめ", {"term"})]
    years = [year for _kind, year in groups[0][1]]
    assert (years, len(years) > 1) == (sorted(years, reverse=True), True)


def test_approving_asks_for_a_tick_and_says_why_it_cannot(world: World, draft: Report) -> None:
    one, url = client(world), address("desk-report-approve", yearly=draft.pk)
    with clock.moved_to(NOVEMBER):
        assert fault(one.post(url, {}), "sure") == "確かめてから、印を付けてください。"
        answer = one.post(url, {"sure": "on"})
        assert (answer.status_code, "まだ締めていません" in text_of(answer)) == (422, True)
        link = f'href="{address("desk-figures")}?year=2026">この年度の数字を見る'
        assert text_of(one.get(url)).count(link) == 1  # said before anybody ticks, with the way there
    close(world)
    with clock.moved_to(MAY):
        assert link not in text_of(one.get(url))
        assert one.post(url, {"sure": "on"}).status_code == 302
        assert "承認した報告は直せません" in text_of(one.post(url, {"sure": "on"}))
        answer = one.post(address("desk-report-next", yearly=draft.pk))
    assert (answer.status_code, Report.objects.count(), Report.objects.filter(number=2, approved_at=None).count()) == (302, 2, 1)


def test_approving_names_the_sections_without_words_and_leads_to_each(world: World, draft: Report) -> None:
    one, url = client(world), address("desk-report-approve", yearly=draft.pk)
    with clock.moved_to(NOVEMBER):
        shown = text_of(one.get(url))
        bare = re.findall(r'/write/([a-z_]+)/">', shown)
        drawn = re.findall(r'/write/([a-z_]+)/">文を書く', seen(world, "desk-report", yearly=draft.pk))
        assert (bare, len(bare) > 3) == (drawn, True)
        assert f"文のない節が{len(bare)}つあります。" in shown
        for code in bare:
            write_section(draft, code, text="書いた。", seen=0, by=world.desk)
        assert "文のない節" not in text_of(one.get(url))


def sheet(world: World, report: Report, body: str = DESK) -> Any:
    answer = client(world, body).get(address("desk-report-sheet", body, yearly=report.pk))
    assert (answer.status_code, answer["Content-Type"].endswith("spreadsheetml.sheet")) == (200, True)
    return answer.content


def test_the_workbook_adds_up_by_formulas_that_come_to_the_counted_totals(world: World, approved: Report) -> None:
    with clock.moved_to(MAY):
        data = sheet(world, approved)
    formulas, values = openpyxl.load_workbook(io.BytesIO(data)), openpyxl.load_workbook(io.BytesIO(data), data_only=True)
    assert formulas.sheetnames == [
        "1 目標と実績", "2 相談と支援の内容", "3 機関ごとの役割と実績", "4 会議の開催", "5 不足した機能と地域の外からの補完", "6 計画の変更", "7 銀行の働き", "8 課題と次の年度",
        "9 数字の出どころ"]  # fmt: skip
    sums, differences = 0, []
    for name in formulas.sheetnames:
        for row in formulas[name].iter_rows():
            for cell in row:
                if not (isinstance(cell.value, str) and cell.value.startswith("=")):
                    continue
                kept = values[name][cell.coordinate].value
                if found := re.fullmatch(r"=SUM\((\w+):(\w+)\)", cell.value):
                    cells = formulas[name][found.group(1) : found.group(2)]
                    assert kept == sum(one.value for (one,) in cells if one.value != "―"), (name, cell.coordinate)
                    sums += 1
                else:
                    differences.append(kept)
    assert sums == 15
    assert differences == [0] * 15  # the parts come to the totals, since each record has one body and one part
    targets = values["1 目標と実績"]
    assert [[cell.value for cell in row[:4]] for row in targets.iter_rows(min_row=5, max_row=10)] == [
        ["令和7・8年度", 2, 2, 2], ["令和9年度", 1, 0, 2], ["上の行の和", 3, 2, None], ["合計", 3, 2, 2], ["差", 0, 0, None],
        ["多くの機関が関わった事業も、1件と数えます。", None, None, None]]  # fmt: skip
    sources = [[cell.value for cell in row] for row in values["9 数字の出どころ"].iter_rows(min_row=4) if row[0].value]
    assert len(sources) == 77  # the head and every number
    assert ["機関ごとの役割と実績", "機関ごとの件数", "工業試験所", "supports", 1, "2026", LAB, "*", 1] in sources


def test_the_workbook_is_the_same_for_a_body_that_may_read_the_report(world: World, approved: Report) -> None:
    with clock.moved_to(MAY):
        books = [openpyxl.load_workbook(io.BytesIO(sheet(world, approved, body)), data_only=True) for body in (DESK, BANK)]
    cells = [[[cell.value for cell in row] for name in book.sheetnames for row in book[name].iter_rows()] for book in books]
    assert cells[0] == cells[1]


def test_the_years_stand_in_the_list_newest_first(world: World) -> None:
    a_year(world)
    with clock.moved_to(NOVEMBER):
        for year in (2025, 2026):
            begin_report("year", world.plan, FiscalYear(year), by=world.desk)
        page = seen(world, "desk-reports")
    assert re.findall(r'<a href="/d/hibari-desk/reports/[^"]+/">([^<]+)</a></th>', page) == ["令和8年度", "令和7年度"]


def docx_of(data: bytes) -> Any:
    import docx

    return docx.Document(io.BytesIO(data))


def rows_of(document: Any, head: list[str]) -> list[list[str]]:
    """The rows of the one table with such a head."""
    found = [table for table in document.tables if [cell.text for cell in table.rows[0].cells] == head]
    assert len(found) == 1, head
    return [[cell.text for cell in row.cells] for row in found[0].rows[1:]]


@pytest.mark.covers("C98")
def test_the_docx_has_the_sections_in_order_with_words_and_every_row(world: World, approved: Report) -> None:
    with clock.moved_to(MAY):
        answer = client(world).get(address("desk-report-paper", yearly=approved.pk))
        page = seen(world, "desk-report", yearly=approved.pk)
    document = docx_of(answer.content)
    heads = [one.text for one in document.paragraphs if one.style.name == "Heading 2"]
    assert [one for one in heads if one[0].isdigit()] == [
        "1 目標と実績", "2 相談と支援の内容", "3 機関ごとの役割と実績", "4 会議の開催", "5 不足した機能と地域の外からの補完", "6 計画の変更",
        "7 銀行の働き", "8 指定を受けた事業", "9 課題と次の年度"]  # fmt: skip
    assert rows_of(document, ["期間", "目標", "実績", "累計"]) == [["令和7・8年度", "2", "2", "2"], ["令和9年度", "1", "0", "2"], ["合計", "3", "2", "2"]]
    bodies = rows_of(document, ["機関", "相談", "支援", "断り", "無返答", "継続", "牽引事業"])
    assert [row[0] for row in bodies] == ["産業課", "工業試験所", "センター", "ひばり銀", "分け方がまだ", "計画全体"]
    assert rows_of(document, ["会議", "計画", "開催"]) == [["ひばり定例会議", "年10回", "0"], ["ひばり連携会議", "年1回", "0"], ["ひばりスマート会議", "随時", "0"]]
    parts = [[row.cells[0].text for row in table.rows[1:]] for table in document.tables if table.rows[0].cells[0].text == "項目"]
    assert [("" in names, len(set(names)) < len(names)) for names in parts][:1] == [(False, True)], "each row names its group: a page may end before it"
    assert rows_of(document, ["指定", "区分", "件数"]) == [["―", "", ""]]  # this plan has no designation
    whole = "\n".join(one.text for one in document.paragraphs)
    assert "試験が増えた。\n\n二つ目の段落。" in whole
    assert [[cell.text for cell in row.cells] for row in document.tables[0].rows][1:3] == [["集計", "令和9年5月31日までの記録"], ["承認", "相川 志保　令和9年5月31日"]]
    assert approved.digest in document.tables[0].rows[-1].cells[1].text.replace(" ", "")  # in two halves, so that it stays inside its cell
    assert (round(document.sections[0].page_width.mm), round(document.sections[0].page_height.mm)) == (210, 297)
    # The paper says the numbers of the page, one for one and in its order.
    numbers = [one for table in document.tables[1:] for row in table.rows[1:] for one in [cell.text for cell in row.cells][1:] if one.replace(".", "").isdigit()]
    assert numbers == [text for text, _url in number_links(page)]


def test_the_pdf_is_the_same_paper_on_a4_with_its_own_fonts(world: World, approved: Report) -> None:
    import pypdf

    with clock.moved_to(MAY):
        answer = client(world, LAB).get(address("desk-report-pdf", LAB, yearly=approved.pk))
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/pdf")
    found = pypdf.PdfReader(io.BytesIO(answer.content))
    text = "".join(page.extract_text() for page in found.pages).replace("\n", "")
    assert [(round(page.mediabox.width / 72 * 25.4), round(page.mediabox.height / 72 * 25.4)) for page in found.pages] == [(210, 297)] * len(found.pages)
    for words in ("ひばり県連携支援計画", "令和8年度", "1目標と実績", "試験が増えた。", "9課題と次の年度", "計画全体"):
        assert words in text.replace(" ", "").replace("　", ""), words


@pytest.mark.parametrize("kind", ["term", "lab"])
def test_the_other_reports_print_too(world: World, kind: str) -> None:
    a_year(world)
    publish_more(world, meetings=WITH_MEETINGS["meetings"], designations=[
        {"code": "lab", "name": "体験ラボの指定（架空）", "written": "指定", "meetings": ["smart"], "services": ["equipment-tests"]}],
        form_rules=[{"code": "seal", "name": "印", "written": "押す", "accepts": ["seal"], "from": None, "forms": ["report_lab"]}])  # fmt: skip
    with clock.moved_to(clock.at(dt.date(2030, 3, 30), 9)):
        report = begin_report(kind, world.plan, FiscalYear(2029), by=world.desk)
        document = docx_of(client(world).get(address("desk-report-paper", yearly=report.pk)).content)
        assert client(world).get(address("desk-report-pdf", yearly=report.pk)).content.startswith(b"%PDF-")
    facts = {row.cells[0].text: row.cells[1].text for row in document.tables[0].rows}
    assert facts["作成機関"] == "ひばり県産業課" + ("　㊞" if kind == "lab" else "")  # by the rule of that form
    if kind == "lab":
        assert "令和11年度　活動報告" in "\n".join(one.text for one in document.paragraphs)
        assert rows_of(document, ["指定", "区分", "件数"])[0] == ["体験ラボの指定（架空）", "ひばりスマート会議", "0"]
    else:
        assert facts["年度"] == "令和6年度から令和11年度まで"
        assert [row[0] for row in rows_of(document, ["年度", "相談", "支援", "終わり", "牽引事業"])] == ["令和7年度", "令和8年度", "令和9年度"]
        assert len(rows_of(document, ["受付番号", "主担当", "次の一手", "期日"])) == 10
