"""The home folder."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from renkei.run.fault import Fault
from renkei.run.home import Home
from tests.run.conftest import AS_ROOT


@pytest.fixture(autouse=True)
def _here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("RENKEI_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("RENKEI_EXAMPLE", raising=False)


def test_home_is_made_and_new() -> None:
    home = Home.open()
    assert home.path.is_dir()
    assert home.is_new()
    assert list(home.path.iterdir()) == []


def test_home_in_the_way_of_a_file_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    monkeypatch.setenv("RENKEI_HOME", str(tmp_path / "file" / "home"))
    with pytest.raises(Fault, match="に書けません") as told:
        Home.open()
    assert "RENKEI_HOME で別の場所" in str(told.value)
    assert told.value.code == 1


@pytest.mark.skipif(AS_ROOT, reason="root may write everywhere")
def test_read_only_home_is_refused(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir(mode=0o500)
    with pytest.raises(Fault, match="に書けません"):
        Home.open()


def test_key_is_made_once_and_private() -> None:
    home = Home.open()
    key = home.secret_key()
    assert len(key) >= 64
    assert home.secret_key() == key
    assert stat.S_IMODE((home.path / "secret.key").stat().st_mode) == 0o600


@pytest.mark.parametrize(("asked", "example"), [("1", True), ("", False), ("0", False), ("yes", True)])
def test_first_start_decides_what_the_home_is(monkeypatch: pytest.MonkeyPatch, asked: str, example: bool) -> None:
    monkeypatch.setenv("RENKEI_EXAMPLE", asked)
    home = Home.open()
    assert home.is_example() is example
    home.remember_mode(example=example)
    monkeypatch.delenv("RENKEI_EXAMPLE")
    assert home.is_example() is example
    home.remember_mode(example=not example)
    assert home.is_example() is example


def test_real_consultations_are_never_opened_as_the_example(monkeypatch: pytest.MonkeyPatch) -> None:
    home = Home.open()
    home.remember_mode(example=False)
    monkeypatch.setenv("RENKEI_EXAMPLE", "1")
    with pytest.raises(Fault, match="例示（RENKEI_EXAMPLE=1）では開けません"):
        home.is_example()


def test_two_servers_of_one_home_are_refused_with_the_address() -> None:
    home = Home.open()
    with home.served("http://127.0.0.1:8000"), pytest.raises(Fault, match=r"もう http://127\.0\.0\.1:8000 で動いています"):
        with home.served("http://127.0.0.1:8001"):
            pytest.fail("served twice")
    with home.served("http://127.0.0.1:8001"):
        assert (home.path / "serve.lock").read_text() == "http://127.0.0.1:8001"


def test_lock_of_a_dead_server_holds_nobody() -> None:
    home = Home.open()
    child = os.fork()
    if child == 0:
        with home.served("http://127.0.0.1:9"):
            os._exit(0)
    os.waitpid(child, 0)
    with home.served("http://127.0.0.1:8000"):
        assert (home.path / "serve.lock").read_text() == "http://127.0.0.1:8000"
