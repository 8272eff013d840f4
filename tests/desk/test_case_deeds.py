"""Deeds on a case: contact, next step, handing over, consent, words to the firm, files, ending, merging and splitting."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from renkei.base import clock
from renkei.cases.models import (
    Attachment,
    Consent,
    ConsentRequest,
    Contact,
    Handover,
    Message,
)
from tests.desk.scene import Scene, running
from tests.desk.test_case_page import post, text_of, url
from tests.world import CENTER, DESK, LAB, World

TODAY = dt.date(2026, 11, 25)  # a Wednesday


@pytest.fixture(autouse=True)
def _morning(monkeypatch: pytest.MonkeyPatch) -> Any:
    """It is 9時20分 on a working day."""
    with clock.moved_to(clock.at(TODAY, 9, 20)):
        yield


def contact(**more: Any) -> dict[str, Any]:
    return {"text": "電池ぶたが外れた。", "channel": "phone", "happened_at": "今日 9時10分", "klass": "technical"} | more


# contact --------------------------------------------------------------------------------------------------------------


def test_entry_is_ready_with_the_moment_and_the_telephone(world: World) -> None:
    text = text_of(running(world), LAB)
    form = text[text.index('class="quick"') : text.index("</form>", text.index('class="quick"'))]
    assert 'value="今日 9時20分"' in form
    assert 'value="phone" required' not in form
    assert form.count(" checked") == 2  # the telephone, and the class of technical matters


def test_one_sentence_is_enough(world: World) -> None:
    scene = running(world)
    answer = post(scene, LAB, "contact", contact())
    assert (answer.status_code, answer["Location"]) == (302, url(scene, LAB))
    kept = Contact.objects.get()
    assert (kept.text, kept.channel, kept.klass, kept.author_body_id) == ("電池ぶたが外れた。", "phone", "technical", LAB)
    assert kept.happened_at == clock.at(TODAY, 9, 10)
    assert "電池ぶたが外れた。" in text_of(scene, LAB, "?all=1")
    assert "記録を直す" in text_of(scene, LAB, "?all=1")


def test_the_next_step_goes_with_it(world: World) -> None:
    scene = running(world)
    given = contact(next_step="型を受け取る", next_on="11月27日", next_time="10時", outcome="talked", minutes="15")
    assert post(scene, LAB, "contact", given).status_code == 302
    case = scene.case
    assert (case.next_step, case.next_on, case.next_time) == ("型を受け取る", dt.date(2026, 11, 27), dt.time(10))
    assert (Contact.objects.get().outcome, Contact.objects.get().minutes) == ("talked", 15)


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"text": " "}, "ここを書いてください。"),
        ({"text": "あ" * 4001}, "4,000字までです（いま4,001字）"),
        ({"channel": "pigeon"}, "一覧にないものです。選び直してください。"),
        ({"klass": "secret"}, "一覧にないものです。選び直してください。"),
        ({"outcome": "x"}, "一覧にないものです。選び直してください。"),
        ({"happened_at": "今日 23時"}, "まだ来ていない日時です。"),
        ({"happened_at": "きのうの夜"}, "いつのことかは「今日 9時20分」「11月24日 16時」のように入れてください。"),
        ({"minutes": "たくさん"}, "分数は数字で入れてください。"),
        ({"minutes": "0"}, "1分から入れてください。"),
        ({"next_step": "型を受け取る"}, "次にすることの日を入れてください。"),
        ({"next_on": "明日"}, "その日にすることを、ひとことで書いてください。"),
        ({"next_step": "型", "next_on": "昨日"}, "は過ぎています。"),
        ({"next_step": "型", "next_on": "明日", "next_time": "25時"}, "という時刻はありません。"),
    ],
)
def test_wrong_contacts_keep_what_was_typed(world: World, more: dict[str, str], sentence: str) -> None:
    scene = running(world)
    answer = post(scene, LAB, "contact", contact(**more))
    text = answer.content.decode()
    assert (answer.status_code, sentence in text) == (200, True)
    if "text" not in more:
        assert "電池ぶたが外れた。" in text
    assert not Contact.objects.exists()


def test_a_contact_is_corrected_by_its_own_body_and_the_old_one_stays(world: World) -> None:
    scene = running(world)
    post(scene, LAB, "contact", contact())
    kept = Contact.objects.get()
    assert scene.client(DESK).get(url(scene, DESK, "contact-correct", kept)).status_code == 403
    page = scene.client(LAB).get(url(scene, LAB, "contact-correct", kept)).content.decode()
    assert "電池ぶたが外れた。" in page
    assert post(scene, LAB, "contact-correct", contact(text="電池ぶたは外れなかった。"), kept).status_code == 302
    assert list(Contact.objects.order_by("recorded_at").values_list("text", "corrects")) == [
        ("電池ぶたが外れた。", None), ("電池ぶたは外れなかった。", kept.pk),
    ]  # fmt: skip


# who moves next -------------------------------------------------------------------------------------------------------


def step(scene: Scene, **more: Any) -> dict[str, Any]:
    return {"next_step": "会社に電話", "kind": "call", "next_on": "明日", "next_time": "10時", "next_phone": "047-100-0001",
            "person": "", "version": scene.case.version} | more  # fmt: skip


@pytest.mark.covers("C32")
def test_next_step_is_set(world: World) -> None:
    scene = running(world)
    assert post(scene, LAB, "next-step", step(scene)).status_code == 302
    case = scene.case
    assert (case.next_step, case.next_kind, case.next_on, case.next_time, case.next_phone) == (
        "会社に電話", "call", TODAY + dt.timedelta(days=1), dt.time(10), "047-100-0001",
    )  # fmt: skip


def test_two_people_at_once_lose_nothing(world: World) -> None:
    scene = running(world)
    mine = step(scene)
    assert post(scene, DESK, "next-step", step(scene, next_step="先に見積りを出す")).status_code == 302
    late = post(scene, LAB, "next-step", mine)
    text = late.content.decode()
    assert late.status_code == 200
    for words in ("ほかの人が先に保存しました。", "先に見積りを出す", 'value="会社に電話"', f'value="{scene.case.version}"'):
        assert words in text
    assert scene.case.next_step == "先に見積りを出す"
    assert post(scene, LAB, "next-step", step(scene)).status_code == 302
    assert scene.case.next_step == "会社に電話"


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"next_step": ""}, "ここを書いてください。"),
        ({"next_on": ""}, "日を入れてください。"),
        ({"next_on": "11月22日"}, "は過ぎています。今日より後の日を入れてください。"),
        ({"next_phone": ""}, "電話をかけるときは、電話番号を入れてください。"),
        ({"next_phone": "ひみつ"}, "電話番号は市外局番から入れてください。"),
        ({"kind": "sleep"}, "一覧にないものです。"),
        ({"person": "nobody"}, "一覧にないものです。"),
    ],
)
def test_wrong_next_steps_say_so(world: World, more: dict[str, str], sentence: str) -> None:
    scene = running(world)
    before = scene.case.next_step
    answer = post(scene, LAB, "next-step", step(scene, **more))
    assert (answer.status_code, sentence in answer.content.decode(), scene.case.next_step) == (200, True, before)


def test_take(world: World) -> None:
    scene = running(world)
    assert scene.client(DESK).get(url(scene, DESK, "take")).status_code == 403
    assert post(scene, LAB, "take", {"person": str(world.people[LAB].pk)}).status_code == 302
    assert scene.case.holder_person_id == world.people[LAB].pk
    assert post(scene, LAB, "take", {"person": str(world.people[CENTER].pk)}).status_code == 200


def handed(scene: Scene) -> Handover:
    given = {"to_body": CENTER, "state": "試験が終わった", "promises": "12月に報告", "open_points": "販路", "reason": "販路の相談が主になる",
             "due_on": "12月1日"}  # fmt: skip
    Consent.objects.filter(case=scene.case, body_id=CENTER).update(withdrawn_at=None, until=None)
    assert post(scene, LAB, "handover", given).status_code == 302
    return Handover.objects.get(case=scene.case, state="offered")


@pytest.mark.covers("C32")
def test_handover_is_offered_and_accepted(world: World) -> None:
    scene = running(world)
    offer = handed(scene)
    assert (offer.to_body_id, offer.pack_promises, offer.due_on) == (CENTER, "12月に報告", dt.date(2026, 12, 1))
    assert scene.case.holder_id == LAB  # until the other side accepts
    assert "引継ぎを頼んでいます" in text_of(scene, LAB)
    listed = scene.client(CENTER).get(reverse("desk-requests", kwargs={"body": CENTER})).content.decode()
    assert "引継ぎの頼み" in listed
    page = scene.client(CENTER).get(url(scene, CENTER, "handover-accept", offer)).content.decode()
    assert "12月に報告" in page
    given = {"next_step": "会社にあいさつ", "next_on": "明日"}
    assert post(scene, CENTER, "handover-accept", given, offer).status_code == 302
    assert (scene.case.holder_id, scene.case.next_step) == (CENTER, "会社にあいさつ")


def test_handover_is_declined_or_taken_back(world: World) -> None:
    scene = running(world)
    offer = handed(scene)
    assert post(scene, LAB, "handover-accept", {}, offer).status_code == 403
    assert "ここを書いてください。" in post(scene, CENTER, "handover-decline", {}, offer).content.decode()
    assert post(scene, CENTER, "handover-decline", {"reason": "手がいっぱい"}, offer).status_code == 302
    again = handed(scene)
    assert post(scene, LAB, "handover-recall", {}, again).status_code == 302
    assert [scene.case.holder_id, *Handover.objects.order_by("offered_at").values_list("state", flat=True)] == [
        LAB, "declined", "recalled",
    ]  # fmt: skip


# consent --------------------------------------------------------------------------------------------------------------


def test_oral_consent_names_who_gave_it(world: World) -> None:
    scene = running(world)
    given = {"to_body": CENTER, "classes": ["technical"], "how": "oral"}
    assert "だれが同意したか、お名前を書いてください。" in post(scene, LAB, "consent", given).content.decode()
    assert post(scene, LAB, "consent", given | {"given_by": "髙梨 芽衣"}).status_code == 302
    consent = Consent.objects.get(case=scene.case, body_id=CENTER, klass="technical")
    assert (consent.how, consent.given_by, consent.heard_by_id) == ("oral", "髙梨 芽衣", world.people[LAB].pk)
    assert "口頭" in text_of(scene, LAB)
    assert post(scene, LAB, "consent-withdraw", {}, consent).status_code == 302
    consent.refresh_from_db()
    assert consent.withdrawn_at is not None
    assert scene.client(LAB).get(url(scene, LAB, "consent-withdraw", consent)).status_code == 403


def test_the_firm_is_asked(world: World) -> None:
    scene = running(world)
    given = {"to_body": CENTER, "classes": ["technical", "financial"], "how": "ask"}
    assert post(scene, LAB, "consent", given).status_code == 302
    wish = ConsentRequest.objects.get()
    assert (wish.body_id, sorted(wish.classes), wish.answered_at) == (CENTER, ["financial", "technical"], None)
    assert not Consent.objects.filter(body_id=CENTER, klass="technical").exists()


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"classes": ["summary"], "how": "ask"}, "1つ選んでください。"),
        ({"to_body": "nowhere", "classes": ["summary"], "how": "ask"}, "一覧にないものです。"),
        ({"to_body": CENTER, "how": "ask"}, "見せるものを選んでください。"),
        ({"to_body": CENTER, "classes": ["everything"], "how": "ask"}, "選び直してください。"),
        ({"to_body": CENTER, "classes": ["summary"], "how": "oral", "given_by": "髙梨", "until": "昨日"}, "は過ぎています。"),
    ],
)
def test_wrong_consents_say_so(world: World, given: dict[str, Any], sentence: str) -> None:
    scene = running(world)
    before = Consent.objects.count()
    answer = post(scene, LAB, "consent", given)
    assert (answer.status_code, sentence in answer.content.decode(), Consent.objects.count()) == (200, True, before)


# words and files ------------------------------------------------------------------------------------------------------


def test_the_firm_is_written_to(world: World) -> None:
    scene = running(world)
    given = {"text": "試験は27日です。", "kind": "message", "klass": "technical"}
    assert post(scene, LAB, "message", given).status_code == 302
    message = Message.objects.get(text="試験は27日です。")
    assert (message.from_company, message.author_body_id, message.kind) == (False, LAB, "message")
    assert "試験は27日です。" in text_of(scene, LAB, "?all=1")


PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


def test_a_file_is_added_and_comes_back_as_it_was(world: World, settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path
    scene = running(world)
    sent = SimpleUploadedFile("試験成績書 1回目.pdf", PDF, content_type="application/pdf")
    assert post(scene, LAB, "file", {"file": sent, "klass": "technical"}).status_code == 302
    kept = Attachment.objects.get()
    assert kept.name == "試験成績書 1回目.pdf"
    where = reverse("desk-case-file-open", kwargs={"body": LAB, "case": scene.case.pk, "file": kept.pk})
    answer = scene.client(LAB).get(where)
    assert b"".join(answer.streaming_content) == PDF
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["Content-Type"] == "application/octet-stream"
    foreign = reverse("desk-case-file-open", kwargs={"body": CENTER, "case": scene.case.pk, "file": kept.pk})
    assert scene.client(CENTER).get(foreign).status_code == 404  # summary only


@pytest.mark.parametrize(
    ("name", "data"), [("", b""), ("空.pdf", b""), ("virus.exe", b"MZ\x90\x00" + b"x" * 100), ("page.html", b"<script>")]
)
def test_wrong_files_are_refused_with_a_sentence(world: World, settings: Any, tmp_path: Any, name: str, data: bytes) -> None:
    settings.MEDIA_ROOT = tmp_path
    scene = running(world)
    given = {"klass": "technical"} | ({"file": SimpleUploadedFile(name, data)} if name else {})
    answer = post(scene, LAB, "file", given)
    assert (answer.status_code, 'class="err"' in answer.content.decode()) == (200, True)
    assert not Attachment.objects.exists()
