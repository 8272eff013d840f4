"""The web server process: granian serving WSGI with two workers, logged in as ``web``."""

from __future__ import annotations

import os

from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server import Server

from renkei.run.children import end_with_parent
from renkei.run.port import bind_address


def main() -> None:
    """Serve until told to stop."""
    end_with_parent()
    Server(
        "renkei.config.wsgi:application",
        address=bind_address(),
        port=int(os.environ["PORT"]),
        interface=Interfaces.WSGI,
        workers=int(os.environ.get("RENKEI_WEB_WORKERS", "2")),
        blocking_threads=1,
        respawn_failed_workers=True,
        workers_kill_timeout=8,
        log_level=LogLevels.warning,
    ).serve()


if __name__ == "__main__":
    main()
