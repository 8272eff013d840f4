"""The pages of shares: who is asked finds it on today, answers, and the list says where each project stands [C38, C40]."""

from __future__ import annotations

import re
from typing import Any

import pytest

from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.context import acting
from renkei.cases.actions.shares import answer_shares, propose_shares
from renkei.cases.models import ProjectShares, RegionalProject, ShareAnswer
from renkei.cases.queries.shares import shares_waiting
from tests.cases.making import NOON, arrived, company
from tests.cases.test_projects import bodies, project
from tests.desk.pages import address, client, fault, said, seen
from tests.world import BANK, CENTER, DESK, LAB, World

pytestmark = pytest.mark.covers("C38", "C40")
PARTS = {LAB: 60, BANK: 40}
ASKED = "地域経済牽引事業を機関でどう分けて数えるかの提案が1件、あなたの機関の返事を待っています。"


@pytest.fixture(autouse=True)
def _noon() -> Any:
    with clock.moved_to(NOON):
        yield


@pytest.fixture
def made(world: World) -> RegionalProject:
    return project(arrived(world, company=company()).case, world, bodies=bodies(LAB, BANK))


def state(world: World, body: str = DESK) -> list[str]:
    """What the list says of each project."""
    return re.findall(r'data-l="いま">(?:<b>)?([^<]+)<', seen(world, "desk-figures-shares", body))


def on_today(world: World) -> list[str]:
    """The bodies whose first page says that a proposal waits for them."""
    return [body for body in (DESK, LAB, CENTER, BANK) if ASKED in seen(world, "desk-today", body)]


def test_who_is_asked_finds_it_on_today_until_it_has_answered(world: World, made: RegionalProject) -> None:
    assert (on_today(world), state(world), state(world, BANK)) == ([], ["まだ提案がありません"], ["まだ提案がありません"])  # the owner's login: no policy binds
    page = address("desk-figures-share", DESK, project=made.pk)
    sent = client(world).post(page + "propose/", {LAB: "60", BANK: "40"})
    assert (sent.status_code, sent.headers["Location"]) == (302, page)
    assert (on_today(world), state(world), state(world, BANK)) == ([LAB, BANK], ["返事を待っています：工業試験所、ひばり銀"], ["あなたの機関の返事を待っています"])
    assert address("desk-figures-shares", BANK) in seen(world, "desk-today", BANK)
    assert "工業試験所 60%、ひばり銀 40%" in seen(world, "desk-figures-shares", BANK)
    text = seen(world, "desk-figures-share", BANK, project=made.pk)
    assert ("この事業1件のうち40%が、あなたの機関の数になります。" in text, "answer/" in text) == (True, True)
    assert re.findall(r'<th scope="row">([^<]+?)( ?<span class="tag">あなたの機関</span>)?</th>', text) == [("工業試験所", ""), ("ひばり銀", ' <span class="tag">あなたの機関</span>')]
    sent = client(world, BANK).post(address("desk-figures-share-answer", BANK, project=made.pk), {"agreed": "yes"})
    assert (sent.status_code, on_today(world), state(world)) == (302, [LAB], ["返事を待っています：工業試験所"])
    answer_shares(ProjectShares.objects.get(), agreed=True, by=world.lab)
    assert (on_today(world), state(world)) == ([], ["同意がそろいました"])


def test_a_no_says_why_and_nobody_waits_until_another_is_proposed(world: World, made: RegionalProject) -> None:
    first = propose_shares(made, PARTS, by=world.desk)
    to = address("desk-figures-share-answer", LAB, project=made.pk)
    for typed, name, words in (({}, "agreed", "どちらかを選んでください。"), ({"agreed": "no"}, "words", "同意しないときは、理由と望む分け方を書いてください。")):
        answer = client(world, LAB).post(to, typed)
        assert (answer.status_code, fault(answer, name)) == (422, words)
    client(world, LAB).post(to, {"agreed": "no", "words": "試験が大きい。<b>70%</b>を望む"})
    assert "試験が大きい。&lt;b&gt;70%&lt;/b&gt;を望む" in seen(world, "desk-figures-share", project=made.pk)
    assert (on_today(world), state(world), ShareAnswer.objects.get().shares_id) == ([], ["同意しない機関があります：工業試験所"], first.pk)
    propose_shares(made, {LAB: 70, BANK: 30}, by=world.desk)
    assert on_today(world) == [LAB, BANK]


def test_what_does_not_make_a_hundred_is_refused_beside_the_form_and_stays_typed(world: World, made: RegionalProject) -> None:
    to = address("desk-figures-share-propose", DESK, project=made.pk)
    answer = client(world).post(to, {LAB: "70", BANK: "40"})
    assert (answer.status_code, "割合の合計を100%にしてください。いまは110%です。" in said(answer)) == (422, True)
    assert re.findall(r'name="hibari-\w+" value="(\d+)"', said(answer)) == ["70", "40"]
    answer = client(world).post(to, {LAB: "七十", BANK: ""})
    assert (fault(answer, LAB), fault(answer, BANK)) == ("整数で入れてください。", "割合を入れてください。")
    assert client(world, LAB).post(address("desk-figures-share-propose", LAB, project=made.pk), {LAB: "50", BANK: "50"}).status_code == 403
    assert not ProjectShares.objects.exists()


def test_what_waits_under_the_real_login_is_the_own_bodys_alone(committed_world: World, login: Any) -> None:
    world = committed_world
    made = project(arrived(world, company=company()).case, world, bodies=bodies(LAB, BANK))
    shares = propose_shares(made, PARTS, by=world.desk)

    def waiting(by: Actor) -> list[ProjectShares]:
        with acting(by):
            return list(shares_waiting(by))

    everybody = (world.desk, world.lab, world.center, world.bank)
    with login("web"):
        assert [waiting(by) for by in everybody] == [[], [shares], [], [shares]]
        with acting(world.bank):
            answer_shares(shares, agreed=False, words="半分を望む", by=world.bank)
        assert [waiting(by) for by in everybody] == [[], [], [], []]
