"""The port: which numbers are one, and why one cannot be opened."""

from __future__ import annotations

import errno
import http.server
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from renkei.run import doctor, port, serve
from renkei.run.database import Database
from renkei.run.fault import Fault
from renkei.run.home import Home
from renkei.run.postgres import free_port

GIVEN = {name: f"postgresql://{name.lower()}@db.example/x" for name in ("DATABASE_URL", "DATABASE_URL_WEB", "DATABASE_URL_WORKER")}


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PORT", "RENKEI_BIND", "RENKEI_COOKIE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


def refuse(monkeypatch: pytest.MonkeyPatch, number: int, words: str) -> None:
    def bind(_self: socket.socket, _address: object) -> None:
        raise OSError(number, words)

    monkeypatch.setattr(socket.socket, "bind", bind)


@pytest.mark.parametrize(("text", "number"), [(None, 8000), ("", 8000), ("1", 1), ("80", 80), ("65535", 65535), ("08000", 8000)])
def test_a_number_is_taken(monkeypatch: pytest.MonkeyPatch, text: str | None, number: int) -> None:
    if text is not None:
        monkeypatch.setenv("PORT", text)
    assert port.wanted_port() == number


@pytest.mark.parametrize("text", ["0", "65536", "-1", "+80", "80.0", "1e3", "0x50", " 80", "八千", "８０", "²", "80;rm"])
def test_what_is_no_number_is_told_by_serve_and_doctor_alike(monkeypatch: pytest.MonkeyPatch, folder: Path, text: str) -> None:
    monkeypatch.setenv("PORT", text)
    said = f"PORT={text} は番号ではありません。1から65535までの数を入れてください。"
    with pytest.raises(Fault) as fault:
        serve.serve()
    assert (str(fault.value), list(folder.iterdir())) == (said, [])
    found = doctor.port_free(Home(folder))
    assert (found.good, found.what, found.mend) == (False, "PORT が正しくありません", said)
    assert found.mend_en == "Set PORT to a number from 1 to 65535."


def test_a_free_port_has_nothing_against_it() -> None:
    assert port.why_closed(free_port()) is None


def test_a_taken_port_names_the_next_one(taken: int) -> None:
    closed = port.why_closed(taken)
    assert closed is not None
    assert (closed.is_taken, closed.what, closed.mend) == (
        True, f"ポート {taken} はほかのプログラムが使っています", f"そのプログラムを止めるか、PORT={taken + 1} のように別の番号を指定してください。",
    )  # fmt: skip
    assert closed.mend_en == f"Stop that program, or name another port, such as PORT={taken + 1}."


def test_the_port_after_the_last_is_not_named(monkeypatch: pytest.MonkeyPatch) -> None:
    refuse(monkeypatch, errno.EADDRINUSE, "in use")
    closed = port.why_closed(65535)
    assert closed is not None
    assert "PORT=65534" in closed.mend


@pytest.mark.parametrize(
    ("number", "what", "mend"),
    [
        (errno.EACCES, "ポート 80 を開く権限がありません", "PORT に1024以上の番号を入れてください。"),
        (errno.EADDRNOTAVAIL, "192.0.2.7 で待ち受けられません（said so）", "RENKEI_BIND に、この機械の番地を入れてください。"),
        (socket.EAI_NONAME, "192.0.2.7 で待ち受けられません（said so）", "RENKEI_BIND に、この機械の番地を入れてください。"),
    ],
)
def test_what_time_does_not_mend_is_told_at_once(
    monkeypatch: pytest.MonkeyPatch, folder: Path, number: int, what: str, mend: str
) -> None:
    """Only a taken port is waited for: it may be a killed run's."""
    home = Home(folder)
    home.remember_mode(example=False)
    monkeypatch.setenv("RENKEI_BIND", "192.0.2.7")
    monkeypatch.setenv("PORT", "80")
    monkeypatch.setattr(serve.time, "sleep", lambda _seconds: pytest.fail("waited"))
    refuse(monkeypatch, number, "said so")
    with pytest.raises(Fault) as fault:
        serve._wait_for_port(80, home)
    assert str(fault.value) == f"{what}。{mend}"
    found = doctor.port_free(home)
    assert (found.good, found.what, found.mend) == (False, what, mend)
    assert all(ord(letter) < 0x3000 for letter in found.line(english=True).replace("→", "").replace("×", ""))


def test_a_new_home_waits_for_no_killed_run(folder: Path, taken: int, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 0.001])
    monkeypatch.setattr(serve.time, "monotonic", lambda: next(clock))
    monkeypatch.setattr(serve.time, "sleep", lambda _seconds: pytest.fail("waited"))
    with pytest.raises(Fault, match="ほかのプログラムが使っています"):
        serve._wait_for_port(taken, Home(folder))


def test_a_port_let_go_meanwhile_is_taken(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Home(folder).remember_mode(example=False)
    looks = iter([port.Closed("", "", "", "", is_taken=True), port.Closed("", "", "", "", is_taken=True), None])
    waited: list[float] = []
    monkeypatch.setattr(serve, "why_closed", lambda _port: next(looks))
    monkeypatch.setattr(serve.time, "sleep", waited.append)
    serve._wait_for_port(8000, Home(folder))
    assert waited == [0.3, 0.3]


@pytest.mark.parametrize(
    ("bind", "address"),
    [
        (None, "http://127.0.0.1:81"), ("", "http://127.0.0.1:81"), ("0.0.0.0", "http://127.0.0.1:81"),  # noqa: S104  read, not bound
        ("::", "http://[::1]:81"),
        ("::1", "http://[::1]:81"), ("192.0.2.7", "http://192.0.2.7:81"), ("localhost", "http://localhost:81"),
    ],
)  # fmt: skip
def test_health_is_asked_where_the_server_listens(monkeypatch: pytest.MonkeyPatch, bind: str | None, address: str) -> None:
    if bind is not None:
        monkeypatch.setenv("RENKEI_BIND", bind)
    assert port.own_address(81) == address


class _Health(http.server.BaseHTTPRequestHandler):
    status = 200

    def do_GET(self) -> None:
        self.send_response(self.status if (self.path, self.headers["Host"]) == ("/health/", "127.0.0.1") else 404)
        self.end_headers()

    def log_message(self, *_words: object) -> None:
        pass


@pytest.mark.parametrize(("status", "ready"), [(200, True), (204, False), (400, False), (500, False), (503, False)])
def test_the_web_is_ready_when_it_answers_with_200_alone(folder: Path, status: int, ready: bool) -> None:
    handler = type("Health", (_Health,), {"status": status})
    with http.server.HTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        web, _worker = serve._children(Home(folder), Database(GIVEN), port=server.server_port, address="x", example=False)
        assert web.ready() is ready
        server.shutdown()


@pytest.mark.parametrize("garbage", [b"", b"\x00\xff\n\n", b"HTTP/1.1 two\r\n\r\n", b"SSH-2.0-x\r\n", b"HTTP/1.1 200 OK\r\n" + b"a" * 70_000])
def test_an_answer_that_is_no_http_is_no_answer_and_stops_nobody(folder: Path, garbage: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            with listening.accept()[0] as asked:
                asked.recv(4_000)
                asked.sendall(garbage)

        talker = threading.Thread(target=answer, daemon=True)
        talker.start()
        web, _worker = serve._children(Home(folder), Database(GIVEN), port=listening.getsockname()[1], address="x", example=False)
        assert web.ready() is False
        talker.join(10)


def test_a_web_that_is_not_there_is_not_ready(folder: Path) -> None:
    web, _worker = serve._children(Home(folder), Database(GIVEN), port=free_port(), address="x", example=False)
    assert web.ready() is False
