"""The port of the pages: which one is wanted, and why it cannot be opened."""

from __future__ import annotations

import errno
import os
import socket
from dataclasses import dataclass

from renkei.run.fault import Fault


@dataclass(frozen=True, slots=True)
class Closed:
    """Why a port cannot be opened and how to mend it; ``is_taken`` when another program holds it."""

    what: str
    what_en: str
    mend: str
    mend_en: str
    is_taken: bool = False


def wanted_port() -> int:
    """Return the number PORT names, 8000 by default. Raises Fault when it is none."""
    text = os.environ.get("PORT") or "8000"
    if not (text.isascii() and text.isdecimal()) or not 0 < int(text) < 65536:
        raise Fault(f"PORT={text} は番号ではありません。1から65535までの数を入れてください。")
    return int(text)


def bind_address() -> str:
    """Return the address the web server listens on: RENKEI_BIND, this machine alone by default."""
    return os.environ.get("RENKEI_BIND") or "127.0.0.1"


def own_address(port: int) -> str:
    """Return the address under which this machine asks its own web server."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(bind_address(), bind_address())  # noqa: S104  read, not bound
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def why_closed(port: int) -> Closed | None:
    """Return why ``port`` cannot be opened here and now, or None when it can."""
    address = bind_address()
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as error:
            return _closed(error, address, port)
    return None


def _closed(error: OSError, address: str, port: int) -> Closed:
    if error.errno == errno.EADDRINUSE:
        other = port + 1 if port < 65535 else port - 1
        return Closed(
            f"ポート {port} はほかのプログラムが使っています", f"port {port} is taken by another program",
            f"そのプログラムを止めるか、PORT={other} のように別の番号を指定してください。",
            f"Stop that program, or name another port, such as PORT={other}.", is_taken=True,
        )  # fmt: skip
    if error.errno == errno.EACCES:
        return Closed(
            f"ポート {port} を開く権限がありません", f"port {port} may not be opened by this account",
            "PORT に1024以上の番号を入れてください。", "Set PORT to 1024 or more.",
        )  # fmt: skip
    return Closed(
        f"{address} で待ち受けられません（{error.strerror}）", f"{address} cannot be listened on ({error.strerror})",
        "RENKEI_BIND に、この機械の番地を入れてください。", "Set RENKEI_BIND to an address of this machine.",
    )  # fmt: skip
