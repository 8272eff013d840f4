"""The consultation form: no account, saved while typing, resumable, never lost, sent once."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from renkei.audit.models import Event
from renkei.base import clock
from renkei.cases.models import Attachment, Case, Consultation, Draft, Passage, Transition
from renkei.companies.actions import Profile, register_company
from renkei.plan.models import Body
from renkei.post import limits
from renkei.post.models import Link, Mail
from renkei.public.consult.draft import COOKIE, draft_summary, headline
from tests.companies.test_actions import NUMBER
from tests.world import DESK, World

WORDS = "水質計の量産試作が終わりました。発売前に、落下や振動でも狂わないかを確かめたいです。"
REACH = {"company_given": "株式会社まぼろし計測", "person_given": "髙梨 芽衣", "phone": "000-000-0001",
         "email": "mei@maboroshi.example"}  # fmt: skip
SIGHT = {"title": "水質計の試験", "summary": "小さな計測器の落下と振動の試験。", "standing": ["summary"]}


@pytest.fixture(autouse=True)
def _files_and_counts(settings: Any, tmp_path: Path) -> Iterator[None]:
    settings.MEDIA_ROOT = tmp_path
    cache.clear()
    yield
    cache.clear()


def begin(client: Client, text: str = WORDS, **more: str) -> str:
    """Start as from the front page; return the token."""
    answer = client.post(reverse("public-consult"), {"text": text, **more})
    assert answer.status_code == 302, answer.content.decode()
    found = re.match(r"/consult/([\w-]+)/\d/", answer["Location"])
    assert found
    return found[1]


def step(token: str, number: int) -> str:
    return reverse("public-draft", kwargs={"token": token, "step": number})


def filled(client: Client, text: str = WORDS, **more: Any) -> str:
    """A draft whose three steps hold; return the token."""
    token = begin(client, text)
    for number, values in ((2, REACH), (3, SIGHT)):
        answer = client.post(step(token, number), values | {key: more[key] for key in more if key in values})
        assert answer.status_code == 302, answer.content.decode()
    return token


def text_of(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


@pytest.mark.covers("C30", "C36")
def test_a_firm_tells_its_trouble_from_front_page_to_receipt(world: World) -> None:
    client = Client()
    token = begin(client)
    assert client.get(step(token, 2)).status_code == 200
    answer = client.post(step(token, 2), REACH)
    assert answer["Location"] == step(token, 3)
    shown = text_of(client.get(step(token, 3)))
    assert "水質計の量産試作が終わりました。発売前に、落下や振動でも狂わないかを確かめたいです。" in shown  # the drafted summary
    assert client.post(step(token, 3), SIGHT)["Location"] == step(token, 4)
    confirm = text_of(client.get(step(token, 4)))
    for words in (WORDS, "株式会社まぼろし計測", "髙梨 芽衣", "小さな計測器の落下と振動の試験。", "ひばり県産業課"):
        assert words in confirm
    assert not Case.objects.exists()

    sent = client.post(step(token, 4))
    assert sent["Location"] == reverse("public-receipt", kwargs={"token": token})
    case = Case.objects.get()
    assert (case.number[:2], case.title, case.summary, case.holder_id, case.at_desk, case.state) == (
        "県 ", "水質計の試験", "小さな計測器の落下と振動の試験。", DESK, True, "arrived",
    )  # fmt: skip
    assert case.summary_seen_at is not None
    assert case.standing_classes == ["summary"]
    consultation = Consultation.objects.get()
    assert (consultation.text, consultation.channel, consultation.company_given, consultation.person_given) == (
        WORDS, "web", "株式会社まぼろし計測", "髙梨 芽衣",
    )  # fmt: skip
    assert [row.verb for row in Transition.objects.all()] == ["received"]
    assert "case.receive" in set(Event.objects.values_list("verb", flat=True))
    receipt = text_of(client.get(sent["Location"]))
    for words in (case.number, "ひばり県産業課", "までに、最初のお返事をします", f"/status/{token}/", "mei@maboroshi.example"):
        assert words in receipt
    mail = Mail.objects.get()
    assert mail.to == "mei@maboroshi.example"
    assert f"/status/{token}/" in mail.text
    assert WORDS not in mail.text


def test_sending_twice_gives_the_same_case(world: World) -> None:
    client = Client()
    token = filled(client)
    for _ in range(2):
        answer = client.post(step(token, 4))
        assert answer["Location"] == reverse("public-receipt", kwargs={"token": token})
    assert Case.objects.count() == 1
    assert Mail.objects.count() == 1
    assert client.get(step(token, 1))["Location"] == reverse("public-receipt", kwargs={"token": token})


def test_the_draft_is_emptied_when_it_is_sent_and_its_link_becomes_the_status_link(world: World) -> None:
    client = Client()
    token = filled(client)
    client.post(step(token, 4))
    draft = Draft.objects.get()
    assert (draft.data, draft.sent_case) == ({}, Case.objects.get().pk)
    link = Link.objects.get()
    assert (link.purpose, link.case) == ("status", draft.sent_case)
    assert client.cookies[COOKIE].value == ""


def test_what_is_typed_is_saved_on_the_way_without_being_right(world: World) -> None:
    client = Client()
    token = begin(client)
    answer = client.post(step(token, 2), {"company_given": "", "phone": "09"}, HTTP_HX_REQUEST="true")
    assert "に控えました。閉じても、ここから続けられます。" in text_of(answer)
    assert "<html" not in text_of(answer)
    draft = Draft.objects.get()
    assert (draft.data["text"], draft.data["phone"], draft.step) == (WORDS, "09", 2)


def test_typing_on_the_front_page_saves_into_one_draft(world: World) -> None:
    client = Client()
    first = client.post(reverse("public-consult"), {"text": "水質"}, HTTP_HX_REQUEST="true")
    found = re.search(r'name="draft" value="([\w-]+)"', first.content.decode())
    assert found
    client.post(reverse("public-consult"), {"text": "水質計が", "draft": found[1]}, HTTP_HX_REQUEST="true")
    assert begin(client, "水質計がこわれる", draft=found[1]) == found[1]
    assert Draft.objects.get().data["text"] == "水質計がこわれる"
    assert Link.objects.count() == 1


def test_the_front_page_offers_to_go_on_in_this_browser_only(world: World) -> None:
    client = Client()
    token = begin(client)
    assert f'href="{step(token, 1)}"' in text_of(client.get(reverse("public-home")))
    assert "書きかけの相談の続き" not in text_of(Client().get(reverse("public-home")))
    cookie = client.cookies[COOKIE]
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")


def test_anybody_with_the_link_goes_on_where_the_firm_left(world: World) -> None:
    token = begin(Client())
    other = Client()
    assert WORDS in text_of(other.get(step(token, 1)))
    assert other.post(step(token, 2), REACH).status_code == 302


def test_the_link_is_mailed_when_an_address_is_given(world: World) -> None:
    client = Client()
    token = begin(client)
    url = reverse("public-draft-link", kwargs={"token": token})
    assert "送り先がありません" in text_of(client.post(url))
    client.post(step(token, 2), REACH)
    assert "メールで送りました" in text_of(client.post(url))
    mail = Mail.objects.get()
    assert (mail.to, mail.purpose) == ("mei@maboroshi.example", "draft")
    assert step(token, 1) in mail.text
    assert WORDS not in mail.text


def test_a_draft_can_be_thrown_away(world: World) -> None:
    client = Client()
    token = begin(client)
    answer = client.post(reverse("public-draft-discard", kwargs={"token": token}))
    assert answer["Location"] == "/"
    assert Draft.objects.get().data == {}
    assert client.cookies[COOKIE].value == ""


@pytest.mark.parametrize(
    ("number", "values", "words"),
    [
        (1, {"text": " \x00"}, "お困りのことを、ひとことでよいので書いてください。"),
        (1, {"text": "あ" * 6001}, "6,000字までです（いま6,001字）。短くするか、ファイルで付けてください。"),
        (1, {"text": "x", "wanted_by": "令和7年1月1日"}, "令和7年1月1日は過ぎています。今日より後の日を入れてください。"),
        (1, {"text": "x", "wanted_by": "そのうち"}, "日付は「11月27日」「令和8年11月27日」のように入れてください。"),
        (1, {"text": "x", "budget_yen": "少し"}, "金額は「700万円」「1,900円」のように入れてください。"),
        (2, REACH | {"company_given": ""}, "会社名を入れてください。まだなければ「準備中」で結構です。"),
        (2, REACH | {"person_given": ""}, "お名前を入れてください。名字だけで結構です。"),
        (2, REACH | {"phone": "", "email": ""}, "お返事のため、電話番号かメールアドレスを入れてください。"),
        (2, REACH | {"phone": "110"}, "電話番号は市外局番から入れてください。例：03-0000-0000"),
        (2, REACH | {"email": "mei@"}, "メールアドレスの形が違います。「名前@会社.jp」のように入れてください。"),
        (2, REACH | {"corporate_number": "123"}, "法人番号が正しくありません。確かめるか、空けてください。なくても相談できます。"),
        (2, REACH | {"employees": "たくさん"}, "人数を数字で入れてください。例：19"),
        (2, REACH | {"employees": "-3"}, "人数を数字で入れてください。例：19"),
        (3, SIGHT | {"title": ""}, "件名を、ひとことで入れてください。"),
        (3, SIGHT | {"title": "あ" * 41}, "40字までです（いま41字）。"),
        (3, SIGHT | {"summary": "あ" * 601}, "600字までです（いま601字）。"),
    ],
)
def test_what_is_wrong_is_said_beside_the_field_and_nothing_typed_is_lost(
    world: World, number: int, values: dict[str, Any], words: str
) -> None:
    client = Client()
    token = begin(client)
    answer = client.post(step(token, number), values)
    assert answer.status_code == 200
    page = answer.content.decode()
    assert '<p class="err"' in page
    assert words in page
    assert 'aria-invalid="true"' in page
    kept = Draft.objects.get().data
    for name, value in values.items():
        if isinstance(value, str):
            assert kept[name] == value.replace("\x00", "").strip()
            if len(value) > 3:
                assert value in page


@pytest.mark.parametrize("text", ["👩‍🏭 測定器が壊れる 🔧", "<script>alert(1)</script>の件", "'; DROP TABLE cases_case; --",
                                  "逆\u202eから読む", "改行\r\nと\tタブ", "{{ 7*7 }}", "𠮷野家の髙﨑です", "\x00\x1b[31m赤"])  # fmt: skip
def test_hostile_and_rare_text_arrives_as_text(world: World, text: str) -> None:
    client = Client()
    token = filled(client, text)
    confirm = client.get(step(token, 4)).content.decode()
    assert "<script>alert" not in confirm
    client.post(step(token, 4))
    kept = Consultation.objects.get().text
    assert not set(kept) & set("\x00\x1b\u202e\r")
    assert kept.replace("\n", "") == re.sub(r"[\x00\x1b\u202e\r\n]", "", text)


def test_answers_to_the_guiding_questions_stand_under_the_firms_words(world: World) -> None:
    """A firm that cannot name the technology is led by what it makes, sees and has tried [C30]."""
    client = Client()
    token = filled(client)
    more = {"text": WORDS, "made": "水質計", "seen": "夏の車内で値がずれる", "tried": "箱を厚くした", "wish": "安心して売りたい",
            "wanted_by": "令和9年3月31日", "financial": "借入は500万円まで", "budget_yen": "100万円"}  # fmt: skip
    client.post(step(token, 1), more)
    client.post(step(token, 4))
    said = Consultation.objects.get()
    assert said.text == f"{WORDS}\n\n【作っているもの】水質計\n\n【起きていること】夏の車内で値がずれる\n\n【試したこと、聞いた所】箱を厚くした"
    assert (said.wish, said.budget_yen, str(said.wanted_by)) == ("安心して売りたい", 1_000_000, "2027-03-31")
    assert [(one.klass, one.text) for one in Passage.objects.all()] == [("financial", "借入は500万円まで")]


def test_an_own_summary_is_kept_when_the_words_change_and_a_drafted_one_follows(world: World) -> None:
    client = Client()
    token = filled(client)
    client.post(step(token, 1), {"text": "別の困りごとです。"})
    assert Draft.objects.get().data["summary"] == SIGHT["summary"]
    token = begin(Client(), "はじめの文です。")
    client.post(step(token, 2), REACH)
    shown = client.get(step(token, 3)).content.decode()
    assert "はじめの文です。" in shown
    client.post(step(token, 1), {"text": "書き直した文です。"})
    shown = client.get(step(token, 3)).content.decode()
    assert "書き直した文です。" in shown
    assert "はじめの文です。" not in shown


def test_steps_ahead_lead_back_to_what_is_missing(world: World) -> None:
    client = Client()
    token = begin(client)
    assert client.get(step(token, 4))["Location"] == f"{step(token, 2)}?check=1"
    assert "会社名を入れてください。" in text_of(client.get(f"{step(token, 2)}?check=1"))
    assert client.post(step(token, 4)).status_code == 302
    assert not Case.objects.exists()
    assert client.get(step(token, 5)).status_code == 404
    assert client.get(step(token, 0)).status_code == 404


def test_number_and_name_find_the_firm_and_the_guest_learns_nothing(world: World) -> None:
    company = register_company(Profile(name="まぼろし計測株式会社", corporate_number=NUMBER), by=world.desk)
    client = Client()
    token = filled(client)
    client.post(step(token, 2), REACH | {"corporate_number": NUMBER})
    client.post(step(token, 4))
    assert Case.objects.get().company == company
    other = Client()
    token = filled(other)
    other.post(step(token, 2), REACH | {"corporate_number": NUMBER, "company_given": "つばめ電機"})
    other.post(step(token, 4))
    assert Case.objects.exclude(company=company).get().company is None


def attach(client: Client, token: str, name: str, data: bytes) -> Any:
    url = reverse("public-draft-files", kwargs={"token": token})
    return client.post(url, {"file": SimpleUploadedFile(name, data)})


def test_what_was_typed_is_kept_when_a_file_is_added_or_taken_off(world: World) -> None:
    client = Client()
    token = filled(client)
    url = reverse("public-draft-files", kwargs={"token": token})
    page = client.get(step(token, 1)).content.decode()
    assert re.search(rf'<button[^>]* form="words" formaction="{url}" formenctype="multipart/form-data">付ける', page)
    client.post(url, {"file": SimpleUploadedFile("図面.pdf", b"%PDF-1.7 a"), "text": "まだ保存していない言葉", "tried": "油を替えた"})
    kept = Draft.objects.get().data
    assert (kept["text"], kept["tried"], len(kept["files"])) == ("まだ保存していない言葉", "油を替えた", 1)
    client.post(url, {"remove": kept["files"][0]["sha256"], "text": "また書き足した"})
    kept = Draft.objects.get().data
    assert (kept["text"], kept["files"]) == ("また書き足した", [])


def test_files_are_kept_with_the_draft_and_come_with_the_case(world: World) -> None:
    pytest.importorskip("renkei.cases.actions.talk")
    client = Client()
    token = filled(client)
    assert attach(client, token, "図面 v2.pdf", b"%PDF-1.7 a")["Location"] == f"{step(token, 1)}#files"
    attach(client, token, "図面 v2.pdf", b"%PDF-1.7 a")  # the same again
    attach(client, token, "外す.png", b"\x89PNG\r\n\x1a\nx")
    page = client.get(step(token, 1)).content.decode()
    assert "図面 v2.pdf" in page
    sha = next(one["sha256"] for one in Draft.objects.get().data["files"] if one["name"] == "外す.png")
    client.post(reverse("public-draft-files", kwargs={"token": token}), {"remove": sha})
    client.post(step(token, 4))
    assert [(one.name, one.size, one.from_company) for one in Attachment.objects.all()] == [("図面 v2.pdf", 10, True)]


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("a.exe", b"MZ", "この種類のファイルは付けられません。"),
        ("a.pdf", b"MZ..", "ファイルの中身が、名前の終わり（.pdf）と合いません。"),
        ("a.pdf", b"", "ファイルを選んでから"),
        ("../../etc/passwd", b"x", "この種類のファイルは付けられません。"),
        ("big.txt", b"x" * (20 * 1024 * 1024 + 1), "ファイルは20メガバイトまでです。"),
    ],
)
def test_a_wrong_file_is_refused_in_words_and_the_rest_stays(world: World, name: str, data: bytes, words: str) -> None:
    client = Client()
    token = begin(client)
    answer = attach(client, token, name, data)
    if not data:
        words = "ファイルが空です。"
    assert answer.status_code == 200
    assert words in answer.content.decode()
    kept = Draft.objects.get().data
    assert (kept["text"], kept["files"]) == (WORDS, [])


def test_ten_megabytes_pass_and_the_sixth_file_is_refused(world: World) -> None:
    client = Client()
    token = begin(client)
    assert attach(client, token, "big.txt", b"x" * 10 * 1024 * 1024).status_code == 302
    for n in range(4):
        attach(client, token, f"{n}.txt", f"{n}".encode())
    assert "ファイルは5つまでです。" in attach(client, token, "6.txt", b"6").content.decode()
    assert len(Draft.objects.get().data["files"]) == limits.FILES_A_DRAFT
    url = reverse("public-draft-files", kwargs={"token": token})
    assert "ファイルを選んでから" in client.post(url).content.decode()


def test_files_cannot_be_named_by_the_form(world: World) -> None:
    client = Client()
    token = begin(client)
    client.post(step(token, 2), REACH | {"files": '[{"name": "x", "sha256": "0"}]', "sent_case": "x"})
    assert set(Draft.objects.get().data) == {
        "text", "company_given", "person_given", "phone", "email",
    }  # fmt: skip


def test_too_many_drafts_from_one_place_are_refused_in_words_and_the_text_stays(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "DRAFTS_AN_HOUR", 2)
    for _ in range(2):
        begin(Client())
    answer = Client().post(reverse("public-consult"), {"text": WORDS})
    assert answer.status_code == 429
    page = answer.content.decode()
    assert "1時間に2件を超える相談が始められました。" in page
    assert WORDS in page
    quiet = Client().post(reverse("public-consult"), {"text": WORDS}, HTTP_HX_REQUEST="true")
    assert "お電話ください" in quiet.content.decode()
    assert Link.objects.count() == 2
    assert begin(Client(REMOTE_ADDR="10.0.0.9"))


def test_a_page_sent_from_elsewhere_is_refused_in_words(world: World) -> None:
    client = Client(enforce_csrf_checks=True)
    answer = client.post(reverse("public-consult"), {"text": WORDS})
    assert answer.status_code == 403
    page = answer.content.decode()
    assert "前の画面に戻り" in page
    assert not Draft.objects.exists()


def test_wrong_old_and_foreign_links_are_not_found_alike(world: World) -> None:
    client = Client()
    token = begin(client)
    Link.objects.update(expires_at=clock.now() - dt.timedelta(hours=1))
    pages = {text_of(client.get(url)) for url in (step(token, 1), step("x" * 43, 1), step("y" * 200, 1))}
    assert len({re.sub(r'(CSRFToken": "|csrfmiddlewaretoken" value=")[^"]+', r"\1", page) for page in pages}) == 1
    assert all("受付番号を窓口にお知らせください" in page for page in pages)
    assert client.get(step(token, 1)).status_code == 404


def test_reading_a_draft_writes_nothing(world: World) -> None:
    client = Client()
    token = filled(client)
    before = Draft.objects.values().get()
    for number in (1, 2, 3, 4):
        assert client.get(step(token, number)).status_code == 200
    assert Draft.objects.values().get() == before
    assert client.get(reverse("public-draft-files", kwargs={"token": token})).status_code == 405


def test_what_banks_never_see_is_said_before_sending(world: World) -> None:
    client = Client()
    token = filled(client)
    for number in (3, 4):
        page = text_of(client.get(step(token, number)))
        assert "ひばり銀行には、" in page
        assert "技術の内容" in page


@pytest.mark.parametrize(
    ("text", "title"),
    [("", ""), ("測りたい", "測りたい"), ("一文目。二文目。", "一文目"), ("あ" * 60, "あ" * 39 + "…"), ("\n\n。。。\n困った！どうする？", "困った！")],
)
def test_headline(text: str, title: str) -> None:
    assert headline(text) == title


def test_the_drafted_summary_is_whole_sentences_without_addresses() -> None:
    text = "測りたいです。連絡は mei@firm.example か 04-7100-0002 へ。" + "長い文です。" * 60
    summary = draft_summary(text)
    assert summary.startswith("測りたいです。連絡は  か  へ。長い文です。")
    assert summary.endswith("。")
    assert len(summary) <= 240
    assert len(draft_summary("あ" * 500)) == 240


def test_under_the_web_login_a_guest_sends_and_sees_only_its_own(committed_world: World, login: Any) -> None:
    with login("web"):
        client, other = Client(), Client()
        token, foreign = filled(client), begin(other, "別の会社の困りごと")
        assert "別の会社の困りごと" not in text_of(client.get(step(token, 1)))
        assert client.post(step(token, 4)).status_code == 302
        assert WORDS not in text_of(other.get(step(foreign, 1)))
        receipt = client.get(reverse("public-receipt", kwargs={"token": token}))
        assert "ご相談を受け付けました" in text_of(receipt)
        assert other.get(reverse("public-receipt", kwargs={"token": foreign})).status_code == 404
        assert client.post(step(token, 4))["Location"] == reverse("public-receipt", kwargs={"token": token})
    assert Case.objects.count() == 1
    assert Body.objects.get(pk=DESK) == Case.objects.get().holder
