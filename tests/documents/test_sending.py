"""A file given to the browser: its type by its ending, its name as written."""

from __future__ import annotations

import pytest

from renkei.documents.sending import sent_file
from renkei.documents.store import KINDS


@pytest.mark.parametrize(
    ("name", "is_shown", "header"),
    [
        ("houkoku.xlsx", False, 'attachment; filename="houkoku.xlsx"'),
        ("keikaku.pdf", True, 'inline; filename="keikaku.pdf"'),
        ("議事録.docx", False, "attachment; filename*=utf-8''%E8%AD%B0%E4%BA%8B%E9%8C%B2.docx"),
        ('a"b\r\nSet-Cookie: x.pdf', False, "attachment; filename*=utf-8''a%22b%0D%0ASet-Cookie%3A%20x.pdf"),
    ],
)
def test_name_and_type(name: str, is_shown: bool, header: str) -> None:
    answer = sent_file(b"data", name, is_shown=is_shown)
    assert (answer.content, answer["Content-Type"], answer["Content-Disposition"]) == (b"data", KINDS[name.rpartition(".")[2]], header)


@pytest.mark.parametrize("name", ["x.exe", "x", ""])
def test_what_we_do_not_send(name: str) -> None:
    with pytest.raises(KeyError):
        sent_file(b"", name)
