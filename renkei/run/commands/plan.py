"""Check, publish and export plan files."""

from __future__ import annotations

import argparse

HELP = "計画のファイルを検査・公開・書き出しする"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """``check`` needs no database; ``publish`` and ``export`` do."""
    acts = parser.add_subparsers(dest="act", metavar="check|publish|export", required=True)
    check = acts.add_parser("check", help="ファイルの誤りを、ファイル名・行・決まりで示す")
    check.add_argument("target", help="計画のフォルダかファイル、または同梱の計画の名")
    publish = acts.add_parser("publish", help="検査して、新しい版として公開する")
    publish.add_argument("target", help="計画のフォルダ、または同梱の計画の名")
    publish.add_argument("--note", default="", help="版の説明")
    export = acts.add_parser("export", help="公開中の計画をファイルに書き出す")
    export.add_argument("plan", help="計画の名")
    export.add_argument("folder", help="書き出す先のフォルダ")


def run(chosen: argparse.Namespace) -> int:
    """Check without a database; publish and export as the owner."""
    from renkei.run.ready import as_owner

    with as_owner(needs_database=chosen.act != "check"):
        from renkei.plan import commands

        if chosen.act == "check":
            return commands.check(chosen.target)
        if chosen.act == "publish":
            return commands.publish(chosen.target, note=chosen.note)
        return commands.export(chosen.plan, chosen.folder)
