"""The door for incoming mail: SMTP, or LMTP behind the organisation's own mail server. 250 is said after the commit only.

Off unless RENKEI_MAIL_IN names where to listen (``127.0.0.1:8025``, ``lmtp:127.0.0.1:8024``). It takes letters to
RENKEI_MAIL_DOMAIN and nothing else, so it relays for nobody, and it answers nobody by mail.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
from dataclasses import dataclass
from typing import Any

from renkei.run.children import end_with_parent
from renkei.run.fault import Fault

_log = logging.getLogger("renkei.mail_in")
_MOST_RECIPIENTS = 20
_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Door:
    """Where mail is heard."""

    host: str
    port: int
    is_lmtp: bool = False

    def answers(self) -> bool:
        """Tell whether somebody listens."""
        with contextlib.suppress(OSError), socket.create_connection((self.host, self.port), timeout=5):
            return True
        return False


def mail_door() -> Door | None:
    """Return where to listen; None when mail is not received. Raises Fault when the setting cannot be read."""
    wanted = os.environ.get("RENKEI_MAIL_IN", "").strip()
    if not wanted:
        return None
    is_lmtp = wanted.lower().startswith("lmtp:")
    host, _colon, port = wanted.removeprefix("lmtp:").removeprefix("smtp:").rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 65_536:
        raise Fault("RENKEI_MAIL_IN は 127.0.0.1:8025 のように、番地とポートで書いてください。")
    if not os.environ.get("RENKEI_MAIL_DOMAIN"):
        raise Fault("メールを受け取るには、返信の宛先になるドメインを RENKEI_MAIL_DOMAIN に書いてください。")
    return Door(host, int(port), is_lmtp)


class Handler:
    """What the listener does with a letter."""

    async def handle_RCPT(  # noqa: N802  the library's name and arguments
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: list[str]
    ) -> str:
        """Take recipients of our own domain only."""
        from renkei.post.replies import is_ours

        if not is_ours(address):
            return "550 5.7.1 not a mailbox of this desk"
        if len(envelope.rcpt_tos) >= _MOST_RECIPIENTS:
            return "452 4.5.3 too many recipients"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802  the library's name
        """Keep the letter, commit, then say so. What goes wrong is said as "later", so the sender keeps it."""
        raw = envelope.original_content or envelope.content or b""
        try:
            await asyncio.to_thread(take, raw, envelope.mail_from or "", list(envelope.rcpt_tos))
        except Exception:  # noqa: BLE001  whatever it is, the letter is not ours yet
            _log.exception("a letter could not be kept")
            return "451 4.3.0 not kept, try again later"
        return "250 2.0.0 kept"


def take(raw: bytes, envelope_from: str, to: list[str]) -> None:
    """Take one letter in, in a transaction of its own, as the worker."""
    from django.db import close_old_connections

    from renkei.base.actor import SYSTEM
    from renkei.base.context import acting
    from renkei.cases.actions.mail_in import take_letter

    close_old_connections()
    try:
        with acting(SYSTEM):
            take_letter(raw, by=SYSTEM, envelope_from=envelope_from, to=to)
    finally:
        close_old_connections()


async def listen(door: Door, stopped: asyncio.Event) -> None:
    """Listen until ``stopped``."""
    from aiosmtpd.lmtp import LMTP
    from aiosmtpd.smtp import SMTP
    from django.conf import settings

    most = int(settings.RENKEI_FILE_MEGABYTES * 1.5 * 1024 * 1024)
    kind = LMTP if door.is_lmtp else SMTP
    loop = asyncio.get_running_loop()

    def talk() -> Any:
        return kind(Handler(), data_size_limit=most, hostname="renkei", ident="renkei", timeout=_SECONDS, loop=loop,
                    decode_data=False, enable_SMTPUTF8=True)  # fmt: skip

    server = await loop.create_server(talk, host=door.host, port=door.port)
    async with server:
        await stopped.wait()


def main() -> None:
    """Listen until told to stop (SIGTERM)."""
    end_with_parent()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "renkei.config.settings.base")
    import django

    django.setup()
    door = mail_door()
    if door is None:
        raise Fault("RENKEI_MAIL_IN がありません。127.0.0.1:8025 のように書いてください。")
    asyncio.run(_until_stopped(door))


async def _until_stopped(door: Door) -> None:
    stopped = asyncio.Event()
    for wish in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(wish, stopped.set)
    await listen(door, stopped)


if __name__ == "__main__":
    main()
