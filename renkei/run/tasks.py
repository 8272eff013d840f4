"""What the worker does by itself, and how often. Each is safe to run twice."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import close_old_connections
from procrastinate.contrib.django import app

from renkei.base.memo import remembering
from renkei.cases import after, digest, entry_news, judging, teaching
from renkei.cases import jobs as cases
from renkei.matching import enrich, index
from renkei.matching import jobs as matching
from renkei.meetings import jobs as meetings
from renkei.post import jobs as post


def _run(work: Callable[[], Any]) -> None:
    """Run with fresh connections: a task's thread may find one that died with the last database.

    The plan is asked once a run: what is published meanwhile holds from the next one.
    """
    close_old_connections()
    Path(settings.RENKEI_HOME, "worker.alive").touch()
    try:
        with remembering():
            work()
    finally:
        close_old_connections()


@app.periodic(cron="* * * * * */5")
@app.task(queueing_lock="send_due", name="renkei.send_due")
def send_mails(timestamp: int) -> None:  # noqa: ARG001  Procrastinate passes the tick
    """Send the mails whose time has come."""
    _run(post.send_due)


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="run_clocks", lock="run_clocks", name="renkei.run_clocks")
def run_clocks(timestamp: int) -> None:  # noqa: ARG001  Procrastinate passes the tick
    """Remind, expire, propose the next best: every clock of the plan."""
    _run(cases.run_clocks)


@app.periodic(cron="*/10 * * * *")
@app.task(queueing_lock="run_alerts", lock="run_alerts", name="renkei.run_alerts")
def run_alerts(timestamp: int) -> None:  # noqa: ARG001  Procrastinate passes the tick
    """Look what came into the saved views that call."""
    _run(cases.run_alerts)


@app.periodic(cron="5,35 * * * *")
@app.task(queueing_lock="run_entry_news", lock="run_entry_news", name="renkei.run_entry_news")
def run_entry_news(timestamp: int) -> None:  # noqa: ARG001  Procrastinate passes the tick
    """Tell of entries that came into saved searches, or that cases under way could use now."""
    _run(entry_news.run_entry_news)


@app.periodic(cron="50 17 * * *")  # 2:50 at night
@app.task(queueing_lock="run_entry_news_again", lock="run_entry_news", name="renkei.run_entry_news_again")
def run_entry_news_again(timestamp: int) -> None:  # noqa: ARG001  Procrastinate passes the tick
    """Look again over the last days: what a stopped worker missed is told after all, and nothing twice."""
    _run(entry_news.run_entry_news_again)


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="run_digests", lock="run_digests", name="renkei.run_digests")
def run_digests(timestamp: int) -> None:  # noqa: ARG001  Procrastinate passes the tick
    """Start the one mail of the day of everybody who has news and whose hour has come."""
    _run(meetings.settle_news)  # first: nobody is written to about what is over
    _run(digest.run_digests)


@app.periodic(cron="10 * * * *")
@app.task(queueing_lock="run_follow_ups", lock="run_follow_ups", name="renkei.run_follow_ups")
def run_follow_ups(timestamp: int) -> None:  # noqa: ARG001  Procrastinate passes the tick
    """Ask the firms of cases that ended months ago what became of it."""
    _run(after.run_follow_ups)


@app.periodic(cron="20 * * * *")
@app.task(queueing_lock="take_up_judgments", lock="take_up_judgments", name="renkei.take_up_judgments")
def take_up_judgments(timestamp: int) -> None:  # noqa: ARG001  Procrastinate passes the tick
    """Take up what answers and choices say about the proposals."""
    _run(judging.take_up_judgments)


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="run_learning", lock="run_learning", name="renkei.run_learning")
def run_learning(timestamp: int) -> None:  # noqa: ARG001  Procrastinate passes the tick
    """Learn from the judgments where somebody asked for it."""
    _run(teaching.run_learning)


@app.periodic(cron="15 0 * * *")  # 9:15 in the morning
@app.task(queueing_lock="remind_of_rounds", lock="remind_of_rounds", name="renkei.remind_of_rounds")
def remind_of_rounds(timestamp: int) -> None:  # noqa: ARG001  Procrastinate passes the tick
    """Remind of circulations and minutes whose day is near."""
    _run(meetings.remind_of_rounds)
    _run(meetings.remind_of_unconfirmed)


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="take_up_decisions", lock="take_up_decisions", name="renkei.take_up_decisions")
def take_up_decisions(timestamp: int) -> None:  # noqa: ARG001  Procrastinate passes the tick
    """Bring what meetings decided into the cases."""
    _run(meetings.take_up_decisions)


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="enrich", lock="enrich", name="renkei.enrich")
def enrich_entries(timestamp: int) -> None:  # noqa: ARG001  Procrastinate passes the tick
    """Make the vectors of new entries where a sentence encoder is plugged in."""
    _run(enrich.enrich)


@app.periodic(cron="*/10 * * * *")
@app.task(queueing_lock="run_harvests", lock="run_harvests", name="renkei.run_harvests")
def run_harvests(timestamp: int) -> None:  # noqa: ARG001  Procrastinate passes the tick
    """Read the lists of other institutes whose day has come; none, unless the installation names where they lie."""
    _run(matching.run_harvests)


@app.periodic(cron="20 6 * * *")
@app.task(queueing_lock="tell_owners", lock="tell_owners", name="renkei.tell_owners")
def tell_owners(timestamp: int) -> None:  # noqa: ARG001  Procrastinate passes the tick
    """Tell the owners of entries what they should look at again."""
    _run(matching.tell_owners)


def refresh_index() -> None:
    """Bring this node's search index up to what was committed."""
    index.follow()
