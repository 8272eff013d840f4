"""A corporate number looked up: in the register's file, and at a service that answers, is busy, silent, broken."""

from __future__ import annotations

import datetime as dt
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from renkei.audit.models import Event
from renkei.base.actor import SYSTEM
from renkei.base.numbers import corporate_check_digit
from renkei.base.refusal import Refused
from renkei.companies import lookup
from renkei.companies.actions.numbers import load_numbers
from renkei.companies.lookup import Found, GBizInfo, find_number, municipality_code
from renkei.companies.models import RegisteredNumber

NUMBER = f"{corporate_check_digit('040001000001')}040001000001"
OTHER = f"{corporate_check_digit('040001000002')}040001000002"
# The shape of a recorded answer of GET /v2/hojin/{number}; the firm is made up.
ANSWER: dict[str, Any] = {
    "id": None, "message": "200 - OK.", "errors": None,
    "hojin-infos": [{
        "corporate_number": NUMBER, "name": "株式会社まぼろし計測", "kana": "マボロシケイソク", "location": "ひばり県ひばり市北町１－２－３",
        "postal_code": "9990010", "representative_name": "髙梨　進", "capital_stock": 30000000, "employee_number": 19, "status": "-",
        "update_date": "2026-04-01T00:00:00+09:00", "close_date": None, "close_cause": None,
    }],
}  # fmt: skip


class Service:
    """A service on loopback that answers as it is told, and remembers what it was asked."""

    def __init__(self) -> None:
        self.status, self.body, self.wait = 200, json.dumps(ANSWER).encode(), 0.0
        self.asked: list[tuple[str, str | None]] = []
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                service.asked.append((self.path, self.headers.get("X-hojinInfo-api-token")))
                time.sleep(service.wait)
                self.send_response(service.status)
                if service.status == 302:
                    self.send_header("Location", "/elsewhere")
                self.end_headers()
                self.wfile.write(service.body)

            def log_message(self, *_args: Any) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.handle_error = lambda *_args: None  # type: ignore[method-assign]  # who has gone hears no answer
        self.address = f"http://127.0.0.1:{self.server.server_port}/hojin"


@pytest.fixture
def service(settings: Any) -> Iterator[Service]:
    made = Service()
    thread = threading.Thread(target=made.server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    settings.RENKEI_GBIZINFO_TOKEN, settings.RENKEI_GBIZINFO_ADDRESS = "a-token", made.address
    yield made
    made.server.shutdown()
    made.server.server_close()
    thread.join(5)


def line(number: str = NUMBER, name: str = "株式会社まぼろし計測", **more: str) -> str:
    cells = ["1", number, "01", "0", "2026-04-01", "2026-04-01", name, "", "301", "ひばり県", "ひばり市", "北町１－２－３", "", "99", "901",
             "9990010", "", "", more.get("closed", ""), "", more.get("successor", ""), "", "2020-01-01", more.get("latest", "1"), "", "", "", "",
             "マボロシケイソク", "0"]  # fmt: skip
    cells[4] = more.get("updated", cells[4])
    return ",".join(f'"{cell}"' for cell in cells)


def written(tmp_path: Path, *lines: str, encoding: str = "utf-8") -> Path:
    path = tmp_path / "all.csv"
    path.write_bytes("\r\n".join(lines).encode(encoding))
    return path


def code_of(deed: Any) -> str:
    with pytest.raises(Refused) as told:
        deed()
    assert "。" in told.value.message
    return told.value.code


class TestFile:
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932"])
    def test_a_row_says_name_place_and_reading(self, db: None, tmp_path: Path, encoding: str) -> None:
        assert load_numbers(written(tmp_path, line(), encoding=encoding), by=SYSTEM) == (1, 0)
        assert find_number(NUMBER) == Found(
            NUMBER, "株式会社まぼろし計測", "法人番号の公表データ", kana="マボロシケイソク", postal_code="999-0010",
            municipality=municipality_code("99", "901"), address="ひばり県ひばり市北町１－２－３",
        )  # fmt: skip
        assert Event.objects.filter(verb="company.load_numbers").count() == 1

    def test_twice_is_once_newer_wins_and_replaced_states_are_left_out(self, db: None, tmp_path: Path) -> None:
        load_numbers(written(tmp_path, line(), line(OTHER)), by=SYSTEM)
        load_numbers(written(tmp_path, line(), line(OTHER)), by=SYSTEM)
        assert RegisteredNumber.objects.count() == 2
        load_numbers(written(tmp_path, line(name="つばめ計測", updated="2026-05-01"), line(OTHER, name="古い名前", updated="2025-01-01"),
                             line(OTHER, name="前の状態", latest="0", updated="2026-06-01")), by=SYSTEM)  # fmt: skip
        assert dict(RegisteredNumber.objects.values_list("pk", "name")) == {NUMBER: "つばめ計測", OTHER: "株式会社まぼろし計測"}

    def test_a_firm_that_is_no_more(self, db: None, tmp_path: Path) -> None:
        load_numbers(written(tmp_path, line(closed="2025-03-31", successor=OTHER)), by=SYSTEM)
        found = find_number(NUMBER)
        assert found is not None
        assert (found.closed_on, found.successor) == (dt.date(2025, 3, 31), OTHER)

    def test_lines_that_are_none_are_counted(self, db: None, tmp_path: Path) -> None:
        assert load_numbers(written(tmp_path, line(), "x,y", line("1234567890123")), by=SYSTEM) == (1, 2)

    @pytest.mark.parametrize(("lines", "code"), [(["会社名,番号"], "not_the_register"), (None, "no_file")])
    def test_what_is_not_the_register(self, db: None, tmp_path: Path, lines: list[str] | None, code: str) -> None:
        path = written(tmp_path, *lines) if lines else tmp_path / "nothing.csv"
        assert code_of(lambda: load_numbers(path, by=SYSTEM)) == code
        assert not RegisteredNumber.objects.exists()


class TestService:
    def test_off_without_a_token(self, db: None, settings: Any) -> None:
        settings.RENKEI_GBIZINFO_TOKEN = ""
        assert [type(one).__name__ for one in lookup.registers()] == ["NumberFile"]
        assert find_number(NUMBER) is None

    def test_a_recorded_answer_is_read(self, db: None, service: Service) -> None:
        assert find_number(NUMBER) == Found(
            NUMBER, "株式会社まぼろし計測", "gBizINFO", kana="マボロシケイソク", postal_code="999-0010", address="ひばり県ひばり市北町１－２－３",
            representative="髙梨　進", capital_yen=30_000_000, employees=19,
        )  # fmt: skip
        assert service.asked == [(f"/hojin/v2/hojin/{NUMBER}", "a-token")]

    def test_the_file_is_asked_first_and_only_its_gaps_are_filled(self, db: None, service: Service, tmp_path: Path) -> None:
        load_numbers(written(tmp_path, line(name="つばめ計測")), by=SYSTEM)
        found = find_number(NUMBER)
        assert found is not None
        assert (found.name, found.employees, found.source) == ("つばめ計測", 19, "法人番号の公表データ、gBizINFO")

    @pytest.mark.parametrize(
        ("status", "body", "code"),
        [
            (429, b"", "lookup_busy"), (401, b"", "lookup_token"), (403, b"", "lookup_token"), (500, b"", "lookup_unreachable"),
            (302, b"", "lookup_unreachable"), (200, b"<html>", "lookup_unreadable"), (200, b"[]", "lookup_unreadable"),
            (200, b'{"hojin-infos": [{"name": "x"}]}', "lookup_unreadable"), (200, b'{"hojin-infos": "x"}', "lookup_unreadable"),
            (200, json.dumps({"hojin-infos": [{"corporate_number": OTHER, "name": "x"}]}).encode(), "lookup_unreadable"),
            (200, json.dumps({"hojin-infos": [{"corporate_number": NUMBER, "name": "x", "capital_stock": "many"}]}).encode(), "lookup_unreadable"),
        ],
    )  # fmt: skip
    def test_what_goes_wrong_is_said(self, db: None, service: Service, tmp_path: Path, status: int, body: bytes, code: str) -> None:
        service.status, service.body = status, body
        assert code_of(lambda: find_number(NUMBER)) == code
        load_numbers(written(tmp_path, line()), by=SYSTEM)
        found = find_number(NUMBER)  # what the file says is enough
        assert found is not None
        assert found.source == "法人番号の公表データ"

    @pytest.mark.parametrize(("status", "body"), [(404, b""), (200, b'{"hojin-infos": []}'), (200, b'{"hojin-infos": null}')])
    def test_not_there_is_nothing(self, db: None, service: Service, status: int, body: bytes) -> None:
        service.status, service.body = status, body
        assert find_number(NUMBER) is None

    def test_silence_ends(self, db: None, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(lookup, "PATIENCE_SECONDS", 0.1)
        service.wait = 0.5
        assert code_of(lambda: find_number(NUMBER)) == "lookup_unreachable"

    def test_nobody_there(self, db: None) -> None:
        assert code_of(lambda: GBizInfo("t", "http://127.0.0.1:9").find(NUMBER)) == "lookup_unreachable"

    def test_a_closed_firm(self, db: None, service: Service) -> None:
        row = ANSWER["hojin-infos"][0] | {"close_date": "2025-03-31T00:00:00+09:00"}
        service.body = json.dumps({"hojin-infos": [row]}).encode()
        found = find_number(NUMBER)
        assert found is not None
        assert found.closed_on == dt.date(2025, 3, 31)


@pytest.mark.parametrize("typed", ["", "12345", "1040001000001", "法人番号"])
def test_a_wrong_number_is_said_and_nobody_is_asked(db: None, service: Service, typed: str) -> None:
    assert code_of(lambda: find_number(typed)) == "corporate_number_wrong"
    assert service.asked == []
