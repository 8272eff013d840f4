"""Sign-in through outside providers (OpenID Connect), read from the file that RENKEI_OIDC names; none without it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

_WANTED = {"id", "name", "issuer", "client_id", "secret"}
_ALLOWED = _WANTED | {"scope", "uid_field", "token_auth_method", "origins"}


def read_providers(path: str) -> list[dict[str, Any]]:
    """Return the entries of the file (a JSON list), or none for an empty path. Raises ImproperlyConfigured in words."""
    if not path:
        return []
    try:
        entries = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ImproperlyConfigured(f"RENKEI_OIDC: {path} is not a readable JSON file: {error}") from error
    if not isinstance(entries, list) or not all(isinstance(one, dict) for one in entries):
        raise ImproperlyConfigured("RENKEI_OIDC: the file holds a list of providers, [{...}, ...]")
    for one in entries:
        if lacking := sorted(_WANTED - set(one)):
            raise ImproperlyConfigured(f"RENKEI_OIDC: a provider lacks {', '.join(lacking)}")
        if unknown := sorted(set(one) - _ALLOWED):
            raise ImproperlyConfigured(f"RENKEI_OIDC: unknown key {', '.join(unknown)}")
    return entries


def as_app(entry: dict[str, Any]) -> dict[str, Any]:
    """Return one provider as the sign-in library wants it."""
    more = {name: entry[name] for name in ("scope", "uid_field", "token_auth_method") if name in entry}
    return {"provider_id": entry["id"], "name": entry["name"], "client_id": entry["client_id"], "secret": entry["secret"],
            "settings": {"server_url": entry["issuer"], "oauth_pkce_enabled": True, **more}}  # fmt: skip


def origins(entries: list[dict[str, Any]]) -> list[str]:
    """Return where a form may lead on the way to the providers: their own origins, and those the file adds."""
    found: list[str] = []
    for one in entries:
        parts = urlsplit(one["issuer"])
        found += [f"{parts.scheme}://{parts.netloc}", *one.get("origins", [])]
    return sorted(set(found))
