"""Bring a home up to date: migrations, rights, plans, the example region, search index, style sheets.

Runs as the owner before anything is served, and does only what is missing, so a second start is quick.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from renkei.run.database import Database, faults_of_logins, start_django
from renkei.run.fault import Fault
from renkei.run.home import Home
from renkei.run.say import say, step

BEFORE_JOINING = "3709647"  # the last commit with the first migrations one by one


def prepare(home: Home, database: Database, *, example: bool, with_pages: bool = True) -> None:
    """Do everything a command needs before it works. Raises Fault when the logins may not run Renkei."""
    if faults := faults_of_logins(database.urls):
        raise Fault("\n".join(faults))
    start_django(home, database.urls, login="owner", example=example)
    migrate()
    home.remember_mode(example=example)
    publish_plans()
    if example:
        load_region()
    build_index()
    if with_pages:
        collect_static(home)
    from django.db import connection

    connection.close()


def pending_migrations() -> list[str]:
    """Return the names of migrations that are not applied yet. Raises Fault where only an older version can go on."""
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    if fault := left_half_way():
        raise Fault(fault)
    executor = MigrationExecutor(connection)
    return [f"{one.app_label}.{one.name}" for one, _ in executor.migration_plan(executor.loader.graph.leaf_nodes())]


def left_half_way() -> str:
    """Say what to do when a database stopped among the migrations that one joined migration stands for; empty otherwise.

    A joined one counts as applied when all of them are recorded, and is applied when none is. It records them all in its own
    transaction, so a start that was killed leaves all or none.
    """
    from django.db import connection
    from django.db.migrations.loader import MigrationLoader
    from django.db.migrations.recorder import MigrationRecorder

    applied = MigrationRecorder(connection).applied_migrations().keys()
    for one in MigrationLoader(None).disk_migrations.values():
        done = applied & set(one.replaces)
        if done and len(done) < len(one.replaces):
            return (f"データベースの表（{one.app_label}）が、前の版の途中（{len(one.replaces)}段のうち{len(done)}段）で止まっています。"
                    f"版 {BEFORE_JOINING} で renkei migrate を済ませてから、この版を始めてください。")  # fmt: skip
    return ""


@contextmanager
def quick_states(*, is_empty: bool) -> Iterator[None]:
    """On an empty database let Django draw only the model that a migration changes, not everything that is tied to it.

    It draws all related models anew after each step: 12,000 times on the way to our tables, 50 seconds where 5 do. What the others then
    hold of the changed model is its earlier form, which matters to code that works on rows (there are none) and to changes of primary
    keys (there are none on the way). ``tests/run/test_migrating.py`` compares the tables made both ways.
    """
    from django.db.migrations.state import ProjectState

    name = "_find_reload_model"
    ordinary = getattr(ProjectState, name)
    if is_empty:
        setattr(ProjectState, name, lambda _self, app_label, model_name, delay=False: {(app_label, model_name)})  # noqa: ARG005  Django's own arguments
    try:
        yield
    finally:
        setattr(ProjectState, name, ordinary)


def migrate() -> None:
    """Apply what is not applied, then give web and worker their rights (cheap, and rights may have been touched)."""
    from django.core.management import call_command
    from django.db import connection, transaction
    from django.db.migrations.executor import MigrationExecutor
    from django.db.migrations.recorder import MigrationRecorder

    from renkei.base.grants import apply_grants

    if waiting := pending_migrations():
        with step(f"データベースの表を整える（{len(waiting)}段）"), quick_states(is_empty=not MigrationRecorder(connection).applied_migrations()):
            call_command("migrate", verbosity=0, interactive=False)
    else:
        MigrationExecutor(connection).check_replacements()  # writes down that joined migrations are there
    with transaction.atomic():
        apply_grants()


def publish_plans() -> None:
    """Publish the plans of this package that this home does not hold yet; afterwards the database is master (P6)."""
    from renkei.plan.commands import publish_built_in
    from renkei.plan.models import PlanVersion

    if not PlanVersion.objects.exists():
        with step("連携支援計画を公開する"):
            publish_built_in()


def load_region() -> None:
    """Load the fictional region once; it comes in one transaction, so a killed start leaves nothing half-done."""
    from renkei.cases.models import Case
    from renkei.example.load import load_example

    if not Case.objects.exists():
        with step("架空の会社と相談を入れる"):
            load_example(lambda text: say(f"    {text}"))


def build_index() -> None:
    """Build the search index when it is missing or older than the catalogue."""
    from renkei.matching.index import ensure, is_stale

    if is_stale():
        with step("検索の索引を作る"):
            ensure()


def collect_static(home: Home) -> None:
    """Copy and compress style sheets, fonts and scripts when they have changed since the last start."""
    from django.conf import settings
    from django.contrib.staticfiles.finders import get_finders
    from django.core.management import call_command

    sources = sorted(
        (name, Path(storage.path(name)).stat().st_mtime_ns) for finder in get_finders() for name, storage in finder.list([])
    )
    signature = hashlib.sha256(repr(sources).encode()).hexdigest()
    mark = home.path / "static" / "signature"
    if mark.exists() and mark.read_text() == signature:
        return
    with step("画面の部品を並べる"):
        shutil.rmtree(settings.STATIC_ROOT, ignore_errors=True)
        call_command("collectstatic", verbosity=0, interactive=False)
        mark.write_text(signature)
