"""Fill the home RENKEI_HOME names, whose instance runs, as its owner; then bring tables and search index to the state of an hour later."""

from __future__ import annotations

import time

from renkei.run.database import database, start_django
from renkei.run.home import Home


def main() -> None:
    """Join the running database of the home and fill it."""
    home = Home.open()
    with database(home) as chosen:
        start_django(home, chosen.urls, login="owner", example=True)
        from django.db import connection

        from bench.fill import fill
        from renkei.cases.models import Case
        from renkei.companies.models import Company
        from renkei.matching.index import refresh
        from renkei.matching.models import Entry

        begun = time.monotonic()
        fill()
        with connection.cursor() as cursor:
            cursor.execute("VACUUM (ANALYZE)")  # what autovacuum does within a minute, else while the first pages are measured
        refresh()
        print(f"filled in {time.monotonic() - begun:.0f} s: {Case.objects.count()} cases, {Company.objects.count()} firms,"
              f" {Entry.objects.count()} entries")


if __name__ == "__main__":
    main()
