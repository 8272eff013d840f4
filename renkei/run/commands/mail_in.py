"""Take mail in: listen on a node of its own, or take one letter from standard input (a pipe of the mail server)."""

from __future__ import annotations

import argparse
import os
import sys

HELP = "届くメールを受け取る（RENKEI_MAIL_IN、RENKEI_MAIL_DOMAIN。--stdin は1通を標準入力から）"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """From standard input or from the network."""
    parser.add_argument("--stdin", action="store_true", help="1通を標準入力から受け取る")
    parser.add_argument("--sender", default="", help="配送の送り主（--stdin のとき。空は自動の通知）")
    parser.add_argument("--to", action="append", default=[], help="配送の宛先（--stdin のとき。何度でも）")


def run(chosen: argparse.Namespace) -> int:
    """Work as the worker's login. With ``--stdin`` the exit code is 0 only after the commit, 75 (try again) otherwise."""
    from renkei.run.database import database, faults_of_logins, start_django
    from renkei.run.fault import Fault
    from renkei.run.home import Home
    from renkei.run.mail_in import mail_door, main, take
    from renkei.run.say import complain

    home = Home.open()
    if not chosen.stdin and mail_door() is None:
        raise Fault("RENKEI_MAIL_IN がありません。127.0.0.1:8025 のように書いてください。")
    raw = sys.stdin.buffer.read() if chosen.stdin else b""
    with database(home) as db:
        if faults := faults_of_logins(db.urls):
            raise Fault("\n".join(faults))
        start_django(home, db.urls, login="worker", example=home.is_example())
        if not chosen.stdin:
            main()
            return 0
        try:
            take(raw, chosen.sender, chosen.to)
        except Exception as error:  # noqa: BLE001  the mail server keeps the letter and tries again
            complain(f"メールを受け取れませんでした（{error}）。")
            return os.EX_TEMPFAIL
    return 0
