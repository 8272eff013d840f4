"""A made-up collection of judged queries, small enough for every test: shops of a town and what people ask them for."""

from __future__ import annotations

import json
from pathlib import Path

from renkei.matching.retrieval import Collection
from renkei.matching.terms import Document

SHOPS = {
    "bread": ("パン屋", "朝に焼いた食パンと菓子パンを売る。"),
    "fish": ("魚屋", "港で揚がった鯛と鯖を並べる。刺身も作る。"),
    "clock": ("時計の修理", "腕時計の電池を替え、止まった時計を直す。"),
    "bicycle": ("自転車の店", "自転車のパンクを直す。空気入れを貸す。"),
    "books": ("古本屋", "読み終えた本を買い取り、小説や図鑑を売る。"),
    "flowers": ("花屋", "花束を作り、鉢植えを届ける。"),
    "doctor": ("診療所", "風邪や腹痛を診る。予防接種もする。"),
    "bank": ("信用組合", "店を始める人に資金を融資する。"),
}
ASKED = {
    "bread": ("食パンを買いたい", "菓子パンはありますか", "朝のパン", "焼いたパンがほしい"),
    "fish": ("刺身を作ってほしい", "鯛はありますか", "港の鯖", "魚を買う"),
    "clock": ("腕時計が止まった", "時計の電池", "時計を直したい", "腕時計を修理"),
    "bicycle": ("自転車がパンクした", "空気入れを借りたい", "自転車を直す", "パンクの修理"),
    "books": ("古本を買い取ってほしい", "小説を探す", "図鑑がほしい", "本を売りたい"),
    "flowers": ("花束を頼む", "鉢植えを届けて", "花を買う", "鉢植えがほしい"),
    "doctor": ("風邪をひいた", "腹痛で困る", "予防接種を受けたい", "風邪を診てほしい"),
    "bank": ("融資を受けたい", "資金が足りない", "店を始める資金", "組合から融資"),
}


def documents() -> list[Document]:
    return [Document(key, title, text, "food" if key in {"bread", "fish"} else "shop") for key, (title, text) in SHOPS.items()]


def collection() -> Collection:
    queries = {f"{key}{number}": text for key, listed in ASKED.items() for number, text in enumerate(listed)}
    return Collection(documents(), queries, {query: {query.rstrip("0123456789"): 2} for query in queries})


def written(folder: Path) -> tuple[Path, Path, Path]:
    """Write the three files; returns their paths."""
    found = collection()
    corpus, queries, qrels = (folder / name for name in ("corpus.jsonl", "queries.jsonl", "qrels.tsv"))
    rows = [{"id": one.id, "title": one.title, "text": one.text} for one in found.documents]
    corpus.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    asked = [{"id": key, "text": text} for key, text in found.queries.items()]
    queries.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in asked), encoding="utf-8")
    judged = [f"{query}\t{one}\t{grade}\n" for query, grades in found.grades.items() for one, grade in grades.items()]
    qrels.write_text("".join(judged), encoding="utf-8")
    return corpus, queries, qrels
