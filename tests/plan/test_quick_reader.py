"""Plans are read by the reader in C, and by the careful one wherever anything is wrong: nobody may notice which."""

from __future__ import annotations

import pytest

from renkei.plan import files

ODD = [
    "a: [1, 2", "a: 'x", "a: b: c", "\tb: 1", "a:\n  - 1\n - 2", "a: &x 1\nb: *x", "a: !!python/object:os.system x", "a: \x07", "[" * 60 + "]" * 60,
    "", "# nothing", "a: 1\na: 2", "? [1]\n: 2", "a: 1e999", "a: yes", "a: 0o17", "a: ~", "a: |\n  一\n  二\nb: 3", "%YAML 1.9\n---\na: 1", 'a: "\\ud800"',
    "--- 1\n--- 2", "a: \u0085b", "\ufeffa: 1", "a: @x", "a: `x", "a: %x", "{a: 1, b}", "a: - b", "- a\nb: 1", "a: 2026-11-27",
]  # fmt: skip


@pytest.mark.parametrize("text", ODD)
def test_what_is_read_and_what_is_said_do_not_depend_on_the_quick_reader(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    quick = files.read_text(text, "x.yaml")
    monkeypatch.setattr(files, "_Quick", files._Reader)
    careful = files.read_text(text, "x.yaml")
    assert (quick.document, quick.marks, quick.faults) == (careful.document, careful.marks, careful.faults)


def test_the_plans_that_come_along_are_read_the_same_by_both_readers(monkeypatch: pytest.MonkeyPatch) -> None:
    folders = files.builtin_plans().values()
    quick = [files.load(folder) for folder in folders]
    monkeypatch.setattr(files, "_Quick", files._Reader)
    assert quick == [files.load(folder) for folder in folders]
    assert all(source.faults == [] and len(source.marks) > 1000 for source in quick)
