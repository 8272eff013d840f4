"""The made-up region with a plan that speaks of routing, and a small catalogue: nothing of any real region."""

from __future__ import annotations

import copy
import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from renkei.base import clock
from renkei.base.actor import SYSTEM
from renkei.matching import index
from renkei.matching.actions import EntryRow, WindowRow, put_entries
from tests.world import BANK, CENTER, CONTENT, LAB, World, build_world

TODAY = dt.date(2026, 11, 25)
CUES: dict[str, Any] = {
    "services": {
        "events": {"strong": ["セミナー", "見学"], "says": ["新しい技術の話を聞けるセミナーに出たい。"]},
        "rd-subsidy": {"strong": ["開発+補助金", "試作+補助"], "words": ["補助金"], "says": ["試作費の補助を申し込みたい。"]},
        "loan": {"strong": ["補助金+まで+借りる", "つなぎ融資"], "words": ["借りる"], "says": ["補助金の入金まで借りたい。"]},
        "equipment-tests": {"strong": ["測ってほしい", "装置を借りる", "成績書"], "says": ["強度を測ってほしい。"]},
        "tech-consultation": {"strong": ["原因が分からない", "剥がれる"], "words": ["不良"], "says": ["不良の原因を知りたい。"]},
        "sales-adviser": {"strong": ["売り先"], "words": ["営業"], "says": ["売り先を一緒に探してほしい。"]},
    },
    "outside": {"labour": {"strong": ["残業代", "就業規則"], "says": ["残業代のことで困っている。"]}},
    "bodies": {
        LAB: {"names": ["試験所"], "words": ["めっき", "金属"]},
        CENTER: {"names": ["センター"], "words": ["基板", "回路"]},
        BANK: {"names": ["ひばり銀"]},
    },
    "region": ["県内", "ひばり"],
    "entry_services": {"equipment": ["equipment-tests"], "outside": ["equipment-tests"], "seed": ["tech-consultation"]},
    "post_services": {"engineer": ["tech-consultation"]},
    "states": {"award": ["交付決定"], "ordered": ["発注した"], "partner": ["大学と組んで"]},
    "questions": [
        {"key": "award", "services": ["loan"], "text": "交付は決まっていますか", "help": "", "choices": ["決まった", "まだ"]},
    ],
    "fields": {"A": ["めっき", "金属"], "B": ["AI"]},
}
ROUTING: dict[str, Any] = {
    "default": [{"kind": "technical", "body": LAB, "written": "技術は試験所"}],
    "rules": [
        {"code": "ai", "services": ["tech-consultation"], "words": [["AI"], ["評価", "試作"]], "first": CENTER,
         "with": [LAB], "written": "AIの評価はセンター"},
    ],
    "outside_region": {"after": "in_region_declined", "lead": LAB},
}  # fmt: skip
PRECEDENCE = [
    {"code": "award-before-bridge", "before": "rd-subsidy", "after": "loan", "when": "award", "text": "決定のあとに頼む。"},
    {"code": "order-after-award", "before": "rd-subsidy", "after": "order", "when": "award", "text": "決定の前に注文しない。"},
]


def entries() -> list[EntryRow]:
    """A catalogue of a handful, with one entry that only staff may see."""
    eligible = {"sme_only": True, "in_prefecture": True, "max_employees": 100, "consortium_min": 0, "min_age_years": 0}
    call = WindowRow("call", dt.date(2026, 12, 1), dt.date(2026, 12, 25))
    over = WindowRow("call", dt.date(2026, 6, 1), dt.date(2026, 7, 1))
    return [
        EntryRow(id="EQ1", kind="equipment", name="膜厚計", kana="マクアツケイ", body=LAB, summary="めっきの厚さを測る。", is_public=True),
        EntryRow(id="EQ2", kind="equipment", name="引張試験機", body=LAB, summary="金属の強度を測る。", is_public=True),
        EntryRow(id="PG1", kind="programme", name="試作の補助金", body=CENTER, service="rd-subsidy", summary="開発の試作を補助する。",
                 facts={"eligible": eligible}, windows=(call,), is_public=True),
        EntryRow(id="PG2", kind="programme", name="終わった開発補助金", body=CENTER, service="rd-subsidy", summary="開発の補助金。",
                 windows=(over,), is_public=True),
        EntryRow(id="PE1", kind="person", name="小出 渉", kana="コイデ ワタル", body=LAB, summary="めっきの剥がれに詳しい。",
                 facts={"post": "engineer"}),
        EntryRow(id="EX1", kind="outside", name="大型の炉", owner_name="となりの県の試験場", summary="扉の耐火試験をする炉。", is_public=True),
        EntryRow(id="PC1", kind="example", name="めっきの事例", summary="めっきが剥がれる。",
                 facts={"supports": [["tech-consultation", LAB, "done"]]}),
    ]  # fmt: skip


@pytest.fixture
def index_home(tmp_path: Path, settings: Any) -> Iterator[Path]:
    """An own index folder for the test."""
    settings.RENKEI_HOME = tmp_path
    index.forget()
    yield tmp_path
    index.forget()


@pytest.fixture
def today() -> Iterator[dt.date]:
    with clock.moved_to(clock.at(TODAY)):
        yield TODAY


@pytest.fixture
def region(db: None, index_home: Path, today: dt.date) -> Callable[..., World]:
    """Return a maker of the region; keyword arguments replace sections of the plan."""

    def make(**sections: Any) -> World:
        content = {**copy.deepcopy(CONTENT), "cues": CUES, "routing": ROUTING, "precedence": PRECEDENCE, **sections}
        world = build_world(content)
        put_entries(entries(), kept_by="test", by=SYSTEM)
        return world

    return make
