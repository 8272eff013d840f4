"""``renkei route`` and ``renkei match``: one line in, one line out; bad lines do not stop the good ones."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import pytest

from renkei.matching.commands import MAX_TEXT, match_lines, route_lines, route_text
from tests.world import LAB, World

Region = Callable[..., World]
PLATING = "めっきが剥がれる不良が続き、原因が分からないので見てほしいです。"


def lines(*rows: Any) -> io.StringIO:
    return io.StringIO("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows))


def test_a_route_line_has_the_agreed_form(region: Region) -> None:
    region()
    out = io.StringIO()
    route_lines(lines({"id": "A1", "text": PLATING}), out)
    [answer] = [json.loads(line) for line in out.getvalue().splitlines()]
    assert list(answer) == ["id", "kind", "field", "stages", "supports", "near_misses", "questions", "outside"]
    assert (answer["id"], answer["kind"], answer["field"], answer["stages"][0]) == ("A1", "route", "A", 3)
    best = answer["supports"][0]
    assert list(best) == ["service", "body", "stage", "score", "date", "entries", "evidence"]
    assert (best["service"], best["body"], best["stage"], best["date"]) == ("tech-consultation", LAB, 3, None)
    assert best["entries"][0]["id"] == "PE1"
    assert best["evidence"][0] == {"kind": "word", "text": "剥がれる", "question": ""}
    scores = [one["score"] for one in answer["supports"]]
    assert scores == sorted(scores, reverse=True)


def test_a_match_line_names_entries_of_all_kinds(region: Region) -> None:
    region()
    out = io.StringIO()
    match_lines(lines({"id": 7, "text": "めっきの厚さを測ってほしい。"}), out)
    answer = json.loads(out.getvalue())
    assert answer["id"] == 7
    assert (answer["entries"][0]["id"], answer["entries"][0]["kind"], answer["entries"][0]["score"]) == ("EQ1", "equipment", 1.0)
    assert {"PE1", "PC1"} <= {entry["id"] for entry in answer["entries"]}
    assert len(answer["entries"]) <= 20


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ("not json", "JSON として読めません"),
        ("[" * 100_000, "JSON として読めません"),
        ("[]", '"text" がありません'),
        ({"id": "x"}, '"text" がありません'),
        ({"id": "x", "text": None}, '"text" がありません'),
        ({"id": "x", "text": " \n "}, '"text" が空です'),
        ({"id": "x", "text": "あ" * (MAX_TEXT + 1)}, "長すぎます（20,001字）"),
        ({"id": "x", "text": "a" * 1_000_000}, "長すぎます（1,000,000字）"),
        ({"id": "x", "text": "a\x00b"}, "文字でないもの"),
        ({"id": "x", "text": "\ud800"}, "文字でないもの"),
    ],
)
def test_a_bad_line_is_named_and_the_others_answered(
    region: Region, capsys: pytest.CaptureFixture[str], bad: Any, says: str
) -> None:
    region()
    out = io.StringIO()
    with pytest.raises(SystemExit) as end:
        route_lines(lines({"id": "1", "text": PLATING}, bad, {"id": "3", "text": PLATING}), out)
    assert end.value.code == 1
    assert [json.loads(line)["id"] for line in out.getvalue().splitlines()] == ["1", "3"]
    [complaint] = capsys.readouterr().err.splitlines()
    assert complaint.startswith("2行目: ")
    assert says in complaint


def test_bytes_that_are_no_text_end_the_reading_with_a_sentence(
    region: Region, capsys: pytest.CaptureFixture[str]
) -> None:
    region()
    stream = io.TextIOWrapper(io.BytesIO(b"\xff\xfe\x00\x01\n"), encoding="utf-8")
    with pytest.raises(SystemExit):
        match_lines(stream, io.StringIO())
    assert capsys.readouterr().err == "1行目: 文字として読めません。UTF-8 の文字にしてください。ここから先は読めません。\n"


def test_empty_lines_and_no_lines_are_fine(region: Region) -> None:
    region()
    out = io.StringIO()
    route_lines(io.StringIO("\n\n"), out)
    route_lines(io.StringIO(""), out)
    assert out.getvalue() == ""


def test_a_route_to_read(region: Region) -> None:
    region()
    text = route_text(PLATING)
    assert text.splitlines()[0] == "■ 支援ルートの案（分野: A）"
    assert "課題1「めっきが剥がれる不良が続き、原因が分からないので見てほしいです」" in text
    assert "言葉: 剥がれる、原因が分からない" in text
    assert "PE1 小出 渉（" in text
    assert "道筋" in text


def test_what_is_not_ours_to_read(region: Region) -> None:
    region()
    text = route_text("退職した人に残業代を求められました。就業規則がありません。")
    assert text.splitlines()[0] == "■ ここの支援の外（行き先の案内）（分野: outside）"
    assert "ひばり労働局 000-000-0001" in text
    assert "課題1" not in text
