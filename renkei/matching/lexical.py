"""The inverted index (tantivy) that finds candidates by their words; what they are worth is decided by ``ranking``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import tantivy

from renkei.matching.terms import Document, Terms

_TITLE, _SYNONYM, _PAIRS = 0.3, 0.4, 0.25
_HEAP = 30_000_000


def schema() -> Any:
    """Return the schema: words, title and pairs for searching, id and kind to come back with."""
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("id", stored=True, tokenizer_name="raw", index_option="basic")
    builder.add_text_field("kind", stored=True, tokenizer_name="raw", index_option="basic")
    for name in ("title", "words", "pairs"):
        builder.add_text_field(name, stored=False, tokenizer_name="whitespace", index_option="freq")
    return builder.build()


def make(place: Path | None = None) -> tantivy.Index:
    """Return a new index in a folder, or in memory."""
    if place is None:
        return tantivy.Index(schema())
    place.mkdir(parents=True, exist_ok=True)
    return tantivy.Index(schema(), path=str(place))


def opened(place: Path) -> tantivy.Index:
    """Return the index of a folder. Raises ValueError or OSError when it is damaged."""
    return tantivy.Index.open(str(place))


@contextmanager
def writing(index: tantivy.Index) -> Iterator[Any]:
    """Give a writer; what was written is committed at the end, and nothing of it when something fails."""
    writer = index.writer(heap_size=_HEAP, num_threads=1)
    yield writer
    writer.commit()
    writer.wait_merging_threads()


def add(writer: Any, documents: Iterable[tuple[Document, Terms]]) -> None:
    """Add analysed documents."""
    for document, terms in documents:
        fields = {name: " ".join(terms.by_field[name]) for name in ("title", "words", "pairs")}
        writer.add_document(tantivy.Document(id=document.id, kind=document.kind, **fields))


def put(index: tantivy.Index, documents: Iterable[tuple[Document, Terms]]) -> None:
    """Add analysed documents in one commit."""
    with writing(index) as writer:
        add(writer, documents)


def candidates(
    index: tantivy.Index, terms: Terms, synonyms: Sequence[tuple[str, ...]], *, kinds: Sequence[str], limit: int
) -> list[str]:
    """Return the ids of the best documents of the kinds by words, best first. Raises ValueError on a damaged index."""
    query = _query(terms, synonyms, kinds)
    if query is None:
        return []
    searcher = index.searcher()
    return [str(searcher.doc(address).get_first("id")) for _score, address in searcher.search(query, limit).hits]


def _query(terms: Terms, synonyms: Sequence[tuple[str, ...]], kinds: Sequence[str]) -> Any:
    ask, fields = tantivy.Query, schema()
    weighed = [("words", term, 1.0) for term in terms.words]
    weighed += [("title", term, _TITLE) for term in terms.words]
    weighed += [("pairs", pair, _PAIRS) for pair in terms.by_field["pairs"]]
    if not weighed:
        return None
    parts = [
        (tantivy.Occur.Should, ask.boost_query(ask.term_query(fields, name, term), weight))
        for name, term, weight in weighed
    ]
    parts += [(tantivy.Occur.Should, ask.boost_query(_all_of(forms), _SYNONYM)) for forms in synonyms]
    wanted = [(tantivy.Occur.Should, ask.const_score_query(ask.term_query(fields, "kind", k), 0.0)) for k in kinds]
    both = [(tantivy.Occur.Must, ask.boolean_query(parts))]
    return ask.boolean_query([*both, (tantivy.Occur.Must, ask.boolean_query(wanted))] if wanted else both)


def _all_of(forms: Sequence[str]) -> Any:
    """Return the query for a word that means the same; one of several words counts as the mean of them, and only whole."""
    parts = [(tantivy.Occur.Must, tantivy.Query.term_query(schema(), "words", form)) for form in forms]
    return tantivy.Query.boost_query(tantivy.Query.boolean_query(parts), 1 / len(forms))
