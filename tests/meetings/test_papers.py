"""Materials with their versions, papers in Word and PDF, the bundle; notes on business trends, which no case ever holds [C86, C98]."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import docx
import pypdf
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from renkei.base import clock
from renkei.base.actor import GUEST, Actor
from renkei.base.context import acting
from renkei.cases.actions.letter_templates import add_template
from renkei.cases.models import Case, Escalation, Passage
from renkei.companies.actions import Profile, register_company
from renkei.documents.letters import Block
from renkei.documents.papers import paper_template
from renkei.documents.pdf import pdf_of
from renkei.documents.store import KINDS, path_of
from renkei.meetings.actions import materials
from renkei.meetings.actions.agenda import Wording, add_item
from renkei.meetings.actions.calling import attend, call_meeting, move_meeting
from renkei.meetings.actions.materials import add_material, replace_material
from renkei.meetings.actions.minuting import decide, give_task, send_out, write_notes
from renkei.meetings.actions.trends import tell_trend
from renkei.meetings.models import AgendaItem, Material, Meeting, TrendNote
from renkei.meetings.papers import (
    agenda_docx,
    as_pdf,
    bundle_pdf,
    materials_of,
    minutes_docx,
    numbered_materials,
)
from renkei.meetings.queries import items_of
from renkei.plan.models import Body
from tests.cases.making import events, fresh, refuses
from tests.meetings.making import MEETING_DAY, NOON, TODAY, held, meeting, on_agenda, with_meetings
from tests.world import BANK, CENTER, DESK, LAB, World

Login = Callable[[str], AbstractContextManager[None]]


@pytest.fixture(autouse=True)
def noon() -> Iterator[None]:
    with clock.moved_to(NOON):
        yield


@pytest.fixture
def region(world: World) -> World:
    return with_meetings(world)


def prepared(region: World) -> tuple[Meeting, AgendaItem, AgendaItem]:
    """A meeting with an item for all and one the desk and the lab alone read."""
    found = call_meeting("working", by=region.center, held_on=MEETING_DAY, starts=dt.time(14), ends=dt.time(16), place="ひばり館")
    first = add_item(found, by=region.bank, wording=Wording("景況の報告", "一年の数字です。", presenter="古川 靖", minutes=20), kind="report")
    return found, first, add_item(found, by=region.desk, wording=Wording("内々の相談", level="named", bodies=(LAB,)))


def paper(found: Meeting, by: Actor, name: str = "資料.txt", item: AgendaItem | None = None, words: str = "") -> Material:
    with clock.moved_to(clock.now() + dt.timedelta(seconds=Material.objects.count())):  # one after the other
        return add_material(found, by=by, name=name, data=(words or name).encode(), item=item)


def cells(data: bytes) -> list[list[str]]:
    """The rows of the tables of a docx."""
    return [[cell.text for cell in row.cells] for table in docx.Document(io.BytesIO(data)).tables for row in table.rows]


def pages(data: bytes) -> list[str]:
    return [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(data)).pages]


# Materials


def test_materials_are_numbered_by_item_and_follow_who_reads_it(region: World) -> None:
    found, first, secret = prepared(region)
    paper(found, region.desk, "全体.txt")
    paper(found, region.desk, "内々.txt", secret)
    paper(found, region.bank, "数字.txt", first)
    paper(found, region.center, "補足.txt", first)
    shown = {body: [(number, one.name) for number, one in numbered_materials(found, items_of(found, region.actor(body)), region.actor(body))]
             for body in (DESK, LAB, BANK)}  # fmt: skip
    everything = [("0-1", "全体.txt"), ("1-1", "数字.txt"), ("1-2", "補足.txt"), ("2-1", "内々.txt")]
    assert shown == {DESK: everything, LAB: everything, BANK: everything[:3]}
    assert (events("meeting.material"), Material.objects.visible_to(GUEST).count()) == (4, 0)


def test_a_new_version_replaces_and_the_earlier_stays_readable(region: World) -> None:
    found, first, _secret = prepared(region)
    old = paper(found, region.bank, "数字.txt", first, "旧い数字")
    new = replace_material(old, by=region.bank, name="数字2.txt", data="新しい数字".encode())
    with refuses("changed_meanwhile", "file"):
        replace_material(old, by=region.center, name="数字3.txt", data=b"x")
    newest = replace_material(new, by=region.center, name="数字3.txt", data="もっと新しい".encode())
    (shown,) = materials_of(found, items_of(found, region.lab), region.lab)[first.pk]
    assert (shown.number, shown.material, shown.earlier, newest.version) == ("1-1", newest, [new, old], 3)
    assert path_of(old.sha256).read_text() == "旧い数字"
    with refuses("not_allowed"):
        replace_material(newest, by=region.lab, name="よそ.txt", data=b"x")
    assert (events("meeting.replace_material"), Material.objects.newest().count()) == (2, 1)


def test_who_may_put_a_paper_where(region: World, monkeypatch: pytest.MonkeyPatch) -> None:
    found, first, _secret = prepared(region)
    with refuses("not_allowed"):
        paper(found, region.lab, item=first)
    with refuses("not_allowed"):
        paper(found, GUEST)
    for name, data, code in (("x.txt", b"", "file_empty"), ("x.exe", b"MZ", "file_kind"), ("x.pdf", b"not", "file_content")):
        with refuses(code, "file"):
            add_material(found, by=region.lab, name=name, data=data)
    kept = paper(found, region.lab)
    monkeypatch.setattr(materials, "MOST_MATERIALS", 1)
    with refuses("too_many_files", "file"):
        paper(found, region.lab, "二つ目.txt")
    move_meeting(found, by=region.center, state="off", reason="大雪")
    with refuses("locked"):
        paper(found, region.lab)
    with refuses("locked"):
        replace_material(kept, by=region.lab, name="x.txt", data=b"x")
    assert Material.objects.count() == 1


# Papers


def test_the_agenda_holds_times_and_what_its_reader_may_read(region: World) -> None:
    found, first, secret = prepared(region)
    paper(found, region.bank, "数字.txt", first)
    paper(found, region.desk, "内々.txt", secret)
    for_lab, for_bank = cells(agenda_docx(found, region.lab)), cells(agenda_docx(found, region.bank))
    line = ["1", "14:00", "景況の報告", "一年の数字です。\n説明　古川 靖", Body.objects.get(pk=BANK).short]
    assert (line in for_lab, line in for_bank) == (True, True)
    assert ["2", "14:20", "内々の相談", "", Body.objects.get(pk=DESK).short] in for_lab
    assert ["2-1", "内々.txt"] in for_lab
    assert not any("内々" in cell for row in for_bank for cell in row)
    words = "".join(pages(as_pdf(agenda_docx(found, region.lab), "次第")))
    assert all(one in words for one in ("ひばり定例会議", "第1回", "令和8年12月9日（水）", "14:00〜16:00", "ひばり館"))


def test_an_agenda_without_hours_and_items_is_a_paper_too(region: World) -> None:
    rows = cells(agenda_docx(meeting(region), region.lab))
    assert ["", "", "議題はまだありません", "", ""] in rows


def test_a_body_prints_by_its_own_template(region: World) -> None:
    found, _first, _secret = prepared(region)
    own = docx.Document(io.BytesIO(paper_template("agenda")))
    own.paragraphs[0].insert_paragraph_before("ひばり県の様式")
    memory = io.BytesIO()
    own.save(memory)
    add_template("agenda", by=region.desk, name="次第.docx", data=memory.getvalue())
    assert docx.Document(io.BytesIO(agenda_docx(found, region.desk))).paragraphs[0].text == "ひばり県の様式"
    assert docx.Document(io.BytesIO(agenda_docx(found, region.lab))).paragraphs[0].text != "ひばり県の様式"


def test_minutes_on_paper_are_those_sent_out(region: World) -> None:
    found, first, secret = prepared(region)
    now = held(region, found)
    attend(now, by=region.center, name="小出 渉", body=Body.objects.get(pk=LAB), in_place_of="所長")
    attend(now, by=region.center, name="客 一郎", organisation="となり大学")
    write_notes(first, by=region.bank, notes="説明があった。", version=0)
    decide(first, by=region.bank, outcome="noted", decision="了承した。", version=1)
    decide(secret, by=region.desk, outcome="noted", decision="伏せて進める。", version=0)
    give_task(first, by=region.bank, what="数字を送る", body=Body.objects.get(pk=BANK), due_on=MEETING_DAY)
    minutes = send_out(now, by=region.center)
    write_notes(first, by=region.bank, notes="あとで直した。", version=fresh(first).version)
    for_bank, for_lab = cells(minutes_docx(minutes, region.bank)), cells(minutes_docx(minutes, region.lab))
    assert ["1", "景況の報告", "説明があった。", "了承した。"] in for_bank
    assert ["数字を送る", Body.objects.get(pk=BANK).short, "令和8年12月9日"] in for_bank
    there = {(row[1], row[2], row[3]) for row in for_bank if len(row) == 4 and row[3] in {"出席", "代理", "欠席"}}
    names = {body: Body.objects.get(pk=body).name for body in (DESK, LAB, CENTER, BANK)}
    assert there == {(names[DESK], "", "欠席"), (names[BANK], "", "欠席"), (names[CENTER], "露崎 遥", "出席"), (names[LAB], "小出 渉（所長の代理）", "代理"),
                     ("となり大学", "客 一郎", "出席")}  # fmt: skip
    assert (["2", "内々の相談", "", "伏せて進める。"] in for_lab, any("内々" in cell for row in for_bank for cell in row)) == (True, False)
    words = "".join(pages(as_pdf(minutes_docx(minutes, region.bank), "議事録")))
    assert all(one in words for one in ("議事録", "令和8年12月2日までに各機関が確認", "露崎"))


def test_the_bundle_is_one_a4_pdf_agenda_first_then_the_papers_in_order(region: World) -> None:
    found, first, secret = prepared(region)
    sent = pdf_of([Block("旧い一枚")], title="旧")
    old = add_material(found, by=region.bank, name="数字.pdf", data=sent, item=first)
    replace_material(old, by=region.bank, name="数字.pdf", data=pdf_of([Block("新しい一枚")], title="新"))
    paper(found, region.desk, "内々.txt", secret, "秘密の条件")
    paper(found, region.center, "全体.txt", words="全員に配る紙")
    with clock.moved_to(NOON + dt.timedelta(minutes=1)):
        add_material(found, by=region.center, name="表.zip", data=b"PK\x03\x04zip")
    made = bundle_pdf(found, region.desk)
    reader = pypdf.PdfReader(io.BytesIO(made))
    told = pages(made)
    assert [str(one["/Title"]) for one in reader.outline] == ["次第", "資料0-1　全体.txt", "資料0-2　表.zip", "資料1-1　数字.pdf", "資料2-1　内々.txt"]  # type: ignore[call-overload]
    assert [("次第" in told[0]), "全員に配る紙" in told[1], "形式" in told[2], "新しい一枚" in told[3], "秘密の条件" in told[4]] == [True] * 5
    assert {(round(float(page.mediabox.width)), round(float(page.mediabox.height))) for page in reader.pages} == {(595, 842)}
    for_bank = "".join(pages(bundle_pdf(found, region.bank)))
    assert ("秘密" in for_bank, "内々" in for_bank, "旧い一枚" in for_bank, "新しい一枚" in for_bank) == (False, False, False, True)


# Business trends


def test_a_bank_tells_without_names_or_with_consent_and_its_day(region: World) -> None:
    found = meeting(region)
    firm = register_company(Profile(name="狐火エレクトロ株式会社", representative="狐塚 与平"), by=region.desk)
    tell_trend(found, by=region.bank, text="金属加工は受注が2割減った。", basis="anonymous")
    tell_trend(found, by=region.bank, text="あじさい精機は設備を増やす。", basis="consent", client="あじさい精機", consent_on=TODAY)
    tries: list[tuple[str, str | None, dict[str, Any]]] = [
        ("text_empty", "text", {"text": " ", "basis": "anonymous"}), ("unknown_basis", "basis", {"text": "x", "basis": "odd"}),
        ("client_empty", "client", {"text": "x", "basis": "consent", "consent_on": TODAY}),
        ("consent_day", "consent_on", {"text": "x", "basis": "consent", "client": "あじさい"}),
        ("consent_day", "consent_on", {"text": "x", "basis": "consent", "client": "あじさい", "consent_on": TODAY + dt.timedelta(days=1)}),
        ("too_long", "text", {"text": "長" * 2001, "basis": "anonymous"}),
        ("giveaway", "text", {"text": "お問い合わせは 043-000-1234 へ。", "basis": "anonymous"}),
        ("giveaway", "text", {"text": "mail@firm.example が詳しい。", "basis": "anonymous"}),
    ]  # fmt: skip
    for code, field, given in tries:
        with refuses(code, field):
            tell_trend(found, by=region.bank, **given)
    for words in (f"{firm.name}の売上が落ちた。", "狐塚 与平さんが辞める。"):
        with refuses("giveaway", "text"):
            tell_trend(found, by=region.desk, text=words, basis="anonymous")
    with refuses("not_allowed"):
        tell_trend(found, by=GUEST, text="x", basis="anonymous")
    assert {(one.body_id, one.client, one.consent_on) for one in TrendNote.objects.all()} == {(BANK, "", None), (BANK, "あじさい精機", TODAY)}
    assert events("meeting.trend") == 2


def test_a_note_is_read_from_the_day_of_its_meeting(region: World) -> None:
    note = tell_trend(meeting(region), by=region.bank, text="受注が減った。", basis="anonymous")
    before = {body: list(TrendNote.objects.visible_to(region.actor(body))) for body in (BANK, DESK, LAB)}
    with clock.moved_to(clock.at(MEETING_DAY, 9)):
        after = {body: list(TrendNote.objects.visible_to(region.actor(body))) for body in (BANK, DESK, LAB)}
    assert (before, after) == ({BANK: [note], DESK: [], LAB: []}, {BANK: [note], DESK: [note], LAB: [note]})
    assert TrendNote.objects.visible_to(GUEST).count() == 0


def test_no_case_search_or_proposal_ever_shows_a_note(region: World) -> None:
    """The words stand on the page of the meeting and nowhere else, though the case is on the same meeting's agenda."""
    item = on_agenda(region)
    with clock.moved_to(clock.at(MEETING_DAY, 9)):
        tell_trend(item.meeting, by=region.bank, text="すずめ熱処理という工程の受注が細っている。", basis="anonymous")
        client = Client()
        client.force_login(region.people[DESK])
        case = Case.objects.get()
        need = Escalation.objects.open().get().need_id
        asked = {
            "meeting": reverse("desk-meeting", kwargs={"body": DESK, "meeting": item.meeting_id}),
            "case": reverse("desk-case", kwargs={"body": DESK, "case": case.pk}),
            "match": reverse("desk-case-match", kwargs={"body": DESK, "case": case.pk, "need": need}),
            "search": reverse("desk-search", kwargs={"body": DESK}) + "?q=すずめ熱処理",
            "cases": reverse("desk-cases", kwargs={"body": DESK}) + "?q=すずめ熱処理",
            "company": reverse("desk-company", kwargs={"body": DESK, "company": case.company_id}) if case.company_id else "/",
            "today": reverse("desk-today", kwargs={"body": DESK}),
        }
        shown = {name: "工程の受注が細っている" in client.get(page).content.decode() for name, page in asked.items()}
    assert shown == {name: name == "meeting" for name in asked}
    assert not Passage.objects.filter(text__contains="すずめ").exists()
    pointing = {one.related_model._meta.label for one in TrendNote._meta.related_objects}
    assert pointing == {"meetings.TrendNote", "meetings.TrendEnd"}, "nothing of a case points at a note"


# What the database holds


def test_named_rules_of_materials_and_notes(region: World) -> None:
    found, _first, _secret = prepared(region)
    kept = {"meeting": found, "name": "x", "media_type": "x", "size": 1, "sha256": "0" * 64, "body_id": LAB, "added_at": clock.now()}
    note = {"meeting": found, "body_id": BANK, "text": "x", "basis": "anonymous", "written_by": region.people[BANK], "written_at": clock.now()}
    tries: list[tuple[str, Callable[[], object]]] = [
        ("material_version_replaces", lambda: Material.objects.create(**kept, version=2)),
        ("trend_says_something", lambda: TrendNote.objects.create(**note | {"text": ""})),
        ("trend_has_ground", lambda: TrendNote.objects.create(**note | {"basis": "consent"})),
        ("trend_has_ground", lambda: TrendNote.objects.create(**note | {"client": "x"})),
    ]  # fmt: skip
    for name, attempt in tries:
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            attempt()
    Material.objects.create(**kept)
    TrendNote.objects.create(**note)
    for table in (Material, TrendNote):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            table.objects.all().delete()


@pytest.mark.django_db(transaction=True)
def test_what_each_body_reads_under_the_real_logins(committed_world: World, login: Login) -> None:
    region = with_meetings(committed_world)
    today = dt.datetime.now(clock.JST).date()  # the policy goes by the day of the database
    with clock.moved_to(clock.at(today, 0, 1)):
        ahead, now = meeting(region, held_on=today + dt.timedelta(days=2)), meeting(region, held_on=today)
        secret = add_item(ahead, by=region.desk, wording=Wording("内々", level="named", bodies=(LAB,)))
        with login("web"), acting(region.desk), transaction.atomic():
            paper(ahead, region.desk, "内々.txt", secret)
            paper(ahead, region.desk, "全体.txt")
        with login("web"), acting(region.bank), transaction.atomic():
            for one in (ahead, now):
                tell_trend(one, by=region.bank, text="受注が減った。", basis="anonymous")
        seen = {}
        for name, actor in {"desk": region.desk, "lab": region.lab, "bank": region.bank, "guest": GUEST}.items():
            with login("web"), acting(actor):
                for table in (Material, TrendNote):
                    assert set(table.objects.visible_to(actor)) == set(table.objects.all()), (name, table)
                seen[name] = (Material.objects.count(), TrendNote.objects.count())
        assert seen == {"desk": (2, 1), "lab": (2, 1), "bank": (1, 2), "guest": (0, 0)}
        kept = {"name": "x", "media_type": "x", "size": 1, "sha256": "0" * 64, "added_at": clock.now()}
        note = {"meeting": now, "text": "x", "basis": "anonymous", "written_by": region.people[BANK], "written_at": clock.now()}
        tries: list[Callable[[], object]] = [
            lambda: Material.objects.create(meeting=ahead, item=secret, body_id=BANK, **kept), lambda: Material.objects.create(meeting=ahead, body_id=LAB, **kept),
            lambda: TrendNote.objects.create(body_id=LAB, **note),
        ]  # fmt: skip
        for attempt in tries:
            with login("web"), acting(region.bank), pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
                attempt()


# Pages


def as_(region: World, body: str) -> Client:
    client = Client()
    client.force_login(region.people[body])
    return client


def url(name: str, body: str, found: Meeting, **more: object) -> str:
    return reverse(name, kwargs={"body": body, "meeting": found.pk, **more})


def a_file(name: str = "数字.txt", words: str = "中身") -> dict[str, Any]:
    return {"file": SimpleUploadedFile(name, words.encode())}


def test_papers_come_and_go_through_the_pages(region: World) -> None:
    found, first, secret = prepared(region)
    bank, lab = as_(region, BANK), as_(region, LAB)
    page = url("desk-meeting-item-material", BANK, found, item=first.pk)
    assert 'enctype="multipart/form-data"' in bank.get(page).content.decode()
    assert (bank.post(page).status_code, bank.post(page, a_file("x.exe")).status_code) == (422, 422)
    assert bank.post(page, a_file()).status_code == 302
    assert lab.post(url("desk-meeting-item-material", LAB, found, item=first.pk), a_file()).status_code == 403
    assert bank.get(url("desk-meeting-item-material", BANK, found, item=secret.pk)).status_code == 404
    assert lab.post(url("desk-meeting-material-new", LAB, found), a_file("全体.txt")).status_code == 302
    old = Material.objects.get(item=first)
    assert lab.get(url("desk-meeting-material-replace", LAB, found, material=old.pk)).status_code == 403
    assert bank.post(url("desk-meeting-material-replace", BANK, found, material=old.pk), a_file("数字2.txt", "新しい中身")).status_code == 302
    shown = lab.get(url("desk-meeting", LAB, found)).content.decode()
    assert all(words in shown for words in ("資料1-1", "数字2.txt", "第1版 数字.txt", "差し替え前", "資料0-1", "全体.txt"))
    answer = lab.get(url("desk-meeting-material", LAB, found, material=old.pk))
    assert (b"".join(answer.streaming_content).decode(), answer["Content-Type"]) == ("中身", "application/octet-stream")  # type: ignore[attr-defined]


def test_a_secret_paper_is_on_no_page_and_at_no_address_of_others(region: World) -> None:
    found, _first, secret = prepared(region)
    kept = paper(found, region.desk, "内々.txt", secret)
    bank = as_(region, BANK)
    assert "内々" not in bank.get(url("desk-meeting", BANK, found)).content.decode()
    for name in ("desk-meeting-material", "desk-meeting-material-replace"):
        assert bank.get(url(name, BANK, found, material=kept.pk)).status_code == 404


def test_papers_are_taken_away_in_word_and_pdf(region: World) -> None:
    found, first, secret = prepared(region)
    client = as_(region, LAB)
    got = {form: client.get(url("desk-meeting-paper", LAB, found, form=form)) for form in ("docx", "pdf", "bundle")}
    starts = {form: (answer["Content-Type"] == KINDS["pdf"], answer.content[:4]) for form, answer in got.items()}
    assert starts == {"docx": (False, b"PK\x03\x04"), "pdf": (True, b"%PDF"), "bundle": (True, b"%PDF")}
    assert client.get(url("desk-meeting-paper", LAB, found, form="odd")).status_code == 404
    add_material(found, by=region.center, name="壊れた.pdf", data=b"%PDF-1.7 broken")
    broken = client.get(url("desk-meeting-paper", LAB, found, form="bundle"), follow=True)
    assert "「資料0-1　壊れた.pdf」は読めないか、鍵がかかっています。" in broken.content.decode()
    now = held(region, found)
    for one, by in ((first, region.bank), (secret, region.desk)):
        decide(one, by=by, outcome="noted", decision="了承した。", version=0)
    send_out(now, by=region.center)
    for form, start in (("docx", b"PK\x03\x04"), ("pdf", b"%PDF")):
        assert client.get(url("desk-meeting-minutes-paper", LAB, found, number=1, form=form)).content[:4] == start
    for number, form in ((1, "odd"), (2, "pdf")):
        assert client.get(url("desk-meeting-minutes-paper", LAB, found, number=number, form=form)).status_code == 404


def test_trends_are_told_on_the_page_of_the_meeting(region: World) -> None:
    found = meeting(region)
    bank, page = as_(region, BANK), url("desk-meeting-trend", BANK, found)
    bad = bank.post(page, {"text": "受注が減った。", "basis": "consent", "client": ""})
    assert (bad.status_code, "受注が減った。" in bad.content.decode(), "同意した取引先を書いてください。" in bad.content.decode()) == (422, True, True)
    assert bank.post(page, {"text": "受注が減った。", "basis": "consent", "client": "あじさい精機", "consent_on": "11月20日"}).status_code == 302
    seen = {body: "受注が減った。" in as_(region, body).get(url("desk-meeting", body, found)).content.decode() for body in (BANK, DESK)}
    assert seen == {BANK: True, DESK: False}
    with clock.moved_to(clock.at(MEETING_DAY, 9)):
        shown = as_(region, DESK).get(url("desk-meeting", DESK, found)).content.decode()
    assert "あじさい精機の同意（11月20日（金））" in shown
