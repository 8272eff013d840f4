"""Invite the first administrator of a body by mail; without a mail server the link is printed."""

from __future__ import annotations

import argparse
import os

HELP = "管理者のいない機関に、最初の管理者を招く（メールが出ないときはリンクを表示する）"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The body's code in the plan, the address, and what the person is."""
    parser.add_argument("body", help="機関の名（計画のファイルの code）")
    parser.add_argument("email", help="招く人のメールアドレス")
    parser.add_argument("--name", default="", help="招く人の氏名（本人が直せます）")
    parser.add_argument("--link", action="store_true", help="メールが出るときも、リンクを表示する")
    parser.add_argument("--role", default="", help="役割（計画の roles か posts の code。書かなければ最初のもの）")


def run(chosen: argparse.Namespace) -> int:
    """Invite as the owner: the installation's own people run this before anybody can sign in."""
    from renkei.run.ready import as_owner

    with as_owner():
        from renkei.accounts.commands import invite_administrator

        show = chosen.link or not os.environ.get("RENKEI_SMTP_HOST")
        return invite_administrator(chosen.body, chosen.email, name=chosen.name, role=chosen.role, show_link=show)
