"""Three plain engines on the same words: tantivy with one field, bm25s, PostgreSQL's full text."""

from __future__ import annotations

import logging
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TOP = 10
Ask = Callable[[Sequence[str]], Any]


@dataclass(frozen=True, slots=True)
class Peer:
    """An engine that holds the documents: how long that took (s) and how it is asked for the ten best by words."""

    name: str
    built: float
    ask: Ask


def tantivy_peer(words: Iterable[tuple[str, str]], place: Path) -> Peer:
    """Return plain tantivy: one field of the words, one of ids, BM25 of an OR."""
    import tantivy

    begun = time.perf_counter()
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("id", stored=True, tokenizer_name="raw", index_option="basic")
    builder.add_text_field("words", stored=False, tokenizer_name="whitespace", index_option="freq")
    schema = builder.build()
    place.mkdir(parents=True)
    index = tantivy.Index(schema, path=str(place))
    writer = index.writer(heap_size=60_000_000, num_threads=1)
    for key, line in words:
        writer.add_document(tantivy.Document(id=key, words=line))
    writer.commit()
    writer.wait_merging_threads()
    index.reload()
    searcher = index.searcher()

    def ask(terms: Sequence[str]) -> list[str]:
        query = tantivy.Query.boolean_query([
            (tantivy.Occur.Should, tantivy.Query.term_query(schema, "words", term)) for term in dict.fromkeys(terms)
        ])  # fmt: skip
        return [str(searcher.doc(address).get_first("id")) for _score, address in searcher.search(query, TOP).hits]

    return Peer("tantivy", time.perf_counter() - begun, ask)


def bm25s_peer(words: Iterable[tuple[str, str]]) -> Peer | None:
    """Return bm25s in memory, or None where it is not installed."""
    try:
        import bm25s
    except ImportError:
        return None
    logging.getLogger("bm25s").setLevel(logging.WARNING)
    begun = time.perf_counter()
    engine = bm25s.BM25()
    documents = [line.split() or [""] for _key, line in words]
    engine.index(documents, show_progress=False)
    known = engine.vocab_dict

    def ask(terms: Sequence[str]) -> Any:
        met = [term for term in terms if term in known]
        return engine.retrieve([met], k=min(TOP, len(documents)), show_progress=False) if met else []

    return Peer("bm25s", time.perf_counter() - begun, ask)


def postgres_peer(words: Iterable[tuple[str, str]]) -> Peer:
    """Return PostgreSQL's full text: a tsvector of the same words, a GIN index, ts_rank of an OR."""
    from django.db import connection

    begun = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS bench_words")
        cursor.execute("CREATE UNLOGGED TABLE bench_words (id text, line text, found tsvector GENERATED ALWAYS AS (to_tsvector('simple', line)) STORED)")
        with cursor.cursor.copy("COPY bench_words (id, line) FROM STDIN") as copy:
            for row in words:
                copy.write_row(row)
        cursor.execute("CREATE INDEX ON bench_words USING gin (found)")
        cursor.execute("ANALYZE bench_words")

    def ask(terms: Sequence[str]) -> list[Any]:
        either = " OR ".join(dict.fromkeys(terms))
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT id FROM bench_words, websearch_to_tsquery('simple', %s) q WHERE found @@ q ORDER BY ts_rank(found, q) DESC LIMIT 10",
                [either],
            )
            found: list[Any] = cursor.fetchall()
            return found

    return Peer("postgresql", time.perf_counter() - begun, ask)


def scratch() -> Path:
    """Return a new folder on the disk of the homes."""
    return Path(tempfile.mkdtemp(prefix="rk-scale-", dir="/var/tmp"))


def sweep(place: Path) -> None:
    """Throw a folder away."""
    shutil.rmtree(place, ignore_errors=True)
