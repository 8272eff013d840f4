"""A request lies in the queue of a team of the body until a person of it takes it; on record, and told to the body."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from renkei.accounts.actions.members import Place, change_member
from renkei.accounts.models import Membership
from renkei.accounts.queries import team_of, teams_of
from renkei.audit.models import Event
from renkei.base import clock
from renkei.base.context import acting
from renkei.cases.actions.answers import accept, ask, decline
from renkei.cases.actions.passing import pass_on, pass_to_team
from renkei.cases.models import Case
from renkei.desk.answers.page import OF_TEAM, QUEUE, inbox_of
from renkei.post.links import open_link
from renkei.post.models import Link, Mail
from tests.cases.making import NOON, events, fresh, offered, refuses, steps
from tests.cases.moving import acts, join
from tests.desk.pages import address, client, said, seen
from tests.desk.test_letters import of
from tests.world import DESK, LAB, World

METAL = "金属チーム"


@pytest.fixture(autouse=True)
def _noon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOON)


def put(who: Membership, team: str = METAL) -> Membership:
    Membership.objects.filter(pk=who.pk).update(team=team)
    return who


def test_a_team_is_whoever_bears_its_name_today(world: World) -> None:
    sato, _ito = put(join(LAB, "sato")), put(join(LAB, "ito"))
    put(join(LAB, "gone", until=NOON.date() - dt.timedelta(days=1)))
    put(join(LAB, "kono"), "電子チーム")
    put(join(DESK, "desk"), "窓口の人")
    assert teams_of(LAB) == {METAL: 2, "電子チーム": 1}
    assert (team_of(sato.person_id, LAB), team_of(sato.person_id, DESK), team_of(None, LAB)) == (METAL, "", "")


def test_an_administrator_writes_the_team(world: World) -> None:
    sato = join(LAB, "sato")
    changed = change_member(sato, place=Place("staff", team="  金属\n チーム " + "あ" * 80), by=world.lab)
    assert (changed.team.startswith("金属 チーム あ"), len(changed.team)) == (True, 60)
    assert Event.objects.filter(verb="member.change").count() == 1


@pytest.mark.covers("C32")
def test_a_request_lies_with_the_team_and_whoever_says_yes_has_it(world: World) -> None:
    sato, ito = put(join(LAB, "sato")), join(LAB, "ito")
    support = offered(world)
    pass_on(support, by=world.lab, person=ito.person_id)
    laid = pass_to_team(fresh(support), by=acts(ito), team=METAL)
    assert (laid.team, laid.person_id, fresh(support.case).next_person_id) == (METAL, None, None)
    assert steps(support.case)[-1] == ("passed_on", "", METAL)
    assert events("support.pass_to_team") == 1
    mail = Mail.objects.filter(purpose="offer", state="waiting").get()
    assert (mail.to, f"{METAL}に渡されました。" in mail.text) == ("hibari-lab@hibari.example", True)
    assert [one.support.pk for one in inbox_of(acts(sato), who=OF_TEAM).waiting] == [support.pk]
    assert [one.support.pk for one in inbox_of(acts(ito), who=QUEUE).waiting] == [support.pk]
    assert len(inbox_of(acts(ito), who=OF_TEAM).waiting) == 1  # without a team of one's own nothing is narrowed
    done = accept(fresh(support), by=acts(sato))
    assert (done.person_id, done.team, done.state) == (sato.person_id, METAL, "accepted")
    assert inbox_of(acts(sato), who=OF_TEAM).working == []


def test_laying_it_where_it_lies_changes_nothing_and_back_goes_as_well(world: World) -> None:
    put(join(LAB, "sato"))
    support = offered(world)
    pass_to_team(support, by=world.lab, team="")
    assert events("support.pass_to_team") == 0
    for _turn in range(2):
        pass_to_team(fresh(support), by=world.lab, team=METAL)
    assert events("support.pass_to_team") == 1
    assert pass_to_team(fresh(support), by=world.lab, team="").team == ""
    assert events("support.pass_to_team") == 2


def test_the_link_of_who_had_it_opens_no_more(world: World) -> None:
    put(join(LAB, "sato"))
    ito = join(LAB, "ito")
    support = offered(world)
    pass_on(support, by=world.lab, person=ito.person_id)
    token = Mail.objects.filter(purpose="offer", state="waiting").get().text.split("/answer/")[1].split("/")[0]
    assert open_link(token) is not None
    pass_to_team(fresh(support), by=world.lab, team=METAL)
    assert open_link(token) is None
    assert Link.objects.filter(subject=support.pk, closed_at=None).count() == 1


@pytest.mark.parametrize(("who", "state", "team", "code", "field"), [
    ("desk", "", METAL, "not_allowed", None), ("lab", "", "ない班", "unknown_team", "colleague"),
    ("lab", "decline", METAL, "wrong_state", None), ("lab", "accept", METAL, "wrong_state", None),
])  # fmt: skip
def test_what_is_refused(world: World, who: str, state: str, team: str, code: str, field: str | None) -> None:
    put(join(LAB, "sato"))
    support = offered(world)
    if state == "decline":
        decline(support, by=world.lab, reason="busy")
    if state == "accept":
        accept(support, by=world.lab)
    with refuses(code, field):
        pass_to_team(fresh(support), by=getattr(world, who), team=team)
    assert (fresh(support).team, events("support.pass_to_team")) == ("", 0)


def test_a_question_that_waits_goes_along(world: World) -> None:
    put(join(LAB, "sato"))
    support = offered(world)
    ask(support, by=world.lab, question="何ボルトですか。")
    laid = pass_to_team(fresh(support), by=world.lab, team=METAL)
    assert (laid.is_asking, fresh(support.case).next_body_id) == (True, DESK)


def test_on_screen_it_is_passed_to_a_team_seen_there_and_taken(world: World) -> None:
    sato, ito = put(join(LAB, "sato")), join(LAB, "ito")
    support = offered(world)
    where, listed = address("desk-request", LAB, support=support.pk), address("desk-requests", LAB)
    page = said(client(world, LAB).get(where))
    assert (f'<option value="team:{METAL}">{METAL}（1人、人は決めない）</option>' in page, '<option value="team:">' in page) == (True, True)
    wrong = said(client(world, LAB).post(where, {"answer": "pass", "colleague": "team:ない班"}))
    assert "一覧にないものです。選び直してください。" in wrong
    assert client(world, LAB).post(where, {"answer": "pass", "colleague": f"team:{METAL}"}).status_code == 302
    assert fresh(support).team == METAL
    mine = said(of(acts(sato)).get(f"{listed}?who=team"))
    assert (f">{METAL}</a>" in mine, f"<b>未担当</b> {METAL}" in mine, str(support.pk) in mine) == (True, True, True)
    assert f">{METAL}</a>" not in said(of(acts(ito)).get(listed))
    assert of(acts(sato)).post(where, {"answer": "accept", "person": str(sato.person_id)}).status_code == 302
    assert fresh(support).person_id == sato.person_id


def test_the_people_page_writes_and_shows_it(world: World) -> None:
    sato = join(LAB, "sato")
    where = address("desk-people-member", LAB, member=sato.pk)
    assert 'name="team"' in said(client(world, LAB).get(where))
    client(world, LAB).post(where, {"role": "staff", "title": "", "specialities": "めっき", "team": METAL})
    assert Membership.objects.get(pk=sato.pk).team == METAL
    assert METAL in seen(world, "desk-people", LAB)


def test_under_the_real_login(committed_world: World, login: Any) -> None:
    put(join(LAB, "sato"))
    support = offered(committed_world)
    with login("web"), acting(committed_world.lab):
        pass_to_team(support, by=committed_world.lab, team=METAL)
    assert (fresh(support).team, Case.objects.count()) == (METAL, 1)
