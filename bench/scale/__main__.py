"""``renkei bench scale``: the whole path of a search at growing sizes, beside plain engines of the same run.

An own home and an own database are made for it and thrown away afterwards, also when it is interrupted. What counts are the
ratios of one run: the machine's load is printed beside them.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path

from bench.scale.encoder import measured
from bench.scale.made_up import Composer
from bench.scale.peers import Peer, bm25s_peer, postgres_peer, scratch, sweep, tantivy_peer
from bench.scale.timing import Row, loops_alone, parts, times
from bench.yardstick import yardstick
from renkei.matching.encoders import named

COLUMNS = ("id", "kind", "name", "kana", "owner_name", "kept_by", "summary", "text", "facts", "tech_fields", "themes", "url", "source",
           "is_public", "entered_at", "withdrawn_reason", "text_hash")  # fmt: skip
PROBE = "RENKEI_SCALE_PROBE"
_WARM = 20
_SAVED = 7  # entries that are saved one by one
_REMATCHED = 100_000  # the catalogue that the night's pass is promised for
_PATIENCE = 60.0  # seconds that another engine is asked for
_ALL_PEERS = 300_000  # beyond, bm25s wants more memory than there is, and PostgreSQL seconds a question


def main(arguments: Sequence[str]) -> int:
    """Measure as the command line says; in a process started for it, tell only the memory."""
    if os.environ.get(PROBE):
        return _probe()
    from renkei.run.commands import bench

    parser = argparse.ArgumentParser(prog="renkei bench")
    bench.add_arguments(parser)
    return bench.run(parser.parse_args(["scale", *arguments]))


def measure(chosen: argparse.Namespace) -> int:
    """Measure each size; print a table on standard error while it goes on, JSON on standard output at the end. Raises EncoderError."""
    signal.signal(signal.SIGTERM, lambda *_given: sys.exit(143))
    if chosen.encoder:
        named(chosen.encoder)  # one that cannot start is told before anything is made
    answer: Row = {"machine": machine(), "sizes": []}
    try:
        with redirect_stdout(sys.stderr), _instance():
            for size in sorted(chosen.entries):
                found = _measure(size, chosen.queries, rematch=chosen.rematch, peers=not chosen.no_peers, encoder=chosen.encoder)
                if answer["sizes"]:
                    before = answer["sizes"][-1]["path"]
                    found["growth"] = {name: round(found["path"][name]["p95"] / before[name]["p95"], 2) for name in ("short", "long")}
                answer["sizes"].append(found)
                _tell(found)
    finally:  # what was measured is told, whatever became of the next size
        print(json.dumps(answer, ensure_ascii=False, indent=1), flush=True)
    return 0


def machine() -> Row:
    """Return what the figures were measured on, the load of the last minutes among it."""
    return {
        "cores": os.cpu_count(), "cpu": platform.machine(), "python": platform.python_version(), "tantivy": version("tantivy"),
        "load": [round(one, 1) for one in os.getloadavg()],
    }  # fmt: skip


@contextmanager
def _instance() -> Iterator[None]:
    """Start Django on a database of its own with the plan and the example catalogue; leave nothing."""
    from renkei.run.database import start_django
    from renkei.run.home import Home
    from renkei.run.postgres import Server

    place = scratch()
    place.chmod(0o755)
    try:
        with Server(place, throw_away=True) as server:
            os.environ["RENKEI_HOME"] = str(place)
            start_django(Home(place), server.environment(), login="owner", example=True)
            from renkei.example.catalogue import load_catalogue
            from renkei.run.prepare import migrate, publish_plans

            migrate()
            publish_plans()
            load_catalogue()
            _without_limit()
            try:
                yield
            finally:
                from django.db import connections

                connections.close_all()
    finally:
        sweep(place)


def _without_limit() -> None:
    """Let statements take their time: a million rows are not copied within the time a page may take."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")


def _composer() -> Composer:
    from renkei.example.files import rows
    from renkei.matching.models import Entry
    from renkei.matching.wordfile import shipped

    texts = [(one.kind, one.name, f"{one.summary}。{one.text}") for one in Entry.objects.exclude(kept_by="scale").order_by("id")]
    terms = [term.word for group in shipped() for term in group.words]
    return Composer(texts, terms, [row["text"] for row in rows("stories.jsonl")])


def _measure(size: int, queries: int, *, rematch: int, peers: bool, encoder: str) -> Row:
    from renkei.base.memo import remembering
    from renkei.matching import index, whole
    from renkei.matching.entries import matches
    from renkei.matching.knowledge import knowledge

    composer = _composer()
    _say(f"{size:,} entries are made up …")
    _fill(composer, size)
    found: Row = {"entries": size, "load": round(os.getloadavg()[0], 1)}
    _say("the index is built …")
    begun = time.perf_counter()
    index.rebuild()
    found["index seconds"] = round(time.perf_counter() - begun, 1)
    os.sync()  # what was written is no question's time
    found["disk MB"] = round(sum(one.stat().st_size for one in index.home().rglob("*") if one.is_file()) / 1e6, 1)
    found["read MB"] = round(whole.read_through() / 1e6, 1)  # as a web process does at its start
    known = knowledge()
    asked = {"short": composer.short(queries), "long": composer.long(queries)}
    _say(f"{found['index seconds']} s; {queries} short and long questions are asked …")
    def ask(text: str) -> None:
        with remembering():  # as a page does
            matches(text, known)

    with _as_staff():
        for text in (*composer.short(queries + _WARM)[-_WARM:], *composer.long(queries + _WARM)[-_WARM:]):
            ask(text)  # what is loaded once is not a question's time
        before = yardstick()
        found["path"] = {name: times(ask, texts) for name, texts in asked.items()}
        found["yardstick ms"] = [before, yardstick()]
        found["parts"] = {name: parts(texts) | {"loops": loops_alone(ask, texts)} for name, texts in asked.items()}
    if encoder:
        _say("the same questions are asked with the encoder …")
        found["with the encoder"] = measured(named(encoder), size, lambda: _asked(ask, asked), composer.short(queries * 2)[queries:])
    found["visible ms"] = _visible()
    found["memory MB"] = _memory()
    if rematch and size <= _REMATCHED:
        _say(f"{rematch:,} needs are matched anew …")
        begun = time.perf_counter()
        for text in composer.long(rematch):
            matches(text, known)
        found["rematch"] = {"needs": rematch, "seconds": round(time.perf_counter() - begun, 1)}
    if peers:
        _tell(found)
        _say("the other engines are asked …")
        found["peers"] = _peers(asked, size)
        found["ratio"] = {name: round(found["path"][name]["p95"] / found["peers"]["tantivy"][name]["p95"], 2) for name in asked}
        found["ratio of medians"] = {name: round(found["path"][name]["p50"] / found["peers"]["tantivy"][name]["p50"], 2) for name in asked}
        found["ratio of the least"] = {name: round(_least(found["parts"][name]) / found["peers"]["tantivy"][name]["p50"], 2) for name in asked}
    return found


def _asked(ask: Callable[[str], None], asked: dict[str, list[str]]) -> Row:
    """Return the times of questions of each kind, asked by a member of the staff; what is loaded once is not among them."""
    with _as_staff():
        for texts in asked.values():
            ask(texts[0])
        return {name: times(ask, texts) for name, texts in asked.items()}


def _least(told: Row) -> float:
    """Return what cannot be left out of the middle question: its analysis, the compiled loops, and what is asked of the database."""
    return float(sum(told[name]["p50"] for name in ("analysis", "loops", "current", "reading")))


@contextmanager
def _as_staff() -> Iterator[None]:
    """Ask as the pages do: under the web login, whose policies show a member of staff every entry."""
    import uuid

    from django.db import connection
    from psycopg.conninfo import conninfo_to_dict

    from renkei.base.actor import staff
    from renkei.base.context import acting
    from renkei.plan.queries import front_desk

    before, web = dict(connection.settings_dict), conninfo_to_dict(os.environ["DATABASE_URL_WEB"])
    actor = staff(uuid.uuid4(), front_desk().code)
    connection.close()
    connection.settings_dict.update({"USER": web["user"], "PASSWORD": web["password"]})
    try:
        with acting(actor):
            yield
    finally:
        connection.close()
        connection.settings_dict.update(before)


def _fill(composer: Composer, size: int) -> None:
    """Copy made-up entries in the place of those of the size before."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE matching_entry DISABLE TRIGGER USER, DISABLE ROW LEVEL SECURITY")  # no COPY under policies
        cursor.execute("DELETE FROM matching_entry WHERE kept_by = 'scale'")
        with cursor.cursor.copy(f"COPY matching_entry ({', '.join(COLUMNS)}) FROM STDIN") as copy:
            for one in composer.entries(size):
                copy.write_row([one.id, one.kind, one.name, "", "", "scale", one.text[:60], one.text[60:], "{}", "[]", "[]", "", "",
                                one.is_public, "2026-04-01", "", one.id])  # fmt: skip
        cursor.execute("ALTER TABLE matching_entry ENABLE TRIGGER USER, ENABLE ROW LEVEL SECURITY")
        cursor.execute("VACUUM ANALYZE matching_entry")


def _peers(asked: dict[str, list[str]], size: int) -> Row:
    """Return each plain engine's times; analysis of the question is counted for all of them, as it is for us."""
    from renkei.matching.words import content_forms

    words = _words()
    place = scratch()
    found: Row = {}
    try:
        makers: list[Callable[[], Peer | None]] = [
            lambda: tantivy_peer(words, place / "index"), lambda: bm25s_peer(words), lambda: postgres_peer(words),
        ]  # fmt: skip
        for make in makers[: 1 if size > _ALL_PEERS else None]:
            peer = make()
            if peer is None:
                print("bm25s IS NOT INSTALLED: left out (pip install bm25s)", file=sys.stderr)
                continue
            peer.ask(content_forms(asked["long"][0]))
            found[peer.name] = {"index seconds": round(peer.built, 1)} | {
                name: times(lambda text, ask=peer.ask: ask(content_forms(text)), texts, seconds=_PATIENCE) for name, texts in asked.items()
            }
    finally:
        sweep(place)
    return found


def _words() -> list[tuple[str, str]]:
    """Return id and words of every entry, analysed on all cores."""
    from renkei.matching.models import Entry

    entries = Entry.objects.values_list("id", "name", "summary", "text").iterator(chunk_size=5_000)
    with get_context("spawn").Pool() as pool:
        return list(pool.imap(words_of, entries, chunksize=500))


def words_of(entry: tuple[str, str, str, str]) -> tuple[str, str]:
    """Return an entry's id and its words, for a plain engine."""
    from renkei.matching.words import content_forms

    key, name, summary, text = entry
    return key, " ".join(content_forms(f"{name}\n{summary}\n{text}"))


def _visible() -> Row:
    """Return how long it takes from saving an entry until a question finds it, and how long of that the index follows the commit."""
    from renkei.base.actor import SYSTEM
    from renkei.matching import index
    from renkei.matching.actions import EntryRow, put_entries

    taken: list[float] = []
    followed: list[float] = []
    for number in range(_SAVED):
        word = f"膜厚計{number}号"
        row = EntryRow(id=f"NEW{number}", kind="equipment", name=word, owner_name="測る会", text="めっきの厚さを測る。")
        begun = time.perf_counter()
        put_entries([row], kept_by="scale", by=SYSTEM)
        followed.append(time.perf_counter() - begun)
        index.ensure()
        if row.id not in {hit.id for hit in index.find(word, audience="staff", kinds=["equipment"], limit=50)}:
            raise SystemExit(f"{row.id} is not found after it was saved")
        taken.append(time.perf_counter() - begun)
    return {"most": round(max(taken) * 1000), "median": round(statistics.median(taken) * 1000), "saving": round(statistics.median(followed) * 1000)}


def _memory() -> Row:
    """Return what a fresh process holds: after it has started, and after it has opened the index and answered once."""
    done = subprocess.run([sys.executable, "-m", "bench.scale"], env=os.environ | {PROBE: "1"}, capture_output=True, text=True, check=True)
    told: Row = json.loads(done.stdout.splitlines()[-1])
    return told


def _probe() -> int:
    import django

    django.setup()
    from renkei.matching.entries import matches
    from renkei.matching.knowledge import knowledge
    from renkei.matching.words import content_forms

    content_forms("温める")
    known, before = knowledge(), _resident()
    begun = time.perf_counter()
    matches("めっきの厚さを測りたい", known)
    print(json.dumps({"before": before, "after": _resident(), "first answer ms": round((time.perf_counter() - begun) * 1000)}))
    return 0


def _resident() -> int:
    """Return this process's memory in MB."""
    [line] = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmRSS")]
    return int(line.split()[1]) // 1000


def _say(what: str) -> None:
    print(f"  {time.strftime('%H:%M:%S')} {what}", file=sys.stderr, flush=True)


def _tell(found: Row) -> None:
    path, peers = found["path"], found.get("peers", {})
    print(f"\n{found['entries']:,} entries (load {found['load']}): index {found['index seconds']} s, {found['disk MB']} MB on disk", file=sys.stderr)
    for name in ("short", "long"):
        beside = "  ".join(f"{peer} {told[name]['p50']}/{told[name]['p95']}" for peer, told in peers.items())
        print(f"  {name:<6} p50/p95 ms  ours {path[name]['p50']}/{path[name]['p95']}  {beside}", file=sys.stderr)
    if "rematch" in found:
        print(f"  {found['rematch']['needs']:,} needs matched in {found['rematch']['seconds']} s", file=sys.stderr)
    print(f"  yardstick {found['yardstick ms']} ms  memory {found['memory MB']}  growth {found.get('growth')}  ratio {found.get('ratio')}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
