"""The plan prints as the document it came from: every line of it, in order; and rules for papers hold from a day on."""

from __future__ import annotations

import datetime as dt
import html
import io
import re
from typing import Any

import pypdf
import pytest

from renkei.base.actor import SYSTEM
from renkei.documents.pdf import pdf_of
from renkei.plan import actions
from renkei.plan.files import builtin_plans, load
from renkei.plan.models import Plan
from renkei.plan.printing import form_rule, heading_of, plan_blocks
from renkei.plan.queries import plan_content
from tests.plan.region import region
from tests.plan.test_seed import SHARED, needs_seed


@pytest.fixture
def chiba(db: None) -> Plan:
    return actions.publish(load(builtin_plans()["chiba"]).document, by=SYSTEM).plan


def squeeze(text: str) -> str:
    """What was printed without blanks, tags and the marks that only begin a line."""
    return re.sub(r"<[^>]+>|[\s・]|^-+", "", html.unescape(text)).replace("-・", "")


def printed(plan: Plan) -> str:
    words = []
    for block in plan_blocks(plan):
        words += [cell for row in block.rows for cell in row] if block.rows else [block.text]
    return squeeze("".join(words))


def seed_lines() -> list[str]:
    """The document's lines and, of its tables, the cells; what stands for a figure as its lines."""
    (path,) = (SHARED / "seed").glob("*.txt")
    found = []
    for line in path.read_text(encoding="utf-8").splitlines():
        for cell in line.split("\t"):
            pieces = re.split(r"(?=[①-⑪]千|[②③④](?:千葉県千|千葉県知|東京都千|東京都文|理事長|会長|学長|総長|取締役))|</li>|(?= ・|④・|【)", cell)
            found += [words for piece in pieces if (words := re.sub(r"^[-・④\s]+", "", squeeze(piece)))]
    return found


@needs_seed
@pytest.mark.covers("C98")
def test_every_line_of_the_document_stands_in_the_print_in_order(chiba: Plan) -> None:
    whole, at, missing = printed(chiba), 0, []
    for line in seed_lines():
        found = whole.find(line, at)
        if found < 0:
            missing.append(line)
        else:
            at = found + len(line)
    assert missing == []
    assert at > len(whole) - 20


def test_headings_have_their_own_number_only() -> None:
    given = [("I", "必須"), ("I-1", "目標"), ("I-1(5)", "件数"), ("I-2(1)①", "きっかけ"), ("", "(課題)"), ("図", "支援体制"), ("備考", "備考"), ("II-1", "財産")]
    assert [heading_of({"number": number, "title": title}) for number, title in given] == [
        "I 必須", "1 目標", "(5) 件数", "①きっかけ", "(課題)", "支援体制", "(備考)", "1 財産"]  # fmt: skip


def test_it_is_a4_with_fonts_inside_and_tables_across_its_pages(chiba: Plan) -> None:
    data = pdf_of(plan_blocks(chiba), title=chiba.title)
    found = pypdf.PdfReader(io.BytesIO(data))
    assert {(round(page.mediabox.width / 72 * 25.4), round(page.mediabox.height / 72 * 25.4)) for page in found.pages} == {(210, 297)}
    text = squeeze("".join(page.extract_text() for page in found.pages))
    for words in ("千葉県第4次産業革命分野等における連携支援計画", "鈴木栄治", "想定する支援件数", "平成32年度", "氏名を自署とする場合、押印を省略することができる。"):
        assert words in text, words
    assert len(found.pages) == 7


def test_parties_stand_as_they_were_on_the_day(db: None) -> None:
    actions.publish(load(builtin_plans()["chiba"]).document, by=SYSTEM)
    following = actions.publish(load(builtin_plans()["chiba-next"]).document, by=SYSTEM).plan
    for day, name in [(dt.date(2024, 3, 31), "鈴木栄治"), (dt.date(2024, 4, 1), "房総一路（架空）")]:
        words = squeeze("".join(cell for block in plan_blocks(following, day) for row in block.rows for cell in row))
        assert [one in words for one in ("鈴木栄治", "房総一路（架空）")] == [name == "鈴木栄治", name != "鈴木栄治"]


@pytest.mark.covers("C97")
def test_the_rule_for_seals_holds_from_its_day_on(db: None) -> None:
    actions.publish(load(builtin_plans()["chiba"]).document, by=SYSTEM)
    document = load(builtin_plans()["chiba-next"]).document
    document["form_rules"].append({"code": "seal", "name": "記名と押印", "written": "すべて電子で出す。", "accepts": ["electronic"], "from": "2026-04-01"})
    plan = actions.publish(document, by=SYSTEM).plan
    found: dict[str, Any] = {day: form_rule(plan_content(plan), "seal", dt.date.fromisoformat(day)) for day in ("2024-03-31", "2024-04-01", "2026-03-31", "2026-04-01")}
    assert {day: rule and rule["accepts"] for day, rule in found.items()} == {
        "2024-03-31": None, "2024-04-01": ["none", "electronic"], "2026-03-31": ["none", "electronic"], "2026-04-01": ["electronic"]}  # fmt: skip
    assert form_rule(plan_content(plan), "unheard", dt.date(2026, 4, 1)) is None
    assert form_rule(plan_content(Plan.objects.get(pk="chiba")), "seal", dt.date(2020, 1, 1))["accepts"] == ["seal", "signature"]  # type: ignore[index]


def test_a_plan_without_its_document_prints_its_title(db: None) -> None:
    plan = actions.publish(region(), by=SYSTEM).plan
    assert [block.text for block in plan_blocks(plan)] == [plan.title, ""]
