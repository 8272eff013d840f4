"""``make simulate-quarter``: a quarter of a busy region through the real actions, with a moved clock, on a throw-away
cluster. Prints what happened and ends with the three figures (see ``bench.quarter``)."""

from __future__ import annotations

import argparse
import datetime as dt
import os
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from renkei.base.actor import Actor

FIRST_DAY = dt.date(2026, 10, 1)
DAYS = 63


@dataclass
class Plot:
    """How large the region is and what its people do: chances are per occasion."""

    needs: int = 4_000
    staff: int = 200
    days: int = DAYS
    seed: int = 11
    names_a_person: float = 0.5
    never_answers: float = 0.07
    declines: float = 0.2
    asks_back: float = 0.08
    firm_writes: float = 0.06
    asks_firm: float = 0.15
    reads_list: float = 0.25
    leaves_a_week: float = 0.01
    away_a_day: float = 0.02
    moves_at_once: float = 0.15
    day_of_moves: int = 30
    first_day: dt.date = FIRST_DAY
    is_calm: bool = False  # the worker looks twice a day instead of at every turn: for figures, not for mails


@dataclass
class Quarter:
    """One run: the dice, the moved moment, and what was done."""

    plot: Plot
    rnd: random.Random
    people: dict[str, list[Any]] = field(default_factory=dict)
    services: list[tuple[str, str, str]] = field(default_factory=list)
    firms: list[Any] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)
    moment: dt.datetime = dt.datetime(2026, 10, 1, tzinfo=dt.UTC)
    answers: dict[Any, dt.date] = field(default_factory=dict)
    ends: dict[Any, dt.date] = field(default_factory=dict)
    away: dict[Any, Any] = field(default_factory=dict)
    leaving: list[tuple[str, Any, dt.date]] = field(default_factory=list)
    made: int = 0
    joined: int = 0
    companies: list[Any] = field(default_factory=list)  # known firms that some of those who consult belong to
    also: Callable[[dt.date], None] | None = None  # what else happens on a business day

    @contextmanager
    def at(self, day: dt.date, hour: int, minute: int = 0) -> Iterator[None]:
        """Move the clock to a time of a day; it goes on a second with each act."""
        from renkei.base import clock

        self.moment = max(clock.at(day, hour, minute), self.moment)
        with clock.moved_to(self.moment):
            yield

    def act(self, name: str, deed: Callable[[], Any]) -> Any:
        """Do one thing, one second later; what the desk refuses is counted and does not stop the quarter."""
        from renkei.base import clock
        from renkei.base.refusal import Refused

        self.moment += dt.timedelta(seconds=1)
        with clock.moved_to(self.moment):
            try:
                result = deed()
            except Refused as refusal:
                self.done[f"refused: {refusal.code}"] += 1
                return None
        self.done[name] += 1
        return result

    def staff_of(self, body: str) -> Actor:
        """Return the actor for somebody of a body who is there today."""
        from renkei.base.actor import staff

        person = self.rnd.choice([one for one in self.people[body] if one.pk not in self.away] or self.people[body])
        return staff(person.pk, body, person.name)

    def run(self, say: Callable[[str], None]) -> None:
        """Live through the quarter, business day by business day; a line a week shows how far it is."""
        from bench import day as deeds
        from renkei.base.memo import remembering
        from renkei.plan.queries import add_business_days, is_business_day

        first = self.plot.first_day
        today = first if is_business_day(first) else add_business_days(first, 1)
        for number in range(self.plot.days):
            due = round(self.plot.needs * (number + 1) / self.plot.days)
            if number % 5 == 0:
                say(f"{dt.datetime.now(dt.UTC):%H:%M:%S}  day {number + 1}, {today}: {self.made} needs so far")
            with remembering():  # the plan does not change in the middle of a day
                self._night(today)
                deeds.live(self, today, arrivals=due - self.made, number=number)
                if self.also is not None:
                    self.also(today)
            after = add_business_days(today, 1)
            while (today := today + dt.timedelta(days=1)) < after:
                self._night(today)
                for hour in () if self.plot.is_calm else (9, 17):
                    with self.at(today, hour):
                        deeds.worker()

    def _night(self, day: dt.date) -> None:
        """Let a day begin as the worker finds it: first of all it frees the cases of those who left; then all are looked at."""
        from bench import day as deeds
        from bench import quarter

        quarter.begin(day)
        with self.at(day, 0, 1):
            deeds.worker()
        quarter.look()


def simulate(plot: Plot, say: Callable[[str], None] = print) -> Any:
    """Run a quarter on the migrated, empty database Django is connected to (as the owner). Returns the figures."""
    from bench import people, quarter, region

    begun = time.monotonic()
    run = Quarter(plot, random.Random(plot.seed))
    region.build(run)
    quarter.watch(FIRST_DAY)
    try:
        run.run(say)
        figures = quarter.measure()
        for line in [*quarter.story(), people.told()]:
            say(line)
    finally:
        quarter.unwatch()
    say("; ".join(f"{name} {count}" for name, count in sorted(run.done.items())))
    say(f"{plot.needs} needs, {plot.staff} staff, {plot.days} business days in {time.monotonic() - begun:.0f} s")
    say(str(figures))
    return figures


def on_throw_away_cluster(name: str, play: Callable[[], Any]) -> Any:
    """Start a cluster, migrate, play as the owner, stop and leave nothing."""
    from renkei.run.postgres import Server

    home = Path(tempfile.mkdtemp(prefix=f"rk-{name}-", dir="/var/tmp"))
    home.chmod(0o755)
    try:
        with Server(home, throw_away=True) as server:
            os.environ.update(server.environment())
            os.environ.update(RENKEI_HOME=str(home), RENKEI_LOGIN="owner", RENKEI_EXAMPLE="1", RENKEI_SECRET_KEY="quarter" * 8,
                              RENKEI_MAIL="django.core.mail.backends.dummy.EmailBackend",
                              DJANGO_SETTINGS_MODULE="renkei.config.settings.base")  # fmt: skip
            import django

            django.setup()
            from django.db import connections

            from renkei.run.prepare import migrate

            migrate()
            found = play()
            connections.close_all()
    finally:
        shutil.rmtree(home, ignore_errors=True)
    return found


def main() -> int:
    """Start a cluster, migrate, simulate, stop. Returns 1 when a figure is not what was promised."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--needs", type=int, default=Plot.needs)
    parser.add_argument("--staff", type=int, default=Plot.staff)
    parser.add_argument("--days", type=int, default=Plot.days)
    parser.add_argument("--seed", type=int, default=Plot.seed)
    chosen = parser.parse_args()
    figures = on_throw_away_cluster("quarter", lambda: simulate(Plot(chosen.needs, chosen.staff, chosen.days, chosen.seed)))
    return 0 if (figures.most_mails, figures.about_answered, figures.unheld) == (1, 0, 0) else 1


if __name__ == "__main__":
    sys.exit(main())
