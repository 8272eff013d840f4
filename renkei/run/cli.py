"""``renkei``: the one command. Each subcommand is a small module in ``renkei.run.commands``."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module

from renkei import __version__
from renkei.base.refusal import Refused
from renkei.run.fault import Fault
from renkei.run.postgres import PostgresError
from renkei.run.say import complain, speak_utf8

COMMANDS = (
    "serve", "worker", "mail_in", "migrate", "plan", "route", "match", "doctor", "bench", "seed_coverage", "corporate_numbers",
    "administrator",
)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> None:  # type: ignore[override]  # exits like the original
        self.print_usage(sys.stderr)
        complain(f"使い方が違います（{message}）。renkei --help で使い方が出ます。")
        raise SystemExit(2)


def parser() -> argparse.ArgumentParser:
    """Return the parser with every subcommand."""
    made = _Parser(prog="renkei", description="連携：地域の支援機関を一つの窓口にする")
    made.add_argument("--version", action="version", version=f"renkei {__version__}")
    known = made.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name in COMMANDS:
        module = import_module(f"renkei.run.commands.{name}")
        sub = known.add_parser(name.replace("_", "-"), help=module.HELP, description=module.HELP)
        module.add_arguments(sub)
        sub.set_defaults(run=module.run)
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code. Faults a person can mend come as one sentence, never as a traceback."""
    speak_utf8()
    # Threads that wait for each other by spinning cost a question threefold on busy cores; the matrices here are small.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    chosen = parser().parse_args(argv)
    try:
        return int(chosen.run(chosen))
    except Fault as fault:
        complain(str(fault))
        return fault.code
    except Refused as refusal:
        complain(refusal.message)
        return 1
    except PostgresError as fault:
        complain(str(fault))
        return 1
    except KeyboardInterrupt:
        complain("途中で止めました。")
        return 130
    except BrokenPipeError:
        return 141


if __name__ == "__main__":
    sys.exit(main())
