"""Every verb in words: what the desk reads of it, what the firm reads, and the same in English."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from django.db import models
from django.utils.translation import override

from renkei.base import clock
from renkei.base.actor import SYSTEM, Actor
from renkei.cases.actions.talk import add_file, log_contact
from renkei.cases.models import Case, Contact, Need, Verb, log_step
from renkei.cases.queries.timeline import INTERNAL, timeline
from tests.cases.linking import firm
from tests.cases.making import NOON, arrived, fresh, need_of
from tests.world import DESK, LAB, World

B = "{}"  # the body: short between bodies, in full before the firm
# Without the row it is about a step of these is not told at all: what may not be read is not hinted at.
ROWLESS = {Verb.NEED_ADDED, Verb.NEED_CHANGED, Verb.STAGE_MOVED, Verb.NEED_SETTLED, Verb.CONTACT, Verb.COMPANY_WROTE, Verb.STAFF_WROTE,
           Verb.FILE_ADDED, Verb.LETTER, Verb.LETTER_DECIDED, Verb.FOLLOW_UP, Verb.INTEREST, Verb.NDA, Verb.ROUTE,
           Verb.CLIMBED, Verb.RUNG_ENDED, Verb.ASKED_OUTSIDE}  # fmt: skip
WORDS: dict[Verb, tuple[str, str]] = {
    Verb.RECEIVED: ("ご相談を受け付けました", "Consultation received"), Verb.TRIAGED: ("振り分けました", "Triaged"),
    Verb.REFERRED: (f"{B}に回しました", f"Passed to {B}"), Verb.COMPANY_BOUND: ("会社を確かめた", "company linked"),
    Verb.NEXT_STEP: ("次の一手を決めました", "Next step set"), Verb.OFFERED: (f"{B}にお願いしました", f"Asked {B}"),
    Verb.RECALLED: (f"{B}へのお願いを取り消しました", f"Request to {B} taken back"), Verb.ACCEPTED: (f"{B}が引き受けました", f"{B} accepted"),
    Verb.DECLINED: (f"{B}では今回は引き受けられないとのことです", f"{B} cannot take it this time"),
    Verb.ASKED: (f"{B}から質問がありました", f"{B} asked a question"), Verb.PASSED_ON: (f"{B}の中で担当が変わりました", f"Passed on inside {B}"),
    Verb.REMINDED: (f"{B}に返事をうながしました", f"{B} reminded"), Verb.SILENT: (f"{B}の返事が予定より遅れています", f"{B} is late with its answer"),
    Verb.EXPIRED: (f"{B}から返事がなく、期限が過ぎました", f"No answer from {B} by the due date"),
    Verb.CORRECTED: (f"{B}が返事を直しました", f"{B} corrected its answer"), Verb.STARTED: (f"{B}が支援を始めました", f"{B} began its support"),
    Verb.DONE: (f"{B}の支援が終わりました", f"Support by {B} ended"),
    Verb.WITHDRAWN: (f"{B}へのお願いは取りやめになりました", f"Request to {B} called off"),
    Verb.HANDOVER_OFFERED: (f"{B}に引継ぎを頼みました", f"Asked {B} to take over"),
    Verb.HANDOVER_ACCEPTED: (f"{B}が担当になりました", f"{B} is now the holder"),
    Verb.HANDOVER_DECLINED: (f"{B}は引継ぎを受けられないとのことです", f"{B} cannot take over"),
    Verb.HOLDER_BACK: (f"主担当が{B}に戻りました", f"Back with {B} as holder"),
    Verb.CONSENT_GIVEN: (f"{B}に見せることに同意：なし", f"Consent to show {B}: None"),
    Verb.CONSENT_CONFIRMED: (f"{B}に見せる同意を会社が確かめました：なし", f"Consent to show {B} confirmed by the company: None"),
    Verb.CONSENT_WITHDRAWN: (f"{B}に見せる同意を取り消しました：なし", f"Consent to show {B} withdrawn: None"),
    Verb.SUMMARY_CHANGED: ("要約を直した", "summary corrected"), Verb.SUMMARY_SEEN: ("要約を確かめた", "summary confirmed"),
    Verb.MERGED: ("案件をまとめました", "Cases merged"), Verb.UNMERGED: ("まとめた案件を分け直しました", "Merged cases split again"),
    Verb.SPLIT: ("案件を分けました", "Case split"), Verb.CLOSE_ASKED: ("終了の確認を頼んだ", "closing to be confirmed"),
    Verb.CLOSED: ("相談を終えました", "Case closed"), Verb.REOPENED: ("相談を再開しました", "Case reopened"),
    Verb.FEEDBACK: ("結果をうかがいました", "Asked for the outcome"),
    Verb.INCIDENT: (f"{B}へのお願いを、届いたあとに取り消しました", f"Request to {B} taken back after it had arrived"),
    Verb.PLAN_MOVED: ("次の計画に引き継いだ", "taken over by the next plan"), Verb.PROJECT: ("牽引事業を記録した", "regional project recorded"), Verb.IMPORTED: ("台帳から取り込んだ", "imported from a register"),
    Verb.IMPORT_UNDONE: ("取込みを取り消した", "import undone"), Verb.IDLE: ("動きがない", "standing still"),
    Verb.PACK_OFFERED: (f"{B}の中で担当の引継ぎを頼みました", f"Asked to pass on inside {B}"),
    Verb.PACK_ACCEPTED: (f"{B}の担当者が替わりました", f"New person in charge at {B}"),
    Verb.PACK_DECLINED: ("担当の引継ぎが断られました", "Passing on declined"),
    Verb.SUBSTITUTED: (f"{B}の担当者が不在のため、代わりの人に回しました", f"Passed to the substitute at {B} during an absence"),
    Verb.CIRCULATED: ("会社の名を伏せて、2機関に尋ねました", "Asked 2 bodies without the company's name"),
    Verb.OPENED_OUT: (f"{B}を通して人に開きました", f"Opened to a person through {B}"),
    Verb.SHUT_OUT: (f"{B}を通して開いたものを閉じました", f"Closed to a person through {B}"),
}
SHORT, FULL = "工業試験所", "ひばり県工業試験所"
# Verb, before, after, reason; what the desk reads (title, text) and what the firm reads: None when it is told nothing.
Told = tuple[str, str] | None
VARIANTS: list[tuple[Verb, str, str, str, Told, Told]] = [
    (Verb.ASKED, "", "answered", "", (f"{SHORT}の質問に答えました", ""), None),
    (Verb.PACK_OFFERED, "", "", "recalled", ("担当の引継ぎの頼みを取り消しました", ""), None),
    (Verb.CONSENT_GIVEN, "", "summary,financial", "", (f"{SHORT}に見せることに同意：要約・資金", ""), (f"{FULL}に見せることに同意：要約・資金", "")),
    (Verb.CONSENT_GIVEN, "", "financial,summary,odd", "", (f"{SHORT}に見せることに同意：要約・資金", ""), (f"{FULL}に見せることに同意：要約・資金", "")),
    (Verb.CONSENT_WITHDRAWN, "summary,technical", "summary", "", (f"{SHORT}に見せる同意を取り消しました：技術", ""),
     (f"{FULL}に見せる同意を取り消しました：技術", "")),
    (Verb.CONSENT_WITHDRAWN, "technical", "", "ran_out", (f"{SHORT}に見せる同意の期限が過ぎました：技術", ""),
     (f"{FULL}に見せる同意の期限が過ぎました：技術", "")),
    (Verb.MERGED, "県 8-0002", "", "", ("案件をまとめました", "県 8-0002"), ("案件をまとめました", "県 8-0002")),
    (Verb.MERGED, "県 8-0002", "", "kept", ("案件をまとめました", ""), ("案件をまとめました", "")),
    (Verb.CLOSED, "active", "closed", "other_way", ("相談を終えました", "会社がほかの方法を見つけた"), ("相談を終えました", "会社がほかの方法を見つけた")),
    (Verb.CLOSED, "active", "closed", "gone-from-plan", ("相談を終えました", "gone-from-plan"), ("相談を終えました", "gone-from-plan")),
    (Verb.FEEDBACK, "", "partly", "", ("結果をうかがいました", "一部できた"), ("結果をうかがいました", "一部できた")),
    (Verb.CIRCULATED, "", "ended", "", ("名を伏せて尋ねるのをやめました", ""), ("名を伏せて尋ねるのをやめました", "")),
    (Verb.ROUTE, "", "made", "", ("支援ルートを作りました", ""), None), (Verb.ROUTE, "", "replanned", "", ("支援ルートを組み直しました", ""), None),
    (Verb.CLIMBED, "1", "2", "", ("地域の機関だけでは難しいため、会議で相談することになりました", ""),
     ("地域の機関だけでは難しいため、会議で相談することになりました", "")),
    (Verb.CLIMBED, "2", "3", "", ("地域の外の機関に、支援を求めることになりました", ""), ("地域の外の機関に、支援を求めることになりました", "")),
    (Verb.RUNG_ENDED, "2", "helped", "", ("会議で、支援できる所が見つかりました", ""), ("会議で、支援できる所が見つかりました", "")),
    (Verb.RUNG_ENDED, "2", "higher", "", None, None),
    (Verb.ASKED_OUTSIDE, "", "asked", "", ("地域の外の機関に頼みました", ""), ("地域の外の機関に頼みました", "")),
    (Verb.ASKED_OUTSIDE, "", "odd", "", None, None),
    (Verb.RUNG_ENDED, "3", "dropped", "", ("地域の外への依頼は終わりました", ""), ("地域の外への依頼は終わりました", "")),
    (Verb.ROUTE, "", "sent", "", ("支援ルートを会社に送りました", ""), ("支援ルートを会社に送りました", "")),
    (Verb.ROUTE, "", "agreed", "", ("会社が、支援ルートで進めてよいと答えました", ""), ("会社が、支援ルートで進めてよいと答えました", "")),
    (Verb.NDA, "", "signed", "", (f"{SHORT}との秘密保持の約束を記録しました", ""), (f"{FULL}との秘密保持の約束を記録しました", "")),
    (Verb.NDA, "", "ended", "", (f"{SHORT}との秘密保持の約束が終わりました", ""), (f"{FULL}との秘密保持の約束が終わりました", "")),
    (Verb.NDA, "", "kept", "", ("秘密保持の約束のあとでだけ見せるものにしました", ""), ("秘密保持の約束のあとでだけ見せるものにしました", "")),
    (Verb.NDA, "", "free", "", ("秘密保持の約束がなくても見せるものに戻しました", ""), ("秘密保持の約束がなくても見せるものに戻しました", "")),
    (Verb.NDA, "", "odd", "", None, None),
    (Verb.INTEREST, "", "candidate", "", (f"{SHORT}を候補に足しました", ""), None),
    (Verb.INTEREST, "", "interested", "", (f"{SHORT}から関心があるとの返事がありました", ""), (f"{FULL}から関心があるとの返事がありました", "")),
    (Verb.INTEREST, "", "no", "busy", (f"{SHORT}から関心がないとの返事がありました", "手がいっぱい"), None),
    (Verb.INTEREST, "", "question", "", (f"{SHORT}から、名を伏せた尋ねへの質問がありました", ""), None),
    (Verb.INTEREST, "", "knows", "", (f"{SHORT}から心当たりが届きました", ""), None),
    (Verb.INTEREST, "", "nobody", "", (f"{SHORT}から心当たりがないとの返事がありました", ""), None),
    (Verb.INTEREST, "", "replied", "", (f"{SHORT}の質問に、名を伏せたまま答えました", ""), None),
    (Verb.INTEREST, "", "meeting", "", (f"{SHORT}と会う日を決めました", ""), (f"{FULL}と会う日を決めました", "")),
    (Verb.INTEREST, "", "met", "", (f"{SHORT}と会いました", ""), (f"{FULL}と会いました", "")),
    (Verb.INTEREST, "", "studying", "", (f"{SHORT}と検討を始めました", ""), (f"{FULL}と検討を始めました", "")),
    (Verb.INTEREST, "", "contract", "", (f"{SHORT}と契約しました", ""), (f"{FULL}と契約しました", "")),
    (Verb.INTEREST, "", "none", "", (f"{SHORT}とは契約に至りませんでした", ""), (f"{FULL}とは契約に至りませんでした", "")),
    (Verb.INTEREST, "", "odd", "", None, None),
    *[(Verb.FOLLOW_UP, "", after, "12", (words, ""), None if after in {"asked_phone", "silent"} else (words, "")) for after, words in {
        "asked_mail": "終わって12か月の様子を、会社にメールでたずねました", "asked_account": "終わって12か月の様子を、会社のアカウントにたずねました",
        "asked_phone": "終わって12か月の様子を、電話で聞く時期になりました", "reminded": "終わって12か月の様子を、もう一度たずねました",
        "answered": "会社から、終わって12か月の様子の返事がありました", "telephone": "会社に、終わって12か月の様子を聞きました",
        "corrected": "終わって12か月の様子の返事が直されました", "unwanted": "会社が、その後はもう聞かないでほしいと言いました",
        "silent": "終わって12か月の様子は、返事がありませんでした"}.items()],
]  # fmt: skip


@pytest.fixture
def case(world: World, settings: Any, tmp_path: Any) -> Any:
    settings.MEDIA_ROOT = tmp_path
    with clock.moved_to(NOON):
        yield arrived(world).case


def told(case: Case, actor: Actor, since: dt.datetime) -> dict[str, tuple[str, str]]:
    """What was written down since: the words of each verb."""
    return {one.kind: (one.title, one.text) for one in timeline(fresh(case), actor=actor) if one.recorded_at >= since}


def step(case: Case, verb: Verb, minute: int = 1, *, before: str = "", after: str = "", reason: str = "", subject: models.Model | None = None) -> None:
    with clock.moved_to(NOON + dt.timedelta(minutes=minute)):
        log_step(case, verb, by=SYSTEM, subject=subject, before=before, after=after, reason=reason, about_body=LAB)


def test_every_verb_is_in_exactly_one_of_the_tables() -> None:
    assert set(WORDS) | ROWLESS == set(Verb)
    assert not set(WORDS) & ROWLESS
    assert len({words for words, _english in WORDS.values()}) == len({english for _words, english in WORDS.values()}) == len(WORDS)


def test_what_the_desk_and_the_firm_read_of_every_verb(world: World, case: Case) -> None:
    since = NOON + dt.timedelta(minutes=1)
    for verb in Verb:
        step(case, verb, after="2" if verb == Verb.CIRCULATED else "")
    desk, outside = told(case, world.desk, since), told(case, firm(case), since)
    assert {kind: title for kind, (title, _text) in desk.items()} == {verb.value: words.format(SHORT) for verb, (words, _english) in WORDS.items()}
    assert {kind: title for kind, (title, _text) in outside.items()} == {
        verb.value: words.format(FULL) for verb, (words, _english) in WORDS.items() if verb not in INTERNAL}
    assert {text for _title, text in [*desk.values(), *outside.values()]} == {""}
    with override("en"):
        english = told(case, world.desk, since)
    assert {kind: title for kind, (title, _text) in english.items()} == {verb.value: words.format(SHORT) for verb, (_words, words) in WORDS.items()}


def test_what_a_step_came_to_changes_its_words(world: World, case: Case) -> None:
    reader = firm(case)
    for place, (verb, before, after, reason, _desk, _firm) in enumerate(VARIANTS, 1):
        step(case, verb, place, before=before, after=after, reason=reason)
    at = [NOON + dt.timedelta(minutes=place) for place in range(1, len(VARIANTS) + 1)]
    for actor, expected in ((world.desk, [one[4] for one in VARIANTS]), (reader, [one[5] for one in VARIANTS])):
        said = {one.recorded_at: (one.title, one.text) for one in timeline(fresh(case), actor=actor)}
        assert [said.get(moment) for moment in at] == expected
    with override("en"):
        english = [one.title for one in timeline(fresh(case), actor=world.desk) if one.recorded_at in at]
    assert len(english) == sum(one[4] is not None for one in VARIANTS)
    assert [title for title in english if re.search("[ぁ-んァ-ヶ]", title)] == []


def test_a_body_that_is_gone_is_named_by_its_code(world: World, case: Case) -> None:
    with clock.moved_to(NOON + dt.timedelta(minutes=1)):
        log_step(case, Verb.REFERRED, by=SYSTEM, about_body="closed-long-ago")
    assert told(case, world.desk, NOON + dt.timedelta(minutes=1)) == {"referred": ("closed-long-agoに回しました", "")}


def test_a_note_between_bodies_stands_under_its_step_and_is_not_the_firms(world: World, case: Case) -> None:
    note = Contact.objects.create(case=case, channel="note", text="社長が急いでいる", author_body_id=DESK, author=world.people[DESK],
                                  happened_at=NOON, recorded_at=NOON)  # fmt: skip
    since, verbs = NOON + dt.timedelta(minutes=1), (Verb.REFERRED, Verb.HOLDER_BACK, Verb.REOPENED, Verb.NEXT_STEP)
    for verb in verbs:
        step(case, verb, subject=note)
    assert {kind: text for kind, (_title, text) in told(case, world.desk, since).items()} == dict.fromkeys([verb.value for verb in verbs], "社長が急いでいる")
    assert {text for _title, text in told(case, firm(case), since).values()} == {""}
    assert told(case, world.bank, since) == {}


def test_needs_files_and_contacts_carry_what_they_are_called(world: World, case: Case) -> None:
    need = need_of(case, world, title="雷サージの試験")
    kept = add_file(case, by=world.desk, name="図面.txt", data=b"1")
    since = NOON + dt.timedelta(minutes=1)
    for verb in (Verb.NEED_ADDED, Verb.NEED_CHANGED, Verb.STAGE_MOVED, Verb.NEED_SETTLED):
        step(case, verb, subject=need)
    step(case, Verb.FILE_ADDED, subject=kept)
    step(case, Verb.NDA, subject=kept, after="kept")
    assert told(case, world.desk, since) == {
        "need_added": ("課題を足しました", "開発・試験：雷サージの試験"), "need_changed": ("課題を直しました", "開発・試験：雷サージの試験"),
        "stage_moved": ("段階が変わりました", "開発・試験：雷サージの試験"), "need_settled": ("課題が片づきました", "開発・試験：雷サージの試験"),
        "file_added": ("書類を足しました", "図面.txt"), "nda": ("秘密保持の約束のあとでだけ見せるものにしました", "図面.txt")}  # fmt: skip
    Need.objects.filter(pk=need.pk).update(title="振動の試験")
    assert told(case, world.desk, since)["need_settled"] == ("課題が片づきました", "開発・試験：振動の試験")


@pytest.mark.parametrize(
    ("channel", "outcome", "title"),
    [("phone", "talked", "電話"), ("phone", "absent", "電話、不在"), ("visit", "", "来所"), ("note", "", "メモ"), ("note", "absent", "メモ"),
     ("pigeon", "lost", "pigeon、lost")],
)  # fmt: skip
def test_a_contact_is_called_by_its_way_and_outcome(world: World, case: Case, channel: str, outcome: str, title: str) -> None:
    first = log_contact(case, by=world.desk, channel="phone", text="前の記録")
    Contact.objects.create(case=case, channel=channel, outcome=outcome, text="話した", author_body_id=DESK, author=world.people[DESK],
                           happened_at=NOON, recorded_at=NOON)  # fmt: skip
    mended = Contact.objects.create(case=case, channel=channel, outcome=outcome, text="直した", author_body_id=DESK, author=world.people[DESK],
                                    happened_at=NOON, recorded_at=NOON, corrects=first)  # fmt: skip
    new = Contact.objects.get(text="話した")
    step(case, Verb.CONTACT, subject=new)
    step(case, Verb.CONTACT, 2, subject=mended)
    said = [(one.title, one.text) for one in timeline(fresh(case), actor=world.desk) if one.subject in {new.pk, mended.pk}]
    assert sorted(said) == sorted([(title, "話した"), (f"{title}（前の記録を直したもの）", "直した")])
