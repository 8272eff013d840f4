"""``renkei serve`` as a visitor and a power cut see it. Slow: each test runs a whole instance."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from renkei.run import serve
from renkei.run.fault import Fault
from renkei.run.home import Home
from renkei.run.port import wanted_port
from renkei.run.postgres import Server, free_port
from tests.run.conftest import REPO
from tests.run.served import Served

pytestmark = [pytest.mark.storm, pytest.mark.timeout(400)]
Serve = Callable[..., Served]


@pytest.fixture
def served(environment: dict[str, str]) -> Iterator[Serve]:
    """Return a function that makes an instance (not started); all are ended afterwards."""
    made: list[Served] = []

    def make(**more: Any) -> Served:
        made.append(Served(environment | more.pop("env", {}), free_port(), **more))
        return made[-1]

    yield make
    for one in made:
        one.close()


def _environment_of(pid: int) -> dict[str, str]:
    rows = Path(f"/proc/{pid}/environ").read_bytes().decode().split("\0")
    return dict(row.split("=", 1) for row in rows if "=" in row)


def test_whole_life_of_an_instance(served: Serve, folder: Path) -> None:
    one = served()
    one.start()
    assert one.get("/health/") == (200, "ok")
    page = one.get("/accounts/login/")[1]
    sheet = re.search(r'href="(/static/renkei/renkei\.[0-9a-f]+\.css)"', page)
    assert sheet is not None
    assert one.get(sheet[1])[0] == 200
    (web,), (worker,) = one.children("renkei.run.web"), one.children("renkei.run.worker")
    for pid, part in ((web, "WEB"), (worker, "WORKER")):
        knows = {name for name, value in _environment_of(pid).items() if name.startswith("DATABASE_URL") and value}
        assert knows == {f"DATABASE_URL_{part}"}

    again = served()
    again.port = free_port()
    with pytest.raises(AssertionError, match=f"もう http://127.0.0.1:{one.port} で動いています"):
        again.start()

    os.kill(worker, signal.SIGKILL)
    assert one.wait(lambda: one.children("renkei.run.worker") not in ([], [worker]))
    os.killpg(web, signal.SIGKILL)
    assert one.wait(lambda: one.children("renkei.run.web") not in ([], [web]) and one.get() == (200, "ok"))
    database = Server(folder).running()
    assert database is not None
    os.kill(database.pid, signal.SIGKILL)
    assert one.wait(lambda: "データベースが止まりました" in one.text())
    assert one.wait(lambda: (Server(folder).running() or database).pid != database.pid and one.get() == (200, "ok"))

    begun = time.monotonic()
    assert one.stop() == 0
    assert time.monotonic() - begun < 40
    assert one.everything() == []
    assert "連携を止めました。" in one.text()

    one.start()  # the database at another port: nothing is set up again
    assert [step for step in ("表を整える", "公開する", "索引を作る", "部品を並べる") if step in one.text()] == []
    assert one.stop() == 0


def test_killed_instance_starts_again_without_help(served: Serve, folder: Path) -> None:
    one = served()
    one.start()
    key = (folder / "secret.key").read_text()
    one.kill_everything()
    assert one.get() == (0, "")
    one.start()
    assert one.get() == (200, "ok")
    assert (folder / "secret.key").read_text() == key
    assert "表を整える" not in one.text()
    assert "公開する" not in one.text()

    assert one.process is not None
    one.process.kill()  # the supervisor alone: its children notice, the database stays for whoever comes next
    one.process.wait()
    one.process = None
    assert one.wait(lambda: one.children("renkei.run.web") + one.children("renkei.run.worker") == [])
    one.start()
    assert one.get() == (200, "ok")
    assert one.stop(signal.SIGINT) == 0
    assert one.everything() == []


def test_two_instances_side_by_side(served: Serve, folder: Path) -> None:
    other_home = folder.with_name(folder.name + "-b")
    other_home.mkdir(mode=0o755)
    one, other = served(), served(env={"RENKEI_HOME": str(other_home)})
    try:
        one.start()
        other.start()
        assert (one.get(), other.get()) == ((200, "ok"), (200, "ok"))
        cookies = [_environment_of(each.children("renkei.run.web")[0])["RENKEI_COOKIE"] for each in (one, other)]
        assert cookies == [f"renkei_{one.port}", f"renkei_{other.port}"]
        assert one.stop() == 0
        assert other.get() == (200, "ok")
        assert other.stop() == 0
    finally:
        other.close()
        shutil.rmtree(other_home, ignore_errors=True)


def test_stop_while_it_loads_leaves_nothing(served: Serve) -> None:
    one = served()
    one.start(until="データベースの表を整える")
    assert one.stop(signal.SIGINT) == 0, one.text()
    assert one.everything() == []


def test_ordinary_user_serves(served: Serve, folder: Path, ordinary: dict[str, Any]) -> None:
    if ordinary["as"]:
        os.chown(folder, ordinary["as"]["user"], ordinary["as"]["group"])
    path = os.pathsep.join(ordinary["path"] or [str(REPO)])
    one = served(env={"PYTHONPATH": path, "HOME": "/nonexistent"}, python=ordinary["python"], **ordinary["as"])
    one.start()
    assert one.get() == (200, "ok")
    assert one.stop() == 0
    assert one.everything() == []


def test_taken_port_is_told_at_once(renkei: Any) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        begun = time.monotonic()
        done = renkei("serve", PORT=str(port))
    assert (done.returncode, done.stdout) == (1, "")
    assert f"ポート {port} はほかのプログラムが使っています。" in done.stderr
    assert f"PORT={port + 1} のように" in done.stderr
    assert time.monotonic() - begun < 15


@pytest.mark.parametrize("port", ["http", "0", "65536", "-1", "²", "８０００", "8000 ", "8e3", "0x50"])
def test_port_that_is_no_number_is_told(monkeypatch: pytest.MonkeyPatch, port: str) -> None:
    monkeypatch.setenv("PORT", port)
    with pytest.raises(Fault, match="番号ではありません"):
        wanted_port()


def test_killed_run_gets_a_moment_to_let_the_port_go(folder: Path) -> None:
    home = Home(folder)
    home.remember_mode(example=False)
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        begun = time.monotonic()
        with pytest.raises(Fault, match="ほかのプログラムが使っています"):
            serve._wait_for_port(other.getsockname()[1], home)
    assert 3 <= time.monotonic() - begun < 8


@pytest.mark.own_cluster
def test_production_refuses_a_web_login_that_owns_the_tables(renkei: Any) -> None:
    from tests import cluster

    assert cluster._server is not None
    urls = cluster._server.environment()
    done = renkei("serve", PORT=str(free_port()), **(urls | {"DATABASE_URL_WEB": urls["DATABASE_URL"]}))
    assert done.returncode == 1
    assert "DATABASE_URL_WEB のログイン renkei_owner は表の所有者です。" in done.stderr
    assert "Traceback" not in done.stderr
