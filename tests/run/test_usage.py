"""Every command's words: what is asked for, what is wrong, which exit code, and what goes where."""

from __future__ import annotations

import contextlib
import io
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from renkei.base.actor import SYSTEM
from renkei.matching import index
from renkei.matching.actions import EntryRow, put_entries
from renkei.run import cli, doctor
from renkei.run.cli import COMMANDS, main, parser
from renkei.run.doctor import Finding
from renkei.run.fault import Fault
from tests.world import World

NO_WORDS = ("serve", "worker", "migrate", "bench")


def fed(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content), encoding="utf-8"))


@pytest.fixture
def catalogue(world: World, tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A region with one entry; the commands read from it without preparing a home."""
    settings.RENKEI_HOME = tmp_path
    index.forget()
    put_entries([EntryRow(id="EQ1", kind="equipment", name="膜厚計", summary="めっきの厚さを測る。")], kept_by="t", by=SYSTEM)
    monkeypatch.setattr("renkei.run.ready.as_reader", contextlib.nullcontext)
    yield world
    index.forget()


@pytest.mark.parametrize(
    "words",
    [
        [], ["nothing"], ["--nothing"], ["SERVE"], ["serve", "serve"], ["seed_coverage"],
        *[[name, "more"] for name in NO_WORDS], *[[name, "--more"] for name in (*NO_WORDS, "route", "match", "doctor", "plan", "seed-coverage")],
        ["doctor", "--sql=1"], ["doctor", "here"], ["doctor", "--en", "--sql", "x"], ["route", "a", "b"], ["match", "a", "b"],
        ["route", "--jsonl=x"], ["plan"], ["plan", "check"], ["plan", "check", "a", "b"], ["plan", "publish"], ["plan", "publish", "a", "--note"],
        ["plan", "export", "a"], ["plan", "export", "a", "b", "c"], ["plan", "check", "a", "--note", "x"],
        ["administrator"], ["administrator", "body"], ["administrator", "body", "a@b.example", "c"], ["administrator", "--link"],
        ["seed-coverage", "--tests"], ["seed-coverage", "--to"], ["seed-coverage", "x"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_words_no_command_knows_end_with_2_before_anything_is_touched(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("RENKEI_HOME", str(tmp_path / "home"))
    with pytest.raises(SystemExit) as ended:
        main(words)
    shown = capsys.readouterr()
    assert (ended.value.code, shown.out) == (2, "")
    assert shown.err.startswith("usage: renkei")
    assert shown.err.splitlines()[-1].startswith("使い方が違います（")
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize("name", [name.replace("_", "-") for name in COMMANDS])
def test_help_of_each_command_is_japanese_and_ends_with_0(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([name, "--help"])
    shown = capsys.readouterr()
    assert (ended.value.code, shown.err) == (0, "")
    assert any("\u3040" <= letter <= "\u30ff" for letter in shown.out)


def test_what_may_be_left_out_has_a_value() -> None:
    read = parser().parse_args
    assert (read(["doctor"]).en, read(["doctor"]).sql) == (False, False)
    assert (read(["route"]).text, read(["route"]).jsonl) == (None, False)
    assert (read(["match", "めっき"]).text, read(["match", "--jsonl"]).text) == ("めっき", None)
    assert read(["plan", "publish", "x"]).note == ""
    assert (read(["seed-coverage"]).tests, read(["seed-coverage"]).to) == ("tests", "docs/seed-coverage.md")


@pytest.mark.parametrize("text", ["-5度で使う", "--めっき"])
def test_a_text_that_begins_with_a_dash_needs_two_dashes_before_it(text: str) -> None:
    with pytest.raises(SystemExit):
        parser().parse_args(["route", text])
    assert parser().parse_args(["route", "--", text]).text == text


@pytest.mark.parametrize("code", [0, 1, 3])
def test_the_command_s_own_code_is_the_program_s(code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("renkei.run.commands.worker.run", lambda _chosen: code)
    assert main(["worker"]) == code


@pytest.mark.parametrize("text", ["", "   ", "\u3000\n"])
def test_a_route_without_a_text_says_how_to_give_one(catalogue: World, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["route", text]) == 2
    shown = capsys.readouterr()
    assert (shown.out, shown.err.startswith('相談文がありません。renkei route "')) == ("", True)


def test_an_empty_input_is_no_text_either(catalogue: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    fed(monkeypatch, b"\n\n")
    assert main(["route"]) == 2
    assert "相談文がありません" in capsys.readouterr().err


@pytest.mark.parametrize("content", ["めっき".encode("cp932"), b"\xff\xfe\x00", "めっき".encode("euc-jp")])
def test_bytes_that_are_no_text_are_told_without_a_traceback(
    catalogue: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], content: bytes
) -> None:
    fed(monkeypatch, content)
    assert main(["route"]) == 2
    assert capsys.readouterr() == ("", "相談文を文字として読めません。UTF-8 の文字にしてください。\n")
    fed(monkeypatch, content)
    with pytest.raises(SystemExit) as ended:
        main(["match"])
    assert (ended.value.code, "文字でないもの" in capsys.readouterr().err) == (1, True)


def test_bytes_given_as_a_word_are_told_too(catalogue: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["route", "めっき\udcff"]) == 2
    assert "文字として読めません" in capsys.readouterr().err


@pytest.mark.parametrize("way", ["word", "input"])
def test_a_text_may_come_as_a_word_or_by_the_input(
    catalogue: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], way: str
) -> None:
    fed(monkeypatch, "めっきの厚さを測りたい。".encode())
    words = ["めっきの厚さを測りたい。"] if way == "word" else []
    assert main(["match", *words]) == 0
    shown = capsys.readouterr()
    assert [one["id"] for one in json.loads(shown.out)["entries"]] == ["EQ1"]
    fed(monkeypatch, "めっきの厚さを測りたい。".encode())
    assert main(["route", *words]) == 0
    assert capsys.readouterr().out.startswith("■ ")


@pytest.mark.parametrize("name", ["route", "match"])
def test_a_bad_line_is_named_among_good_ones_and_the_code_is_1(
    catalogue: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    good = json.dumps({"id": "g", "text": "めっきの厚さ。"}).encode() + b"\n"
    fed(monkeypatch, good + b"\xff\xfe\n" + good + b'{"id": "x"}\n')
    with pytest.raises(SystemExit) as ended:
        main([name, "--jsonl"])
    shown = capsys.readouterr()
    assert ended.value.code == 1
    assert [json.loads(line)["id"] for line in shown.out.splitlines()] == ["g", "g"]
    assert [line.split(":")[0] for line in shown.err.splitlines()] == ["2行目", "4行目"]


def test_a_pipe_closed_by_the_reader_ends_quietly(catalogue: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    class Closed(io.StringIO):
        def write(self, _text: str) -> int:
            raise BrokenPipeError

    fed(monkeypatch, b'{"id": 1, "text": "a"}\n')
    monkeypatch.setattr(sys, "stdout", Closed())
    assert main(["match", "--jsonl"]) == 141
    assert capsys.readouterr().err == ""


def test_the_doctor_is_content_when_every_finding_is(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    good, bad = Finding("良い", "good", good=True), Finding("悪い", "bad", good=False, mend="直す", mend_en="mend")
    for findings, code in (([good, good], 0), ([good, bad], 1), ([bad], 1), ([], 0)):
        monkeypatch.setattr(doctor, "examine", lambda found=findings: found)
        assert main(["doctor"]) == code
        assert len(capsys.readouterr().out.splitlines()) == len(findings) + (bad in findings)


def test_the_sql_is_printed_without_looking_at_anything(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(doctor, "examine", lambda: pytest.fail("looked"))
    assert main(["doctor", "--sql"]) == 0
    assert capsys.readouterr().out.startswith("-- PostgreSQL 17")


@pytest.mark.parametrize(("act", "words"), [("check", ["x"]), ("publish", ["x"]), ("publish", ["x", "--note", "初版"]), ("export", ["x", "y"])])
def test_only_a_check_of_a_plan_needs_no_database(monkeypatch: pytest.MonkeyPatch, act: str, words: list[str]) -> None:
    seen: list[Any] = []

    @contextlib.contextmanager
    def owner(*, needs_database: bool) -> Iterator[None]:
        seen.append(needs_database)
        yield

    def note(name: str) -> Callable[..., int]:
        return lambda *given, **named: seen.append((name, given, named)) or 4  # type: ignore[func-returns-value]

    monkeypatch.setattr("renkei.run.ready.as_owner", owner)
    for name in ("check", "publish", "export"):
        monkeypatch.setattr(f"renkei.plan.commands.{name}", note(name))
    assert main(["plan", act, *words]) == 4
    given = tuple(word for word in words[:2] if not word.startswith("--"))
    assert seen == [act != "check", (act, given, {"note": "初版" if "初版" in words else ""} if act == "publish" else {})]


@pytest.mark.parametrize(("answer", "code"), [(None, 0), (0, 0), (5, 5)])
def test_bench_gives_its_own_code(monkeypatch: pytest.MonkeyPatch, answer: int | None, code: int) -> None:
    module = type("Bench", (), {"main": staticmethod(lambda: answer)})
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: object())
    monkeypatch.setattr("importlib.import_module", lambda _name: module)
    assert cli.import_module("renkei.run.commands.bench").run(None) == code


def test_a_fault_of_many_lines_is_told_whole(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def fail(_chosen: object) -> int:
        raise Fault("一つめ。\n二つめ。", 7)

    monkeypatch.setattr("renkei.run.commands.serve.run", fail)
    assert main(["serve"]) == 7
    assert capsys.readouterr().err == "一つめ。\n二つめ。\n"
