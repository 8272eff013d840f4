"""Who keeps an entry: said by the rule, by the actions, and by the database under the real logins."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace

import pytest
from django.db import DatabaseError, connection, transaction

from renkei.audit.models import Event
from renkei.base import clock
from renkei.base.actor import GUEST, SYSTEM, Actor
from renkei.base.context import acting
from renkei.base.refusal import Refused
from renkei.matching.actions import EntryRow, WindowRow, keeping, put_entries, withdraw_entries
from renkei.matching.actions_keeping import (
    change_entry,
    check_entries,
    is_web_address,
    make_entry,
    return_entry,
    withdraw_entry,
)
from renkei.matching.entry_words import changes, mark_of, row_from, row_of, snapshot, window_words
from renkei.matching.keeping import keeper_words, keeps, keeps_for, kept_filter
from renkei.matching.models import CatalogueRun, Entry, EntryChange, Harvest, Revision, Window
from renkei.plan.models import Body
from tests.world import BANK, CENTER, DESK, LAB, World

pytestmark = pytest.mark.django_db
Login = Callable[[str], AbstractContextManager[None]]
DAY = dt.date(2026, 11, 25)
ROW = EntryRow(id="EQ1", kind="equipment", name="膜厚計", body=LAB)
FULL = EntryRow(
    id="PG1", kind="programme", name="補助金", kana="ホジョ", body=LAB, owner_name="企画", service="rd-subsidy", summary="説明", text="言葉",
    facts={"cap_yen": 100, "eligible": {"sme_only": True}}, tech_fields=["metal"], themes=["iot"], url="https://a.example/", source="要綱",
    source_on=DAY, last_checked=DAY, is_public=True, ends_on=DAY, windows=(WindowRow("call", DAY, DAY, DAY), WindowRow("call", always_open=True)),
)  # fmt: skip


def put(*rows: EntryRow, kept_by: str = "screen") -> Entry:
    put_entries(rows, kept_by=kept_by, by=SYSTEM)
    return Entry.objects.get(pk=rows[-1].id)


def verbs() -> list[str]:
    return list(Event.objects.order_by("pk").values_list("verb", flat=True))


def test_a_row_comes_back_whole(world: World) -> None:
    whole = replace(FULL, checked_by=world.people[LAB].pk)
    entry = put(whole)
    assert replace(row_of(entry), windows=()) == replace(whole, windows=())
    assert set(row_of(entry).windows) == set(whole.windows)
    assert row_from(snapshot(row_of(entry))) == row_of(entry)
    assert mark_of(entry) == row_of(entry).digest[:80]


def test_changes_are_named_with_old_and_new(world: World) -> None:
    after = replace(
        FULL, name="新しい名", tech_fields=[], ends_on=None, is_public=False, body=CENTER, service=None, windows=(WindowRow("call", None, DAY),),
        facts={"cap_yen": 200},
    )  # fmt: skip
    assert [(one.label, one.old, one.new) for one in changes(snapshot(FULL), snapshot(after))] == [
        ("名前", "補助金", "新しい名"), ("機関", "工業試験所", "センター"), ("支援メニュー", "開発補助", ""), ("技術分野", "金属", ""),
        ("公開", "公開", "職員だけ"), ("最終日", changes(snapshot(FULL), snapshot(after))[5].old, ""),
        ("期間", "募集 2026/11/25〜2026/11/25 開始2026/11/25；募集 いつでも", "募集 〜2026/11/25"), ("上限", "100", "200"), ("中小企業だけ", "はい", ""),
    ]  # fmt: skip
    assert changes({}, snapshot(FULL)) == changes(snapshot(FULL), {}) == changes(snapshot(FULL), snapshot(FULL)) == []


def test_windows_in_words() -> None:
    assert [window_words(one) for one in (WindowRow("slot", DAY, DAY), WindowRow("course", None, DAY, DAY), WindowRow("call", always_open=True))] == [
        "空き 2026/11/25〜2026/11/25", "講座 〜2026/11/25 開始2026/11/25", "募集 いつでも"]  # fmt: skip


def test_who_keeps_what(world: World) -> None:
    own, foreign, nobody, module = put(ROW), put(replace(ROW, id="EQ2", body=BANK)), put(replace(ROW, id="EQ3", body=None)), put(
        replace(ROW, id="EQ4"), kept_by="lab")  # fmt: skip
    actors = {"lab": world.lab, "desk": world.desk, "bank": world.bank, "guest": GUEST, "system": SYSTEM}
    found = {name: {one.pk for one in (own, foreign, nobody, module) if keeps(actor, one)} for name, actor in actors.items()}
    assert found == {"lab": {"EQ1"}, "desk": {"EQ3"}, "bank": {"EQ2"}, "guest": set(), "system": set()}
    assert found == {name: set(Entry.objects.filter(kept_filter(actor)).values_list("pk", flat=True)) for name, actor in actors.items()}
    Body.objects.filter(pk=BANK).update(closed_on=DAY)
    assert keeps_for(world.desk, BANK)
    assert set(Entry.objects.filter(kept_filter(world.desk)).values_list("pk", flat=True)) == {"EQ2", "EQ3"}


def test_the_keeper_in_words(world: World) -> None:
    kept = {"screen": "工業試験所の職員", "plan": "連携支援計画（計画を直すと変わります）", "harvest:x": "ほかの機関の一覧からの取込み", "lab": "連携の別の画面（lab）"}
    assert {by: keeper_words(put(replace(ROW, id=by), kept_by=by)) for by in kept} == kept
    assert keeper_words(put(replace(ROW, id="n", body=None))) == "窓口の職員"


def test_making_writes_entry_change_and_audit(world: World) -> None:
    made = make_entry(replace(ROW, id="given"), by=world.lab)
    assert made.pk.startswith("e-")
    assert (made.kept_by, made.last_checked, made.checked_by_id) == ("screen", clock.today(), world.people[LAB].pk)
    kept = Revision.objects.get()
    assert (kept.deed, kept.before, kept.after["name"], kept.done_by_id, kept.done_body_id, kept.run, kept.row) == (
        "made", {}, "膜厚計", world.people[LAB].pk, LAB, None, None)  # fmt: skip
    assert verbs() == ["entries.put"]
    assert make_entry(ROW, by=world.lab).pk != made.pk  # twice is two: nothing tells them apart


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (replace(ROW, kind="service"), "unknown_kind"), (replace(ROW, kind="robot"), "unknown_kind"), (replace(ROW, body=BANK), "not_allowed"),
        (replace(ROW, body=None, owner_name="外"), "not_allowed"), (replace(ROW, name="  "), "no_name"), (replace(ROW, name="あ" * 301), "too_long"),
        (replace(ROW, summary="あ" * 4001), "too_long"), (replace(ROW, service="none"), "unknown_service"), (replace(ROW, url="javascript:x"), "wrong_url"),
        (replace(ROW, windows=(WindowRow("call"),)), "window_wrong"),
        (replace(ROW, windows=(WindowRow("call", DAY, DAY - dt.timedelta(days=1)),)), "window_wrong"),
        (replace(ROW, windows=(WindowRow("call", None, DAY),) * 61), "too_many_windows"),
    ],
)  # fmt: skip
def test_what_is_refused_writes_nothing(world: World, row: EntryRow, code: str) -> None:
    entry = put(ROW)
    for deed in (lambda: make_entry(row, by=world.lab), lambda: change_entry(entry, row, by=world.lab)):
        with pytest.raises(Refused) as refusal:
            deed()
        assert refusal.value.code == code
    assert (Entry.objects.count(), Revision.objects.count()) == (1, 0)


def test_what_nobody_of_the_plan_owns_needs_a_name(world: World) -> None:
    with pytest.raises(Refused) as refusal:
        make_entry(replace(ROW, body=None), by=world.desk)
    assert (refusal.value.code, refusal.value.field) == ("no_owner", "owner_name")
    assert make_entry(replace(ROW, body=None, kind="need"), by=world.desk).body_id is None


@pytest.mark.parametrize(
    ("text", "is_one"),
    [("https://a.example/x", True), ("http://a.example", True), ("ftp://a.example", False), ("https://", False), ("https://a b.example", False),
     ("//a.example", False), ("https://[", False), ("javascript:alert(1)", False)],
)  # fmt: skip
def test_addresses_a_page_may_link_to(text: str, is_one: bool) -> None:
    assert is_web_address(text) is is_one


def test_each_act_is_refused_to_others_and_to_what_others_keep(world: World) -> None:
    own, module = put(ROW), put(replace(ROW, id="EQ4"), kept_by="lab")
    acts: list[Callable[[Entry, Actor], object]] = [
        lambda one, by: change_entry(one, ROW, by=by), lambda one, by: withdraw_entry(one, by=by, on=DAY, reason="壊れた"),
        lambda one, by: return_entry(one, by=by), lambda one, by: check_entries([one], by=by),
    ]  # fmt: skip
    for act in acts:
        for entry, by, code in ((own, world.bank, "not_allowed"), (own, GUEST, "not_allowed"), (own, world.desk, "not_allowed"),
                                (module, world.lab, "kept_by_other")):  # fmt: skip
            with pytest.raises(Refused) as refusal:
                act(entry, by)
            assert refusal.value.code == code
    assert Revision.objects.count() == 0


def test_a_second_editor_is_stopped(world: World) -> None:
    entry = put(ROW)
    seen = mark_of(entry)
    change_entry(entry, replace(ROW, name="一"), by=world.lab, seen=seen)
    with pytest.raises(Refused) as refusal:
        change_entry(entry, replace(ROW, name="二"), by=world.lab, seen=seen)
    assert refusal.value.code == "changed_meanwhile"
    assert Entry.objects.get().name == "一"


def test_changing_keeps_id_kind_and_the_reason_of_an_end(world: World) -> None:
    entry = put(ROW)
    end = clock.today() + dt.timedelta(days=30)
    withdraw_entry(entry, by=world.lab, on=end, reason="替わる")
    changed = change_entry(entry, replace(ROW, id="other", kind="seed", name="新", ends_on=end), by=world.lab)
    assert (changed.pk, changed.kind, changed.name, changed.withdrawn_reason) == ("EQ1", "equipment", "新", "替わる")
    check_entries([changed], by=world.lab)
    assert Entry.objects.get().withdrawn_reason == "替わる"
    assert change_entry(entry, replace(ROW, ends_on=None), by=world.lab).withdrawn_reason == ""


def test_withdrawing_and_bringing_back(world: World) -> None:
    entry = put(ROW)
    for reason, code in (("  ", "no_reason"), ("あ" * 301, "long_reason")):
        with pytest.raises(Refused) as refusal:
            withdraw_entry(entry, by=world.lab, on=clock.today(), reason=reason)
        assert refusal.value.code == code
    with pytest.raises(Refused) as refusal:
        return_entry(entry, by=world.lab)
    assert refusal.value.code == "stands"
    withdraw_entry(entry, by=world.lab, on=clock.today(), reason=" 壊れた ")
    for act in (lambda: withdraw_entry(entry, by=world.lab, on=clock.today(), reason="x"), lambda: change_entry(entry, ROW, by=world.lab)):
        with pytest.raises(Refused) as refusal:
            act()
        assert refusal.value.code == "withdrawn"
    assert (Entry.objects.get().withdrawn_on, Entry.objects.get().withdrawn_reason) == (clock.today(), "壊れた")
    return_entry(entry, by=world.lab)
    assert (Entry.objects.get().withdrawn_on, Entry.objects.get().withdrawn_reason) == (None, "")
    assert verbs()[-4:] == ["entries.put", "entry.withdraw", "entries.put", "entry.return"]
    assert list(EntryChange.objects.values_list("entry", flat=True)) == ["EQ1"] * 3


def test_checking_several_at_once(world: World) -> None:
    first, second = put(ROW), put(replace(ROW, id="EQ2"))
    assert check_entries([first, second], by=world.lab) == 2
    assert set(Entry.objects.values_list("last_checked", "checked_by")) == {(clock.today(), world.people[LAB].pk)}
    assert set(Revision.objects.values_list("entry", "deed")) == {("EQ1", "checked"), ("EQ2", "checked")}
    with pytest.raises(Refused) as refusal:
        check_entries([], by=world.lab)
    assert refusal.value.code == "nothing"
    with pytest.raises(Refused) as refusal:
        check_entries([first, put(replace(ROW, id="EQ3", body=BANK))], by=world.lab)
    assert refusal.value.code == "not_allowed"


def _tried(actor: Actor, deed: Callable[[], object]) -> str:
    """Return what the database says to a deed; it is taken back."""
    try:
        with acting(actor):
            rows = deed()
            transaction.set_rollback(True)
    except DatabaseError as error:
        return type(error).__name__
    except Refused as refusal:
        return refusal.code
    return "unseen" if type(rows) is int and not rows else "done"


def _sql(statement: str, keeper: str = "") -> Callable[[], object]:
    def run() -> int:
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('renkei.keeper', %s, true)", [keeper])
            cursor.execute(statement)
            return int(cursor.rowcount)
    return run


@pytest.mark.django_db(transaction=True)
def test_the_database_lets_the_keeper_alone_write(committed_world: World, login: Login) -> None:
    """The rule holds without our code: whoever runs SQL under the web or worker login meets the same no."""
    world = committed_world
    put(replace(ROW, windows=(WindowRow("slot", None, DAY),)), replace(ROW, id="EQ2", body=BANK), replace(ROW, id="EQ3", body=None))
    put(replace(ROW, id="MD1", windows=(WindowRow("slot", None, DAY),)), kept_by="lab")
    rename = "UPDATE matching_entry SET name = 'x' WHERE id = '{}'"
    insert = ("INSERT INTO matching_entry (id, kind, name, kana, body_id, owner_name, kept_by, summary, text, facts, tech_fields, themes, url, source,"
              " is_public, entered_at, withdrawn_reason, text_hash) VALUES ('N1', 'seed', 'n', '', {}, '', '{}', '', '', '{{}}', '[]', '[]', '', '', false,"
              " now(), '', '')")  # fmt: skip
    no = "ProgrammingError"
    with login("web"):
        lab = {
            "own": _tried(world.lab, _sql(rename.format("EQ1"), "screen")), "own without saying so": _tried(world.lab, _sql(rename.format("EQ1"))),
            "another's": _tried(world.lab, _sql(rename.format("EQ2"), "screen")), "nobody's": _tried(world.lab, _sql(rename.format("EQ3"), "screen")),
            "a module's": _tried(world.lab, _sql(rename.format("MD1"), "screen")), "as the module": _tried(world.lab, _sql(rename.format("MD1"), "lab")),
            "given away": _tried(world.lab, _sql(f"UPDATE matching_entry SET body_id = '{BANK}' WHERE id = 'EQ1'", "screen")),
            "taken": _tried(world.lab, _sql(f"UPDATE matching_entry SET body_id = '{LAB}' WHERE id = 'EQ2'", "screen")),
            "another keeper": _tried(world.lab, _sql("UPDATE matching_entry SET kept_by = 'lab' WHERE id = 'EQ1'", "screen")),
            "new": _tried(world.lab, _sql(insert.format(f"'{LAB}'", "screen"), "screen")),
            "new for another": _tried(world.lab, _sql(insert.format(f"'{BANK}'", "screen"), "screen")),
            "own window": _tried(world.lab, _sql("DELETE FROM matching_window WHERE entry_id = 'EQ1'", "screen")),
            "a module's window": _tried(world.lab, _sql("DELETE FROM matching_window WHERE entry_id = 'MD1'", "screen")),
        }  # fmt: skip
        assert lab == {
            "own": "done", "own without saying so": no, "another's": no, "nobody's": no, "a module's": no, "as the module": "done",
            "given away": no, "taken": no, "another keeper": no, "new": "done", "new for another": no, "own window": "done", "a module's window": no,
        }  # fmt: skip
        assert [_tried(actor, _sql(rename.format("EQ3"), "screen")) for actor in (world.desk, world.bank, GUEST)] == ["done", no, "unseen"]
        assert _tried(world.lab, lambda: put_entries([replace(ROW, name="新")], kept_by="screen", by=world.lab)) == "done"
        assert _tried(world.lab, lambda: withdraw_entries(["EQ1"], kept_by="screen", on=DAY, by=world.lab)) == "done"
    with login("worker"):
        assert [_tried(SYSTEM, _sql(rename.format(one), keeper)) for one, keeper in (("EQ1", "screen"), ("MD1", "screen"), ("MD1", "lab"))] == [
            "done", no, "done"]  # fmt: skip


@pytest.mark.django_db(transaction=True)
def test_runs_lists_and_changes_under_the_real_logins(committed_world: World, login: Login) -> None:
    """``visible_to`` and the policies say the same of imports, lists and changes."""
    world = committed_world
    entry = put(ROW)
    harvest = Harvest.objects.create(name="一覧", way="folder", place="a.csv", kind="outside", owner_name="となりの県")
    runs = {name: CatalogueRun.objects.create(**given) for name, given in (
        ("lab", {"body_id": LAB}), ("bank", {"body_id": BANK}), ("list", {"harvest": harvest}))}  # fmt: skip
    change = Revision.objects.create(entry=entry, deed="made")
    names = {run.pk: name for name, run in runs.items()}
    wanted = {DESK: {"lab", "bank", "list"}, LAB: {"lab", "list"}, BANK: {"bank", "list"}}
    with login("web"):
        for body, expected in wanted.items():
            with acting(world.actor(body)):
                assert {names[pk] for pk in CatalogueRun.objects.values_list("pk", flat=True)} == expected
                assert {names[run.pk] for run in CatalogueRun.objects.visible_to(world.actor(body))} == expected
                assert (Harvest.objects.count(), Revision.objects.count()) == (1, 1)
        with acting(GUEST):
            assert (CatalogueRun.objects.count(), Harvest.objects.count(), Revision.objects.count()) == (0, 0, 0)
        sql = {
            "desk": f"UPDATE matching_harvest SET is_on = true WHERE id = '{harvest.pk}'", "change": f"UPDATE matching_revision SET deed = 'changed' WHERE id = '{change.pk}'",
            "undo": f"UPDATE matching_cataloguerun SET undone_at = now() WHERE id = '{runs['bank'].pk}' RETURNING 1",
        }  # fmt: skip
        assert _tried(world.lab, _sql(sql["change"])) == "ProgrammingError"
        with acting(world.lab), connection.cursor() as cursor:
            for name in ("desk", "undo"):
                cursor.execute(sql[name])
                assert cursor.rowcount == 0
        with acting(world.desk), connection.cursor() as cursor:
            cursor.execute(sql["desk"])
            assert cursor.rowcount == 1


def test_the_keeper_is_forgotten_after_the_block(world: World) -> None:
    with keeping("lab"):
        pass
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('renkei.keeper', true)")
        assert cursor.fetchone() == ("",)


def test_windows_go_with_their_entry(world: World) -> None:
    entry = put(replace(ROW, windows=(WindowRow("slot", None, DAY),)))
    change_entry(entry, replace(ROW, windows=(WindowRow("slot", None, DAY), WindowRow("meeting", DAY, DAY))), by=world.lab)
    assert set(Window.objects.values_list("kind", "closes")) == {("slot", DAY), ("meeting", DAY)}


def test_the_page_of_the_catalogue_names_every_fact() -> None:
    """``docs/catalogue.md`` is what modules read: its table says what the code keeps."""
    from pathlib import Path

    from django.utils.translation import override

    from renkei.matching.fields import FACTS

    with override("ja"):
        rows = [f"| `{fact.key}` | {fact.label} | {fact.shape.value}{f', {fact.unit}' if fact.unit else ''} | {', '.join(sorted(fact.kinds))} |" for fact in FACTS]
    text = (Path(__file__).parents[2] / "docs" / "catalogue.md").read_text(encoding="utf-8")
    assert [line for line in text.splitlines() if line.startswith("| `") and line.count("|") == 5 and "kept" not in line and "`service`" not in line
            and "`seed` `" not in line] == rows  # fmt: skip
