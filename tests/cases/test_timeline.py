"""One timeline over all stages and bodies, each entry only as far as the reader may see it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from renkei.base import clock
from renkei.cases.actions.answers import accept, decline, finish_support
from renkei.cases.actions.closing import close_case, give_feedback
from renkei.cases.actions.consents import give_consent, withdraw_consent
from renkei.cases.actions.holding import Pack, accept_handover, offer_handover, set_next_step
from renkei.cases.actions.talk import add_file, company_writes, log_contact, write_to_company
from renkei.cases.models import Case, Consent, Verb
from renkei.cases.queries.phrases import _TELLERS
from renkei.cases.queries.timeline import INTERNAL, Item, timeline
from renkei.cases.steps import NextStep
from renkei.plan.models import Body
from tests.cases.linking import firm, web
from tests.cases.making import NOON, arrived, fresh, need_of, offered
from tests.world import LAB, World


@pytest.fixture(autouse=True)
def _noon(tmp_path: Any, settings: Any) -> Any:
    settings.MEDIA_ROOT = tmp_path
    with clock.moved_to(NOON):
        yield


@pytest.fixture
def case(world: World) -> Case:
    return arrived(world).case


def told(case: Case, actor: Any) -> list[tuple[str, str]]:
    """Oldest first: title and text."""
    return [(item.title, item.text) for item in reversed(timeline(fresh(case), actor=actor))]


def item(case: Case, actor: Any, kind: str) -> Item:
    return next(one for one in timeline(fresh(case), actor=actor) if one.kind == kind)


def at(minutes: int) -> Any:
    return clock.moved_to(NOON + dt.timedelta(minutes=minutes))


def full_life(world: World, case: Case) -> None:
    """From the first word to the firm's judgment."""
    with at(1):
        support = offered(world, case=case)
    with at(2):
        accept(support, by=world.lab, text="来週測れます")
    with at(3):
        company_writes(fresh(case), by=firm(case), text="75度までお願いします")
    with at(4):
        finish_support(fresh(support), by=world.lab, text="雷サージ 4kV まで異常なし", done_on=dt.date(2026, 11, 25))
    with at(5):
        close_case(fresh(case), by=world.desk, reason="solved", words="済", needs="settled", answer_to_company="お疲れさまでした")
    with at(6):
        give_feedback(fresh(case), by=firm(case), result="solved", satisfaction=5)


@pytest.mark.covers("C26")
def test_the_desk_reads_one_timeline_over_all_bodies(world: World, case: Case) -> None:
    full_life(world, case)
    assert told(case, world.desk) == [
        ("ご相談を受け付けました", ""),
        ("振り分けました", ""),
        ("課題を足しました", "開発・試験：雷サージの試験"),
        ("工業試験所（設備・試験）にお願いしました", ""),
        ("工業試験所に見せることに同意：要約", ""),
        ("工業試験所（設備・試験）が引き受けました", "来週測れます"),
        ("会社から連絡がありました", "75度までお願いします"),
        ("工業試験所（設備・試験）の支援が終わりました", "雷サージ 4kV まで異常なし"),
        ("課題が片づきました", "開発・試験：雷サージの試験"),
        ("終わりのお知らせをしました", "お疲れさまでした"),
        ("相談を終えました", "解決した"),
        ("結果をうかがいました", "解決した"),
    ]


def test_the_firm_reads_full_names_and_nothing_internal(world: World, case: Case) -> None:
    full_life(world, case)
    lines = told(case, firm(case))
    assert ("ひばり県工業試験所（設備・試験）が引き受けました", "") in lines
    assert ("", "75度までお願いします") in lines
    assert ("終わりのお知らせをしました", "お疲れさまでした") in lines
    assert not {one.kind for one in timeline(fresh(case), actor=firm(case))} & {verb.value for verb in INTERNAL}


def test_a_decline_reaches_the_firm_without_its_raw_words(world: World, case: Case) -> None:
    decline(offered(world, case=case), by=world.lab, reason="busy", text="この会社はちょっと")
    title = "ひばり県工業試験所（設備・試験）では今回は引き受けられないとのことです"
    assert (title, "") in told(case, firm(case))
    assert "手がいっぱい：この会社はちょっと" in [text for _title, text in told(case, world.desk)]


def test_the_firms_words_are_quoted_and_staff_named_by_surname(world: World, case: Case) -> None:
    company_writes(case, by=firm(case), text="お願いします")
    write_to_company(fresh(case), by=world.desk, text="承知しました")
    quoted, answer = item(case, world.desk, "company_wrote"), item(case, world.desk, "staff_wrote")
    assert (quoted.who, quoted.body, quoted.quote, quoted.text) == ("会社", "", True, "お願いします")
    assert (answer.who, answer.body, answer.quote) == ("相川", "hibari-desk", False)


def test_a_late_entry_stands_on_its_day_and_says_so(world: World, case: Case) -> None:
    then = NOON - dt.timedelta(days=2)
    log_contact(case, by=world.desk, channel="visit", text="来所", happened_at=then)
    contact = item(case, world.desk, "contact")
    assert (contact.at, contact.happened_on, contact.recorded_at, contact.late, contact.title) == (
        then, dt.date(2026, 11, 23), NOON, True, "来所")
    assert timeline(case, actor=world.desk)[-1] == contact


def test_a_contact_and_its_step_are_one_entry(world: World, case: Case) -> None:
    before = len(timeline(case, actor=world.desk))
    log_contact(case, by=world.desk, channel="phone", text="一度だけ", outcome="absent")
    after = timeline(fresh(case), actor=world.desk)
    assert len(after) == before + 1
    assert (item(case, world.desk, "contact").title, item(case, world.desk, "contact").text) == ("電話、不在", "一度だけ")


def test_consent_and_handover_in_words(world: World, case: Case) -> None:
    lab = Body.objects.get(pk=LAB)
    give_consent(case, body=lab, klass="summary", by=world.desk, how="oral", given_by="齋藤 亘")
    withdrawn = give_consent(case, body=lab, klass="financial", by=firm(case), how="link")
    withdraw_consent(withdrawn, by=firm(case), how="link")
    accept_handover(offer_handover(fresh(case), to_body=lab, by=world.desk, pack=Pack(state="x"), reason="設備がある"),
                    by=world.lab)
    lines = told(case, world.desk)
    assert ("工業試験所に見せることに同意：要約", "口頭で：齋藤 亘様") in lines
    assert ("工業試験所に見せる同意を取り消しました：資金", "") in lines
    assert ("工業試験所に引継ぎを頼みました", "設備がある") in lines
    assert ("工業試験所が担当になりました", "設備がある") in lines
    assert ("ひばり県工業試験所が担当になりました", "") in told(case, firm(case))


def test_an_asked_body_reads_its_own_part(world: World, case: Case) -> None:
    offered(world, case=case)
    log_contact(fresh(case), by=world.desk, channel="phone", text="秘密の寸法")
    own = told(case, world.lab)
    assert ("工業試験所（設備・試験）にお願いしました", "") in own
    assert "秘密の寸法" not in [text for _title, text in own]
    assert ("ご相談を受け付けました", "") not in own


def test_the_next_step_is_told_to_bodies_only(world: World, case: Case) -> None:
    set_next_step(case, NextStep("電話", dt.date(2026, 11, 27)), by=world.desk)
    assert item(case, world.desk, "next_step").title == "次の一手を決めました"
    assert "next_step" not in {one.kind for one in timeline(case, actor=firm(case))}


def test_every_verb_says_something() -> None:
    untold = {verb for verb in Verb if verb not in _TELLERS and not str(verb.label).endswith(("た", "だ", "ない"))}
    assert untold == set()


def test_the_number_of_queries_does_not_grow(world: World, case: Case) -> None:
    counts = []

    for turn in range(3):
        for _again in range(1 + 4 * turn):
            log_contact(fresh(case), by=world.desk, channel="phone", text="電話")
            add_file(fresh(case), by=world.desk, name=f"{turn}{_again}.txt", data=f"{turn}{_again}".encode())
        need_of(fresh(case), world, title=f"課題{turn}")
        with CaptureQueriesContext(connection) as seen:
            timeline(fresh(case), actor=world.desk)
        counts.append(len(seen))
    assert counts[0] == counts[1] == counts[2] <= 25


def test_under_the_web_login_policies_and_query_agree(committed_world: World, login: Any) -> None:
    world = committed_world
    case = arrived(world).case
    decline(offered(world, case=case), by=world.lab, reason="busy", text="今月は無理")
    by = firm(case)
    expected = {actor.body or "firm": told(case, actor) for actor in (world.desk, world.lab, by)}
    for actor in (world.desk, world.lab, by):
        with web(login, actor):
            assert told(case, actor) == expected[actor.body or "firm"]
    consent = Consent.objects.get(body_id=LAB)
    with web(login, by):
        withdraw_consent(consent, by=by, how="link")
    with web(login, world.lab):
        assert timeline(case, actor=world.lab) == []
