"""The case page: what it shows to whom, and the deeds on needs, supports and the summary."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from renkei.audit.models import Event
from renkei.base import clock
from renkei.cases.actions.answers import ask
from renkei.cases.actions.offers import recall
from renkei.cases.actions.talk import log_contact
from renkei.cases.models import Case, Consent, ConsentRequest, Contact, Need, Support, Transition
from tests.desk.scene import SUMMARY, WORDS, Scene, asked, plain, running
from tests.world import BANK, CENTER, DESK, LAB, World


def url(scene: Scene, body: str, deed: str = "", subject: Any = None) -> str:
    kwargs = {"body": body, "case": scene.case.pk} | ({"subject": subject.pk} if subject else {})
    return reverse(f"desk-case-{deed}" if deed else "desk-case", kwargs=kwargs)


def text_of(scene: Scene, body: str, more: str = "") -> str:
    answer = scene.client(body).get(url(scene, body) + more)
    assert answer.status_code == 200
    return str(answer.content.decode())


def post(scene: Scene, body: str, deed: str, given: dict[str, Any], subject: Any = None) -> Any:
    return scene.client(body).post(url(scene, body, deed, subject), given)


def wrote(scene: Scene, text: str, *, days: int, body: str = LAB, outcome: str = "") -> Contact:
    moment = clock.now() - dt.timedelta(days=days)
    by = scene.world.actor(body)
    return log_contact(scene.case, by=by, channel="phone", text=text, outcome=outcome, happened_at=moment)


def earlier(world: World) -> Scene:
    """The same case, arrived four weeks ago."""
    with clock.moved_to(clock.now() - dt.timedelta(days=28)):
        return running(world)


@pytest.mark.covers("C32")
def test_holder_next_step_and_date_stand_on_top(world: World) -> None:
    scene = running(world)
    text = text_of(scene, DESK)
    case = scene.case
    strip = text[text.index('<dl class="hold">') : text.index("</dl>")]
    assert "工業試験所" in strip
    assert case.next_step in strip
    assert "小出 渉" in strip
    assert f"{case.next_on:%-m}月{case.next_on:%-d}日" in strip
    assert '<p class="mini" aria-hidden="true">' in text


def test_supports_have_sign_and_word_at_their_stage(world: World) -> None:
    text = text_of(running(world), DESK)
    assert '<span class="state run">引受け</span>' in text
    assert '<span class="state no">辞退</span>' in text
    assert text.index("開発・試験</span>") < text.index("落下・振動・高温でも狂わないか</h3>") < text.index("販路</span>")
    assert "水質計の販路は担当外です。" in text
    assert text.count("課題はありません") == 2


def test_who_may_see_what(world: World) -> None:
    scene = running(world)
    Consent.objects.filter(case=scene.case, body_id=LAB, klass="technical").update(
        withdrawn_at=clock.now(), withdrawn_how="oral"
    )
    text = text_of(scene, DESK)
    table = text[text.index('<table class="consent">') : text.index("</table>")]
    rows = [row for row in table.split("<tr>") if 'scope="row"' in row]
    assert ["工業試験所" in rows[0], "センター" in rows[1]] == [True, True]
    assert [rows[0].count(word) for word in ("見せる", "取消し", "なし")] == [1, 1, 1]
    assert [rows[1].count(word) for word in ("見せる", "取消し", "なし")] == [1, 0, 2]


def test_a_body_asked_without_any_consent_is_named(world: World) -> None:
    scene = running(world)
    Consent.objects.filter(case=scene.case, body_id=CENTER).delete()
    assert "同意なし" in text_of(scene, DESK)


def test_each_body_sees_its_own_part(world: World) -> None:
    scene = asked(world)
    lab = text_of(scene, LAB)
    assert SUMMARY in lab
    assert WORDS not in lab
    assert "見本市" not in lab  # the other body's need
    assert "次の一手を変える" not in lab
    assert WORDS in text_of(scene, DESK)
    bank = scene.client(BANK)
    foreign, missing = bank.get(url(scene, BANK)), bank.get(reverse("desk-case", kwargs={"body": BANK, "case": uuid.uuid4()}))
    assert (foreign.status_code, missing.status_code, plain(foreign) == plain(missing)) == (404, 404, True)


def test_get_writes_the_reading_and_nothing_else(world: World) -> None:
    scene = running(world)
    before = (Case.objects.values().get(pk=scene.case.pk), Transition.objects.count(), Event.objects.count())
    text_of(scene, DESK)
    after = (Case.objects.values().get(pk=scene.case.pk), Transition.objects.count(), Event.objects.count())
    assert after == (*before[:2], before[2] + 1)
    assert Event.objects.latest("id").verb == "read"


def test_older_items_stand_behind_a_link_and_one_body_can_be_picked(world: World) -> None:
    scene = earlier(world)
    for n in range(13):
        wrote(scene, f"試験の話 {n}番", days=n, body=LAB if n % 2 else DESK)
    short = text_of(scene, DESK)
    assert "試験の話 0番" in short
    assert "試験の話 12番" not in short.split('class="tl"')[1]
    assert "件を見る" in short
    everything = text_of(scene, DESK, "?all=1")
    assert all(f"試験の話 {n}番" in everything for n in range(13))
    lab = text_of(scene, DESK, f"?all=1&by={LAB}")
    assert [f"試験の話 {n}番" in lab for n in range(4)] == [False, True, False, True]
    assert text_of(scene, DESK, "?by=nowhere&all=1").count("試験の話") == 0


def test_a_late_recall_shows_who_had_read_what(world: World) -> None:
    scene = asked(world)
    scene.client(LAB).get(reverse("desk-request", kwargs={"body": LAB, "support": scene.supports[0].pk}))
    recall(scene.supports[0], by=world.desk, reason="相手を間違えました")
    recall(scene.supports[1], by=world.desk, reason="こちらも間違いでした")
    text = text_of(scene, DESK)
    assert text.count("開示の事故：") == 2
    assert "内容を開いた人：小出 渉（" in text
    assert "内容を開いた人はいません。" in text


def test_what_the_firm_is_asked_to_open_is_named(world: World) -> None:
    scene = running(world)
    ConsentRequest.objects.create(
        case=scene.case, body_id=CENTER, classes=["technical", "financial"], asked_by_body_id=LAB, asked_at=clock.now()
    )
    assert "センターに「技術、資金」を見せることを、会社にお願いしています" in text_of(scene, LAB)


def test_calls_in_vain_are_counted(world: World) -> None:
    scene = earlier(world)
    assert "不在" not in text_of(scene, DESK).split("</header>")[1].split("<dl")[0]
    wrote(scene, "留守番電話", days=1, outcome="absent")
    wrote(scene, "また留守", days=2, outcome="absent")
    assert "不在 2回" in text_of(scene, DESK)


def test_a_late_record_says_when_it_was_written(world: World) -> None:
    scene = earlier(world)
    wrote(scene, "二日前の電話", days=2)
    assert "に記録）" in text_of(scene, DESK, "?all=1")


# needs, supports, summary ---------------------------------------------------------------------------------------------


def test_needs_are_added_changed_settled(world: World) -> None:
    scene = running(world)
    assert post(scene, LAB, "need-add", {"title": "仕入れの資金", "stage": "2"}).status_code == 302
    need = Need.objects.get(title="仕入れの資金")
    assert (need.case_id, need.stage_id) == (scene.case.pk, "2")
    assert post(scene, LAB, "need", {"title": "発売前の資金", "stage": "1"}, need).status_code == 302
    need.refresh_from_db()
    assert (need.title, need.stage_id) == ("発売前の資金", "1")
    assert post(scene, LAB, "need-settle", {"state": "settled"}, need).status_code == 302
    assert "解決" in text_of(scene, LAB)
    assert post(scene, LAB, "need-settle", {"state": "open"}, need).status_code == 302
    need.refresh_from_db()
    assert need.state == "open"


def test_a_support_is_begun_and_finished(world: World) -> None:
    scene = running(world)
    support = scene.supports[0]
    assert post(scene, LAB, "support-start", {}, support).status_code == 302
    given = {"text": "6面のうち2か所で電池ぶたが外れた。", "done_on": "今日", "helped": "yes"}
    assert post(scene, LAB, "support-finish", given, support).status_code == 302
    support.refresh_from_db()
    assert (support.state, support.done_on, support.helped) == ("done", clock.today(), True)
    assert "6面のうち2か所" in text_of(scene, DESK)
    again = scene.client(LAB).get(url(scene, LAB, "support-finish", support))
    assert again.status_code == 403


def test_support_is_withdrawn_with_a_reason(world: World) -> None:
    scene = running(world)
    empty = post(scene, LAB, "support-withdraw", {"reason": " "}, scene.supports[0])
    assert (empty.status_code, "ここを書いてください。" in empty.content.decode()) == (200, True)
    assert post(scene, LAB, "support-withdraw", {"reason": "会社の都合"}, scene.supports[0]).status_code == 302
    assert Support.objects.get(pk=scene.supports[0].pk).state == "withdrawn"


def test_an_offer_is_recalled_within_and_after_the_window(world: World) -> None:
    early = asked(world, left=False)
    assert "取り消せます" in text_of(early, DESK)
    assert post(early, DESK, "support-recall", {}, early.supports[0]).status_code == 302
    late = asked(world)
    without = post(late, DESK, "support-recall", {}, late.supports[0])
    assert (without.status_code, "取り消す理由を書いてください。" in without.content.decode()) == (200, True)
    assert post(late, DESK, "support-recall", {"reason": "相手違い"}, late.supports[0]).status_code == 302
    assert set(Support.objects.filter(state="recalled")) == {early.supports[0], late.supports[0]}


def test_a_telephone_answer_is_recorded_for_a_body(world: World) -> None:
    scene = asked(world)
    support = scene.supports[1]
    wrong = post(scene, DESK, "answer-record", {"answer": "decline", "answered_by": "露崎"}, support)
    assert "理由を1つ選んでください。" in wrong.content.decode()
    assert 'value="露崎"' in wrong.content.decode()
    given = {"answer": "decline", "answered_by": "露崎", "reason": "busy", "text": "手がいっぱい", "happened_on": "今日"}
    assert post(scene, DESK, "answer-record", given, support).status_code == 302
    support.refresh_from_db()
    assert (support.state, support.answered_by, support.answered_how) == ("declined", "露崎", "phone")
    assert scene.client(CENTER).get(url(scene, CENTER, "answer-record", scene.supports[1])).status_code == 403


def test_a_bodys_question_is_answered(world: World) -> None:
    scene = asked(world)
    ask(scene.supports[0], by=world.lab, question="電源は何ボルトですか。")
    assert "質問に答える" in text_of(scene, DESK)
    assert "電源は何ボルト" in scene.client(DESK).get(url(scene, DESK, "question-answer", scene.supports[0])).content.decode()
    assert post(scene, DESK, "question-answer", {"text": "5ボルトです。"}, scene.supports[0]).status_code == 302
    assert Support.objects.get(pk=scene.supports[0].pk).question_answered_at is not None


def test_summary_is_changed_and_read_to_the_firm(world: World) -> None:
    scene = running(world)
    assert post(scene, LAB, "summary", {"title": "水質計", "summary": "小さな水質計。", "seen": "on"}).status_code == 302
    case = scene.case
    assert (case.title, case.summary, case.summary_seen_at is not None) == ("水質計", "小さな水質計。", True)


@pytest.mark.parametrize(
    ("deed", "given", "sentence"),
    [
        ("need-add", {"title": "", "stage": "2"}, "ここを書いてください。"),
        ("need-add", {"title": "あ" * 101, "stage": "2"}, "100字までです（いま101字）"),
        ("need-add", {"title": "資金", "stage": "9"}, "一覧にないものです。選び直してください。"),
        ("summary", {"title": "", "summary": "要約"}, "ここを書いてください。"),
        ("summary", {"title": "件名", "summary": "あ" * 601}, "600字までです（いま601字）"),
    ],
)
def test_wrong_input_gets_a_sentence_and_stays(world: World, deed: str, given: dict[str, str], sentence: str) -> None:
    scene = running(world)
    before = (Need.objects.count(), scene.case.summary)
    answer = post(scene, LAB, deed, given)
    text = answer.content.decode()
    assert (answer.status_code, sentence in text) == (200, True)
    assert all(value in text for value in given.values() if value != "9")
    assert (Need.objects.count(), scene.case.summary) == before


# who may do what ------------------------------------------------------------------------------------------------------

RUN = ["need-add", "summary", "next-step", "message", "handover", "consent", "close", "merge", "split", "project"]


@pytest.mark.parametrize("deed", RUN)
def test_deeds_of_the_holder_are_refused_to_who_only_sees_the_case(world: World, deed: str) -> None:
    scene = asked(world)
    lab = scene.client(LAB)
    before = Transition.objects.count()
    assert (lab.get(url(scene, LAB, deed)).status_code, lab.post(url(scene, LAB, deed), {}).status_code) == (403, 403)
    assert Transition.objects.count() == before


@pytest.mark.parametrize("deed", [*RUN, "contact", "file", "take", "refer", "reopen", "unmerge", "unsplit", "close-confirm"])
def test_deeds_on_foreign_and_missing_cases_look_the_same(world: World, deed: str) -> None:
    scene = asked(world)
    bank = scene.client(BANK)
    missing = reverse(f"desk-case-{deed}", kwargs={"body": BANK, "case": uuid.uuid4()})
    answers = [bank.get(url(scene, BANK, deed)), bank.post(url(scene, BANK, deed), {}), bank.get(missing), bank.post(missing)]
    assert [one.status_code for one in answers] == [404] * 4
    assert len({plain(one) for one in answers}) == 1
    signed_out = Client().get(url(scene, DESK, deed))
    assert (signed_out.status_code, signed_out["Location"].split("?")[0]) == (302, reverse("account_login"))


def test_a_subject_of_another_case_is_404(world: World) -> None:
    scene, other = running(world), running(world)
    assert scene.client(LAB).get(url(scene, LAB, "need", other.needs[0])).status_code == 404
    assert post(scene, LAB, "support-start", {}, other.supports[0]).status_code == 404


def test_case_page_takes_the_same_queries_for_one_and_three(world: World, django_assert_num_queries: Any) -> None:
    scene = earlier(world)
    client = scene.client(DESK)
    wrote(scene, "電話", days=1)
    client.get(url(scene, DESK))
    for _more in range(2):
        with django_assert_num_queries(PAGE_QUERIES):
            client.get(url(scene, DESK))
        for n in range(2):
            wrote(scene, f"電話 {n}", days=2)
            Need.objects.create(case=scene.case, title=f"課題 {n}", stage_id="2", added_at=clock.now())


PAGE_QUERIES = 55


# the A4 sheet ---------------------------------------------------------------------------------------------------------


@pytest.mark.covers("C98")
def test_sheet_has_every_field_of_the_form_and_boxes_for_the_circulation(world: World) -> None:
    scene = running(world)
    answer = scene.client(DESK).get(url(scene, DESK, "sheet"))
    text = answer.content.decode()
    heads = [
        "相談日時・手段", "対応者・所要", "会社名", "相談者・同席者", "業種・規模", "分野・技術分野", "課題区分・目的", "主題", "件名",
        "相談内容（要約）", "相談内容（詳細）", "希望・期限・予算", "これまでの相談先", "課題（段階）", "回答・対応区分", "次の行動",
        "担当機関・期日", "所見・指示",
    ]  # fmt: skip
    assert [head for head in heads if f'<th scope="row">{head}</th>' not in text] == []
    assert text.count('<i class="box">') == 6
    for words in (scene.case.number, WORDS, SUMMARY, "髙梨 芽衣", "電話", "令和"):
        assert words in text
    assert "<nav" not in text


def test_sheet_hides_the_words_from_who_may_not_read_them(world: World) -> None:
    scene = asked(world)
    text = scene.client(LAB).get(url(scene, LAB, "sheet")).content.decode()
    assert WORDS not in text
    assert "この機関からは読めません。" in text
    assert scene.client(BANK).get(url(scene, BANK, "sheet")).status_code == 404
