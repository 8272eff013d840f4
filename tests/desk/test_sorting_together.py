"""Two officers and several bodies on one consultation, under the web login: the second is told and loses nothing."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import connection

from renkei.accounts.models import Membership, Person
from renkei.base.context import acting
from renkei.cases.models import Case, Consent, Need, Support
from tests.desk.pages import address, client, said
from tests.desk.scene import WORDS
from tests.desk.sorting import ADVICE, SUBSIDY, TESTS, line, ticks, url
from tests.world import BANK, CENTER, DESK, LAB, World

pytestmark = pytest.mark.usefixtures("given_proposal")
SUMMARY = {"summary_title": "水質計", "summary": "養殖場の水質計。", "summary_seen": "1"}


def taken(world: World) -> Case:
    """A call the desk took, with summary and technical matters open in general and a summary the firm has read."""
    given = {"do": "save", "text": WORDS, "after": "route", "company_given": "架空製作所", "person_given": "本郷 理恵",
             "share_classes": ["summary", "technical"]}  # fmt: skip
    assert client(world).post(address("desk-call"), given).status_code == 302
    with acting(world.desk):
        case = Case.objects.get()
    assert client(world).post(url(case), {"do": "summary", **SUMMARY}).status_code == 302
    return case


def version(world: World) -> int:
    with acting(world.desk):
        return int(Case.objects.values_list("version", flat=True).get())


def colleague(world: World) -> Any:
    """A second officer of the front desk, signed in."""
    person = Person.objects.create_user("second@people.example", "hibari-secret-1", name="相馬 二郎")
    Membership.objects.create(person=person, body_id=DESK, role="staff", since="2024-04-01")
    one = client(world)
    one.force_login(person)
    return one


def supports(world: World) -> list[tuple[str, str]]:
    with acting(world.desk):
        return sorted(Support.objects.values_list("body", "state"))


def send(one: Any, case: Case, seen: int, *keys: str, **more: Any) -> Any:
    typed: dict[str, Any] = {"do": "send", "version": seen, "pick": list(keys)}
    for key in keys:
        typed |= line(key)
    return one.post(url(case), typed | more)


def test_the_second_officer_is_told_and_sends_again_from_the_same_page(committed_world: World, login: Any) -> None:
    world = committed_world
    first, second = client(world), colleague(world)
    with login("web"):
        case = taken(world)
        seen = version(world)
        assert send(first, case, seen, TESTS).status_code == 302
        answer = send(second, case, seen, SUBSIDY, **line(SUBSIDY, ask="二人目の言葉"), **{"fact-size": "30センチ"})
        assert (answer.status_code, "ほかの人が先に保存しました。" in said(answer)) == (409, True)
        assert ticks(said(answer)) == [SUBSIDY]
        for kept in ("二人目の言葉</textarea>", 'value="30センチ"', f'name="version" value="{version(world)}"'):
            assert kept in said(answer)
        assert supports(world) == [(LAB, "offered")]
        assert send(second, case, version(world), SUBSIDY).status_code == 302
        assert supports(world) == [(CENTER, "offered"), (LAB, "offered")]


def test_two_officers_who_send_at_once_ask_the_body_once(committed_world: World, login: Any) -> None:
    world, start = committed_world, threading.Barrier(2)
    both, answers = [client(world), colleague(world)], []

    def press(one: Any, case: Case, seen: int) -> None:
        start.wait()
        answers.append(send(one, case, seen, TESTS).status_code)
        connection.close()

    with login("web"):
        case = taken(world)
        seen = version(world)
        threads = [threading.Thread(target=press, args=(one, case, seen)) for one in both]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(answers) == [302, 409]
        assert supports(world) == [(LAB, "offered")]
        with acting(world.desk):
            assert Need.objects.count() == 1


def test_no_other_body_sorts_or_reads_while_the_desk_chooses(committed_world: World, login: Any) -> None:
    world = committed_world
    with login("web"):
        case = taken(world)
        draft = {"do": "save", "version": version(world), "pick": [TESTS, SUBSIDY]} | line(TESTS) | line(SUBSIDY)
        assert client(world).post(url(case), draft).status_code == 302
        for body in (LAB, CENTER, BANK):
            one = client(world, body)
            for name in ("desk-triage", "desk-keep", "desk-set-aside", "desk-call-back", "desk-call-done"):
                assert one.get(url(case, body, name)).status_code == 404
                assert one.post(url(case, body, name), {"do": "send"}).status_code in {404, 405}
            for name in ("desk-inbox", "desk-today"):
                assert "架空製作所" not in said(one.get(address(name, body)))
        assert supports(world) == [(CENTER, "proposed"), (LAB, "proposed")]


def test_a_consent_heard_for_one_body_opens_nothing_to_the_others(committed_world: World, login: Any) -> None:
    world = committed_world
    with login("web"):
        case = taken(world)
        given = {"do": "oral", "version": version(world), "consent": [f"{LAB}|financial"], "oral_by": "本郷 理恵"}
        assert client(world).post(url(case), given).status_code == 302
        with acting(world.desk):
            assert list(Consent.objects.values_list("body", "klass", "heard_by")) == [(LAB, "financial", world.desk.person)]
        wide = ["technical", "financial"]
        answer = send(client(world), case, version(world), SUBSIDY, **line(SUBSIDY, classes=wide))
        assert (answer.status_code, supports(world)) == (422, [])
        assert send(client(world), case, version(world), ADVICE, **line(ADVICE, classes=wide)).status_code == 302
        assert supports(world) == [(LAB, "offered")]


def test_a_refused_sending_leaves_nothing_half_written(committed_world: World, login: Any) -> None:
    world = committed_world
    with login("web"):
        case = taken(world)
        before = version(world)
        changed = {"summary_title": "水質計", "summary": "まだ会社が読んでいない。", "fact-size": "30センチ", "new_title": "催し", "new_stage": "1"}
        answer = send(client(world), case, before, TESTS, **changed)
        assert (answer.status_code, supports(world), version(world)) == (422, [], before)
        with acting(world.desk):
            fresh = Case.objects.get()
            assert (fresh.summary, Need.objects.count(), fresh.consultations.get().facts) == ("養殖場の水質計。", 0, {})
        for kept in ("まだ会社が読んでいない。</textarea>", 'value="30センチ"', 'value="催し"'):
            assert kept in said(answer)
