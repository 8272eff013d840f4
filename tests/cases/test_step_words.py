"""What each step of an offer is called between bodies and before the firm; what is internal stays inside."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from renkei.base import clock
from renkei.base.actor import SYSTEM
from renkei.cases.actions.answers import (
    accept,
    answer_question,
    ask,
    correct_answer,
    decline,
    finish_support,
    record_answer,
    start_work,
    withdraw_support,
)
from renkei.cases.actions.consents import give_consent, withdraw_consent
from renkei.cases.actions.offers import recall
from renkei.cases.actions.passing import pass_on
from renkei.cases.actions.talk import company_writes, log_contact, write_to_company
from renkei.cases.models import Support, Verb, log_step
from renkei.cases.queries.timeline import INTERNAL, Item, timeline
from renkei.plan.models import Body
from tests.cases.linking import firm
from tests.cases.making import NOON, arrived, fresh, offered
from tests.world import BANK, LAB, World

SHORT, FULL = "工業試験所（設備・試験）", "ひばり県工業試験所（設備・試験）"
WORDS: dict[Verb, tuple[str, str | None]] = {
    Verb.OFFERED: ("{}にお願いしました", "{}にお願いしました"),
    Verb.RECALLED: ("{}へのお願いを取り消しました", None),
    Verb.ACCEPTED: ("{}が引き受けました", "{}が引き受けました"),
    Verb.DECLINED: ("{}では今回は引き受けられないとのことです", "{}では今回は引き受けられないとのことです"),
    Verb.ASKED: ("{}から質問がありました", None),
    Verb.PASSED_ON: ("{}の中で担当が変わりました", None),
    Verb.REMINDED: ("{}に返事をうながしました", None),
    Verb.SILENT: ("{}の返事が予定より遅れています", "{}の返事が予定より遅れています"),
    Verb.EXPIRED: ("{}から返事がなく、期限が過ぎました", "{}から返事がなく、期限が過ぎました"),
    Verb.CORRECTED: ("{}が返事を直しました", None),
    Verb.STARTED: ("{}が支援を始めました", "{}が支援を始めました"),
    Verb.DONE: ("{}の支援が終わりました", "{}の支援が終わりました"),
    Verb.WITHDRAWN: ("{}へのお願いは取りやめになりました", "{}へのお願いは取りやめになりました"),
}


@pytest.fixture(autouse=True)
def _noon() -> Any:
    with clock.moved_to(NOON):
        yield


@pytest.fixture
def support(world: World) -> Support:
    return offered(world)


def newest(support: Support, actor: Any) -> Item:
    return timeline(fresh(support.case), actor=actor)[0]


def titles(support: Support, actor: Any) -> list[str]:
    return [one.title for one in timeline(fresh(support.case), actor=actor)]


@pytest.mark.parametrize("verb", WORDS)
def test_each_step_has_words_for_bodies_and_for_the_firm(world: World, support: Support, verb: Verb) -> None:
    with clock.moved_to(NOON + dt.timedelta(minutes=1)):
        log_step(support.case, verb, by=SYSTEM, subject=support, about_body=LAB, service=support.service_id)
    between, outside = WORDS[verb]
    assert newest(support, world.desk).title == between.format(SHORT)
    told = [one for one in timeline(support.case, actor=firm(support.case)) if one.kind == verb and one.at != NOON]
    assert [one.title for one in told] == ([] if outside is None else [outside.format(FULL)])
    assert (verb in INTERNAL) is (outside is None)


def test_a_question_and_its_answer_are_two_different_steps(world: World, support: Support) -> None:
    ask(support, by=world.lab, question="大きさは。")
    with clock.moved_to(NOON + dt.timedelta(minutes=1)):
        answer_question(support, by=world.desk, text="30センチ")
    assert newest(support, world.desk).title == f"{SHORT}の質問に答えました"
    assert titles(support, world.desk).count(f"{SHORT}から質問がありました") == 1
    assert not [title for title in titles(support, firm(support.case)) if "質問" in title]


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"reason": "busy"}, "手がいっぱい"),
        ({"reason": "busy", "text": "来春まで"}, "手がいっぱい：来春まで"),
        ({"reason": "other", "text": "人が辞めた"}, "その他：人が辞めた"),
    ],
)
def test_the_reason_of_a_no_is_for_bodies_only(world: World, support: Support, given: dict[str, str], text: str) -> None:
    decline(support, by=world.lab, **given)
    said = {who: next(one.text for one in timeline(support.case, actor=actor) if one.kind == "declined")
            for who, actor in (("desk", world.desk), ("lab", world.lab), ("firm", firm(support.case)))}  # fmt: skip
    assert said == {"desk": text, "lab": text, "firm": ""}


def test_a_bodys_words_reach_neither_the_firm_nor_another_body(world: World, support: Support) -> None:
    accept(support, by=world.lab, text="秘密のひとこと")
    finish_support(support, by=world.lab, text="4kVまで異常なし")
    other = offered(world, case=support.case, body="hibari-center", service="tech-consultation")
    accept(other, by=world.center)
    for actor in (firm(support.case), world.center, world.bank):
        assert "秘密のひとこと" not in [one.text for one in timeline(support.case, actor=actor)]
    assert [one.kind for one in timeline(support.case, actor=world.bank)] == []
    assert {one.kind for one in timeline(support.case, actor=world.center)} == {"consent_given", "offered", "accepted"}


def test_a_word_between_bodies_stands_under_what_it_belongs_to(world: World, support: Support) -> None:
    record_answer(support, by=world.desk, answer="decline", answered_by="江澤", reason="busy", text="電話の言葉")
    correct_answer(support, by=world.lab, answer="accept", text="やはりできます")
    pass_on(support, by=world.lab, person=world.lab.person)
    start_work(support, by=world.lab)
    withdraw_support(support, by=world.lab, reason="装置が壊れた")
    told = {one.kind: one.text for one in timeline(support.case, actor=world.desk)}
    assert (told["accepted"], told["started"], told["passed_on"], told["corrected"]) == ("やはりできます", "", "", "")


def test_consent_says_what_to_whom_and_how(world: World, support: Support) -> None:
    bank = Body.objects.get(pk=BANK)
    heard = give_consent(support.case, body=bank, klass="financial", by=world.desk, how="oral", given_by="齋藤 亘")
    withdraw_consent(heard, by=firm(support.case), how="link")
    lines = {(one.title, one.text) for one in timeline(support.case, actor=world.desk)}
    assert ("ひばり銀に見せることに同意：資金", "口頭で：齋藤 亘様") in lines
    assert ("ひばり銀に見せる同意を取り消しました：資金", "口頭で：齋藤 亘様") in lines
    assert "ひばり銀行に見せる同意を取り消しました：資金" in titles(support, firm(support.case))


def test_an_incident_is_told_openly(world: World, support: Support) -> None:
    recall(support, by=world.desk, reason="別の会社あてだった")
    for actor, name in ((world.desk, "工業試験所"), (firm(support.case), "ひばり県工業試験所")):
        assert f"{name}へのお願いを、届いたあとに取り消しました" in titles(support, actor)
    assert "別の会社あて" not in "".join(one.text for one in timeline(support.case, actor=firm(support.case)))


@pytest.mark.parametrize(
    ("given", "title"),
    [
        ({"channel": "phone"}, "電話"), ({"channel": "visit", "outcome": "talked"}, "来所"),
        ({"channel": "phone", "outcome": "absent"}, "電話、不在"), ({"channel": "fax"}, "FAX"),
    ],
)  # fmt: skip
def test_a_contact_is_named_by_its_channel_and_outcome(
    world: World, support: Support, given: dict[str, str], title: str
) -> None:
    old = log_contact(support.case, by=world.desk, text="話", **given)
    assert title in titles(support, world.desk)
    log_contact(fresh(support.case), by=world.desk, text="直し", corrects=old, **given)
    assert f"{title}（前の記録を直したもの）" in titles(support, world.desk)
    assert not [one for one in timeline(support.case, actor=firm(support.case)) if one.kind == "contact"]


def test_both_sides_of_a_talk_are_told_from_where_one_stands(world: World, support: Support) -> None:
    write_to_company(fresh(support.case), by=world.desk, text="寸法は？", kind="question")
    company_writes(fresh(support.case), by=firm(support.case), text="30センチです")
    assert {"会社へ質問しました", "会社から連絡がありました"} <= set(titles(support, world.desk))
    assert {"会社へ質問しました", ""} <= set(titles(support, firm(support.case)))


@pytest.mark.parametrize(
    ("name", "shown"), [("相川 志保", "相川"), ("相川\u3000志保", "相川"), ("相川", "相川"), ("Ann Lee", "Ann"), ("", "")]
)
def test_people_are_named_by_surname(world: World, name: str, shown: str) -> None:
    case = arrived(world).case
    by = world.desk.__class__(kind=world.desk.kind, person=world.desk.person, body=world.desk.body, name=name)
    log_contact(case, by=by, channel="phone", text="話")
    assert next(one.who for one in timeline(fresh(case), actor=world.desk) if one.kind == "contact") == shown


@pytest.mark.parametrize(("hour", "late"), [(0, False), (23, False), (-1, True)])
def test_late_is_counted_in_days_of_tokyo(world: World, hour: int, late: bool) -> None:
    case = arrived(world).case
    then = clock.at(dt.date(2026, 11, 25), 0) + dt.timedelta(hours=hour)
    with clock.moved_to(clock.at(dt.date(2026, 11, 25), 23, 30)):
        log_contact(case, by=world.desk, channel="phone", text="話", happened_at=then)
        found = next(one for one in timeline(fresh(case), actor=world.desk) if one.kind == "contact")
    assert (found.late, found.happened_on) == (late, then.astimezone(clock.JST).date())
