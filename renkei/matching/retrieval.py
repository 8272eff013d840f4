"""Measure the ranking on judged queries: what ``renkei bench retrieval`` prints. No database here.

The same code ranks as in the product. Beside it stands plain BM25 over Sudachi's shortest units, of the same run.
"""

from __future__ import annotations

import json
import math
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from renkei.matching import fusion, learning, lexical, measures, synonyms
from renkei.matching.encoders import Encoder
from renkei.matching.fusion import Model
from renkei.matching.learning import Example
from renkei.matching.postings import Postings, PostingsWriter, learn_prior
from renkei.matching.ranking import Pool, Ranker, encode_documents
from renkei.matching.terms import Document, analysed
from renkei.matching.words import spoken_forms

_MOST_LEARNED = 600  # judged queries that a fold learns from; more add time and no quality
_K1, _B = 1.2, 0.75
Row = dict[str, Any]


class BadFileError(Exception):
    """A file cannot be read; the message is a Japanese sentence naming the file, the line and what to do."""


@dataclass(frozen=True, slots=True)
class Collection:
    """Documents, queries by id, and the grades of documents by query."""

    documents: list[Document]
    queries: dict[str, str]
    grades: dict[str, dict[str, int]]


def read(corpus: Path, queries: Path, qrels: Path) -> Collection:
    """Return a collection. Raises BadFileError."""
    documents = [
        Document(one["id"], str(one.get("title") or ""), one["text"], str(one.get("kind") or "")) for one in _objects(corpus)
    ]
    _once(corpus, [one.id for one in documents])
    asked = {one["id"]: one["text"] for one in _objects(queries)}
    grades = _grades(qrels, {one.id for one in documents}, set(asked))
    if not any(grade > 0 for one in grades.values() for grade in one.values()):
        raise BadFileError(f"{qrels} に 1 以上の評価がありません。")
    return Collection(documents, asked, grades)


def measure(found: Collection, *, parts: int = 0, encoder: Encoder | None = None) -> Row:
    """Return the figures; with ``parts`` also those of a fusion learned on the other parts of the queries."""
    with tempfile.TemporaryDirectory(prefix="rk-bench-") as place:
        began = time.perf_counter()
        ranker = build(found.documents, Path(place), encoder)
        built = time.perf_counter() - began
        judged = [key for key in found.queries if any(grade > 0 for grade in found.grades.get(key, {}).values())]
        if parts and len(judged) < max(parts, 2):
            raise BadFileError(f"評価のある質問が {len(judged)} 件しかなく、{parts} つに分けられません。--cv を減らしてください。")
        ranker.rank("温める")  # what is loaded once is not a query's time
        examples, orders, taken = [], [], []
        for key in judged:
            began = time.perf_counter()
            pool = ranker.pool(found.queries[key])
            score = ranker.model.score(pool.signs)
            taken.append((time.perf_counter() - began) * 1000)
            examples.append(_example(pool, ranker, found.grades[key]))
            orders.append(score)
        plain = [_values(ranked, found.grades[key]) for key, ranked in zip(judged, _plain(found, judged), strict=True)]
        ours = [_figures(one, score) for one, score in zip(examples, orders, strict=True)]
        answer: Row = {
            "documents": len(found.documents), "queries": len(judged), "encoder": encoder.name if encoder else None,
            "published weights": _summary(ours, plain),
        }  # fmt: skip
        if parts:
            for told, trees in ((f"learned, {parts}-fold cross-validated", False), (f"learned with trees, {parts}-fold", True)):
                if not trees or (len(examples) >= learning.TREES_FROM and learning.can_grow_trees()):
                    learned, kind = _learned(examples, parts, trees=trees)
                    answer[told] = {**_summary(learned, plain), "model": kind}
        answer["plain Sudachi BM25"] = _summary(plain)
        answer["ms per query"] = {"p50": round(float(np.quantile(taken, 0.5)), 2), "p95": round(float(np.quantile(taken, 0.95)), 2)}
        answer["index seconds"] = round(built, 2)
        return answer


def build(documents: Sequence[Document], place: Path, encoder: Encoder | None = None) -> Ranker:
    """Return a ranker over documents, its files in a folder."""
    listed = analysed(documents)
    writer = PostingsWriter(place, prior=learn_prior(listed))
    writer.add(listed)
    index = lexical.make()
    with lexical.writing(index) as to:
        lexical.add(to, listed)
    encoded = encode_documents(encoder, documents) if encoder is not None else None
    wordlist = synonyms.default()
    return Ranker(
        Postings(place, writer.extent), index, expand=wordlist.added_to, encoded=encoded
    )


def examples_of(found: Collection, ranker: Ranker) -> list[Example]:
    """Return the judged queries of a collection with the signs of their pools."""
    judged = [key for key in found.queries if any(grade > 0 for grade in found.grades.get(key, {}).values())]
    return [_example(ranker.pool(found.queries[key]), ranker, found.grades[key]) for key in judged]


def _learned(examples: Sequence[Example], parts: int, *, trees: bool) -> tuple[list[list[float]], str]:
    """Return each query's figures under a model that has not seen it, and what kind of model was learned."""
    found: list[list[float]] = [[] for _ in examples]
    kind = ""

    def fit(others: Sequence[Example]) -> Model:
        step = max(1, math.ceil(len(others) / _MOST_LEARNED))
        return learning.fit(others[::step], trees=trees) if len(others) >= learning.LINEAR_FROM else fusion.published()

    for held, model in learning.cross_validated(examples, parts, fitted=fit):
        kind = "linear and trees" if model.trees else "linear" if model.name == "learned" else "published (too few judged)"
        for number in held:
            found[number] = _figures(examples[number], model.score(examples[number].signs))
    return found, kind


def _example(pool: Pool, ranker: Ranker, grades: Mapping[str, int]) -> Example:
    own = [grades.get(ranker.postings.ids[row], 0) for row in pool.rows]
    return Example(pool.signs, np.array(own, dtype=np.int64), tuple(grades.values()))


def _figures(example: Example, score: Any) -> list[float]:
    order = np.argsort(-score, kind="stable")
    return _four([int(one) for one in example.grades[order]], example.all_grades)


def _values(ranked: Sequence[str], grades: Mapping[str, int]) -> list[float]:
    return _four([grades.get(one, 0) for one in ranked], tuple(grades.values()))


def _four(ranked: Sequence[int], grades: Sequence[int]) -> list[float]:
    fitting = sum(grade > 0 for grade in grades)
    return [
        measures.ndcg(ranked, grades),
        measures.average_precision(ranked, fitting),
        measures.reciprocal_rank(ranked),
        measures.recall(ranked, fitting),
    ]


def _summary(figures: Sequence[Sequence[float]], beside: Sequence[Sequence[float]] = ()) -> Row:
    names = ("nDCG@10", "MAP", "MRR", "R@100")
    found: Row = {name: _told([one[n] for one in figures]) for n, name in enumerate(names)}
    if beside:
        found["nDCG@10 more than plain"] = _told([a[0] - b[0] for a, b in zip(figures, beside, strict=True)])
    return found


def _told(values: Sequence[float]) -> Row:
    mean, low, high = measures.interval(values)
    return {"mean": round(mean, 4), "low": round(low, 4), "high": round(high, 4)}


def _plain(found: Collection, judged: Sequence[str]) -> Iterator[list[str]]:
    """Yield the order of plain BM25: normal forms of Sudachi's shortest units, title and body as one text."""
    counted = [Counter(_units(f"{one.title}\n{one.text}")) for one in found.documents]
    lengths = np.array([sum(one.values()) for one in counted], dtype=np.float64)
    often = Counter(term for one in counted for term in one)
    held: dict[str, tuple[list[int], list[int]]] = {}
    for row, one in enumerate(counted):
        for term, count in one.items():
            rows, counts = held.setdefault(term, ([], []))
            rows.append(row)
            counts.append(count)
    norm = _K1 * (1 - _B + _B * lengths / max(lengths.mean(), 1e-9))
    for key in judged:
        score = np.zeros(len(counted))
        for term in dict.fromkeys(_units(found.queries[key])):
            if term in held:
                at, times = (np.array(one) for one in held[term])
                rarity = math.log1p((len(counted) - often[term] + 0.5) / (often[term] + 0.5))
                score[at] += rarity * times * (_K1 + 1) / (times + norm[at])
        order = np.argsort(-score, kind="stable")[:1000]
        yield [found.documents[row].id for row in order if score[row] > 0]


def _units(text: str) -> list[str]:
    return [form for form, _is_content in spoken_forms(text[:20_000])]


def _objects(path: Path) -> Iterator[Row]:
    for number, line in _lines(path):
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            raise BadFileError(f"{path} の{number}行目を JSON として読めません。") from None
        if not isinstance(row, dict) or not isinstance(row.get("text"), str) or not isinstance(row.get("id"), str | int):
            raise BadFileError(f'{path} の{number}行目に "id" か "text" がありません。{{"id": "..", "text": ".."}} の形にしてください。')
        yield row | {"id": str(row["id"])}


def _grades(path: Path, documents: set[str], queries: set[str]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for number, line in _lines(path):
        parts = line.split("\t")
        if len(parts) == 4:  # as trec_eval writes it: query, a column without use, document, grade
            parts = [parts[0], parts[2], parts[3]]
        if len(parts) != 3 or not parts[2].strip().lstrip("-").isdigit():
            raise BadFileError(f"{path} の{number}行目が「質問、文書、評価の数」をタブで区切った形になっていません。")
        query, document, grade = parts
        for given, known, what in ((query, queries, "質問"), (document, documents, "文書")):
            if given not in known:
                raise BadFileError(f"{path} の{number}行目の{what}「{given}」がありません。三つのファイルの組を確かめてください。")
        found.setdefault(query, {})[document] = int(grade)
    return found


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    try:
        with path.open(encoding="utf-8-sig") as handle:
            for number, line in enumerate(handle, 1):
                if line.strip():
                    yield number, line.rstrip("\r\n")
    except FileNotFoundError:
        raise BadFileError(f"{path} がありません。") from None
    except (OSError, UnicodeDecodeError) as error:
        raise BadFileError(f"{path} を UTF-8 の文字として読めません（{type(error).__name__}）。") from None


def _once(path: Path, ids: Sequence[str]) -> None:
    if not ids:
        raise BadFileError(f"{path} は空です。")
    twice = [one for one, count in Counter(ids).items() if count > 1]
    if twice:
        raise BadFileError(f"{path} に同じ id「{twice[0]}」が二度あります。")


