"""Letters as they come from anywhere: whatever stands in them is read in bounded time, and no header costs the words."""

from __future__ import annotations

import time
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from renkei.post.letters import Arrived, own_words, read_letter, text_of_html

FIRM = "saito@kitsunebi.example"
WORDS = "板は30センチ角です。"
OWN_ID = "0190aaaa-1111-7222-8333-444455556666"
BODY = f"\r\n\r\n{WORDS}\r\n".encode()
PLAIN = b"Content-Type: text/plain; charset=utf-8"


def read(*headers: bytes, body: bytes = BODY, envelope: str = FIRM) -> Arrived:
    return read_letter(b"\r\n".join(headers) + body, envelope_from=envelope)


def part(content: bytes, *headers: bytes) -> bytes:
    return b"--x\r\n" + b"\r\n".join(headers) + b"\r\n\r\n" + content + b"\r\n"


def whole(*parts: bytes, kind: bytes = b"mixed") -> Arrived:
    return read(b"From: " + FIRM.encode(), b"Content-Type: multipart/" + kind + b'; boundary="x"', body=b"\r\n\r\n" + b"".join(parts) + b"--x--\r\n")


def bounded(act: Any, seconds: float = 8.0) -> Any:
    """What ``act`` gives; a busy machine is allowed for, minutes are not."""
    begun = time.process_time()
    given_back = act()
    assert time.process_time() - begun < seconds
    return given_back


class TestHeaders:
    def test_an_ordinary_letter(self) -> None:
        letter = read("From: 齋藤 亘 <Saito@Kitsunebi.example>".encode(), b"Subject: =?utf-8?b?5p2/44Gu5aSn44GN44GV?=",
                      b"Message-ID: <1@firm>", PLAIN)  # fmt: skip
        assert (letter.sender, letter.subject, letter.message_id) == ("Saito@Kitsunebi.example", "板の大きさ", "<1@firm>")
        assert (letter.text, letter.whole, letter.files, letter.is_auto, letter.is_bounce, letter.own_ids, letter.why) == (
            WORDS, WORDS, [], False, False, [], "")  # fmt: skip

    @pytest.mark.parametrize(
        "header",
        [b"Message-ID: <a@[", b"Message-ID: \x00", b"Message-ID: <", b"From: (((", b"From: ;", b'From: "a', b"From: g:;", b"From: <@>", b"From: ,,,",
         b"Subject: =?nope?b?xx?=", b"Subject: =?utf-8?b?", b"Subject: =?utf-8?q?=ff=fe?=", b"Subject: \xff\xfe", b"Content-Disposition: ;;;", b"Content-Transfer-Encoding: 9bit", b"Content-Transfer-Encoding: ", b"Auto-Submitted: (", b"Precedence: (",
         b"MIME-Version: (((", b"Date: never", b"To: (", b"Cc: @,@", b"Content-ID: <", b" folded without a beginning", b"no colon"],
    )  # fmt: skip
    def test_no_broken_header_costs_the_words(self, header: bytes) -> None:
        letter = read(header, PLAIN)
        assert WORDS in letter.whole
        assert "\x00" not in f"{letter.message_id}{letter.sender}{letter.sender_name}{letter.subject}"

    @pytest.mark.parametrize("name", [b"From", b"Subject", b"Message-ID", b"Content-Disposition", b"Reply-To", b"Auto-Submitted"])
    @pytest.mark.parametrize("filling", [b"(", b"<a@", b"a@b,", b"=?utf-8?b?44GC?= ", b"; x=y", b'"', b"\\", b"[", b"."])
    def test_a_header_of_any_length_is_read_in_bounded_time(self, name: bytes, filling: bytes) -> None:
        letter = bounded(lambda: read(PLAIN, name + b": " + filling * 8_000))
        assert letter.whole == WORDS

    @pytest.mark.parametrize("filling", [b"(", b"; a=b", b"/", b'; a="', b"; charset*0=utf-8"])
    def test_a_kind_of_any_length_is_read_in_bounded_time(self, filling: bytes) -> None:
        assert WORDS in bounded(lambda: read(b"Content-Type: text/plain" + filling * 5_000)).whole

    def test_two_ids_that_only_begin_alike_are_two_letters(self) -> None:
        first, second = (read(b"Message-ID: <" + b"a" * 300 + end + b"@firm>", PLAIN) for end in (b"1", b"2"))
        assert (first.message_id, second.message_id) == ("", "")  # the bytes tell them apart
        assert read(b"Message-ID: <" + b"a" * 240 + b"@firm>", PLAIN).message_id == "<" + "a" * 240 + "@firm>"

    def test_names_and_subjects_are_one_line_of_bounded_length(self) -> None:
        letter = read(b"From: " + b"n" * 150 + b" <" + b"a" * 300 + b"@x.example>", b"Subject: a\r\n  b\tc " + b"d" * 300, PLAIN)
        assert (len(letter.sender_name), len(letter.sender), len(letter.subject)) == (100, 254, 200)
        assert letter.subject.startswith("a b c ddd")

    @pytest.mark.parametrize(
        ("header", "is_auto"),
        [(b"Auto-Submitted: auto-replied", True), (b"Auto-Submitted: auto-generated; x=y", True), (b"Auto-Submitted: NO", False), (b"Auto-Submitted:", False),
         (b"Precedence: Bulk", True), (b"Precedence: list", True), (b"Precedence: normal", False), (b"X-Autoreply: yes", True), (b"X-Autorespond: 1", True),
         (b"X-Renkei: 1", True), (b"X-Other: 1", False)],
    )  # fmt: skip
    def test_who_wrote_it_a_machine_or_a_person(self, header: bytes, is_auto: bool) -> None:
        assert read(header, PLAIN).is_auto is is_auto
        assert read(header, PLAIN, envelope="").is_auto is True
        assert read(header, PLAIN, envelope=" <> ").is_auto is True


class TestWriting:
    @pytest.mark.parametrize(
        ("named", "used"),
        [("iso-2022-jp", "iso-2022-jp"), ("iso-2022-jp", "iso-2022-jp-ext"), ("shift_jis", "cp932"), ("Shift-JIS", "cp932"), ("euc-jp", "euc_jp"),
         ("utf-8", "utf-8"), ("us-ascii", "utf-8"), ("", "utf-8"), ("utf-8", "cp932"), ("undefined", "utf-8"), ("punycode", "utf-8"), ("idna", "utf-8"),
         ("Raw_Unicode_Escape", "utf-8"), ("unicode_escape", "utf-8"), ("zlib", "utf-8"), ("base64", "utf-8"), ("rot13", "utf-8"), ("no-such", "utf-8"),
         ("a\x00b", "utf-8"), ("mbcs", "utf-8"), ("x" * 500, "utf-8")],
    )  # fmt: skip
    def test_the_words_are_read_whatever_the_letter_says_of_its_writing(self, named: str, used: str) -> None:
        data = WORDS.encode(used)
        assert read(f'Content-Type: text/plain; charset="{named}"'.encode(), body=b"\r\n\r\n" + data).text == WORDS

    def test_bytes_of_no_writing_at_all_are_kept_as_letters(self) -> None:
        assert read(PLAIN, body=b"\r\n\r\nabc \x81\xff def").whole.startswith("abc ")

    @pytest.mark.parametrize("coding", [b"base64", b"quoted-printable", b"uuencode", b"x-unknown", b"7bit"])
    @pytest.mark.parametrize("data", [b"44GC\xff", b"=E3=8", b"=", b"\x00\x01", b"", b"begin 644 a\n#0V%T\n \nend"])
    def test_a_body_in_a_broken_coding_is_a_letter_all_the_same(self, coding: bytes, data: bytes) -> None:
        letter = read(b"From: " + FIRM.encode(), b"Content-Transfer-Encoding: " + coding, body=b"\r\n\r\n" + data)
        assert (letter.sender, letter.files) == (FIRM, [])
        assert "\x00" not in letter.whole


class TestParts:
    def test_plain_words_before_html_and_files_beside_them(self) -> None:
        letter = whole(part(b"<p>html</p>", b"Content-Type: text/html"), part(WORDS.encode(), PLAIN),
                       part(b"%PDF", b"Content-Type: application/pdf", 'Content-Disposition: attachment; filename="図面.pdf"'.encode()),
                       part(b"raw", b"Content-Type: application/octet-stream", b"Content-Disposition: attachment"))  # fmt: skip
        assert letter.text == WORDS
        assert letter.files == [("図面.pdf", b"%PDF"), ("添付", b"raw")]

    def test_an_empty_file_is_none_and_a_picture_in_the_text_is_one(self) -> None:
        letter = whole(part(b"", b"Content-Disposition: attachment; filename=empty.txt"), part(b"GIF", b"Content-Type: image/gif; name=a.gif", b"Content-Disposition: inline"))
        assert letter.files == [("a.gif", b"GIF")]

    def test_a_boundary_that_never_comes(self) -> None:
        letter = read(b"From: " + FIRM.encode(), b'Content-Type: multipart/mixed; boundary="never"')
        assert (letter.sender, letter.files) == (FIRM, [])

    @pytest.mark.parametrize("depth", [30, 300, 1_500])
    def test_parts_within_parts_without_end_are_not_followed(self, depth: int) -> None:
        raw = b"From: " + FIRM.encode() + b"\r\n" + b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(depth))
        letter = bounded(lambda: read_letter(raw + b"\r\n\r\nx", envelope_from=FIRM))
        assert (letter.sender, letter.text, letter.files) == (FIRM, "", [])

    def test_parts_within_parts_as_people_send_them_are(self) -> None:
        made = EmailMessage()
        made["From"] = FIRM
        made.set_content(WORDS)
        made.add_alternative(f"<p>{WORDS}</p>", subtype="html")
        made.add_attachment(b"x", maintype="application", subtype="pdf", filename="a.pdf")
        outer = EmailMessage()
        outer["From"], outer["Subject"] = FIRM, "Fwd"
        outer.set_content("転送します。")
        outer.add_attachment(made)
        letter = read_letter(outer.as_bytes(), envelope_from=FIRM)
        assert (letter.text, [name for name, _data in letter.files]) == ("転送します。", ["a.pdf"])

    @pytest.mark.parametrize(
        ("report", "why"),
        [("Sorry.\n550 5.1.1 no such user\nbye", "550 5.1.1 no such user"), ("Delivery failed.\nThe end.", "Delivery failed."), ("", ""),
         ("5.2.2 mailbox full", "5.2.2 mailbox full"), ("x" * 900, "x" * 300)],
    )  # fmt: skip
    def test_a_report_says_why_and_which_of_our_mails(self, report: str, why: str) -> None:
        letter = whole(part(report.encode(), PLAIN), part(f"Message-ID: <{OWN_ID}@renkei>\r\nReferences: <{OWN_ID}@renkei>".encode(), b"Content-Type: text/rfc822-headers"),
                       kind=b"report")  # fmt: skip
        assert (letter.is_bounce, letter.is_auto, letter.own_ids, letter.why) == (True, True, [OWN_ID], why)

    def test_an_ordinary_letter_that_quotes_an_id_of_ours_reports_nothing(self) -> None:
        letter = read(b"From: " + FIRM.encode(), f"References: <{OWN_ID}@renkei>".encode(), PLAIN)
        assert (letter.is_bounce, letter.own_ids, letter.why) == (False, [], "")

    def test_the_daemon_is_a_machine_by_its_name(self) -> None:
        assert read(b"From: MAILER-DAEMON@mx.example", PLAIN).is_bounce


class TestOwnWords:
    @pytest.mark.parametrize(
        "start",
        ["-----Original Message-----", "----- 元のメッセージ -----", "-- 転送メッセージ --", "On Wed, 25 Nov 2026, Desk wrote:", "________________________________",
         "―――――――――", "差出人：産業課", "From: desk@hibari.example", "2026年11月25日(水) 12:00 産業課 <a@b.example>:", "2026/11/25 12:00、産業課：",
         "2026-11-25 <a@b.example>"],
    )  # fmt: skip
    def test_what_is_quoted_from_us_is_left_out(self, start: str) -> None:
        assert own_words(f"{WORDS}\n\n{start}\n古い文\n> もっと古い文") == WORDS

    @pytest.mark.parametrize("line", ["> 引用", "＞引用", "  > 引用"])
    def test_a_marked_line_is_left_out_and_the_answer_below_it_kept(self, line: str) -> None:
        assert own_words(f"はじめに\n{line}\n{WORDS}") == f"はじめに\n{WORDS}"

    @pytest.mark.parametrize("sign", ["-- ", "--", "--------", "========", "********", "＿＿＿＿＿＿＿＿", "━━━━━━━━"])
    def test_a_signature_ends_the_words_unless_nothing_came_before(self, sign: str) -> None:
        assert own_words(f"{WORDS}\n{sign}\n齋藤 亘") == WORDS
        assert own_words(f"{sign}\n{WORDS}") == f"{sign.strip()}\n{WORDS}"

    @pytest.mark.parametrize("line", ["2026年度の計画を出します。", "on time", "From now on we wait.", "-5度で測りたい", "---", "a > b"])
    def test_words_that_only_look_alike_stay(self, line: str) -> None:
        assert own_words(f"{line}\n{WORDS}") == f"{line}\n{WORDS}"

    @pytest.mark.parametrize("line", ["2026/1/1 " + "<a@" * 20_000, "2026/1/1 <" + "@" * 60_000, "from: " + "a" * 60_000, "on " + "wrote:" * 10_000, "-" * 60_000 + "x"])
    def test_a_line_without_end_is_read_in_bounded_time(self, line: str) -> None:
        assert bounded(lambda: own_words(f"{line}\n{WORDS}"), 3.0).endswith(WORDS)


class TestHtml:
    @pytest.mark.parametrize(
        ("html", "text"),
        [
            ("<p>開発</p>試作 R&D", "開発\n試作 R&D"), ("R&amp;D", "R&D"), ("R&amp", "R&"), ("a &lt b", "a < b"), ("Q&A", "Q&A"), ("終わり&", "終わり&"),
            ("一<br>二<div>三</div>四", "一\n二\n三\n四"), ("<style>p{}</style><script>x()</script><head><title>t</title></head>文", "文"),
            ("文<blockquote>古い<blockquote>もっと</blockquote>文</blockquote>続き", "文続き"), ("</blockquote></script>文", "文"),
            ("<!-- 隠し -->文", "文"), ("<![if !mso]>文<![endif]>", "文"), ("<![x[ y ]]>文", "文"), ("文<![x", "文"), ("<?xml version='1'?>文", "文"),
            ("<!DOCTYPE html>文", "文"), ("&#x9AD9;&#39;&nbsp;文", "髙' 文"), ("&#xD800;文", "\ufffd文"), ("a\n\n\n\n\nb", "a\n\nb"), ("", ""), ("   \n ", ""),
            ("<li>一<li>二", "一\n二"), ("<tr><td>一</td></tr><tr><td>二</td></tr>", "一\n\n二"), ("3 < 5 です", "3 < 5 です"),
        ],
    )  # fmt: skip
    def test_words_of_a_page(self, html: str, text: str) -> None:
        assert text_of_html(html) == text

    @pytest.mark.parametrize("filling", ["<", "<a ", "<!--", "<div>", "&", "<![x", "<?", "</", "<a b='"])
    def test_signs_without_end_are_read_in_bounded_time(self, filling: str) -> None:
        assert isinstance(bounded(lambda: text_of_html(filling * 20_000)), str)


HEADERS = [b"From", b"Subject", b"Message-ID", b"Content-Type", b"Content-Transfer-Encoding", b"Content-Disposition", b"Auto-Submitted", b"MIME-Version"]
PIECES = [b"=?utf-8?b?44GC?=", b"=?iso-2022-jp?B?GyRC", b"<a@b.example>", b"<", b">", b"@", b"[", b"(", b'"', b";", b":", b",", b"\\", b"\x00", b"\xff", b"\r\n ",
          b"multipart/mixed; boundary=x", b"multipart/related; boundary=x; start=<z>", b"multipart/report; boundary=x", b"text/html", b"text/plain; charset=",
          b"undefined", b"shift_jis", b"message/rfc822", b"base64", b"attachment; filename=", b"filename*=utf-8''%E3", b"filename*0*=", b"\xe3\x81\x82", b"/"]
BODIES = [b"", BODY, b"--x\r\n\r\nhi\r\n--x--", b"--x\nContent-Type: text/html\n\n<p>a<script>b\n--x--", b"--x\nContent-Type: message/rfc822\n\nFrom: a\n\nb\n--x--",
          b"<![x", b"<![CDATA[", b"&#99999999;", b"\x1b$B;v", b"\xed\xa0\x80", b"--x\nContent-Disposition: attachment; filename=a/../b\n\nz\n--x--"]
HEADER = st.builds(lambda name, values: name + b": " + b"".join(values) + b"\r\n", st.sampled_from(HEADERS), st.lists(st.sampled_from(PIECES), max_size=4))


@settings(max_examples=250, derandomize=True)
@given(st.lists(HEADER, max_size=6), st.lists(st.sampled_from(BODIES), max_size=3))
def test_no_letter_at_all_is_refused(headers: list[bytes], bodies: list[bytes]) -> None:
    letter = read_letter(b"".join(headers) + b"\r\n" + b"".join(bodies), envelope_from=FIRM)
    told = [letter.message_id, letter.sender, letter.sender_name, letter.subject, letter.text, letter.whole, letter.why, *(name for name, _data in letter.files)]
    assert "\x00" not in "".join(told[:7])  # the database takes none
    assert "".join(told).encode().decode() == "".join(told)  # nor half a letter
    assert (len(letter.message_id) <= 250, len(letter.subject) <= 200, "\n" in letter.subject) == (True, True, False)
