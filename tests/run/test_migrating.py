"""An empty database is migrated the quick way (``prepare.quick_states``); what comes out is what Django makes step by step."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from django.db import connection
from django.db.migrations.state import ProjectState

from renkei.run.postgres import Server
from renkei.run.prepare import quick_states

CATALOGUE = {
    "columns": "SELECT table_name, column_name, data_type, is_nullable, column_default, character_maximum_length, is_identity, collation_name"
               " FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1, 2",
    "constraints": "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid), condeferrable, condeferred FROM pg_constraint"
                   " WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2",
    "indexes": "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1, 2",
    "policies": "SELECT tablename, policyname, cmd, qual, with_check FROM pg_policies ORDER BY 1, 2",
    "functions": "SELECT proname, pg_get_function_identity_arguments(oid), md5(prosrc), prosecdef FROM pg_proc"
                 " WHERE pronamespace = 'public'::regnamespace ORDER BY 1, 2",
    "triggers": "SELECT tgrelid::regclass::text, tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1, 2",
    "migrations": "SELECT app, name FROM django_migrations ORDER BY 1, 2",
}  # fmt: skip
REPO = Path(__file__).parent.parent.parent
QUICK = """
import json, sys, django
django.setup()
from django.db import connection
from renkei.run.prepare import migrate
migrate()
with connection.cursor() as cursor:
    found = {}
    for name, query in json.loads(sys.argv[1]).items():
        cursor.execute(query)
        found[name] = cursor.fetchall()
print("\\n" + json.dumps(found))
"""


@pytest.mark.django_db
def test_both_ways_make_the_same_tables() -> None:
    """The database of the tests was migrated by Django alone (``tests/cluster.py``)."""
    ordinary = {}
    with connection.cursor() as cursor:
        for name, query in CATALOGUE.items():
            cursor.execute(query)
            ordinary[name] = [list(row) for row in cursor.fetchall()]
    quick = _quick()
    assert {name: len(rows) for name, rows in quick.items() if len(rows) < 20} == {}
    for name, rows in quick.items():
        assert [row for row in rows if row not in ordinary[name]] == [], name
        assert [row for row in ordinary[name] if row not in rows] == [], name


def _quick() -> dict[str, list[list[object]]]:
    home = Path(tempfile.mkdtemp(prefix="rk-quick-", dir="/var/tmp"))
    home.chmod(0o755)
    try:
        return _migrated(home)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _migrated(home: Path) -> dict[str, list[list[object]]]:
    with Server(home, throw_away=True) as server:
        ours = {**os.environ, **server.environment(), "RENKEI_LOGIN": "owner", "RENKEI_HOME": str(home), "PYTHONPATH": str(REPO),
                "DJANGO_SETTINGS_MODULE": "renkei.config.settings.test"}  # fmt: skip
        done = subprocess.run([sys.executable, "-c", QUICK, json.dumps(CATALOGUE)], env=ours, cwd=REPO, check=True, capture_output=True, text=True)
    found: dict[str, list[list[object]]] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def test_only_an_empty_database_goes_the_quick_way_and_django_is_left_as_it_was() -> None:
    ordinary = ProjectState._find_reload_model
    with quick_states(is_empty=False):
        assert ProjectState._find_reload_model is ordinary
    with pytest.raises(ZeroDivisionError), quick_states(is_empty=True):
        assert ProjectState()._find_reload_model("cases", "case") == {("cases", "case")}
        1 / 0  # noqa: B018
    assert ProjectState._find_reload_model is ordinary
