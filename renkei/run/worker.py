"""The worker process: periodic tasks of Procrastinate, logged in as ``worker``.

With several nodes each tick runs once: Procrastinate defers a periodic task under a lock in the database. What must
run on every node (the node's own copy of the search index) is no task but a thread.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from pathlib import Path

from renkei.run.children import end_with_parent

_log = logging.getLogger("renkei.worker")
_INDEX_SECONDS = 10.0


def main() -> None:
    """Work until told to stop (SIGTERM lets the running task finish)."""
    end_with_parent()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "renkei.config.settings.base")
    import django

    django.setup()
    from procrastinate.contrib.django import app

    from renkei.run import tasks  # noqa: F401  registers the tasks

    threading.Thread(target=_keep_index, name="index", daemon=True).start()
    Path(os.environ["RENKEI_HOME"], "worker.alive").touch()
    with app.replace_connector(app.connector.get_worker_connector()) as working:  # type: ignore[attr-defined]  # Django's connector has it
        working.run_worker(name="renkei", delete_jobs="always", concurrency=2, shutdown_graceful_timeout=8)


def _keep_index() -> None:
    from django.db import close_old_connections

    from renkei.run.tasks import refresh_index

    while True:
        time.sleep(_INDEX_SECONDS)
        close_old_connections()
        try:
            refresh_index()
        except Exception:  # noqa: BLE001  the thread must outlive a lost connection
            _log.exception("the search index could not be refreshed")


if __name__ == "__main__":
    main()
