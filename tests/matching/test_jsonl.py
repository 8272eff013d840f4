"""Lines in, lines out: what stands in a line, what is wrong with it and in which one, and what a broken file does."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from renkei.base.actor import SYSTEM
from renkei.base.refusal import Refused
from renkei.matching import commands
from renkei.matching.actions import EntryRow, put_entries, withdraw_entries
from renkei.matching.commands import MAX_TEXT, BadLineError, best_entries, match_lines, route_lines, route_text
from tests.matching.conftest import TODAY
from tests.world import World

Region = Callable[..., World]
TEXT = "めっきの厚さを測ってほしい。"


def echo(text: str) -> dict[str, Any]:
    return {"length": len(text)}


def through(content: bytes | str, capsys: pytest.CaptureFixture[str], **how: Any) -> tuple[list[Any], list[str], int]:
    """Return the answers, the complaints and the exit code for a file's content; nothing is matched."""
    raw = content if isinstance(content, bytes) else content.encode()
    stream, out, code = io.TextIOWrapper(io.BytesIO(raw), encoding="utf-8", **how), io.StringIO(), 0
    try:
        commands._each(stream, out, echo)
    except SystemExit as end:
        code = int(str(end.code))
    return [json.loads(line) for line in out.getvalue().splitlines()], capsys.readouterr().err.splitlines(), code


def line(key: Any = "a", text: Any = TEXT, **more: Any) -> str:
    return json.dumps({"id": key, "text": text} | more, ensure_ascii=False) + "\n"


@pytest.mark.parametrize("key", ["a", "", "日本語", 7, -1, 1.5, True, None, ["x", 1], {"deep": [1]}, "x" * 1_000, 2**70])
def test_an_id_comes_back_as_it_was_given(capsys: pytest.CaptureFixture[str], key: Any) -> None:
    assert through(line(key), capsys) == ([{"id": key, "length": len(TEXT)}], [], 0)


def test_a_missing_id_is_no_fault(capsys: pytest.CaptureFixture[str]) -> None:
    assert through('{"text": "あ"}\n', capsys) == ([{"id": None, "length": 1}], [], 0)


def test_the_same_id_twice_is_answered_twice_in_order(capsys: pytest.CaptureFixture[str]) -> None:
    answers, complaints, code = through(line("a", "あ") + line("b", "いい") + line("a", "ううう"), capsys)
    assert [(one["id"], one["length"]) for one in answers] == [("a", 1), ("b", 2), ("a", 3)]
    assert (complaints, code) == ([], 0)


def test_what_else_stands_in_a_line_is_laid_aside(capsys: pytest.CaptureFixture[str]) -> None:
    assert through(line("a", "あ", kind="route", length=99), capsys)[0] == [{"id": "a", "length": 1}]


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_every_line_ending_ends_a_line(capsys: pytest.CaptureFixture[str], ending: str) -> None:
    content = ending.join(line(n).strip() for n in range(3))
    assert [one["id"] for one in through(content, capsys)[0]] == [0, 1, 2]


@pytest.mark.parametrize("inside", ["\u2028", "\u2029", "\u0085", "\x0b", "\x0c", "\\n", "\\r\\n"])
def test_what_only_looks_like_a_line_ending_cuts_no_text(capsys: pytest.CaptureFixture[str], inside: str) -> None:
    raw = '{"id": 1, "text": "あ' + inside + 'い"}\n'
    answers, complaints, code = through(raw, capsys)
    control = inside in {"\x0b", "\x0c"}  # bare control characters are no JSON
    assert (len(answers), len(complaints), code) == ((0, 1, 1) if control else (1, 0, 0))


def test_a_file_with_a_byte_order_mark_is_read_from_its_first_line(capsys: pytest.CaptureFixture[str]) -> None:
    """Windows' editor writes one."""
    assert through(b"\xef\xbb\xbf" + line("a").encode() + line("b").encode(), capsys)[1:] == ([], 0)


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        ("{", "JSON として"), ("}", "JSON として"), ('{"id": 1, "text": "a"} x', "JSON として"), ("{'text': 'a'}", "JSON として"),
        ('{"text": "a\tb"}', "JSON として"), ('{"text": "\\x"}', "JSON として"), ('{"id": 1, "text": }', "JSON として"),
        ('{"text": "a",}', "JSON として"), ("id,text", "JSON として"), ('{"id": ' + "9" * 5_000 + ', "text": "a"}', "JSON として"),
        ("null", '"text" がありません'), ("7", '"text" がありません'), ('"text"', '"text" がありません'), ("[[]]", '"text" がありません'),
        ("{}", '"text" がありません'), ('{"Text": "a"}', '"text" がありません'), ('{"text": 7}', '"text" がありません'),
        ('{"text": ["a"]}', '"text" がありません'), ('{"text": {"text": "a"}}', '"text" がありません'), ('{"text": true}', '"text" がありません'),
        ('{"text": ""}', '"text" が空です'), ('{"text": "\\u3000\\u3000"}', '"text" が空です'), ('{"text": "\\n\\t"}', '"text" が空です'),
        ('{"text": "\\u0000"}', "文字でないもの"), ('{"text": "\\ud83e"}', "文字でないもの"), ('{"text": "\\udd8a\\ud83e"}', "文字でないもの"),
    ],
)  # fmt: skip
def test_a_bad_line_is_told_by_number_and_reason_and_the_next_is_answered(capsys: pytest.CaptureFixture[str], raw: str, says: str) -> None:
    answers, complaints, code = through(line("one") + "\n" + raw + "\n" + line("four"), capsys)
    assert [one["id"] for one in answers] == ["one", "four"]
    [complaint] = complaints
    assert complaint.startswith("3行目: ")
    assert says in complaint
    assert code == 1


def test_a_pair_of_surrogates_is_a_letter(capsys: pytest.CaptureFixture[str]) -> None:
    assert through('{"id": 1, "text": "\\ud83e\\udd8a"}\n', capsys) == ([{"id": 1, "length": 1}], [], 0)


def test_every_bad_line_is_told_and_none_of_them_shows_the_text(capsys: pytest.CaptureFixture[str]) -> None:
    """What a firm wrote belongs on no terminal log."""
    secret = "ひみつの技術"
    rows = [line("a", secret + "\x00"), f'{{"text": "{secret}"', line("c"), f'["{secret}"]', line("e", secret * 5_000)]
    answers, complaints, code = through("".join(row.rstrip("\n") + "\n" for row in rows), capsys)
    assert [one["id"] for one in answers] == ["c"]
    assert [complaint.split(":")[0] for complaint in complaints] == ["1行目", "2行目", "4行目", "5行目"]
    assert secret not in "".join(complaints)
    assert code == 1


@pytest.mark.parametrize(("length", "bad"), [(1, 0), (MAX_TEXT - 1, 0), (MAX_TEXT, 0), (MAX_TEXT + 1, 1), (MAX_TEXT * 40, 1)])
def test_the_limit_is_counted_in_letters(capsys: pytest.CaptureFixture[str], length: int, bad: int) -> None:
    answers, complaints, code = through(line("a", "🦊" * length), capsys)
    assert (len(answers), len(complaints), code) == (1 - bad, bad, bad)
    assert bad == 0 or f"（{length:,}字）" in complaints[0]


@pytest.mark.parametrize(
    "content",
    [line("b").encode("cp932"), line("b").encode("euc-jp"), line("b").encode("utf-16"), b"\xff" * 300, b'{"text": "\xe3\x81"}\n'],
)
def test_other_encodings_end_the_reading_with_the_number_of_the_line(capsys: pytest.CaptureFixture[str], content: bytes) -> None:
    padding = b"\n" * 9_000  # so that the good line is decoded before the bad bytes are met
    answers, complaints, code = through(line("a").encode() + padding + content + line("c").encode(), capsys)
    assert [one["id"] for one in answers] == ["a"]
    assert len(complaints) == 1
    assert "文字として読めません。UTF-8 の文字にしてください。" in complaints[0]
    assert code == 1


def test_bytes_let_through_by_the_terminal_s_encoding_are_refused_too(capsys: pytest.CaptureFixture[str]) -> None:
    """Python's own standard input may pass bad bytes on as surrogates."""
    answers, complaints, code = through(b'{"id": 1, "text": "\xff"}\n' + line("b").encode(), capsys, errors="surrogateescape")
    assert ([one["id"] for one in answers], complaints, code) == (["b"], ['1行目: "text" に文字でないものが入っています。'], 1)


@pytest.mark.parametrize("content", ["", "\n", "\n\n  \n\t\n", "\r\n\r\n", "\u3000\n"])
def test_a_file_of_nothing_is_no_fault(capsys: pytest.CaptureFixture[str], content: str) -> None:
    assert through(content, capsys) == ([], [], 0)


def test_a_last_line_without_an_ending_is_answered(capsys: pytest.CaptureFixture[str]) -> None:
    assert len(through(line("a") + line("b").rstrip("\n"), capsys)[0]) == 2


def test_answers_are_written_one_by_one_as_the_lines_come(capsys: pytest.CaptureFixture[str]) -> None:
    """A pipe that asks and waits for the answer must not wait for ever."""
    raw, seen = io.BytesIO(), []
    out = io.TextIOWrapper(io.BufferedWriter(raw), encoding="utf-8")  # type: ignore[arg-type]  # as a pipe's is

    class Asked(io.StringIO):
        def readline(self, *_size: Any) -> str:  # type: ignore[override]
            seen.append(raw.getvalue().count(b"\n"))
            return line(len(seen)) if len(seen) < 4 else ""

    commands._each(Asked(), out, echo)
    assert seen == [0, 1, 2, 3]


@settings(max_examples=50)
@given(st.one_of(st.text(max_size=80), st.recursive(st.none() | st.booleans() | st.floats() | st.text(), st.lists, max_leaves=5).map(json.dumps)))
def test_whatever_stands_in_a_line_it_is_a_text_or_a_named_fault(raw: str) -> None:
    fault = text = ""
    try:
        _key, text = commands._parsed(raw)
    except BadLineError as told:
        fault = str(told)
    assert fault.endswith("。") or (fault == "" and 0 < len(text.strip()) <= len(text) <= MAX_TEXT)


def test_a_match_lists_twenty_at_most_and_no_service_or_test(region: Region) -> None:
    region()
    rows = [EntryRow(id=f"{kind}{n:02}", kind=kind, name="湿度の槽") for kind in ("equipment", "seed", "test", "service") for n in range(15)]
    put_entries(rows, kept_by="more", by=SYSTEM)
    listed = best_entries("湿度")
    assert len(listed) == 20
    assert {one["kind"] for one in listed} == {"equipment", "seed"}
    assert [one["score"] for one in listed] == sorted((one["score"] for one in listed), reverse=True)


def test_a_match_of_nothing_is_an_empty_list(region: Region) -> None:
    region()
    out = io.StringIO()
    match_lines(io.StringIO(line("a", "ぜんぜん。")), out)
    assert json.loads(out.getvalue()) == {"id": "a", "entries": []}


def test_entries_of_services_that_fit_come_a_little_ahead(region: Region) -> None:
    region()
    twins = [EntryRow(id="A-LOAN", kind="seed", name="厚さ", service="loan"), EntryRow(id="B-TEST", kind="seed", name="厚さ", service="equipment-tests")]
    put_entries(twins, kept_by="more", by=SYSTEM)
    listed = [one["id"] for one in best_entries(TEXT)]
    assert listed.index("B-TEST") < listed.index("A-LOAN")


def test_what_is_withdrawn_is_matched_no_more(region: Region) -> None:
    region()
    assert "EQ1" in [one["id"] for one in best_entries(TEXT)]
    withdraw_entries(["EQ1"], kept_by="test", on=TODAY, by=SYSTEM)
    assert "EQ1" not in [one["id"] for one in best_entries(TEXT)]


def test_the_same_line_gets_the_same_answer(region: Region) -> None:
    region()
    out = io.StringIO()
    route_lines(io.StringIO(line(1) + line(1)), out)
    first, second = out.getvalue().splitlines()
    assert first == second


def test_without_a_plan_no_line_is_answered(db: None, index_home: Path) -> None:
    out = io.StringIO()
    with pytest.raises(Refused):
        route_lines(io.StringIO(line()), out)
    assert out.getvalue() == ""


@pytest.mark.parametrize("text", ["。", "あ" * 30_000, "\x00めっき", "<b>めっき</b>", "\u202eめっき"])
def test_a_route_to_read_is_given_for_any_text(region: Region, text: str) -> None:
    region()
    assert route_text(text).splitlines()[0].startswith("■ ")
