"""Weights learned from a site's own lessons, and what they are worth on needs not seen. Asks the catalogue, writes nothing."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from renkei.matching import learned, learning, lexical, measures, synonyms
from renkei.matching.encoded import encoded_for
from renkei.matching.fusion import Model
from renkei.matching.learnactions import Outcome
from renkei.matching.learning import Example
from renkei.matching.models import Entry
from renkei.matching.postings import Postings, PostingsWriter, learn_prior
from renkei.matching.ranking import Ranker
from renkei.matching.terms import Document, analysed

PARTS = 5
Judged = tuple[str, Mapping[str, int]]  # a need's words, and the grades (0 to 3) of the entries judged for it


def learn_from(judged: Sequence[Judged], *, kind: str = "") -> Outcome:
    """Learn weights (no trees: they are kept as plain data) and compare with those in use, on needs not seen.

    Raises ValueError with a Japanese sentence when none of the judged entries is found for its need.
    """
    documents = [
        Document(one.pk, one.name, f"{one.summary}\n{one.text}", one.kind)
        for one in Entry.objects.filter(withdrawn_on__isnull=True).only("name", "summary", "text", "kind").order_by("pk")
    ]
    with tempfile.TemporaryDirectory(prefix="rk-learn-") as place:
        ranker = _ranker(documents, Path(place), kind)
        examples = [_example(ranker, text, grades, kind) for text, grades in judged]
        now = ranker.model
    if sum(bool(one.grades.any()) for one in examples) < PARTS:
        raise ValueError("答えのある項目が、課題の言葉では見つかりません")
    return compare(examples, now)


def compare(examples: Sequence[Example], now: Model) -> Outcome:
    """Return the weights learned from all examples, with nDCG@10 of each example under weights that have not seen it."""
    before = np.array([one.gain(now) for one in examples])
    after = np.zeros(len(examples))
    for held, model in learning.cross_validated(examples, PARTS, fitted=lambda some: learning.fit(some, trees=False)):
        for number in held:
            after[number] = examples[number].gain(model)
    _mean, low, high = measures.interval((after - before).tolist())
    weights = learning.fit(examples, trees=False).as_data()
    return Outcome(weights, len(examples), float(before.mean()), float(after.mean()), low, high)


def _example(ranker: Ranker, text: str, grades: Mapping[str, int], kind: str) -> Example:
    pool = ranker.pool(text, kinds=[kind] if kind else ())
    own = [grades.get(ranker.postings.ids[row], 0) for row in pool.rows]
    return Example(pool.signs, np.array(own, dtype=np.int64), tuple(grades.values()))


def _ranker(documents: Sequence[Document], place: Path, kind: str) -> Ranker:
    """Return a ranker over the catalogue as it is now, apart from the index that searches use."""
    listed = analysed(documents)
    writer = PostingsWriter(place, prior=learn_prior(listed))
    writer.add(listed)
    index = lexical.make()
    lexical.put(index, listed)
    wordlist = synonyms.current()
    postings = Postings(place, writer.extent)
    return Ranker(postings, index, model=learned.model(kind), expand=wordlist.added_to, encoded=encoded_for(postings))
