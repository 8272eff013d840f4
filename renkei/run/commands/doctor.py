"""Say what is wrong with an installation, and how to mend it."""

from __future__ import annotations

import argparse

HELP = "不具合の原因と直し方を示す（--sql でログインと権限の作り方）"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Language, or the SQL of roles and grants."""
    parser.add_argument("--en", action="store_true", help="speak English")
    parser.add_argument("--sql", action="store_true", help="自前の PostgreSQL に流すログインと権限の SQL を出す")


def run(chosen: argparse.Namespace) -> int:
    """Look at everything once; exit code 1 when something must be mended."""
    from renkei.run.doctor import examine, roles_sql
    from renkei.run.say import say

    if chosen.sql:
        say(roles_sql())
        return 0
    findings = examine()
    for one in findings:
        say(one.line(english=chosen.en))
    return 0 if all(one.good for one in findings) else 1
