"""The page of choices by body: the span, the figures, who sees whom."""

from __future__ import annotations

import re

import pytest

from renkei.base import clock
from renkei.cases.models import Support
from tests.desk.pages import address, client, said, seen
from tests.desk.scene import NOW
from tests.desk.sorting import SUBSIDY, TESTS, post, ready
from tests.world import BANK, CENTER, DESK, LAB, World


def listed(text: str) -> dict[str, list[str]]:
    """The figures of each line with requests, by the body's name."""
    rows = [[" ".join(re.sub(r"<[^>]+>", " ", cell).split()) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL)]
            for row in re.findall(r"<tr[^>]*>(.*?)</tr>", text, re.DOTALL)]  # fmt: skip
    return {row[0]: row[1:] for row in rows if len(row) == 13 and row[0] != "機関" and row[1] != "0"}


def test_without_requests_the_page_says_what_comes_here(world: World) -> None:
    assert "この間の依頼はまだありません" in seen(world, "desk-choices")


@pytest.mark.usefixtures("given_proposal")
@pytest.mark.covers("C67")
def test_what_the_desk_sends_from_the_proposal_is_counted_with_its_place(world: World) -> None:
    with clock.moved_to(NOW):
        case = ready(world)
        post(world, case, "send", SUBSIDY, TESTS)
        assert set(Support.objects.values_list("body", "place", "put_first")) == {(CENTER, 1, CENTER), (LAB, 1, LAB)}
        text = seen(world, "desk-choices")
        mine = seen(world, "desk-choices", LAB)
        none = seen(world, "desk-choices", BANK)
    lab = listed(text)["工業試験所"]
    assert lab[:11] == ["1", "1", "0", "0", "0", "0", "0", "0", "1", "0", "―"]
    assert lab[11].startswith("11月")
    assert f'href="{address("desk-cases")}?asked={LAB}"' in text
    assert (set(listed(text)), set(listed(mine)), set(listed(none))) == ({"工業試験所", "センター"}, {"工業試験所"}, set())


@pytest.mark.parametrize("span", ["", "2026", "year", "1066", "x", "'; --"])
def test_every_span_that_may_be_asked_for_answers(world: World, span: str) -> None:
    answer = client(world).get(address("desk-choices"), {"span": span})
    chosen = re.findall(r'href="\?span=([^"]+)" aria-current="true"', said(answer))
    assert (answer.status_code, chosen) == (200, [span if span in {"2026", "year"} else "year"])


def test_the_years_of_the_plan_are_offered_and_the_page_stands_beside_the_cases(world: World) -> None:
    with clock.moved_to(NOW):
        text = seen(world, "desk-choices", DESK)
        assert re.findall(r'href="\?span=([^"]+)"', text) == ["year", "2026", "2025", "2024"]
        assert f'href="{address("desk-choices")}"' in seen(world, "desk-cases")
