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
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.scale.made_up import Composer
from bench.scale.peers import Peer, bm25s_peer, postgres_peer, scratch, sweep, tantivy_peer

Row = dict[str, Any]
COLUMNS = ("id", "kind", "name", "kana", "owner_name", "kept_by", "summary", "text", "facts", "tech_fields", "themes", "url", "source",
           "is_public", "entered_at", "withdrawn_reason", "text_hash")  # fmt: skip
PROBE = "RENKEI_SCALE_PROBE"


def main(arguments: Sequence[str]) -> int:
    """Measure as the command line says; in a process started for it, tell only the memory."""
    if os.environ.get(PROBE):
        return _probe()
    from renkei.run.commands import bench

    parser = argparse.ArgumentParser(prog="renkei bench")
    bench.add_arguments(parser)
    return bench.run(parser.parse_args(["scale", *arguments]))


def measure(chosen: argparse.Namespace) -> int:
    """Measure each size; print a table on standard error while it goes on, JSON on standard output at the end."""
    signal.signal(signal.SIGTERM, lambda *_given: sys.exit(143))
    answer: Row = {"machine": machine(), "sizes": []}
    with _instance():
        before: Row | None = None
        for size in sorted(chosen.entries):
            found = _measure(size, chosen.queries, rematch=chosen.rematch, peers=not chosen.no_peers)
            if before is not None:
                found["growth"] = {name: round(found["path"][name]["p95"] / before["path"][name]["p95"], 2) for name in ("short", "long")}
            answer["sizes"].append(found)
            _tell(found)
            before = found
    print(json.dumps(answer, ensure_ascii=False, indent=1))
    return 0


def machine() -> Row:
    """Return what the figures were measured on, the load of the last minutes among it."""
    import tantivy

    return {
        "cores": os.cpu_count(), "cpu": platform.machine(), "python": platform.python_version(), "tantivy": tantivy.__version__,
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
            try:
                yield
            finally:
                from django.db import connections

                connections.close_all()
    finally:
        sweep(place)


def _composer() -> Composer:
    from renkei.example.files import rows
    from renkei.matching.models import Entry
    from renkei.matching.synonyms import shipped

    texts = [(one.kind, one.name, f"{one.summary}。{one.text}") for one in Entry.objects.exclude(kept_by="scale").order_by("id")]
    terms = [term.word for group in shipped() for term in group.words]
    return Composer(texts, terms, [row["text"] for row in rows("stories.jsonl")])


def _measure(size: int, queries: int, *, rematch: int, peers: bool) -> Row:
    from renkei.matching import index
    from renkei.matching.entries import matches
    from renkei.matching.knowledge import knowledge

    composer = _composer()
    _fill(composer, size)
    found: Row = {"entries": size, "load": round(os.getloadavg()[0], 1)}
    begun = time.perf_counter()
    index.rebuild()
    found["index seconds"] = round(time.perf_counter() - begun, 1)
    found["disk MB"] = round(sum(one.stat().st_size for one in index.home().rglob("*") if one.is_file()) / 1e6, 1)
    known = knowledge()
    asked = {"short": composer.short(queries), "long": composer.long(queries)}
    matches(asked["long"][0], known)  # what is loaded once is not a question's time
    found["path"] = {name: times(lambda text: matches(text, known), texts) for name, texts in asked.items()}
    found["parts"] = {name: _parts(texts) for name, texts in asked.items()}
    if peers:
        found["peers"] = _peers(asked)
        found["ratio"] = {name: round(found["path"][name]["p95"] / found["peers"]["tantivy"][name]["p95"], 2) for name in asked}
        found["ratio of medians"] = {name: round(found["path"][name]["p50"] / found["peers"]["tantivy"][name]["p50"], 2) for name in asked}
    found["memory MB"] = _memory()
    if rematch:
        begun = time.perf_counter()
        for text in composer.long(rematch):
            matches(text, known)
        found["rematch"] = {"needs": rematch, "seconds": round(time.perf_counter() - begun, 1)}
    return found


def _fill(composer: Composer, size: int) -> None:
    """Copy made-up entries in the place of those of the size before."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE matching_entry DISABLE TRIGGER USER")
        cursor.execute("DELETE FROM matching_entry WHERE kept_by = 'scale'")
        with cursor.cursor.copy(f"COPY matching_entry ({', '.join(COLUMNS)}) FROM STDIN") as copy:
            for one in composer.entries(size):
                copy.write_row([one.id, one.kind, one.name, "", "", "scale", one.text[:60], one.text[60:], "{}", "[]", "[]", "", "",
                                one.is_public, "2026-04-01", "", one.id])  # fmt: skip
        cursor.execute("ALTER TABLE matching_entry ENABLE TRIGGER USER")
        cursor.execute("VACUUM ANALYZE matching_entry")


def times(ask: Callable[[Any], Any], given: Sequence[Any]) -> Row:
    """Return median and p95, in milliseconds, of asking once for each; ``cpu`` is the median of this process's own work."""
    taken, worked = [], []
    for one in given:
        begun, at_work = time.perf_counter(), time.thread_time()
        ask(one)
        taken.append((time.perf_counter() - begun) * 1000)
        worked.append((time.thread_time() - at_work) * 1000)
    p95 = statistics.quantiles(taken, n=20)[-1]
    return {"p50": round(statistics.median(taken), 2), "p95": round(p95, 2), "cpu": round(statistics.median(worked), 2)}


def _parts(texts: Sequence[str]) -> Row:
    """Return how long the parts of the path take: looking whether the index is current, the ranking alone."""
    from renkei.matching import index
    from renkei.matching.entries import KINDS, PER_KIND
    from renkei.matching.words import content_forms

    return {
        "current": times(lambda _text: index.ensure(), texts),
        "analysis": times(content_forms, texts),
        "ranking": times(lambda text: index.find_by_kind(text, audience="staff", kinds=KINDS, limit=PER_KIND), texts),
    }


def _peers(asked: dict[str, list[str]]) -> Row:
    """Return each plain engine's times; analysis of the question is counted for all of them, as it is for us."""
    from renkei.matching.models import Entry
    from renkei.matching.words import content_forms

    entries = Entry.objects.values_list("id", "name", "summary", "text").iterator(chunk_size=5_000)
    words = [(key, " ".join(content_forms(f"{name}\n{summary}\n{text}"))) for key, name, summary, text in entries]
    place = scratch()
    found: Row = {}
    try:
        makers: list[Callable[[], Peer | None]] = [
            lambda: tantivy_peer(words, place / "index"), lambda: bm25s_peer(words), lambda: postgres_peer(words),
        ]  # fmt: skip
        for make in makers:
            peer = make()
            if peer is None:
                print("bm25s IS NOT INSTALLED: left out (pip install bm25s)", file=sys.stderr)
                continue
            peer.ask(content_forms(asked["long"][0]))
            found[peer.name] = {"index seconds": round(peer.built, 1)} | {
                name: times(lambda text, ask=peer.ask: ask(content_forms(text)), texts) for name, texts in asked.items()
            }
    finally:
        sweep(place)
    return found


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


def _tell(found: Row) -> None:
    path, peers = found["path"], found.get("peers", {})
    print(f"\n{found['entries']:,} entries (load {found['load']}): index {found['index seconds']} s, {found['disk MB']} MB on disk", file=sys.stderr)
    for name in ("short", "long"):
        beside = "  ".join(f"{peer} {told[name]['p50']}/{told[name]['p95']}" for peer, told in peers.items())
        print(f"  {name:<6} p50/p95 ms  ours {path[name]['p50']}/{path[name]['p95']}  {beside}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
