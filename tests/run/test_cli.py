"""The command: usage, sentences instead of tracebacks, exit codes."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from renkei import __version__
from renkei.base.refusal import Refused
from renkei.run import cli
from renkei.run.cli import COMMANDS, main, parser
from renkei.run.fault import Fault
from renkei.run.postgres import PostgresError

Run = Callable[..., subprocess.CompletedProcess[str]]


def test_every_command_has_a_module_and_a_line_of_help(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    modules = {path.stem for path in (Path(cli.__file__).parent / "commands").glob("*.py")} - {"__init__"}
    assert modules == set(COMMANDS)
    assert [name for name in COMMANDS if name.replace("_", "-") not in shown] == []


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--version"])
    assert capsys.readouterr().out == f"renkei {__version__}\n"


@pytest.mark.parametrize("words", [[], ["nothing"], ["serve", "--fast"], ["plan"], ["plan", "burn", "x"]])
def test_wrong_usage_is_told_in_japanese(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    assert "使い方が違います" in capsys.readouterr().err


@pytest.mark.parametrize(("error", "code", "said"), [
    (Fault("直してください。"), 1, "直してください。\n"),
    (Fault("二です。", 2), 2, "二です。\n"),
    (PostgresError("起動しません。"), 1, "起動しません。\n"),
    (Refused("計画がありません。", "no_plan"), 1, "計画がありません。\n"),
    (KeyboardInterrupt(), 130, "途中で止めました。\n"),
    (BrokenPipeError(), 141, ""),
])  # fmt: skip
def test_what_a_person_can_mend_comes_as_one_sentence(
    error: BaseException, code: int, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_chosen: object) -> int:
        raise error

    monkeypatch.setattr("renkei.run.commands.migrate.run", fail)
    assert main(["migrate"]) == code
    assert capsys.readouterr() == ("", said)


def test_a_fault_of_the_program_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_chosen: object) -> int:
        raise ZeroDivisionError

    monkeypatch.setattr("renkei.run.commands.migrate.run", fail)
    with pytest.raises(ZeroDivisionError):
        main(["migrate"])


def test_arguments_are_read() -> None:
    read = parser().parse_args(["plan", "publish", "somewhere", "--note", "初版"])
    assert (read.command, read.act, read.target, read.note) == ("plan", "publish", "somewhere", "初版")
    assert parser().parse_args(["route", "--jsonl"]).jsonl is True


@pytest.mark.parametrize(("plan", "code"), [("chiba", 0), ("chiba-next", 0), ("nowhere", 1)])
def test_plan_check_needs_no_database(renkei: Run, folder: Path, plan: str, code: int) -> None:
    done = renkei("plan", "check", plan)
    assert (done.returncode, done.stderr) == (code, "")
    assert ("誤りはありません" in done.stdout) is (code == 0)
    assert list(folder.iterdir()) == []


def test_terminal_without_utf8_gets_japanese(renkei: Run) -> None:
    assert "誤りはありません" in renkei("plan", "check", "chiba", LC_ALL="C", LANG="C", PYTHONUTF8="0").stdout


def test_bench_outside_a_checkout_says_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    assert main(["bench"]) == 1
    assert "bench フォルダがありません" in capsys.readouterr().err


def test_unwritable_home_is_told(renkei: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    done = renkei("migrate", RENKEI_HOME=str(tmp_path / "file" / "home"))
    assert (done.returncode, done.stdout) == (1, "")
    assert "に書けません" in done.stderr
    assert "Traceback" not in done.stderr


def test_half_given_urls_are_told(renkei: Run) -> None:
    done = renkei("migrate", DATABASE_URL="postgresql://x@127.0.0.1:1/x")
    assert (done.returncode, done.stdout) == (1, "")
    assert "DATABASE_URL_WEB、DATABASE_URL_WORKER も設定してください" in done.stderr
