"""Lists of other institutes read on a schedule: new, changed, gone and refused rows, and what goes wrong in words [C35]."""

from __future__ import annotations

import datetime as dt
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from renkei.audit.models import Event
from renkei.base import clock
from renkei.base.actor import SYSTEM
from renkei.base.refusal import Refused
from renkei.matching.actions import EntryRow, put_entries
from renkei.matching.actions_harvest import (
    Wish,
    end_harvest,
    note_fault,
    read_harvest,
    save_harvest,
    take_reading,
)
from renkei.matching.jobs import run_harvests
from renkei.matching.models import CatalogueRun, Entry, Harvest, Revision
from renkei.matching.outside_lists import columns_of, entry_id, fetch_list, is_permitted, keeper
from renkei.matching.standing import standing_of
from tests.world import LAB, World

pytestmark = pytest.mark.django_db
TODAY = dt.date(2026, 11, 25)
COLUMNS = {"name": "装置名", "summary": "用途", "hourly_yen": "使用料（円/時）", "standards": "規格", "key": "管理番号"}
HEAD = "管理番号,装置名,用途,使用料（円/時）,規格,担当"
LIST = f'となりの県 設備一覧\n{HEAD}\nA-1,大型の炉,扉の耐火試験,"12,000",JIS A 1311,佐藤\nA-2,電波暗室,放射ノイズ,8000,CISPR 32,鈴木\n'
WISH = Wish("となりの県の設備一覧", "folder", "list.csv", "outside", "となりの県の試験場", COLUMNS, {"is_public": True, "network": "広域の輪"}, 7, is_on=True)


@pytest.fixture(autouse=True)
def _day() -> Iterator[None]:
    with clock.moved_to(clock.at(TODAY, 9)):
        yield


@pytest.fixture
def folder(tmp_path: Path, settings: Any) -> Path:
    settings.RENKEI_HARVEST_FOLDER = str(tmp_path)
    return tmp_path


def lay(folder: Path, text: str, on: dt.date = TODAY, name: str = "list.csv") -> None:
    (folder / name).write_bytes(text.encode("cp932"))
    stamp = clock.at(on, 8).timestamp()
    os.utime(folder / name, (stamp, stamp))


def read(harvest: Harvest) -> CatalogueRun | None:
    Harvest.objects.filter(pk=harvest.pk).update(next_on=clock.today())
    return take_reading(harvest, read_harvest(harvest), by=SYSTEM)


def names(**narrowed: Any) -> set[str]:
    return set(Entry.objects.filter(**narrowed).values_list("name", flat=True))


@pytest.mark.covers("C35")
def test_a_list_becomes_entries_with_source_and_date(world: World, folder: Path) -> None:
    lay(folder, LIST, dt.date(2026, 11, 20))
    harvest = save_harvest(None, WISH, by=world.desk)
    run = read(harvest)
    assert run is not None
    assert (run.counts, run.refused, run.fault, run.body, len(run.digest)) == (
        {"new": 2, "changed": 0, "back": 0, "same": 0, "gone": 0, "refused": 0}, [], "", None, 64)  # fmt: skip
    furnace = Entry.objects.get(name="大型の炉")
    assert (furnace.pk, furnace.kind, furnace.kept_by, furnace.owner_name, furnace.body, furnace.source, furnace.source_on, furnace.last_checked) == (
        entry_id(harvest, "a1"), "outside", keeper(harvest), "となりの県の試験場", None, "となりの県の設備一覧", dt.date(2026, 11, 20), dt.date(2026, 11, 20))  # fmt: skip
    assert furnace.facts == {"network": "広域の輪", "hourly_yen": 12_000, "standards": ["JIS A 1311"]}
    assert furnace.is_public
    assert set(Revision.objects.values_list("deed", "row", "run")) == {("made", 3, run.pk), ("made", 4, run.pk)}
    harvest.refresh_from_db()
    assert harvest.next_on == TODAY + dt.timedelta(days=7)


def test_the_next_reading_says_what_is_new_changed_and_gone(world: World, folder: Path) -> None:
    lay(folder, LIST, dt.date(2026, 11, 10))
    harvest = save_harvest(None, WISH, by=world.desk)
    read(harvest)
    lay(folder, f"{HEAD}\nA-1,大型の炉,扉と窓の耐火試験,12000,JIS A 1311,佐藤\nA-3,引張試験機,強さ,100,,\n,,,,,\nA-4,,名前なし,,,\nA-5,高い炉,,たくさん,,\n")
    run = read(harvest)
    assert run is not None
    assert run.counts == {"new": 1, "changed": 1, "back": 0, "same": 0, "gone": 1, "refused": 2}
    assert [number for number, _why in run.refused] == [5, 6]
    assert run.refused[0][1] == "名前がありません。"
    assert run.refused[1][1].startswith("1時間の料金：")
    gone = Entry.objects.get(name="電波暗室")
    assert (gone.withdrawn_on, gone.withdrawn_reason) == (TODAY, "一覧から無くなりました")
    assert standing_of(gone, []).is_dead
    assert names(withdrawn_on__isnull=True) == {"大型の炉", "引張試験機"}
    lay(folder, LIST)
    again = read(harvest)
    assert again is not None
    assert again.counts == {"new": 0, "changed": 1, "back": 1, "same": 0, "gone": 1, "refused": 0}
    assert names(withdrawn_on__isnull=True) == {"大型の炉", "電波暗室"}


def test_an_unchanged_list_is_seen_again_and_rewrites_nothing(world: World, folder: Path) -> None:
    lay(folder, LIST, dt.date(2026, 11, 1))
    harvest = save_harvest(None, WISH, by=world.desk)
    read(harvest)
    lay(folder, LIST)
    run = read(harvest)
    assert run is not None
    assert run.counts == {"new": 0, "changed": 0, "back": 0, "same": 2, "gone": 0, "refused": 0}
    assert set(Entry.objects.values_list("last_checked", "source_on")) == {(TODAY, TODAY)}
    assert Revision.objects.count() == 2


def test_a_row_that_cannot_be_read_keeps_what_was_known(world: World, folder: Path) -> None:
    lay(folder, LIST)
    harvest = save_harvest(None, WISH, by=world.desk)
    read(harvest)
    lay(folder, LIST.replace("8000", "応相談"))
    run = read(harvest)
    assert run is not None
    assert (run.counts["gone"], run.counts["refused"], run.counts["same"]) == (0, 1, 1)
    assert names(withdrawn_on__isnull=True) == {"大型の炉", "電波暗室"}


def test_twice_the_same_row_is_refused_once(world: World, folder: Path) -> None:
    lay(folder, f"{HEAD}\nA-1,炉,,,,\nA-1,別の炉,,,,\n")
    run = read(save_harvest(None, WISH, by=world.desk))
    assert run is not None
    assert (run.counts["new"], run.refused) == (1, [[3, "同じものが一覧に2度あります。"]])


def test_without_a_number_a_row_is_known_by_its_name(world: World, folder: Path) -> None:
    lay(folder, "装置名,用途\n大型の炉,耐火\n")
    harvest = save_harvest(None, replace(WISH, columns={"name": "装置名", "summary": "用途"}), by=world.desk)
    read(harvest)
    lay(folder, "装置名,用途\n大型の炉　,耐火試験\n")
    run = read(harvest)
    assert run is not None
    assert (run.counts["changed"], Entry.objects.count()) == (1, 1)


def test_a_list_that_lost_most_of_its_rows_is_not_believed(world: World, folder: Path) -> None:
    rows = "".join(f"A-{n},炉{n},,,,\n" for n in range(10))
    lay(folder, f"{HEAD}\n{rows}")
    harvest = save_harvest(None, WISH, by=world.desk)
    read(harvest)
    lay(folder, f"{HEAD}\nA-1,炉1,,,,\n")
    run = read(harvest)
    assert run is not None
    assert run.fault.startswith("10件のうち9件が一覧から無くなっています。")
    assert Entry.objects.filter(withdrawn_on__isnull=True).count() == 10
    harvest = save_harvest(harvest, replace(WISH, allow_loss=True), by=world.desk)
    run = read(harvest)
    assert run is not None
    assert (run.counts["gone"], Entry.objects.filter(withdrawn_on__isnull=True).count()) == (9, 1)
    harvest.refresh_from_db()
    assert not harvest.allow_loss  # once only


@pytest.mark.parametrize(
    ("prepare", "words"),
    [
        (lambda _folder, _settings: None, "ファイル「list.csv」がフォルダにありません。"),
        (lambda _folder, settings: setattr(settings, "RENKEI_HARVEST_FOLDER", ""), "一覧を置くフォルダが決まっていません。"),
        (lambda _folder, _settings: lay(_folder, "a,b\n1,2\n"), "「装置名」の列が見つかりません。"),
        (lambda _folder, _settings: (_folder / "list.csv").write_bytes(b"PK\x03\x04zz"), "エクセルの表（.xlsx）として読めません。"),
        (lambda _folder, _settings: (_folder / "list.csv").write_bytes(b"x" * (5 * 1024 * 1024 + 1)), "一覧は5メガバイトまでです。"),
    ],
)  # fmt: skip
def test_what_goes_wrong_is_reported_and_tried_again_tomorrow(world: World, folder: Path, settings: Any, prepare: Callable[..., Any], words: str) -> None:
    put_entries([EntryRow(id="other", kind="seed", name="別のもの")], kept_by="lab", by=SYSTEM)
    save_harvest(None, WISH, by=world.desk)
    prepare(folder, settings)
    assert run_harvests() == 1
    run = CatalogueRun.objects.get()
    assert run.fault.startswith(words)
    assert run.counts == {}
    assert Harvest.objects.get().next_on == TODAY + dt.timedelta(days=1)
    assert run_harvests() == 0
    assert names(withdrawn_on__isnull=True) == {"別のもの"}


@pytest.mark.parametrize("name", ["../secret.csv", "/etc/passwd", "sub/list.csv", "."])
def test_nothing_outside_the_folder_is_opened(world: World, folder: Path, name: str) -> None:
    (folder.parent / "secret.csv").write_text(LIST)
    (folder / "sub").mkdir()
    (folder / "sub" / "list.csv").write_text(LIST)
    harvest = save_harvest(None, replace(WISH, place=name), by=world.desk)
    with pytest.raises(Refused) as refusal:
        fetch_list(harvest)
    assert refusal.value.code == "no_file"


def test_off_means_off(world: World, folder: Path) -> None:
    lay(folder, LIST)
    harvest = save_harvest(None, replace(WISH, is_on=False), by=world.desk)
    assert (run_harvests(), harvest.next_on) == (0, None)
    save_harvest(harvest, WISH, by=world.desk)
    with clock.moved_to(clock.at(TODAY, 10)):
        assert (run_harvests(), run_harvests()) == (1, 0)
    assert Entry.objects.count() == 2


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        (replace(WISH, way="pigeon"), "unknown_way"), (replace(WISH, kind="service"), "unknown_kind"), (replace(WISH, kind="person"), "unknown_kind"),
        (replace(WISH, name=" "), "no_name"), (replace(WISH, place=""), "no_place"), (replace(WISH, owner_name=""), "no_owner"),
        (replace(WISH, every_days=0), "wrong_days"), (replace(WISH, every_days=367), "wrong_days"), (replace(WISH, columns={}), "no_name_column"),
        (replace(WISH, way="jgrants", place="あ"), "no_keyword"),
    ],
)  # fmt: skip
def test_what_a_list_needs(world: World, wish: Wish, code: str) -> None:
    with pytest.raises(Refused) as refusal:
        save_harvest(None, wish, by=world.desk)
    assert refusal.value.code == code
    assert Harvest.objects.count() == 0


def test_only_the_front_desk_names_lists(world: World, folder: Path) -> None:
    lay(folder, LIST)
    harvest = save_harvest(None, WISH, by=world.desk)
    read(harvest)
    for deed in (lambda: save_harvest(None, WISH, by=world.lab), lambda: save_harvest(harvest, WISH, by=world.lab), lambda: end_harvest(harvest, by=world.lab)):
        with pytest.raises(Refused) as refusal:
            deed()
        assert refusal.value.code == "not_desk"
    assert end_harvest(harvest, by=world.desk) == 2
    assert names(withdrawn_on__isnull=True) == set()
    assert set(Entry.objects.values_list("withdrawn_reason", flat=True)) == {"一覧を読むのをやめました"}
    for deed in (lambda: save_harvest(harvest, WISH, by=world.desk), lambda: end_harvest(harvest, by=world.desk)):
        with pytest.raises(Refused) as refusal:
            deed()
        assert refusal.value.code == "ended"
    assert (note_fault(harvest, "x", by=SYSTEM), take_reading(harvest, read_harvest(harvest), by=SYSTEM)) == (None, None)
    assert list(Event.objects.order_by("pk").values_list("verb", flat=True)) == [
        "harvest.save", "entries.put", "harvest.run", "harvest.end"]  # fmt: skip


def test_the_kind_of_a_list_stays(world: World) -> None:
    harvest = save_harvest(None, WISH, by=world.desk)
    assert save_harvest(harvest, replace(WISH, kind="seed", name="新しい名"), by=world.desk).kind == "outside"
    assert Harvest.objects.get().name == "新しい名"


def test_the_columns_of_a_list_are_named(world: World, folder: Path) -> None:
    lay(folder, LIST)
    harvest = save_harvest(None, WISH, by=world.desk)
    assert columns_of(fetch_list(harvest)) == HEAD.split(",")
    lay(folder, "一つ\n")
    assert columns_of(fetch_list(harvest)) == []


class Site:
    """A site on loopback that gives what it is told to."""

    def __init__(self) -> None:
        self.status, self.body, self.headers = 200, LIST.encode(), {"Last-Modified": "Fri, 20 Nov 2026 15:30:00 GMT"}
        self.asked: list[str] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.asked.append(self.path)
                self.send_response(site.status)
                for name, value in site.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(site.body)

            def log_message(self, *_args: Any) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.handle_error = lambda *_args: None  # type: ignore[method-assign]  # who has gone hears no answer
        self.address = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def site(settings: Any) -> Iterator[Site]:
    one = Site()
    thread = threading.Thread(target=one.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    settings.RENKEI_HARVEST_ADDRESSES = [f"{one.address}/open/"]
    yield one
    one.server.shutdown()
    one.server.server_close()
    thread.join()


def test_a_list_is_fetched_from_a_permitted_site(world: World, site: Site) -> None:
    harvest = save_harvest(None, replace(WISH, way="address", place=f"{site.address}/open/list.csv"), by=world.desk)
    run = read(harvest)
    assert run is not None
    assert (run.counts["new"], site.asked) == (2, ["/open/list.csv"])
    assert set(Entry.objects.values_list("source_on", "last_checked")) == {(dt.date(2026, 11, 21), TODAY)}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"status": 404}, "unreachable"), ({"status": 302, "headers": {"Location": "/elsewhere"}}, "unreachable"), ({"status": 500}, "unreachable"),
        ({"body": b"x" * (5 * 1024 * 1024 + 1)}, "file_too_large"),
    ],
)  # fmt: skip
def test_what_a_site_may_answer(world: World, site: Site, change: dict[str, Any], code: str) -> None:
    for name, value in change.items():
        setattr(site, name, value)
    harvest = save_harvest(None, replace(WISH, way="address", place=f"{site.address}/open/list.csv"), by=world.desk)
    with pytest.raises(Refused) as refusal:
        fetch_list(harvest)
    assert refusal.value.code == code
    assert site.asked == ["/open/list.csv"]  # it follows nobody elsewhere


def test_a_site_that_is_not_there(world: World, site: Site) -> None:
    harvest = save_harvest(None, replace(WISH, way="address", place=f"{site.address}/open/list.csv"), by=world.desk)
    site.server.shutdown()
    site.server.server_close()
    with pytest.raises(Refused) as refusal:
        fetch_list(harvest)
    assert refusal.value.code == "unreachable"


@pytest.mark.parametrize("address", ["https://other.example/list.csv", "file:///etc/passwd", "http://127.0.0.1/open/list.csv", "", "{site}/secret/list.csv"])
def test_no_other_site_is_called(world: World, site: Site, address: str) -> None:
    assert not is_permitted(address.format(site=site.address))
    with pytest.raises(Refused) as refusal:
        fetch_list(Harvest(way="address", place=address.format(site=site.address)))
    assert (refusal.value.code, site.asked) == ("not_configured", [])


def test_a_day_that_a_site_does_not_say_is_today(world: World, site: Site) -> None:
    harvest = save_harvest(None, replace(WISH, way="address", place=f"{site.address}/open/list.csv"), by=world.desk)
    for header in ({}, {"Last-Modified": "yesterday"}, {"Last-Modified": "Fri, 20 Nov 2099 15:30:00 GMT"}):
        site.headers = header
        assert fetch_list(harvest).on == TODAY


@pytest.mark.django_db(transaction=True)
def test_the_worker_reads_under_its_own_login(committed_world: World, login: Callable[[str], AbstractContextManager[None]], folder: Path) -> None:
    """Policies and the keeper's guard let the worker write what a list brings, and the desk name lists through the web login."""
    from renkei.base.context import acting

    lay(folder, LIST)
    with login("web"), acting(committed_world.desk):
        save_harvest(None, WISH, by=committed_world.desk)
    with login("worker"):
        assert run_harvests() == 1
    assert names(withdrawn_on__isnull=True) == {"大型の炉", "電波暗室"}
    with login("web"), acting(committed_world.desk):
        assert end_harvest(Harvest.objects.get(), by=committed_world.desk) == 2


def test_entries_of_a_list_are_nobodys_to_edit(world: World, folder: Path) -> None:
    from renkei.matching.keeping import keeper_words, keeps

    lay(folder, LIST)
    read(save_harvest(None, WISH, by=world.desk))
    entry = Entry.objects.first()
    assert entry is not None
    assert [keeps(world.actor(body), entry) for body in ("hibari-desk", LAB)] == [False, False]
    assert keeper_words(entry) == "ほかの機関の一覧からの取込み"
