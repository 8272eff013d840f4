"""Notes on business trends are corrected, taken back, and lose their client when its consent ends; who reads what then [C86]."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from renkei.base import clock
from renkei.base.actor import GUEST, Actor
from renkei.base.context import acting
from renkei.base.fiscal_year import FiscalYear
from renkei.cases.queries.anonymity import named_in, without
from renkei.companies.actions import Profile, register_company
from renkei.meetings.actions.calling import move_meeting
from renkei.meetings.actions.trends import (
    correct_trend,
    end_trend_consent,
    take_back_trend,
    tell_trend,
)
from renkei.meetings.models import Meeting, TrendEnd, TrendNote
from renkei.meetings.trends import trends_of, without_client
from renkei.reporting.figures import BY_CODE, VERSIONS
from renkei.reporting.queries import count
from tests.cases.making import events, refuses
from tests.meetings.making import MEETING_DAY, NOON, TODAY, meeting, with_meetings
from tests.world import BANK, DESK, LAB, World

pytestmark = pytest.mark.covers("C86")
Login = Callable[[str], AbstractContextManager[None]]
CLIENT = "株式会社あじさい精機"


@pytest.fixture(autouse=True)
def noon() -> Iterator[None]:
    with clock.moved_to(NOON):
        yield


@pytest.fixture
def region(world: World) -> World:
    return with_meetings(world)


def nameless(found: Meeting, by: Actor, text: str = "受注が2割減った。") -> TrendNote:
    with clock.moved_to(clock.now() + dt.timedelta(seconds=TrendNote.objects.count())):  # one after the other
        return tell_trend(found, by=by, text=text, basis="anonymous")


def named(found: Meeting, by: Actor) -> TrendNote:
    return tell_trend(found, by=by, text="あじさい精機は設備を増やす。", basis="consent", client=CLIENT, consent_on=TODAY)


def shown(found: Meeting, actor: Actor) -> list[tuple[str, str, list[str], str]]:
    """Body, text, earlier texts and the reason of taking back of each note as its reader sees it."""
    return [(one.body.pk, one.note.text if one.note else "", [old.text for old in one.earlier], one.taken_back.reason if one.taken_back else "")
            for one in trends_of(found, actor)]  # fmt: skip


def test_a_correction_is_a_new_version_and_the_earlier_is_shown_as_such(region: World) -> None:
    found = meeting(region)
    firm = register_company(Profile(name="狐火エレクトロ株式会社"), by=region.bank)
    note, other = nameless(found, region.bank), nameless(found, region.bank, "金利を気にする会社が増えた。")
    second = correct_trend(note, by=region.bank, text="受注が3割減った。", basis="anonymous")
    third = correct_trend(second, by=region.bank, text="あじさい精機の受注が3割減った。", basis="consent", client="あじさい精機", consent_on=TODAY)
    assert [(one.version, one.first) for one in (note, second, third)] == [(1, None), (2, note), (3, note)]
    wanted = [(BANK, third.text, [second.text, note.text], ""), (BANK, other.text, [], "")]
    with clock.moved_to(clock.at(MEETING_DAY, 9)):
        assert (shown(found, region.bank), shown(found, region.desk)) == (wanted, wanted)
    for code, field, by, old, given in (
        ("changed_meanwhile", None, region.bank, second, {"text": "x", "basis": "anonymous"}), ("not_allowed", None, region.desk, third, {"text": "x", "basis": "anonymous"}),
        ("not_allowed", None, GUEST, third, {"text": "x", "basis": "anonymous"}), ("text_empty", "text", region.bank, third, {"text": " ", "basis": "anonymous"}),
        ("unknown_basis", "basis", region.bank, third, {"text": "x", "basis": "odd"}), ("client_empty", "client", region.bank, third, {"text": "x", "basis": "consent"}),
        ("consent_day", "consent_on", region.bank, third, {"text": "x", "basis": "consent", "client": "甲"}),
        ("unchanged", "text", region.bank, third, {"text": third.text, "basis": "consent", "client": "あじさい精機", "consent_on": TODAY}),
        ("giveaway", "text", region.bank, third, {"text": f"{firm.name}が移る。", "basis": "anonymous"}),
        ("giveaway", "text", region.bank, third, {"text": "あじさい精機が移る。", "basis": "anonymous"}),
        ("too_long", "text", region.bank, third, {"text": "長" * 2001, "basis": "anonymous"}),
    ):  # fmt: skip
        with refuses(code, field):
            correct_trend(old, by=by, **given)  # type: ignore[arg-type]
    move_meeting(found, by=region.center, state="off", reason="大雪")
    assert correct_trend(other, by=region.bank, text="金利が上がった。", basis="anonymous").version == 2, "also when nothing else of the meeting may change"
    assert (events("meeting.trend"), events("meeting.correct_trend"), TrendNote.objects.count()) == (2, 3, 5)


def test_what_is_taken_back_is_read_by_its_body_alone_and_the_reason_by_all(region: World) -> None:
    found = meeting(region)
    note = correct_trend(named(found, region.bank), by=region.bank, text="設備を増やす会社がある。", basis="anonymous")
    for code, field, by, reason in (("reason_empty", "reason", region.bank, " "), ("giveaway", "reason", region.bank, "あじさい精機に聞き直す"),
                                    ("not_allowed", None, region.desk, "x"), ("too_long", "reason", region.bank, "長" * 401)):  # fmt: skip
        with refuses(code, field):
            take_back_trend(note, by=by, reason=reason)
    with refuses("changed_meanwhile"):
        take_back_trend(TrendNote.objects.get(version=1), by=region.bank, reason="誤り")
    ended = take_back_trend(note, by=region.bank, reason="数字を取り違えていた。")
    assert take_back_trend(note, by=region.bank, reason="もう一度") == ended
    assert (shown(found, region.bank), shown(found, region.desk)) == ([(BANK, note.text, ["あじさい精機は設備を増やす。"], ended.reason)], [])
    with clock.moved_to(clock.at(MEETING_DAY, 9)):
        assert shown(found, region.desk) == shown(found, region.lab) == [(BANK, "", [], "数字を取り違えていた。")]
    for attempt in (lambda: correct_trend(note, by=region.bank, text="x", basis="anonymous"), lambda: end_trend_consent(note, by=region.bank, text="x")):
        with refuses("taken_back"):
            attempt()
    assert (events("meeting.take_back_trend"), TrendEnd.objects.count(), TrendNote.objects.count()) == (1, 1, 2)


def test_when_the_consent_ends_the_name_is_gone_for_everybody_and_the_rest_may_stay(region: World) -> None:
    found = meeting(region)
    note, other = named(found, region.bank), nameless(found, region.bank)
    assert without_client(note, region.bank) == "○○は設備を増やす。"
    for code, field, by, one, text in (
        ("no_consent", None, region.bank, other, "x"), ("giveaway", "text", region.bank, note, note.text), ("text_empty", "text", region.bank, note, ""),
        ("giveaway", "text", region.bank, note, "アジサイ精機、株式会社あじさい精機は増やす。"), ("not_allowed", None, region.lab, note, "x"), ("too_long", "text", region.bank, note, "長" * 2001),
    ):  # fmt: skip
        with refuses(code, field):
            end_trend_consent(one, by=by, text=text)
    left = end_trend_consent(note, by=region.bank, text="設備を増やす会社がある。")
    with clock.moved_to(clock.at(MEETING_DAY, 9)):
        for actor in (region.bank, region.desk):
            assert sorted(shown(found, actor)) == sorted([(BANK, left.text, [], ""), (BANK, other.text, [], "")])
            assert not TrendNote.objects.visible_to(actor).exclude(client="").exists()
    for stale in (note, left):
        with refuses("no_consent" if stale is left else "changed_meanwhile"):
            end_trend_consent(stale, by=region.bank, text="x")
    again = correct_trend(left, by=region.bank, text="設備を増やす会社が2社ある。", basis="anonymous")
    take_back_trend(again, by=region.bank, reason="古くなった。")
    assert shown(found, region.bank)[-1][1:] == (again.text, [left.text], "古くなった。")
    assert {(one.note, one.version, one.kind) for one in TrendEnd.objects.all()} == {(note, 1, "consent"), (note, 3, "taken_back")}
    assert events("meeting.end_trend_consent") == 1


def test_a_firms_name_is_found_with_its_form_without_and_in_other_signs() -> None:
    text = "株式会社あじさい精機が伸び、アジサイ精機の下請けも、あじさい市も伸びた。"
    assert named_in(text, CLIENT) == ["株式会社あじさい精機", "あじさい精機", "アジサイ精機"]
    assert without(text, CLIENT) == "○○が伸び、○○の下請けも、あじさい市も伸びた。"
    assert (named_in("伸びた。", CLIENT), named_in("伸びた。", "株式会社"), without("伸びた。", "")) == ([], [], "伸びた。")


def test_a_note_counts_once_until_it_is_taken_back_and_the_past_stands(region: World) -> None:
    """Told on 1 and 2 April, corrected on 3, without its client on 4, one taken back on 5: three, then two; the past as it was."""
    found, year = meeting(region), FiscalYear.of(TODAY)

    def on(day: int) -> dt.datetime:
        return NOON + dt.timedelta(days=day)

    with clock.moved_to(on(1)):
        first, second = nameless(found, region.bank), named(found, region.bank)
    with clock.moved_to(on(2)):
        third = nameless(found, region.desk)
    with clock.moved_to(on(3)):
        first = correct_trend(first, by=region.bank, text="受注が3割減った。", basis="anonymous")
    with clock.moved_to(on(4)):
        end_trend_consent(second, by=region.bank, text="設備を増やす会社がある。")
    with clock.moved_to(on(5)):
        take_back_trend(first, by=region.bank, reason="誤り")
    now = BY_CODE["trends"]
    numbers = [[count(figure, year, as_of=on(day) + dt.timedelta(minutes=1)).number().value for day in range(7)] for figure in (now, VERSIONS["trends", 1])]
    assert numbers == [[0, 2, 3, 3, 3, 2, 2], [0, 2, 3, 4, 5, 5, 5]]
    rows = count(now, year, as_of=on(6)).rows
    assert {(row.record, row.body, row.split, row.day) for row in rows} == {
        (second.pk, BANK, "working", on(1).date()), (third.pk, DESK, "working", on(2).date())}  # fmt: skip


def test_a_note_without_its_first_version_stays_with_its_body(region: World) -> None:
    found = meeting(region, held_on=TODAY)
    client = named(found, region.desk)
    nameless(found, region.bank)
    before = [one.body.pk for one in trends_of(found, region.lab)]
    end_trend_consent(client, by=region.desk, text="設備を増やす会社がある。")
    after = [(one.body.pk, one.earlier) for one in trends_of(found, region.lab)]
    assert (before, after) == ([DESK, BANK], [(DESK, []), (BANK, [])])


@pytest.mark.django_db(transaction=True)
def test_the_policies_say_what_visible_to_says_and_hold_a_note_together(committed_world: World, login: Login) -> None:
    region = with_meetings(committed_world)
    today = dt.datetime.now(clock.JST).date()  # the policy goes by the day of the database
    with clock.moved_to(clock.at(today, 0, 1)):
        ahead, now = meeting(region, held_on=today + dt.timedelta(days=2)), meeting(region, held_on=today)
        with login("web"), acting(region.bank):
            for found in (ahead, now):
                stands, gone, client = (nameless(found, region.bank, text) for text in ("い", "ろ", "は"))
                correct_trend(stands, by=region.bank, text="に", basis="anonymous")
                take_back_trend(gone, by=region.bank, reason="誤り")
                of_client = tell_trend(found, by=region.bank, text="ほ", basis="consent", client="へ", consent_on=today)
                end_trend_consent(of_client, by=region.bank, text="と")
        seen = {}
        for name, actor in {"desk": region.desk, "bank": region.bank, "guest": GUEST}.items():
            with login("web"), acting(actor):
                for table in (TrendNote, TrendEnd):
                    assert set(table.objects.visible_to(actor)) == set(table.objects.all()), (name, table)
                seen[name] = (sorted(TrendNote.objects.values_list("text", flat=True)), TrendEnd.objects.count())
        assert seen == {"desk": (sorted("いにはと"), 2), "bank": (sorted("いろにはと" * 2), 4), "guest": ([], 0)}
        person, at = region.people[DESK], clock.now()
        given = {"text": "x", "basis": "anonymous", "written_by": person, "written_at": at, "first": client, "version": 2}
        end = {"note": client, "version": 1, "kind": "taken_back", "reason": "x", "ended_by": person, "ended_at": at}
        tries: list[tuple[str, Callable[[], object]]] = [
            ("trend_version_of_same", lambda: TrendNote.objects.create(meeting=now, body_id=DESK, **given)), ("row-level security", lambda: TrendNote.objects.create(meeting=now, body_id=BANK, **given)),
            ("trend_end_of_same", lambda: TrendEnd.objects.create(meeting=now, body_id=DESK, **end)), ("row-level security", lambda: TrendEnd.objects.create(meeting=now, body_id=BANK, **end)),
        ]  # fmt: skip
        for words, attempt in tries:
            with login("web"), acting(region.desk), pytest.raises(DatabaseError, match=words), transaction.atomic():
                attempt()


def test_named_rules_of_versions_and_ends(region: World) -> None:
    found, other = meeting(region), meeting(region)
    first = nameless(found, region.bank)
    note = {"meeting": found, "body_id": BANK, "text": "x", "basis": "anonymous", "written_by": region.people[BANK], "written_at": clock.now()}
    end = {"note": first, "meeting": found, "body_id": BANK, "kind": "taken_back", "reason": "誤り", "ended_by": region.people[BANK], "ended_at": clock.now()}
    correct_trend(first, by=region.bank, text="に", basis="anonymous")
    TrendEnd.objects.create(**end, version=1)
    tries: list[tuple[str, Callable[[], object]]] = [
        ("trend_version_follows", lambda: TrendNote.objects.create(**note, version=2)), ("trend_version_follows", lambda: TrendNote.objects.create(**note, first=first)),
        ("trend_version_once", lambda: TrendNote.objects.create(**note, first=first, version=2)),
        ("trend_version_of_same", lambda: TrendNote.objects.create(**note | {"meeting": other}, first=first, version=3)),
        ("trend_end_once", lambda: TrendEnd.objects.create(**end | {"kind": "consent"}, version=1)), ("trend_taken_back_once", lambda: TrendEnd.objects.create(**end, version=2)),
        ("trend_end_has_reason", lambda: TrendEnd.objects.create(**end | {"reason": ""}, version=2)),
        ("trend_end_of_same", lambda: TrendEnd.objects.create(**end | {"kind": "consent", "body_id": LAB}, version=2)),
    ]  # fmt: skip
    for name, attempt in tries:
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            attempt()
    for attempt in (TrendEnd.objects.all().delete, lambda: TrendEnd.objects.update(reason="x")):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            attempt()


# Pages


def as_(region: World, body: str) -> Client:
    client = Client()
    client.force_login(region.people[body])
    return client


def url(name: str, body: str, found: Meeting, **more: object) -> str:
    return reverse(f"desk-meeting{name}", kwargs={"body": body, "meeting": found.pk, **more})


def page_of(region: World, body: str, found: Meeting) -> str:
    return as_(region, body).get(url("", body, found)).content.decode()


def test_a_bank_corrects_takes_back_and_takes_the_name_out_on_the_page_of_the_meeting(region: World) -> None:
    found = meeting(region)
    with clock.moved_to(clock.at(MEETING_DAY, 9)):
        bank, note = as_(region, BANK), named(found, region.bank)
        names = ("-trend-correct", "-trend-back", "-trend-consent")
        assert [url(name, BANK, found, note=note.pk) in page_of(region, BANK, found) for name in names] == [True] * 3
        assert [url(name, DESK, found, note=note.pk) in page_of(region, DESK, found) for name in names] == [False] * 3
        assert [as_(region, DESK).get(url(name, DESK, found, note=note.pk)).status_code for name in names] == [404] * 3
        form = bank.get(url("-trend-correct", BANK, found, note=note.pk)).context["form"]
        assert [form[name].value() for name in ("text", "basis", "client", "consent_on")] == [note.text, "consent", CLIENT, "令和8年11月25日"]
        given = {"text": "あじさい精機は設備を2台増やす。", "basis": "consent", "client": CLIENT, "consent_on": "11月20日"}
        assert bank.post(url("-trend-correct", BANK, found, note=note.pk), given).status_code == 302
        stale = bank.post(url("-trend-correct", BANK, found, note=note.pk), given | {"text": "別の人の文"})
        assert (stale.status_code, "ほかの人が先に直しました。" in stale.content.decode(), "別の人の文" in stale.content.decode()) == (422, True, True)
        for_desk = page_of(region, DESK, found)
        assert all(words in for_desk for words in ("設備を2台増やす。", "直す前の文", "あじさい精機は設備を増やす。", "12月9日（水）に直しました"))
        second = TrendNote.objects.get(version=2)
        page = url("-trend-consent", BANK, found, note=second.pk)
        assert "○○は設備を2台増やす。" in bank.get(page).content.decode()
        bad = bank.post(page, {"text": "あじさい精機は増やす。"})
        assert (bad.status_code, "会社が分かる言葉があります：あじさい精機。会社が分からないように書き換えてください。" in bad.content.decode()) == (422, True)
        assert bank.post(page, {"text": "設備を増やす会社がある。"}).status_code == 302
        assert [("あじさい" in page_of(region, body, found), "設備を増やす会社がある。" in page_of(region, body, found)) for body in (BANK, DESK)] == [(False, True)] * 2
        third = TrendNote.objects.get(version=3)
        assert url("-trend-consent", BANK, found, note=third.pk) not in page_of(region, BANK, found)
        page = url("-trend-back", BANK, found, note=third.pk)
        assert (bank.post(page, {"reason": ""}).status_code, bank.post(page, {"reason": "数字の誤り"}).status_code) == (422, 302)
        told = {body: page_of(region, body, found) for body in (BANK, DESK)}
        assert {body: ("数字の誤り" in words, "設備を増やす会社がある。" in words, page in words) for body, words in told.items()} == {
            BANK: (True, True, False), DESK: (True, False, False)}  # fmt: skip
        assert as_(region, DESK).get(url("-trend-back", DESK, found, note=third.pk)).status_code == 404


def test_behind_the_figure_stands_the_meeting_of_what_one_may_read_and_how_many_others_there_are(region: World) -> None:
    """Also of a note whose first version nobody reads any more; what was taken back is behind no figure."""
    found, ahead = meeting(region, held_on=TODAY), meeting(region)
    end_trend_consent(named(found, region.bank), by=region.bank, text="設備を増やす会社がある。")
    take_back_trend(nameless(found, region.bank), by=region.bank, reason="誤り")
    nameless(ahead, region.bank)
    page = reverse("desk-figure", kwargs={"body": DESK, "figure": "trends"})
    with clock.moved_to(NOON + dt.timedelta(minutes=1)):
        answer = as_(region, DESK).get(page, {"year": FiscalYear.of(TODAY).start_year})
    told = answer.content.decode()
    assert [url("", DESK, one) in told for one in (found, ahead)] == [True, False]
    assert answer.context["hidden"] == 1
