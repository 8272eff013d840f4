"""The status page: who holds it, when next, what is asked of whom, what is shown to whom; and what the firm can say."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from renkei.audit.models import Event
from renkei.base import clock
from renkei.base.context import acting
from renkei.cases.actions.answers import finish_support
from renkei.cases.actions.closing import close_case
from renkei.cases.actions.consents import give_consent
from renkei.cases.actions.merging import merge_cases, split_case
from renkei.cases.actions.offers import recall
from renkei.cases.actions.talk import add_file, log_contact, write_to_company
from renkei.cases.actions.triage import ask_company, set_summary, settle_need
from renkei.cases.models import Attachment, Case, Consent, Contact, Message, Support, Transition
from renkei.companies.actions import Profile, register_company
from renkei.plan.models import Body
from renkei.post.links import make_link
from renkei.post.models import Link, LinkPurpose, Mail
from tests.portal.scene import BANK, CENTER, DESK, LAB, SUMMARY, WORDS, Firm, asked, came, running
from tests.world import World


@pytest.fixture(autouse=True)
def _files(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


def text_of(answer: Any) -> str:
    """The page on one line; names of bodies and people without what says where they may break."""
    return re.sub(r'<wbr>|<span class="(?:org|nw)">(.*?)</span>', r"\1", re.sub("<wbr>", "", " ".join(answer.content.decode().split())))


def page(firm: Firm, **query: Any) -> str:
    answer = Client().get(firm.url(), query)
    assert answer.status_code == 200
    return text_of(answer)


def said(firm: Firm, name: str, data: dict[str, Any], **more: Any) -> Any:
    """Post, expecting to be led back to the page."""
    answer = Client().post(firm.url(name, **more), data)
    assert answer.status_code == 302, text_of(answer)
    assert answer["Location"].startswith(firm.url())
    return answer


def refused(firm: Firm, name: str, data: dict[str, Any], words: str, **more: Any) -> str:
    """Post, expecting the form again with a sentence; nothing is written."""
    before = (Transition.objects.count(), Message.objects.count(), Consent.objects.count())
    answer = Client().post(firm.url(name, **more), data)
    assert answer.status_code == 200
    shown = text_of(answer)
    assert words in shown
    assert (Transition.objects.count(), Message.objects.count(), Consent.objects.count()) == before
    return shown


def live(firm: Firm) -> set[tuple[str, str]]:
    return set(Consent.objects.live().filter(case_id=firm.case_id).values_list("body_id", "klass"))


def verbs(firm: Firm) -> list[str]:
    return list(Transition.objects.filter(case_id=firm.case_id).order_by("recorded_at").values_list("verb", flat=True))


@pytest.mark.covers("C36", "C26")
def test_a_fresh_case_says_who_holds_it_and_when_the_first_answer_comes(world: World) -> None:
    firm = came(world)
    shown = page(firm)
    for words in (
        firm.case.number, "水質計を発売したい", "株式会社まぼろし計測", "髙梨 芽衣様", "ひばり県産業課 相川 志保", "最初のお返事をします。",
        "まだ、ほかの機関にはお願いしていません。", "ご相談をお受けしました。", "そのつど聞かずに、要約、技術の内容を見せます", SUMMARY, WORDS,
    ):  # fmt: skip
        assert words in shown, words


@pytest.mark.covers("C26", "C36")
def test_what_is_asked_of_whom_is_said_in_plain_words(world: World) -> None:
    firm = running(world)
    shown = page(firm)
    for words in (
        "ひばり県工業試験所 小出 渉", "設備・試験", "対応中", "ひばり県工業試験所が引き受けました", "今回は見送り",
        "ひばり産業センターでは、今回お受けできませんでした。ひばり県産業課が次の方法を考えます",
        "ひばり県工業試験所が担当になりました。", "ひばり産業センターは「販路相談」を今回お受けできませんでした。",
        "ひばり県工業試験所に「設備・試験」をお願いしました。",
    ):  # fmt: skip
        assert words in shown, words


def test_notes_between_bodies_never_reach_the_firm(world: World) -> None:
    firm = running(world)
    log_contact(firm.case, by=world.lab, channel="phone", text="内々：この会社は資金が危ない")
    assert Contact.objects.count() >= 1
    shown = page(firm)
    for secret in ("資金が危ない", "前にもめたことがある", "not_our_field", "専門の外"):
        assert secret not in shown
    Case.objects.update(next_step="内緒の次の一手")
    assert "内緒の次の一手" not in page(firm)


def test_an_offer_that_can_still_be_recalled_is_not_told(world: World) -> None:
    firm = asked(world, left=False)
    shown = page(firm)
    assert "返事を待っています" not in shown
    assert "お願いしました" not in shown
    recall(firm.supports[CENTER], by=world.desk)
    Support.objects.update(leaves_at=clock.now() - dt.timedelta(minutes=1))
    shown = page(firm)
    assert shown.count("返事を待っています") == 1
    assert "ひばり産業センター" not in shown.split('id="h-asked"')[1].split("</section>")[0]


def test_a_late_answer_is_told_honestly(world: World) -> None:
    firm = asked(world)
    Support.objects.update(due_on=clock.today() - dt.timedelta(days=3))
    Case.objects.update(next_on=clock.today() - dt.timedelta(days=3))
    shown = page(firm)
    assert "より遅れています。ひばり県産業課が確かめています" in shown
    assert "予定の日を過ぎています。" in shown


def test_done_supports_and_history_stand_newest_first(world: World) -> None:
    firm = running(world)
    finish_support(firm.supports[LAB], by=world.lab, text="試験が終わった", helped=True)
    shown = page(firm)
    assert "終わりました" in shown
    lines = re.findall(r"</time>([^<]+)</li>", shown.split('id="h-history"')[1])
    assert lines[1] == "ひばり県工業試験所の「設備・試験」が終わりました。"
    assert lines[-1] == "ご相談をお受けしました。"


def test_the_firm_writes_and_the_holder_is_told(world: World) -> None:
    firm = running(world)
    said(firm, "write", {"text": "金曜の午後に\x00変えたい"})
    message = Message.objects.get(from_company=True)
    assert (message.text, message.kind, message.author_body) == ("金曜の午後に変えたい", "message", None)
    assert verbs(firm)[-1] == "company_wrote"
    assert Event.objects.filter(verb="message.write").exists()
    assert "金曜の午後に変えたい" in page(firm)
    refused(firm, "write", {"text": " "}, "伝えたいことを書いてください。")
    long = "あ" * 4001
    assert long in refused(firm, "write", {"text": long}, "4,000字までです（いま4,001字）。")


def test_questions_stand_until_they_are_answered(world: World) -> None:
    firm = running(world)
    ask_company(firm.case, ["図面はありますか", "いつまでに要りますか"], by=world.lab)
    shown = page(firm)
    assert "おたずねしていること" in shown
    assert "図面はありますか" in shown
    refused(firm, "answer", {"answer-text": ""}, "お返事を書いてください。")
    said(firm, "answer", {"answer-text": "図面はあります"})
    shown = page(firm)
    assert "おたずねしていること" not in shown
    assert "図面はあります" in shown
    assert Message.objects.get(from_company=True).kind == "answer"


def test_messages_of_the_desk_are_read_here(world: World) -> None:
    firm = running(world)
    write_to_company(firm.case, by=world.lab, text="金曜の試験、10時にお越しください。")
    assert "金曜の試験、10時にお越しください。" in page(firm)


def test_files_come_and_go(world: World) -> None:
    firm = running(world)
    add_file(firm.case, by=world.lab, name="成績書.pdf", data=b"%PDF-1.7 result")
    said(firm, "file", {"file": SimpleUploadedFile("図面.pdf", b"%PDF-1.7 plan")})
    assert {(one.name, one.from_company) for one in Attachment.objects.all()} == {("成績書.pdf", False), ("図面.pdf", True)}
    got = Client().get(firm.url("file-open", file=Attachment.objects.get(name="成績書.pdf").pk))
    assert b"".join(got.streaming_content) == b"%PDF-1.7 result"
    assert got["Content-Disposition"].startswith("attachment;")
    assert got["X-Content-Type-Options"] == "nosniff"
    assert Client().get(firm.url("file-open", file=uuid.uuid4())).status_code == 404
    other = came(world)
    assert Client().get(other.url("file-open", file=Attachment.objects.first().pk)).status_code == 404  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [("a.exe", b"MZ", "この種類のファイルは付けられません。"), ("a.png", b"GIF89a", "合いません"),
     ("a.txt", b"", "ファイルが空です。"), ("", b"", "ファイルを選んでから")],
)  # fmt: skip
def test_a_wrong_file_is_refused_in_words(world: World, name: str, data: bytes, words: str) -> None:
    firm = came(world)
    sent: dict[str, Any] = {"file": SimpleUploadedFile(name, data)} if name else {}
    refused(firm, "file", sent, words)
    assert not Attachment.objects.exists()


@pytest.mark.covers("C36")
def test_sight_is_taken_back_narrowed_and_given_by_the_firm(world: World) -> None:
    firm = asked(world)
    assert live(firm) == {(LAB, "summary"), (LAB, "technical"), (CENTER, "summary")}
    shown = page(firm)
    assert "要約、技術の内容" in shown
    assert "いま見せているもの：要約、技術の内容" in text_of(Client().get(firm.url("share", whom=LAB)))
    said(firm, "share", {"classes": ["summary"]}, whom=LAB)
    assert live(firm) == {(LAB, "summary"), (CENTER, "summary")}
    assert "（技術の内容は、取り消しました）" in page(firm)
    said(firm, "share", {"classes": ["summary", "financial"]}, whom=CENTER)
    assert live(firm) == {(LAB, "summary"), (CENTER, "summary"), (CENTER, "financial")}
    given = Consent.objects.get(klass="financial")
    assert (given.how, given.confirmed_at) == ("link", None)
    said(firm, "share", {}, whom=LAB)
    assert live(firm) == {(CENTER, "summary"), (CENTER, "financial")}
    assert not Case.objects.visible_to(world.lab).exists()
    assert verbs(firm)[-3:] == ["consent_withdrawn", "consent_given", "consent_withdrawn"]
    assert "何も見せていません" in page(firm)


def test_details_without_the_summary_are_asked_again(world: World) -> None:
    firm = asked(world)
    refused(firm, "share", {"classes": ["technical"]}, "要約にも印を付けてください。", whom=LAB)
    refused(firm, "share", {"classes": ["everything"]}, "everything", whom=LAB)


def test_a_holder_without_the_summary_gives_the_case_back_to_the_desk(world: World) -> None:
    firm = running(world)
    assert firm.case.holder_id == LAB
    assert "要約の印を外すと、担当は窓口に戻ります。" in text_of(Client().get(firm.url("share", whom=LAB)))
    said(firm, "share", {}, whom=LAB)
    assert firm.case.holder_id == DESK
    assert "ひばり県産業課" in page(firm).split('class="nextbox"')[1].split("</section>")[0]


def test_only_bodies_of_the_case_stand_on_the_sight_page(world: World) -> None:
    firm = asked(world)
    assert Client().get(firm.url("share", whom=BANK)).status_code == 404
    assert Client().post(firm.url("share", whom="nobody"), {"classes": ["summary"]}).status_code == 404


def test_the_rule_for_the_future_is_changed(world: World) -> None:
    firm = came(world)
    assert "checked" in text_of(Client().get(firm.url("standing")))
    said(firm, "standing", {"classes": ["summary"]})
    assert firm.case.standing_classes == ["summary"]
    assert "そのつど聞かずに、要約を見せます" in page(firm)
    assert "お願いする機関に見せてよいものを変えました。" in page(firm)
    refused(firm, "standing", {"classes": ["x"]}, "x")


def test_oral_consents_are_confirmed_here(world: World) -> None:
    firm = asked(world)
    body = Body.objects.get(pk=BANK)
    for klass in ("summary", "financial"):
        give_consent(firm.case, body=body, klass=klass, by=world.desk, how="oral", given_by="髙梨 芽衣")
    shown = page(firm)
    assert shown.count("髙梨 芽衣様から口頭でうかがったものです（聞いた人 相川 志保）") == 2
    consent = Consent.objects.get(body=body, klass="financial")
    said(firm, "confirm", {}, consent=consent.pk)
    consent.refresh_from_db()
    assert consent.confirmed_at is not None
    assert page(firm).count("口頭でうかがったものです") == 1
    assert Client().post(firm.url("confirm", consent=uuid.uuid4())).status_code == 404


def test_a_rewritten_summary_waits_for_the_firms_eyes(world: World) -> None:
    firm = came(world)
    assert "この要約でよい" not in page(firm)
    set_summary(firm.case, title="水質計", summary="書き直した要約", by=world.desk)
    assert firm.case.summary_seen_at is None
    shown = page(firm)
    assert "書き直した要約" in shown
    version = re.search(r'name="version" value="(\d+)"', shown)
    assert version
    stale = Client().post(firm.url("summary"), {"version": int(version[1]) - 1})
    assert stale.status_code == 409
    assert firm.case.summary_seen_at is None
    said(firm, "summary", {"version": version[1]})
    assert firm.case.summary_seen_at is not None
    assert verbs(firm)[-1] == "summary_seen"
    assert Event.objects.filter(verb="case.confirm_summary").count() == 1
    said(firm, "summary", {})  # twice changes nothing
    assert Event.objects.filter(verb="case.confirm_summary").count() == 1
    assert "この要約でよい" not in page(firm)


def test_solved_another_way_is_told_to_the_holder(world: World) -> None:
    firm = running(world)
    assert "ほかの方法で解決しましたか" in text_of(Client().get(firm.url("end")))
    said(firm, "end", {"text": ""})
    assert Message.objects.get(from_company=True).kind == "other_way"
    assert "ほかの方法で解決したと、お知らせいただきました。" in page(firm)
    assert firm.case.is_open


def test_not_helped_is_told_and_a_closed_case_opens_again(world: World) -> None:
    firm = came(world)
    close_case(firm.case, by=world.desk, reason="not_possible", words="手立てがない", answer_to_company="今回はお力になれませんでした。")
    shown = page(firm)
    assert "に終わりました" in shown
    assert "今回はお力になれませんでした。" in shown
    assert "手立てがない" not in shown
    refused(firm, "unsolved", {"text": ""}, "残っていることを、ひとことで書いてください。")
    said(firm, "unsolved", {"text": "まだ値がずれる"})
    assert firm.case.is_open
    assert "まだ解決していないと、お知らせいただきました。" in page(firm)


def test_after_the_end_result_and_satisfaction_are_asked_once(world: World) -> None:
    firm = came(world)
    need = firm.case.needs.first()
    if need:
        settle_need(need, state="settled", by=world.desk)
    assert "結果をお聞かせください" not in page(firm)
    close_case(firm.case, by=world.desk, reason="solved", words="解決した")
    assert "結果をお聞かせください" in page(firm)
    shown = refused(firm, "feedback", {"result": "partly"}, "1つ選んでください。")
    assert re.search(r'value="partly"[^>]*checked', shown)
    refused(firm, "feedback", {"result": "x", "satisfaction": "9"}, "正しく選択してください")
    said(firm, "feedback", {"result": "partly", "satisfaction": "4", "words": "早かった"})
    assert (firm.case.result, firm.case.satisfaction) == ("partly", 4)
    shown = page(firm)
    assert "お聞かせいただき、ありがとうございました。" in shown
    assert 'name="satisfaction"' not in shown
    assert 'id="write"' not in shown


def test_writing_to_a_closed_case_is_refused_in_words_and_kept(world: World) -> None:
    firm = came(world)
    close_case(firm.case, by=world.desk, reason="solved", words="解決した")
    answer = Client().post(firm.url("write"), {"text": "もう一度"})
    assert answer.status_code == 200
    assert not Message.objects.filter(from_company=True).exists()


def test_the_link_goes_once_more_to_the_known_address_only(world: World) -> None:
    firm = came(world)
    Mail.objects.all().delete()
    said(firm, "link", {"email": "thief@evil.example"})
    mail = Mail.objects.get()
    assert mail.to == "mei@maboroshi.example"
    assert f"/status/{firm.token}/" in mail.text
    firm.case.consultations.update(email="")
    said(firm, "link", {})
    assert Mail.objects.count() == 1


def test_a_merged_case_shows_the_one_it_went_into(world: World) -> None:
    company = register_company(Profile(name="株式会社まぼろし計測"), by=world.desk)
    one, other = came(world), came(world)
    Case.objects.update(company=company)
    merge_cases(one.case, other.case, by=world.desk)
    shown = page(other)
    assert f"受付番号 {other.case.number} のご相談は、{one.case.number} とまとめて進めています。" in shown
    assert other.case.number in page(other, of=other.case.pk)
    foreign = came(world)
    assert Client().get(other.url(), {"of": foreign.case.pk}).status_code == 404
    assert Client().get(other.url(), {"of": "x"}).status_code == 404


def test_a_split_case_is_reached_through_the_same_link(world: World) -> None:
    firm = asked(world)
    needs = list(firm.case.needs.all())
    new = split_case(firm.case, needs=needs[1:], title="見本市のこと", by=world.desk)
    shown = page(firm)
    assert "一緒に進めているご相談" in shown
    assert "見本市のこと" in shown
    assert "見本市のこと</h1>" in page(firm, of=new.pk)
    said(firm, "write", {"text": "見本市の件です", "of": str(new.pk)})
    assert Message.objects.get(from_company=True).case_id == new.pk


def test_links_for_other_purposes_do_not_open_it(world: World) -> None:
    firm = asked(world)
    for purpose in (LinkPurpose.OFFER, LinkPurpose.CONSENT):
        token = make_link(by=world.desk, purpose=purpose, expires_at=clock.now() + dt.timedelta(days=1), case=firm.case_id,
                          subject=firm.supports[LAB].pk, body=LAB if purpose == "offer" else "")  # fmt: skip
        for name, more in (("portal-status", {}), ("portal-status-share", {"whom": LAB}), ("portal-status-end", {})):
            assert Client().get(reverse(name, kwargs={"token": token, **more})).status_code == 404
        for name in ("write", "feedback", "summary", "link", "file", "answer"):
            assert Client().post(reverse(f"portal-status-{name}", kwargs={"token": token}), {"text": "x"}).status_code == 404
    assert not Message.objects.filter(from_company=True).exists()


def test_an_old_link_says_what_to_do(world: World) -> None:
    firm = came(world)
    Link.objects.update(expires_at=clock.now() - dt.timedelta(hours=1))
    answer = Client().get(firm.url())
    assert answer.status_code == 404
    assert "受付番号を窓口にお知らせください" in text_of(answer)
    assert "000-000-0000" in text_of(answer)


def test_reading_writes_nothing(world: World) -> None:
    firm = running(world)
    before = (Transition.objects.count(), Event.objects.count(), firm.case.version)
    page(firm)
    for name, more in (("share", {"whom": LAB}), ("standing", {}), ("end", {}), ("unsolved", {})):
        assert Client().get(firm.url(name, **more)).status_code == 200
    assert (Transition.objects.count(), Event.objects.count(), firm.case.version) == before
    for name in ("write", "answer", "feedback", "summary", "link", "file"):
        assert Client().get(firm.url(name)).status_code == 405


def test_under_the_web_login_a_firm_reads_and_acts_on_its_own_case_only(committed_world: World, login: Any) -> None:
    world = committed_world
    with login("web"):
        with acting(world.desk):
            firm = asked(world)
            foreign = came(world)
        shown = page(firm)
        assert WORDS in shown
        assert "ひばり県工業試験所" in shown
        said(firm, "write", {"text": "水曜は留守です"})
        said(firm, "share", {"classes": ["summary"]}, whom=LAB)
        said(firm, "standing", {"classes": []})
        said(firm, "end", {"text": "他社で解決"})
        said(firm, "unsolved", {"text": "まだでした"})
        said(firm, "link", {})
        said(firm, "file", {"file": SimpleUploadedFile("図面.pdf", b"%PDF-1.7 plan")})
        assert Client().get(firm.url(), {"of": foreign.case_id}).status_code == 404
        assert "水曜は留守です" in page(firm)
        assert "水曜は留守です" not in page(foreign)
        with acting(world.lab):
            assert set(Consent.objects.visible_to(world.lab).live().values_list("klass", flat=True)) == {"summary"}
    kinds = Message.objects.filter(from_company=True).order_by("sent_at").values_list("kind", flat=True)
    assert list(kinds) == ["message", "other_way", "did_not_help"]
