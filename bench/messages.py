"""Keep the English words of the pages: ``python -m bench.messages [--check] [ADDITIONS.tsv]``.

Extracts what is marked in the source (xgettext), keeps the translations there are, adds those of a file of lines
``Japanese TAB English`` (plural: two English columns), drops what is no longer used, writes the .po and the .mo, and
prints what still has no English. The .mo is committed: a machine that runs Renkei needs no gettext tools. With
``--check`` nothing is written; the exit code is 1 if something would be.
"""

from __future__ import annotations

import ast
import contextlib
import os
import re
import shutil
import struct
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

PACKAGE = Path(__file__).parent.parent / "renkei"
CATALOGUE = PACKAGE / "locale" / "en" / "LC_MESSAGES" / "django.po"
HEADER = (
    "Language: en\nMIME-Version: 1.0\nContent-Type: text/plain; charset=UTF-8\nContent-Transfer-Encoding: 8bit\n"
    "Plural-Forms: nplurals=2; plural=(n != 1);\n"
)
PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]|%[sd]|\{(\w*)\}|</?\w+>")
_FIELDS = ("msgid_plural", "msgid", "msgctxt", "msgstr[0]", "msgstr[1]", "msgstr")


@dataclass
class Message:
    """One entry: its Japanese words and their English, one or, with a plural, two."""

    msgid: str = ""
    plural: str = ""
    english: list[str] = field(default_factory=list)
    flags: list[str] = field(default_factory=list)

    @property
    def is_whole(self) -> bool:
        """Whether every form has words."""
        return len(self.english) == (2 if self.plural else 1) and all(self.english)


def read_po(path: Path) -> list[Message]:
    """Return the entries of a .po in their order, without its header and obsolete entries."""
    found = []
    for block in path.read_text(encoding="utf-8").split("\n\n"):
        parts: dict[str, str] = {}
        flags: list[str] = []
        at = ""
        for line in block.splitlines():
            if line.startswith("#,"):
                flags += [one.strip() for one in line[2:].split(",")]
            if line.startswith("#") or not line.strip():
                continue
            name = next((one for one in _FIELDS if line.startswith(one + " ")), "")
            at = name or at
            parts[at] = parts.get(at, "") + ast.literal_eval(line[len(name) :].strip())
        assert "msgctxt" not in parts, "contexts are not used here"
        if parts.get("msgid"):
            english = [parts[one] for one in ("msgstr", "msgstr[0]", "msgstr[1]") if one in parts]
            found.append(Message(parts["msgid"], parts.get("msgid_plural", ""), english, flags))
    return found


def _quoted(text: str) -> str:
    lines = [one.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") for one in text.splitlines(keepends=True)]
    return "\n".join(f'"{one}"' for one in (["", *lines] if len(lines) > 1 else lines or [""]))


def po_text(messages: list[Message]) -> str:
    """Return the .po of these entries."""
    blocks = [f'msgid ""\nmsgstr {_quoted(HEADER)}']
    for one in messages:
        flags = [flag for flag in one.flags if flag != "fuzzy"]
        lines = ["#, " + ", ".join(flags)] if flags else []
        lines.append(f"msgid {_quoted(one.msgid)}")
        if one.plural:
            lines.append(f"msgid_plural {_quoted(one.plural)}")
            english = one.english if len(one.english) == 2 else ["", ""]
            lines += [f"msgstr[{at}] {_quoted(words)}" for at, words in enumerate(english)]
        else:
            lines.append(f"msgstr {_quoted(one.english[0] if one.english else '')}")
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks) + "\n"


def mo_bytes(messages: list[Message]) -> bytes:
    """Return the .mo of these entries, as msgfmt would write it; what has no English is left out."""
    pairs = {b"": HEADER.encode()}
    for one in messages:
        if one.is_whole:
            key = one.msgid + (f"\0{one.plural}" if one.plural else "")
            pairs[key.encode()] = "\0".join(one.english).encode()
    keys = sorted(pairs)
    start = 28 + 16 * len(keys)
    ids, words = b"".join(key + b"\0" for key in keys), b"".join(pairs[key] + b"\0" for key in keys)
    tables, at = b"", start
    for texts in (keys, [pairs[key] for key in keys]):
        for text in texts:
            tables += struct.pack("<II", len(text), at)
            at += len(text) + 1
    return struct.pack("<IIIIIII", 0x950412DE, 0, len(keys), 28, 28 + 8 * len(keys), 0, start) + tables + ids + words


def faults(message: Message) -> list[str]:
    """Return what is wrong with the English of an entry: placeholders lost, or Japanese left."""
    wanted = sorted(one.group() for one in PLACEHOLDER.finditer(message.msgid))
    return [
        f"{message.msgid!r}: {words!r} has other placeholders"
        for words in message.english
        if words and sorted(one.group() for one in PLACEHOLDER.finditer(words)) != wanted
    ]


def extract() -> list[Message]:
    """Return what the source marks today, with the English the catalogue has; the source is not touched.

    Django lays a file beside every template while it reads (``x.html.py``), so it reads a copy.
    """
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "renkei.config.settings.test")
    os.environ.setdefault("RENKEI_SECRET_KEY", "nothing is signed here, no database is opened")
    import django

    django.setup()
    from django.core.management import call_command
    from django.core.management.commands import makemessages
    from django.test import override_settings

    class Command(makemessages.Command):
        msgmerge_options = [*makemessages.Command.msgmerge_options, "--no-fuzzy-matching"]

    CATALOGUE.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / PACKAGE.name
        shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
        # makemessages looks at the folder it stands in
        with contextlib.chdir(copy), override_settings(LOCALE_PATHS=[copy / "locale"]):
            call_command(Command(), locale=["en"], no_location=True, no_obsolete=True, verbosity=0)
        return read_po(copy / CATALOGUE.relative_to(PACKAGE))


def main(arguments: list[str]) -> int:
    """Extract, add, write, and say what is missing; the exit code is 1 while something is."""
    check, additions = "--check" in arguments, [one for one in arguments if one != "--check"]
    messages = extract()
    new = {}
    for path in additions:
        for line in Path(path).read_text(encoding="utf-8").splitlines():
            japanese, *english = (one.replace("\\n", "\n") for one in line.split("\t"))
            new[japanese] = english
    for one in messages:
        one.english = new.get(one.msgid, one.english)
    if check:
        held, wanted = ({one.msgid for one in entries} for entries in (read_po(CATALOGUE), messages))
        for word in sorted(held ^ wanted):
            print("not in the catalogue:" if word in wanted else "no longer in the source:", repr(word))
        if held != wanted:
            return 1
    else:
        CATALOGUE.write_text(po_text(messages), encoding="utf-8")
        CATALOGUE.with_suffix(".mo").write_bytes(mo_bytes(messages))
    wrong = [fault for one in messages for fault in faults(one)]
    missing = [one.msgid for one in messages if not one.is_whole]
    for line in [*wrong, *(one.replace("\n", "\\n") for one in missing)]:
        print(line)
    print(f"{len(messages)} messages, {len(missing)} without English, {len(wrong)} wrong", file=sys.stderr)
    return 1 if missing or wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
