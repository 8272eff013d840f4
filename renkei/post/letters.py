"""Read a letter as it comes from a mail server: who, what, which files, and whether a machine wrote it.

Nothing here raises for a broken letter: what cannot be read is left out, and the letter is kept as it came.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, field
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from email.utils import parseaddr
from html.parser import HTMLParser
from typing import Any

from renkei.base.text import clean_text

_QUOTE_STARTS = re.compile(
    r"^(-{2,}\s*(original message|元のメッセージ|転送メッセージ)|on .{4,200} wrote:$|_{8,}$|―{6,}$|"
    r"(差出人|from)\s*[:：].+$|"
    r"(\d{4}年\d{1,2}月\d{1,2}日|\d{4}[/-]\d{1,2}[/-]\d{1,2}).{0,120}(<[^>]+@[^>]+>|[:：])\s*$)",
    re.IGNORECASE,
)
_SIGNATURE = re.compile(r"^(-- ?|[-=*_＿－━─]{8,})$")
_CHARSETS = ("utf-8", "iso-2022-jp-ext", "cp932", "euc_jp", "latin-1")
_NO_WRITING = {"punycode", "idna", "undefined", "unicode-escape", "raw-unicode-escape"}  # Python's, and no charset of a letter
_MACHINES = {"bulk", "junk", "list", "auto_reply"}
_MOST_HEADER = 2_000  # characters; the library takes a minute for what is longer by far
_MOST_LINE = 400  # characters of a line that may begin a quotation
_MOST_DEEP = 20  # parts within parts
_OWN_ID = re.compile(rb"<([0-9a-f-]{36})@renkei>")


class _Lenient(policy.EmailPolicy):
    """Headers as the library reads them; of those it breaks on, nothing: a sender's odd header must not cost his words."""

    def header_fetch_parse(self, name: str, value: str) -> Any:
        try:
            return super().header_fetch_parse(name, value[:_MOST_HEADER])
        except Exception:  # noqa: BLE001  the library's faults are of every kind: an unbound name, too deep a recursion
            return super().header_fetch_parse(name, "")


@dataclass(frozen=True, slots=True)
class Arrived:
    """What a letter says about itself. ``own_ids`` are mails of ours it reports as undeliverable."""

    message_id: str
    sender: str
    sender_name: str
    subject: str
    text: str
    whole: str
    files: list[tuple[str, bytes]] = field(default_factory=list)
    is_auto: bool = False
    is_bounce: bool = False
    own_ids: list[str] = field(default_factory=list)
    why: str = ""


def read_letter(raw: bytes, *, envelope_from: str = "") -> Arrived:
    """Read a letter. ``envelope_from`` is the sender the mail server named; "" means it is a report by a machine."""
    letter = _parsed(raw)
    name, sender = parseaddr(_header(letter, "From"))
    whole = _words(letter)
    is_bounce = letter.get_content_type() == "multipart/report" or sender.lower().startswith("mailer-daemon@")
    message_id = clean_text(_header(letter, "Message-ID"))
    return Arrived(
        message_id=message_id if len(message_id) <= 250 else "",  # two that begin alike are two letters
        sender=clean_text(sender)[:254],
        sender_name=clean_text(name)[:100],
        subject=" ".join(clean_text(_header(letter, "Subject")).split())[:200],
        text=own_words(whole),
        whole=whole,
        files=list(_files(letter)),
        is_auto=is_bounce or not envelope_from.strip("<> ") or _is_auto(letter),
        is_bounce=is_bounce,
        own_ids=[found.decode() for found in dict.fromkeys(_OWN_ID.findall(raw))] if is_bounce else [],
        why=_why(whole) if is_bounce else "",
    )


def own_words(text: str) -> str:
    """Return what the sender wrote: without what is quoted from our mail and without the signature."""
    kept: list[str] = []
    for line in text.splitlines():
        bare = line.strip()
        if (len(bare) <= _MOST_LINE and _QUOTE_STARTS.match(bare)) or (_SIGNATURE.match(line.rstrip()) and any(one.strip() for one in kept)):
            break
        if not bare.startswith((">", "＞")):
            kept.append(line.rstrip())
    return clean_text("\n".join(kept)).strip()


def _parsed(raw: bytes) -> EmailMessage:
    """Return the letter with its parts; with its headers only where they lie deeper than anybody puts them."""
    parser: Any = BytesParser(_class=EmailMessage, policy=_Lenient())
    heads: EmailMessage = parser.parsebytes(raw, headersonly=True)
    try:
        letter: EmailMessage = parser.parsebytes(raw)
    except RecursionError:
        return heads
    level, deep = [letter], 0
    while level and deep <= _MOST_DEEP:
        level = [part for one in level if one.is_multipart() for part in one.get_payload() if isinstance(part, EmailMessage)]
        deep += 1
    return heads if level else letter


def _header(letter: EmailMessage, name: str) -> str:
    return str(letter.get(name, "") or "")


def _is_auto(letter: EmailMessage) -> bool:
    auto = _header(letter, "Auto-Submitted").strip().lower()
    return (
        bool(auto and auto != "no")
        or _header(letter, "Precedence").strip().lower() in _MACHINES
        or bool(_header(letter, "X-Autoreply") or _header(letter, "X-Autorespond") or _header(letter, "X-Renkei"))
    )


def _words(letter: EmailMessage) -> str:
    """Return the letter's text, from the HTML when there is nothing else."""
    try:
        part = letter.get_body(preferencelist=("plain", "html"))
    except (AttributeError, KeyError, ValueError):
        part = None
    if part is None:
        return ""
    text = _decoded(part)
    return clean_text(text_of_html(text) if part.get_content_type() == "text/html" else text)


def _decoded(part: Any) -> str:
    data = part.get_payload(decode=True)
    if not isinstance(data, bytes):
        return ""
    named = (part.get_content_charset() or "").lower()
    # What calls itself ISO-2022-JP or Shift_JIS often holds the maker's own characters (①, 髙).
    named = {"iso-2022-jp": "iso-2022-jp-ext", "shift_jis": "cp932", "shift-jis": "cp932", "us-ascii": ""}.get(named, named)
    for charset in (named, *_CHARSETS):
        try:
            if charset and codecs.lookup(charset).name not in _NO_WRITING:
                return data.decode(charset)
        except (LookupError, ValueError):  # unknown, or not what the bytes are
            continue
    return data.decode("utf-8", "replace")


class _Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self.hidden = 0

    def handle_starttag(self, tag: str, _attrs: list[tuple[str, str | None]]) -> None:
        self.hidden += tag in {"style", "script", "head", "blockquote"}
        if tag in {"br", "p", "div", "tr", "li", "h1", "h2", "h3"}:
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self.hidden -= tag in {"style", "script", "head", "blockquote"} and self.hidden > 0
        if tag in {"p", "div", "tr"}:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self.hidden:
            self.parts.append(data)

    def parse_marked_section(self, i: int, report: bool = True) -> int:
        """Step over a section nobody knows, where the library would raise."""
        try:
            return super().parse_marked_section(i, report)
        except AssertionError:
            return self.rawdata.find(">", i) + 1 or -1


def text_of_html(text: str) -> str:
    """Return the words of a page or letter in HTML, line by line; scripts and quoted parts are left out."""
    reader = _Words()
    reader.feed(f"{text}\n")  # it holds the last words back as long as an "&" in them might still become a sign
    lines = [" ".join(line.split()) for line in "".join(reader.parts).splitlines()]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _files(letter: EmailMessage) -> list[tuple[str, bytes]]:
    found = []
    for part in letter.walk():
        if part.is_multipart() or (not part.get_filename() and part.get_content_disposition() != "attachment"):
            continue
        data = part.get_payload(decode=True)
        if isinstance(data, bytes) and data:
            found.append((str(part.get_filename() or "添付"), data))
    return found


def _why(text: str) -> str:
    """Return the line of a report that says why."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return next((line for line in lines if re.search(r"\b[45]\d\d\b|5\.\d\.\d", line)), lines[0] if lines else "")[:300]
