"""The house as a whole: order of imports, migrations, package data, URLs."""

from __future__ import annotations

import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, reset_queries
from django.template.loader import get_template
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, URLResolver, get_resolver

from renkei.base import routes
from tests.repo.everyone import Everyone, gather
from tests.repo.test_everyone_everywhere import _path
from tests.world import World

REPO = Path(__file__).parents[2]
# What a GET may write: the audit function (it locks and inserts inside the database), a session, nothing else.
MAY_WRITE = ("SELECT audit_append(", 'UPDATE "django_session"', 'INSERT INTO "django_session"', 'DELETE FROM "django_session"')


def _patterns(resolver: URLResolver, before: str = "") -> list[tuple[str, str | None]]:
    found: list[tuple[str, str | None]] = []
    for one in resolver.url_patterns:
        here = before + str(one.pattern)
        found += _patterns(one, here) if isinstance(one, URLResolver) else [(here, one.name)] if isinstance(one, URLPattern) else []
    return found


def test_every_url_stands_in_the_register() -> None:
    served = dict(_patterns(get_resolver()))
    registered = {route.pattern: route.name for route in routes.all_routes()}
    assert served == registered


def test_register_says_whom_and_what_each_url_shows() -> None:
    assert [route.name for route in routes.all_routes() if not route.rule] == []
    staff = [route for route in routes.all_routes() if route.audience is routes.Audience.STAFF]
    assert [route.name for route in staff if "<slug:body>" not in route.pattern] == []
    links = [route for route in routes.all_routes() if route.audience is routes.Audience.LINK]
    assert [route.name for route in links if "<str:token>" not in route.pattern] == []


def test_no_change_of_a_model_lacks_its_migration(db: None) -> None:
    out = StringIO()
    try:
        call_command("makemigrations", check=True, dry_run=True, stdout=out, verbosity=1)
    except SystemExit:
        pytest.fail(out.getvalue())


def test_imports_keep_the_order_of_the_house() -> None:
    lint = Path(sys.executable).with_name("lint-imports")
    if not lint.exists():
        pytest.skip("import-linter is not installed beside this Python")
    done = subprocess.run([str(lint), "--no-cache"], cwd=REPO, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_every_template_compiles() -> None:
    for template in (REPO / "renkei").rglob("templates/**/*.html"):
        get_template(template.as_posix().split("/templates/", 1)[1])


@pytest.fixture
def everyone(world: World) -> Everyone:
    return gather(world)


def _reads(everyone: Everyone, route: routes.Route) -> list[tuple[str, str]]:
    """Return (client, path) pairs that open a route as somebody who may."""
    if route.audience is routes.Audience.LINK:
        paths = [_path(route, everyone.own, body="", token=token) for token in everyone.tokens.values()]
        return [("outsider", path) for path in paths if path]
    if route.audience is routes.Audience.STAFF:
        paths = [(actor, _path(route, everyone.own, body=body, token="")) for actor, body in (("desk", "hibari-desk"), ("holder", "hibari-lab"))]
        return [(actor, path) for actor, path in paths if path]
    path = _path(route, everyone.own, body="hibari-desk", token="")
    return [("desk", path)] if path else []


@pytest.mark.long
def test_get_only_selects(everyone: Everyone) -> None:
    """Whatever a page shows, looking at it changes nothing (links are prefetched, pages are reloaded, robots read)."""
    wrote: dict[str, set[str]] = {}
    opened = 0
    for route in routes.all_routes():
        for actor, path in _reads(everyone, route):
            reset_queries()  # the log of one connection is not endless, and there are more pages every week
            with CaptureQueriesContext(connection) as queries:
                answer = everyone.clients[actor].get(path)
                opened += answer.status_code == 200
            for closer in answer._resource_closers:  # not answer.close(): that would close this test's connection
                closer()
            changes = {
                query["sql"].strip().split("(")[0][:60] for query in queries
                if not query["sql"].lstrip("( \n").upper().startswith(("SELECT", "SAVEPOINT", "RELEASE", "ROLLBACK", "WITH", "DECLARE", "FETCH", "CLOSE"))
                and not query["sql"].lstrip().startswith(MAY_WRITE)
            }  # fmt: skip
            if changes:
                wrote.setdefault(route.name, set()).update(changes)
    assert opened > 20
    assert wrote == {}


def test_package_carries_every_file_it_reads() -> None:
    """What lies beside the code and is no Python must be named in the package data, or the wheel lacks it."""
    import tomllib

    patterns = tomllib.loads((REPO / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]["renkei"]
    suffixes = {pattern.rsplit("*", 1)[1] for pattern in patterns}
    files = [path for path in (REPO / "renkei").rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    assert {path.suffix or path.name for path in files if path.suffix not in {".py", *suffixes}} == set()


def test_every_package_is_found_by_the_builder() -> None:
    """A folder with Python and no ``__init__`` would be left out of the wheel."""
    folders = {path.parent for path in (REPO / "renkei").rglob("*.py")}
    assert sorted(str(folder.relative_to(REPO)) for folder in folders if not (folder / "__init__.py").exists()) == []


def test_version_stands_once(settings: Any) -> None:
    from renkei import __version__

    assert f"## {__version__}" in (REPO / "CHANGELOG.md").read_text(encoding="utf-8")
