"""The one register of URLs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.http import HttpRequest, HttpResponse
from django.urls import get_resolver
from django.urls.resolvers import URLPattern, URLResolver

from renkei.base import routes
from renkei.base.routes import Audience, Route, all_routes, find, route


def _view(_request: HttpRequest) -> HttpResponse:
    return HttpResponse()


def _patterns(resolver: URLResolver) -> Iterator[URLPattern]:
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            yield from _patterns(entry)
        else:
            yield entry


def test_a_route_is_registered_with_its_facts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routes, "_register", {})
    pattern = route("x/<slug:body>/", _view, name="x", audience=Audience.STAFF, rule="own", changes=True, kind="a")
    entry = Route("x/<slug:body>/", "x", Audience.STAFF, "own", True)
    assert find("x") == entry
    assert list(all_routes()) == [entry]
    assert (pattern.name, pattern.default_args) == ("x", {"kind": "a"})
    assert find(None) is None
    assert find("y") is None


def test_one_name_is_one_pattern(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routes, "_register", {})
    for _ in range(2):  # the module may be imported again
        route("x/", _view, name="x", audience=Audience.PUBLIC)
    with pytest.raises(ValueError, match="two URLs are named x"):
        route("z/", _view, name="x", audience=Audience.PUBLIC)


def test_every_url_stands_in_the_register_with_the_argument_its_audience_needs() -> None:
    patterns = list(_patterns(get_resolver()))
    assert sorted(str(pattern.name) for pattern in patterns) == sorted(entry.name for entry in all_routes())
    for entry in all_routes():
        if entry.audience is Audience.STAFF:
            assert "<slug:body>" in entry.pattern, entry
        if entry.audience is Audience.LINK:
            assert "<str:token>" in entry.pattern, entry
