"""What the print of a plan leaves out and what it must not: added parts, dated rows, remarks, odd words; which rule holds on a day."""

from __future__ import annotations

import copy
import datetime as dt
import io
import re
from typing import Any

import pypdf
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from renkei.base import clock
from renkei.documents.letters import Block
from renkei.documents.pdf import pdf_of
from renkei.plan.content import PlanContent
from renkei.plan.models import Plan, PlanVersion
from renkei.plan.printing import content_at, form_rule, heading_of, plan_blocks, sign_place
from renkei.plan.queries import plan_content
from tests.plan.region import region
from tests.world import World

DAY = dt.date(2026, 11, 27)
NOON = clock.at(DAY, 12)
PART = {"number": "I-1", "title": "目標", "level": 2, "paragraphs": ["一つ目。", "二つ目。"]}


def published(world: World, **sections: Any) -> Plan:
    """The region's plan with the sections given."""
    whole = {**copy.deepcopy(PlanVersion.objects.get().content), **sections}
    PlanVersion.objects.create(plan=world.plan, number=2, content=whole, published_at=NOON)
    return world.plan


def blocks(world: World, on: dt.date | None = DAY, **sections: Any) -> list[Block]:
    """What stands between title and end."""
    found = plan_blocks(published(world, **sections), on)
    assert found[:2] == [Block("ひばり県連携支援計画", level=1, side="center"), Block()]
    return found[2:]


def world_content() -> dict[str, Any]:
    """The newest version's content."""
    return dict(PlanVersion.objects.order_by("-number")[0].content)


class TestHeadings:
    @pytest.mark.parametrize(
        ("number", "title", "said"),
        [
            ("I", "必須", "I 必須"), ("II-3", "その他", "3 その他"), ("I-2(10)", "件数", "(10) 件数"), ("I-2(1)⑳", "項目", "⑳ 項目"),
            ("I-2(1)⑩", "項目", "⑩項目"), ("I-2(1)⑪", "項目", "⑪ 項目"), ("備考", "備考", "(備考)"), ("図", "体制", "体制"), ("", "前書き", "前書き"),
            ("()", "空", "() 空"), (3, 4, "3 4"),
        ],
    )  # fmt: skip
    def test_a_heading_has_its_own_number(self, number: Any, title: Any, said: str) -> None:
        assert heading_of({"number": number, "title": title}) == said

    @pytest.mark.parametrize(("level", "printed"), [(1, 1), (2, 2), (3, 3), (4, 3), (9, 3)])
    def test_no_heading_is_deeper_than_three(self, world: World, level: int, printed: int) -> None:
        assert blocks(world, document=[{**PART, "level": level}]) == [Block("1 目標", level=printed), Block("一つ目。"), Block("二つ目。"), Block()]


class TestParts:
    def test_parts_stand_in_their_order_each_with_a_line_after_it(self, world: World) -> None:
        parts = [{**PART, "number": f"I-{n}", "title": f"第{n}", "paragraphs": []} for n in (3, 1, 2)]
        assert [one.text for one in blocks(world, document=parts)] == ["3 第3", "", "1 第1", "", "2 第2", ""]

    def test_a_heading_we_added_is_not_printed_and_its_words_are(self, world: World) -> None:
        assert [one.text for one in blocks(world, document=[{**PART, "added": True}])] == ["一つ目。", "二つ目。", ""]

    def test_an_optional_section_stands_in_its_box_under_its_own_part_only(self, world: World) -> None:
        parts = [PART, {**PART, "number": "II-1", "title": "財産", "paragraphs": []}]
        found = blocks(world, document=parts, optional_sections=[{"number": "II-1", "text": "記載なし"}, {"number": "II-2", "text": "どこにも"}])
        assert found == [Block("1 目標", level=2), Block("一つ目。"), Block("二つ目。"), Block(), Block("1 財産", level=2),
                         Block(rows=(("記載なし",),), widths=(160,)), Block()]  # fmt: skip

    @pytest.mark.parametrize("name", ["", "unheard", "TARGETS"])
    def test_a_table_nobody_knows_is_no_table(self, world: World, name: str) -> None:
        assert [one for one in blocks(world, document=[{**PART, "table": name}]) if one.rows] == []


class TestTargets:
    AIMS = [{"fiscal_years": [2025], "written": "令和 7 年度", "count": 2}, {"fiscal_years": [2026], "written": "令和 8 年度", "count": 0, "count_written": "零件"}]

    def test_they_stand_across_with_the_words_of_the_document_before_ours(self, world: World) -> None:
        found = blocks(world, document=[{**PART, "table": "targets"}], targets=self.AIMS)
        assert [one for one in found if one.rows] == [Block(rows=(("年度", "令和 7 年度", "令和 8 年度"), ("件数", "2 件", "零件")), has_head=True)]

    def test_a_total_the_document_writes_stands_last(self, world: World) -> None:
        found = blocks(world, document=[{**PART, "table": "targets"}], targets=self.AIMS, targets_total={"written": "計", "count_written": "2 件"})
        assert [one.rows for one in found if one.rows] == [(("年度", "令和 7 年度", "令和 8 年度", "計"), ("件数", "2 件", "零件", "2 件"))]

    def test_a_total_without_words_of_its_own_is_written_in_ours(self, world: World) -> None:
        found = blocks(world, document=[{**PART, "table": "targets"}], targets=self.AIMS, targets_total={"count": 2})
        assert [one.rows for one in found if one.rows] == [(("年度", "令和 7 年度", "令和 8 年度", "合計"), ("件数", "2 件", "零件", "2 件"))]

    def test_no_targets_leave_the_heads(self, world: World) -> None:
        found = blocks(world, document=[{**PART, "table": "targets"}], targets=[])
        assert [one.rows for one in found if one.rows] == [(("年度",), ("件数",))]


class TestFigure:
    def figure(self, world: World, on: dt.date = DAY, **more: Any) -> list[Block]:
        made = region()
        given = {name: made[name] for name in ("bodies", "provisions", "stages", "services")}
        return [one for one in blocks(world, on, document=[{**PART, "table": "figure", "paragraphs": []}], **{**given, **more}) if one.text or one.rows][1:]

    def test_each_stage_names_its_services_with_the_numbers_of_who_offers_them(self, world: World) -> None:
        made = region()
        table, head, who = self.figure(world)
        numbers = {one["code"]: one["number"] for one in made["bodies"]}
        wanted: dict[str, list[str]] = {}
        for service in made["services"]:
            by = sorted({numbers[one["body"]] for one in made["provisions"] if one["service"] == service["code"] and one["source"] != "text"})
            if by:
                wanted.setdefault(service["stage"], []).append(f"・{service.get('figure') or service['name']} {''.join(by)}")
        assert table.rows[0] == ("", "主な支援内容")
        assert [row[1].split("\n") for row in table.rows[1:]] == [wanted[one["code"]] for one in made["stages"] if one["code"] in wanted]
        assert head == Block("【支援機関】")
        assert who.text == " ".join(f"{one['number']}{one.get('figure_name') or one['name']}" for one in made["bodies"])

    def test_what_only_the_text_says_is_not_in_the_figure(self, world: World) -> None:
        made = region()
        told = [{**one, "source": "text"} for one in made["provisions"]]
        assert self.figure(world, provisions=told)[0].rows == (("", "主な支援内容"),)

    @pytest.mark.parametrize(("since", "until", "stands"), [(None, None, True), ("2026-11-28", None, False), ("2026-11-27", None, True), (None, "2026-11-26", False), (None, "2026-11-27", True)])
    def test_an_offer_stands_while_it_holds(self, world: World, since: str | None, until: str | None, stands: bool) -> None:
        made = region()
        only = {**made["provisions"][0], "source": "both"} | ({"from": since} if since else {}) | ({"to": until} if until else {})
        assert (len(self.figure(world, provisions=[only])[0].rows) == 2) is stands


class TestParties:
    def rows(self, world: World, on: dt.date, parties: list[dict[str, Any]]) -> tuple[tuple[str, ...], ...]:
        (table,) = [one for one in blocks(world, on, document=[{**PART, "table": "parties"}], parties=parties) if one.rows]
        assert (table.has_head, table.widths, len(table.rows)) == (True, (10, 65, 85), 1 + len(parties))
        return table.rows[1:]

    def test_name_address_and_representative_of_the_day_on_the_left(self, world: World) -> None:
        parties = region()["parties"]
        first = parties[0]
        assert [one.get("from") for one in first["representatives"]] == [None, "2025-04-01"]
        for day, person in [(dt.date(2025, 3, 31), first["representatives"][0]), (dt.date(2025, 4, 1), first["representatives"][1])]:
            PlanVersion.objects.filter(number=2).delete()
            left = self.rows(world, day, parties)[0][1]
            assert left == f"①{first['names'][0]['value']}\n②{first['addresses'][0]['value']}\n③{person['title']} {person['name']}"

    def test_roles_of_the_day_under_their_heading(self, world: World) -> None:
        party = copy.deepcopy(region()["parties"][0])
        body = region()["bodies"][0]["code"]
        party["roles"] = [
            {"body": body, "heading": "窓口", "items": ["受ける", "つなぐ"]}, {"body": body, "heading": "", "items": ["まとめる"]},
            {"body": body, "heading": "昔", "items": ["した"], "to": "2026-11-26"}, {"body": body, "heading": "先", "items": ["する"], "from": "2026-11-28"},
        ]  # fmt: skip
        assert self.rows(world, DAY, [party])[0][2] == "④\n窓口\n・受ける\n・つなぐ\n・まとめる"
        assert self.rows_again(world, dt.date(2026, 11, 28), party) == "④\n窓口\n・受ける\n・つなぐ\n・まとめる\n先\n・する"

    def rows_again(self, world: World, day: dt.date, party: dict[str, Any]) -> str:
        PlanVersion.objects.filter(number=2).delete()
        return self.rows(world, day, [party])[0][2]


class TestRules:
    RULES = [
        {"code": "seal", "name": "印", "written": "三", "from": "2027-04-01"}, {"code": "seal", "name": "印", "written": "一", "from": None},
        {"code": "seal", "name": "印", "written": "二", "from": "2026-04-01"}, {"code": "copies", "name": "部数", "written": "二部"},
    ]  # fmt: skip

    @pytest.mark.parametrize(
        ("day", "written"),
        [("2000-01-01", "一"), ("2026-03-31", "一"), ("2026-04-01", "二"), ("2027-03-31", "二"), ("2027-04-01", "三"), ("2099-12-31", "三")],
    )
    def test_the_last_that_has_begun_holds_in_whatever_order_they_stand(self, world: World, day: str, written: str) -> None:
        rule = form_rule(plan_content(published(world, form_rules=self.RULES)), "seal", dt.date.fromisoformat(day))
        assert rule is not None
        assert rule["written"] == written

    def test_each_code_has_its_own_rules_and_one_unheard_has_none(self, world: World) -> None:
        plan = published(world, form_rules=self.RULES)
        assert [(rule or {}).get("written") for rule in (form_rule(plan_content(plan), code, DAY) for code in ("copies", "seal", "paper", ""))] == ["二部", "二", None, None]

    def test_before_the_first_has_begun_there_is_none(self, world: World) -> None:
        plan = published(world, form_rules=[{"code": "seal", "written": "先", "from": "2026-11-28"}])
        assert (form_rule(plan_content(plan), "seal", DAY), (form_rule(plan_content(plan), "seal", DAY + dt.timedelta(days=1)) or {})["written"]) == (None, "先")


    def test_a_rule_for_a_form_goes_before_one_for_all_and_an_ended_one_is_none(self) -> None:
        rules = [
            {"code": "seal", "written": "名だけ", "accepts": ["none", "electronic"], "from": "2026-04-01"},
            {"code": "seal", "written": "押す", "accepts": ["seal", "signature"], "from": "2020-04-01", "to": "2026-11-27", "forms": ["reply", "report"]},
            {"code": "seal", "written": "自署", "accepts": ["signature"], "from": None, "forms": ["handover"]},
        ]
        content, later = PlanContent({"form_rules": rules}), DAY + dt.timedelta(days=1)
        found = {(form, day): ((form_rule(content, "seal", day, form) or {})["written"], sign_place(content, day, form))
                 for form in ("reply", "handover", "change", "") for day in (DAY, later)}  # fmt: skip
        assert found == {
            ("reply", DAY): ("押す", "　㊞"), ("reply", later): ("名だけ", ""), ("handover", DAY): ("自署", "　（自署）"), ("handover", later): ("自署", "　（自署）"),
            ("change", DAY): ("名だけ", ""), ("change", later): ("名だけ", ""), ("", DAY): ("名だけ", ""), ("", later): ("名だけ", ""),
        }  # fmt: skip
        assert sign_place(PlanContent({}), DAY, "reply") == ""

    def test_a_paper_of_a_day_keeps_the_version_of_that_day(self, world: World) -> None:
        plan = published(world, form_rules=self.RULES)
        moments = (NOON - dt.timedelta(days=9000), NOON - dt.timedelta(seconds=1), NOON)
        assert [content_at(plan, at).section("form_rules") == self.RULES for at in moments] == [False, False, True]


class TestPage:
    URL = "public-plan-pdf"

    def get(self, plan: str, **more: Any) -> Any:
        with clock.moved_to(NOON):
            return Client(**more).get(reverse(self.URL, kwargs={"plan": plan}))

    def text(self, data: bytes) -> str:
        return re.sub(r"\s", "", "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(data)).pages))

    def test_everybody_gets_it_named_after_the_plan(self, world: World) -> None:
        published(world, document=[PART])
        answer = self.get(world.plan.pk)
        assert (answer.status_code, answer["Content-Type"], answer["Content-Disposition"]) == (
            200, "application/pdf", 'inline; filename="keikaku-hibari-plan.pdf"')  # fmt: skip
        assert "ひばり県連携支援計画1目標一つ目。二つ目。" in self.text(answer.content)
        found = pypdf.PdfReader(io.BytesIO(answer.content)).metadata
        assert found is not None
        assert found.title == "ひばり県連携支援計画"

    def test_markup_of_any_kind_is_printed_as_it_is_written(self, world: World) -> None:
        hard = ["#set page(width: 1cm)", "*太* _斜_ $x$ @y <z> \\", "= 見出し", "- 一覧", "// 注", "{{ 7*7 }}", "<script>"]
        published(world, document=[{**PART, "paragraphs": hard}])
        text = self.text(self.get(world.plan.pk).content)
        assert [one for one in hard if re.sub(r"\s", "", one) not in text] == []

    @pytest.mark.parametrize("code", ["gone", "hibari-plan-2", "x" * 60])
    def test_a_plan_that_is_not_there_is_not_found(self, world: World, code: str) -> None:
        assert self.get(code).status_code == 404

    def test_a_plan_that_was_never_published_is_not_found(self, world: World) -> None:
        Plan.objects.create(code="quiet", title="まだ", term_from=DAY, term_to=dt.date(2030, 3, 31), front_desk_id=world.plan.front_desk_id,
                            lead_party=world.plan.lead_party, is_fictional=True)  # fmt: skip
        assert self.get("quiet").status_code == 404

    def test_it_is_only_read(self, world: World) -> None:
        url = reverse(self.URL, kwargs={"plan": world.plan.pk})
        assert {getattr(Client(), method)(url).status_code for method in ("post", "put", "delete", "patch")} == {405}

    def test_it_is_japanese_for_a_reader_of_english_too(self, world: World) -> None:
        published(world, document=[{**PART, "table": "targets"}], targets=TestTargets.AIMS)
        english = Client(headers={"accept-language": "en"})
        with clock.moved_to(NOON):
            url = reverse(self.URL, kwargs={"plan": world.plan.pk})
            both = [self.text(one.get(url).content) for one in (Client(), english)]
        assert both[0] == both[1]
        assert "年度令和7年度令和8年度件数2件零件" in both[0]

    def test_it_asks_as_often_for_a_long_plan_as_for_a_short_one(self, world: World) -> None:
        def asked() -> int:
            with CaptureQueriesContext(connection) as found:
                assert self.get(world.plan.pk).status_code == 200
            return len(found)

        published(world, document=[PART])
        asked()
        short = asked()
        content = {**world_content(), "document": [{**PART, "number": f"I-{n}", "table": "targets"} for n in range(30)], "targets": TestTargets.AIMS}
        PlanVersion.objects.filter(number=2).update(content=content)
        assert asked() <= short


def test_ten_thousand_letters_without_a_blank_stay_on_the_paper(world: World) -> None:
    long = "あいうえお" * 2000
    data = pdf_of(plan_blocks(published(world, document=[{**PART, "paragraphs": [long]}]), DAY), title="長い")
    pages = pypdf.PdfReader(io.BytesIO(data)).pages
    text = re.sub(r"\s", "", "".join(page.extract_text() for page in pages))
    assert text.count("あいうえお") > 1900
    assert len(pages) > 4
