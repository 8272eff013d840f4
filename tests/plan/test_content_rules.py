"""What the engine asks a plan: letters, accounts, follow-ups, sharing, contacts, closures; ours where the plan is silent."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from renkei.base import clock
from renkei.plan.content import (
    LETTERS,
    AccountRules,
    CatalogueRules,
    Clock,
    FirmSize,
    FollowUpRule,
    LetterRule,
    OutsideContact,
    PlanContent,
    Target,
    Term,
)
from renkei.plan.front_desk import FrontDesk, desk_facts
from renkei.plan.models import Body, PlanVersion
from tests.world import CONTENT, DESK, World

OURS = {one.code: one for one in LETTERS}


def content(**sections: Any) -> PlanContent:
    return PlanContent(sections)


class TestLetters:
    @pytest.mark.parametrize("silent", [{}, {"letters": None}, {"letters": []}])
    def test_a_silent_plan_has_the_four_kinds_that_come_along(self, silent: dict[str, Any]) -> None:
        assert PlanContent(silent).letters == OURS
        assert [(one.code, one.number, one.steps, one.together, one.own_draft) for one in OURS.values()] == [
            ("sheet", "", (), False, False), ("request", "{prefix}依第{n}号", (), False, False),
            ("reply", "{prefix}回第{n}号", (), False, False), ("handover", "{prefix}引第{n}号", (), False, False)]  # fmt: skip

    @pytest.mark.parametrize(
        ("row", "rule"),
        [
            ({"code": "request"}, OURS["request"]),
            ({"code": "request", "name": "照会文"}, replace(OURS["request"], name="照会文")),
            ({"code": "request", "name": ""}, OURS["request"]),
            ({"code": "request", "number": ""}, replace(OURS["request"], number="")),
            ({"code": "reply", "number": "第{n}号"}, replace(OURS["reply"], number="第{n}号")),
            ({"code": "reply", "prefixes": {"a": "甲"}}, replace(OURS["reply"], prefixes={"a": "甲"})),
            ({"code": "reply", "prefixes": None, "steps": None}, OURS["reply"]),
            ({"code": "handover", "steps": ["chief", ""]}, replace(OURS["handover"], steps=("chief", ""))),
            ({"code": "sheet", "order": "together"}, replace(OURS["sheet"], together=True)),
            ({"code": "sheet", "order": "one by one"}, OURS["sheet"]),
            ({"code": "sheet", "own_draft": True}, replace(OURS["sheet"], own_draft=True)),
            ({"code": "thanks"}, LetterRule("thanks", "thanks")),
            ({"code": "thanks", "name": "礼状", "number": "礼{n}"}, LetterRule("thanks", "礼状", "礼{n}")),
        ],
    )
    def test_what_the_plan_says_of_a_kind_is_laid_over_ours(self, row: dict[str, Any], rule: LetterRule) -> None:
        assert content(letters=[row]).letters == OURS | {row["code"]: rule}

    def test_the_later_of_two_rows_stands_on_the_earlier(self) -> None:
        rows = [{"code": "reply", "name": "回答書"}, {"code": "reply", "steps": ["chief"]}]
        assert content(letters=rows).letters["reply"] == replace(OURS["reply"], name="回答書", steps=("chief",))

    @pytest.mark.parametrize(
        ("number", "prefixes", "body", "prefix", "pattern"),
        [
            ("{prefix}依第{n}号", {}, "a", "産", "産依第{n}号"), ("{prefix}依第{n}号", {"a": "甲"}, "a", "産", "甲依第{n}号"),
            ("{prefix}依第{n}号", {"b": "乙"}, "a", "産", "産依第{n}号"), ("第{n}号", {"a": "甲"}, "a", "産", "第{n}号"), ("", {"a": "甲"}, "a", "産", ""),
            ("{prefix}-{prefix}-{n}", {}, "a", "産", "産-産-{n}"), ("{prefix}{n}", {"a": ""}, "a", "産", "{n}"),
        ],
    )  # fmt: skip
    def test_a_bodys_numbers(self, number: str, prefixes: dict[str, str], body: str, prefix: str, pattern: str) -> None:
        assert LetterRule("x", "x", number, prefixes).pattern(body, prefix) == pattern


class TestAccountsAndFollowUps:
    @pytest.mark.parametrize(
        ("said", "rules"),
        [
            (None, AccountRules(14, 90, (4, 10))), ({}, AccountRules()), ({"note": "要綱"}, AccountRules()),
            ({"invitation_days": 7}, AccountRules(invitation_days=7)), ({"dormant_days": 30, "note": "x"}, AccountRules(dormant_days=30)),
            ({"review_months": [10, 1, 4]}, AccountRules(review_months=(1, 4, 10))), ({"review_months": []}, AccountRules(review_months=())),
            ({"invitation_days": 3, "dormant_days": 60, "review_months": [12]}, AccountRules(3, 60, (12,))),
        ],
    )  # fmt: skip
    def test_accounts(self, said: Any, rules: AccountRules) -> None:
        assert content(accounts=said).accounts == rules

    @pytest.mark.parametrize(
        ("said", "rule"),
        [
            (None, FollowUpRule((6, 12, 24), 14, 60)), ({"note": "様式5"}, FollowUpRule()), ({"months": [3, 9]}, FollowUpRule(months=(3, 9))),
            ({"months": []}, FollowUpRule(months=())), ({"wait_days": 30}, FollowUpRule(wait_days=30)),
            ({"remind_after_days": 7, "wait_days": 21, "months": [1]}, FollowUpRule((1,), 7, 21)),
        ],
    )  # fmt: skip
    def test_follow_ups(self, said: Any, rule: FollowUpRule) -> None:
        assert content(follow_up=said).follow_up == rule

    @pytest.mark.parametrize(
        ("said", "rules"),
        [
            (None, CatalogueRules({}, 30)), ({"note": "計画書にない"}, CatalogueRules({}, 30)), ({"warn_days": 14}, CatalogueRules({}, 14)),
            ({"check_months": {"seed": 24}, "warn_days": 7, "note": "x"}, CatalogueRules({"seed": 24}, 7)), ({"check_months": {}}, CatalogueRules({}, 30)),
        ],
    )  # fmt: skip
    def test_the_catalogue(self, said: Any, rules: CatalogueRules) -> None:
        assert content(catalogue=said).catalogue == rules

    @pytest.mark.parametrize("section", ["accounts", "follow_up", "catalogue"])
    def test_a_rule_nobody_knows_is_an_error_and_no_silence(self, section: str) -> None:
        with pytest.raises(TypeError, match="unknown_rule"):
            getattr(content(**{section: {"unknown_rule": 1}}), section)


class TestSharing:
    def test_a_silent_plan_closes_nothing_and_asks_for_five_firms(self) -> None:
        for silent in ({}, {"sharing": None}, {"sharing": {}}):
            plan = PlanContent(silent)
            assert (plan.classes_closed_to("bank"), plan.fewest_firms, plan.firm_sizes) == (set(), 5, [])

    def test_what_is_closed_is_closed_to_its_kind_only(self) -> None:
        plan = content(sharing={"never_by_general_consent": {"bank": ["technical", "financial"], "lab": []}})
        assert {kind: plan.classes_closed_to(kind) for kind in ("bank", "lab", "desk", "")} == {
            "bank": {"technical", "financial"}, "lab": set(), "desk": set(), "": set()}  # fmt: skip

    @pytest.mark.parametrize(("said", "fewest"), [(1, 1), ("12", 12), (0, 0)])
    def test_fewest_firms(self, said: Any, fewest: int) -> None:
        assert content(sharing={"fewest_firms": said}).fewest_firms == fewest

    def test_sizes_are_open_at_the_ends_the_plan_leaves_out(self) -> None:
        rows = [{"code": "s", "name": "小", "most": 20}, {"code": "m", "name": "中", "least": 21, "most": 300}, {"code": "l", "name": "大", "least": 301}]
        assert content(sharing={"firm_sizes": rows}).firm_sizes == [FirmSize("s", "小", 0, 20), FirmSize("m", "中", 21, 300), FirmSize("l", "大", 301, None)]


class TestWords:
    def test_a_vocabulary_in_its_order_with_notes(self) -> None:
        plan = content(vocabularies={"results": [{"code": "b", "name": "乙", "note": "別表"}, {"code": "a", "name": "甲"}]})
        assert plan.vocabulary("results") == [Term("b", "乙", "別表"), Term("a", "甲")]
        assert plan.vocabulary("nothing") == content(vocabularies=None).vocabulary("results") == PlanContent({}).vocabulary("results") == []
        assert [plan.word("results", code) for code in ("a", "b", "c", "")] == ["甲", "乙", "c", ""]
        assert plan.word("nothing", "a") == "a"

    def test_clocks_by_name(self) -> None:
        plan = content(clocks={"recall": {"minutes": 5}, "idle": {"business_days": 20, "note": "要綱"}})
        assert plan.clocks == {"recall": Clock("recall", 0, 5), "idle": Clock("idle", 20, 0, "要綱")}
        assert content(clocks=None).clocks == PlanContent({}).clocks == {}

    def test_targets_keep_the_plans_own_words(self) -> None:
        plan = content(targets=[{"fiscal_years": [2024, 2025], "written": "令和6・7年度", "count": 3}, {"fiscal_years": [], "written": "", "count": 0}])
        assert plan.targets == [Target((2024, 2025), "令和6・7年度", 3), Target((), "", 0)]

    @pytest.mark.parametrize(("said", "acts"), [(None, set()), ([], set()), (["close"], {"close"}), (["close", "send_outside"], {"close", "send_outside"})])
    def test_where_a_second_person_is_asked_for(self, said: Any, acts: set[str]) -> None:
        plan = content(second_person=said)
        assert {act for act in ("close", "send_outside", "merge", "") if plan.needs_second_person(act)} == acts

    @pytest.mark.parametrize(
        ("said", "spans"),
        [(None, []), ({}, []), ({"closed": []}, []), ({"closed": [{"from": "12-29", "to": "01-03"}, {"from": "08-13", "to": "08-13"}]},
                                                     [(12, 29, 1, 3), (8, 13, 8, 13)])],
    )  # fmt: skip
    def test_closed_days_with_both_ends(self, said: Any, spans: list[tuple[int, int, int, int]]) -> None:
        assert content(calendar=said).closed_days == spans


class TestContacts:
    ROWS = ({"code": "a", "name": "甲局", "about": "労務"}, {"code": "b", "name": "乙所", "about": "特許", "phone": "1", "words": ["特許", "商標"], "from": "2026-04-01"},
            {"code": "c", "name": "丙会", "about": "融資", "from": None, "to": "2026-03-31"}, {"code": "d", "name": "丁", "about": "x", "from": "2026-04-01", "to": "2026-04-01"})  # fmt: skip

    def test_all_are_read_those_that_ended_too(self) -> None:
        assert content(outside_contacts=list(self.ROWS)).outside_contacts == [
            OutsideContact("a", "甲局", "労務"), OutsideContact("b", "乙所", "特許", "1", ("特許", "商標"), "2026-04-01", ""),
            OutsideContact("c", "丙会", "融資", since="", until="2026-03-31"), OutsideContact("d", "丁", "x", since="2026-04-01", until="2026-04-01")]  # fmt: skip
        assert content(outside_contacts=None).outside_contacts == []

    @pytest.mark.parametrize(("day", "codes"), [("2026-03-31", "ac"), ("2026-04-01", "abd"), ("2026-04-02", "ab"), ("1990-01-01", "ac"), ("2990-01-01", "ab")])
    def test_only_whom_the_day_knows_can_be_chosen(self, day: str, codes: str) -> None:
        assert "".join(one.code for one in content(outside_contacts=list(self.ROWS)).contacts_on(dt.date.fromisoformat(day))) == codes

    def test_a_section_that_is_missing_is_an_empty_list(self) -> None:
        assert [content(x=None).section("x"), content(x=[]).section("x"), content().section("x"), content(x=[{"a": 1}]).section("x")] == [[], [], [], [{"a": 1}]]

    @pytest.mark.parametrize(("day", "value"), [("2023-12-31", 1), ("2024-01-01", 2), ("2025-06-01", 3), ("2030-01-01", 3)])
    def test_of_dated_values_the_latest_that_has_begun(self, day: str, value: int) -> None:
        values: list[dict[str, Any]] = [{"v": 1}, {"v": 2, "from": "2024-01-01"}, {"v": 3, "from": dt.date(2025, 6, 1)}]
        assert content().dated(values, dt.date.fromisoformat(day))["v"] == value


class TestFrontDesk:
    def test_before_any_plan_there_are_no_facts(self, db: None) -> None:
        facts = desk_facts()
        assert (facts, facts.phone_digits) == (FrontDesk("", None, ""), "")

    def test_title_body_hours_and_a_number_to_dial(self, world: World) -> None:
        body = Body.objects.get(pk=DESK)
        assert desk_facts() == FrontDesk("ひばり県連携支援計画", body, "")
        PlanVersion.objects.create(plan=world.plan, number=2, content=CONTENT | {"front_desk": {"hours": "平日9時から17時"}}, published_at=clock.now())
        assert (desk_facts().hours, desk_facts().phone_digits) == ("平日9時から17時", "0000000000")
        PlanVersion.objects.create(plan=world.plan, number=3, content=CONTENT | {"front_desk": None}, published_at=clock.now())
        assert desk_facts().hours == ""
