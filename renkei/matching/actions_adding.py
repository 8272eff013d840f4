"""The front desk adds what a list of another institute, or jGrants, does not tell of an entry; each change is on record [C35]."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from renkei.audit.record import record
from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.refusal import Refused
from renkei.matching.actions import put_entries
from renkei.matching.actions_keeping import log_changes
from renkei.matching.additions import BESIDE, own, tells
from renkei.matching.entry_words import label_of, mark_of, row_of, value_words
from renkei.matching.fields import facts_of
from renkei.matching.keeping import adds_to
from renkei.matching.models import Addition, Entry, RevisionDeed
from renkei.matching.standing import HARVEST
from renkei.plan.models import Service
from renkei.plan.queries import content_now


@transaction.atomic
def add_facts(entry: Entry, values: Mapping[str, Any], *, by: Actor, seen: str = "") -> Entry:
    """Put facts beside what the entry's list tells, by key; what is None or empty is taken away again.

    ``seen`` is the mark of what the editor began from. Refused: ``not_listed``, ``not_desk``, ``withdrawn``,
    ``changed_meanwhile``, ``unknown_fact``, ``unknown_service``, ``told`` (the list tells it itself), ``nothing_changed``.
    """
    locked = _lock(entry, by)
    if seen and seen != mark_of(locked):
        raise Refused(_("この項目は、先にほかの人か一覧が変えました。いまの内容を確かめて、もう一度保存してください。入れた内容は残っています。"), "changed_meanwhile")
    before, held = row_of(locked), dict(Addition.objects.filter(entry=locked, value__isnull=False).values_list("key", "value"))
    wanted = {key: None if value in ("", [], ()) else value for key, value in values.items()}
    changed = {key: value for key, value in wanted.items() if value != held.get(key)}
    _check(locked, changed)
    if not changed:
        raise Refused(_("前と同じです。補うことを入れてから保存してください。"), "nothing_changed")
    for key, value in changed.items():
        said = {"value": value, "added_by_id": by.person, "added_body_id": by.body, "added_at": clock.now()}
        Addition.objects.update_or_create(entry=locked, key=key, defaults=said)
    put_entries([own(before)], kept_by=locked.kept_by, by=by)
    now = Entry.objects.get(pk=locked.pk)
    deed = RevisionDeed.REMOVED if all(value is None for value in changed.values()) else RevisionDeed.ADDED
    waited = "、".join(f"{label_of(locked.kind, key)}：{value_words(locked.kind, key, held[key])}" for key in changed if key in held and tells(own(before), key))
    log_changes([(before, row_of(now), None)], deed, by=by, more={"reason": waited} if waited else None)
    record(by, "entry.add", locked, keys=sorted(changed))
    return now


def _lock(entry: Entry, by: Actor) -> Entry:
    locked = Entry.objects.select_for_update().get(pk=entry.pk)
    if not locked.kept_by.startswith(HARVEST):
        raise Refused(_("補えるのは、ほかの機関の一覧から来た項目だけです。この項目は、保つ人が直します。"), "not_listed")
    if not adds_to(by, locked):
        raise Refused(_("補えるのは、窓口の職員だけです。"), "not_desk")
    if locked.withdrawn_on is not None:
        raise Refused(_("一覧から無くなった項目です。一覧に戻ると、補ったことも戻ります。"), "withdrawn")
    return locked


def _check(entry: Entry, changed: Mapping[str, Any]) -> None:
    row, known = own(row_of(entry)), {fact.key for fact in facts_of(entry.kind)} | set(BESIDE)
    for key, value in changed.items():
        if key not in known:
            raise Refused(_("この種類には、その事実がありません。"), "unknown_fact")
        if value is None:
            continue
        if tells(row, key):
            raise Refused(_("一覧がもう伝えています。一覧の言葉を使います。"), "told", field=key.replace(".", "__"))
        if key == "service" and not Service.objects.filter(pk=value).exists():
            raise Refused(_("支援メニューを一覧から選んでください。"), "unknown_service", field="service")
        if key in {"tech_fields", "themes"} and not set(value) <= {one.code for one in content_now().vocabulary(key)}:
            raise Refused(_("計画にない言葉です。一覧から選んでください。"), "unknown_fact", field=key)
