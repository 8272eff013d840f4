"""What people do with entries on screen: write one down, change it, check it, withdraw it, bring it back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import urlsplit
from uuid import uuid4

from django.db import transaction
from django.utils.translation import gettext as _

from renkei.audit.record import record
from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.refusal import Refused
from renkei.matching import index
from renkei.matching.actions import EntryRow, keeping, put_entries
from renkei.matching.entry_words import mark_of, row_of, snapshot
from renkei.matching.keeping import BY_HAND, keeps, keeps_for
from renkei.matching.models import CatalogueRun, Entry, EntryKind, Revision, RevisionDeed
from renkei.matching.standing import SCREEN
from renkei.matching.tying import ACCOUNT, account_of
from renkei.plan.models import Service

MOST = {"name": 300, "kana": 300, "owner_name": 200, "summary": 4_000, "text": 20_000, "source": 200, "url": 500}
MOST_WINDOWS = 60
OWNERLESS = {EntryKind.NEED, EntryKind.EXAMPLE}  # who has them is not told


@transaction.atomic
def make_entry(row: EntryRow, *, by: Actor) -> Entry:
    """Write an entry down; it counts as checked today by who writes. Its id is ours.

    Refused: ``not_allowed``, ``unknown_kind``, and what :func:`checked_row` refuses.
    """
    fresh = _checked_today(replace(checked_row(row, by=by), id=new_id()), by)
    put_entries([fresh], kept_by=SCREEN, by=by)
    log_changes([(None, fresh, None)], RevisionDeed.MADE, by=by)
    return Entry.objects.get(pk=fresh.id)


@transaction.atomic
def change_entry(entry: Entry, row: EntryRow, *, by: Actor, seen: str = "") -> Entry:
    """Replace what an entry says; it counts as checked today. Its kind and id stay.

    ``seen`` is the mark of what the editor began from. Refused: ``kept_by_other``, ``not_allowed``, ``withdrawn``,
    ``changed_meanwhile``, and what :func:`checked_row` refuses.
    """
    locked = _lock(entry, by)
    if seen and seen != mark_of(locked):
        raise Refused(_("ほかの人が先に直しました。下の「いまの記録」と見比べて、もう一度保存してください。入れた内容は残っています。"), "changed_meanwhile")
    if locked.withdrawn_on is not None:
        raise Refused(_("取り下げた項目です。先に戻してから直してください。"), "withdrawn")
    before = row_of(locked)
    fresh = _checked_today(replace(checked_row(row, by=by), id=locked.id, kind=locked.kind), by)
    put_entries([fresh], kept_by=SCREEN, by=by)
    if fresh.ends_on == before.ends_on and locked.withdrawn_reason:
        with keeping(SCREEN):
            Entry.objects.filter(pk=locked.pk).update(withdrawn_reason=locked.withdrawn_reason)
    log_changes([(before, fresh, None)], RevisionDeed.CHANGED, by=by)
    return Entry.objects.get(pk=locked.pk)


@transaction.atomic
def withdraw_entry(entry: Entry, *, by: Actor, on: dt.date, reason: str) -> Entry:
    """Take an entry out of proposals on a day and say why; from a day to come on, it stands until then.

    Refused: ``kept_by_other``, ``not_allowed``, ``withdrawn``, ``no_reason``, ``long_reason``.
    """
    locked = _lock(entry, by)
    if locked.withdrawn_on is not None:
        raise Refused(_("もう取り下げてあります。"), "withdrawn")
    if not reason.strip():
        raise Refused(_("理由を書いてください。あとで見る人が、なぜ無くなったかを知るためです。"), "no_reason", field="reason")
    if len(reason) > 300:
        raise Refused(_("理由は300字までにしてください。"), "long_reason", field="reason")
    before = row_of(locked)
    is_now = on <= clock.today()
    with keeping(SCREEN):
        if is_now:
            Entry.objects.filter(pk=locked.pk).update(withdrawn_on=on, withdrawn_reason=reason.strip())
        else:
            after = replace(before, ends_on=on)
            Entry.objects.filter(pk=locked.pk).update(ends_on=on, withdrawn_reason=reason.strip(), text_hash=after.digest)
    changed = Entry.objects.get(pk=locked.pk)
    log_changes([(before, row_of(changed), None)], RevisionDeed.WITHDRAWN, by=by, more={"on": on.isoformat(), "reason": reason.strip()})
    record(by, "entry.withdraw", locked, on=on, reason=reason)
    transaction.on_commit(index.follow)
    return changed


@transaction.atomic
def return_entry(entry: Entry, *, by: Actor) -> Entry:
    """Bring a withdrawn or ended entry back; it counts as checked today. Refused: ``kept_by_other``, ``not_allowed``, ``stands``."""
    locked = _lock(entry, by)
    before = row_of(locked)
    if locked.withdrawn_on is None and (locked.ends_on is None or locked.ends_on >= clock.today()):
        raise Refused(_("この項目は取り下げられていません。"), "stands")
    gone = locked.ends_on is not None and locked.ends_on < clock.today()
    fresh = _checked_today(replace(before, ends_on=None if gone else before.ends_on), by)
    put_entries([fresh], kept_by=SCREEN, by=by)
    log_changes([(before, fresh, None)], RevisionDeed.RETURNED, by=by)
    record(by, "entry.return", locked)
    return Entry.objects.get(pk=locked.pk)


@transaction.atomic
def check_entries(entries: Sequence[Entry], *, by: Actor) -> int:
    """Say that entries are still right as they stand; returns how many. Refused: ``kept_by_other``, ``not_allowed``, ``nothing``."""
    found = list(Entry.objects.select_for_update().filter(pk__in=[one.pk for one in entries], withdrawn_on__isnull=True).order_by("pk"))
    if not found:
        raise Refused(_("確かめたものに印を付けてください。"), "nothing")
    for one in found:
        _may_keep(one, by)
    pairs = [(row_of(one), _checked_today(row_of(one), by)) for one in found]
    reasons = {one.pk: one.withdrawn_reason for one in found if one.withdrawn_reason}
    put_entries([fresh for _before, fresh in pairs], kept_by=SCREEN, by=by)
    with keeping(SCREEN):
        for pk, reason in reasons.items():
            Entry.objects.filter(pk=pk).update(withdrawn_reason=reason)
    log_changes([(before, fresh, None) for before, fresh in pairs], RevisionDeed.CHECKED, by=by)
    record(by, "entry.check", *found)
    return len(found)


def checked_row(row: EntryRow, *, by: Actor) -> EntryRow:
    """Return the row as it may be kept on screen; a person's account, told by name or address, as its id.

    Refused, each with its field: ``not_allowed`` (owner), ``unknown_kind``, ``no_name``, ``no_owner``, ``too_long``,
    ``unknown_service``, ``wrong_url``, ``window_wrong``, ``too_many_windows``, ``not_of_owner`` (account).
    """
    if row.kind not in BY_HAND:
        raise Refused(_("この種類は、連携支援計画で管理しています。"), "unknown_kind", field="kind")
    if not keeps_for(by, row.body):
        raise Refused(_("ほかの機関のものは書けません。その機関か窓口に頼んでください。"), "not_allowed", field="owner")
    if not row.name.strip():
        raise Refused(_("名前を入れてください。"), "no_name", field="name")
    if row.body is None and not row.owner_name.strip() and row.kind not in OWNERLESS:
        raise Refused(_("計画の外の機関のものは、その機関の名前を入れてください。"), "no_owner", field="owner_name")
    for name, most in MOST.items():
        if len(getattr(row, name)) > most:
            raise Refused(_("%(most)s字までにしてください。") % {"most": f"{most:,}"}, "too_long", field=name)
    if row.service and not Service.objects.filter(pk=row.service).exists():
        raise Refused(_("支援メニューを一覧から選んでください。"), "unknown_service", field="service")
    if row.url and not is_web_address(row.url):
        raise Refused(_("ページのアドレスは https:// から書いてください。"), "wrong_url", field="url")
    _check_windows(row)
    return _tied(row)


def is_web_address(text: str) -> bool:
    """Tell whether a text is an address that a page may link to."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and not any(char.isspace() or not char.isprintable() for char in text)


def log_changes(
    rows: Sequence[tuple[EntryRow | None, EntryRow, int | None]], deed: str, *, by: Actor, run: CatalogueRun | None = None,
    more: dict[str, str] | None = None,
) -> None:  # fmt: skip
    """Keep what each entry was and is (before, after, row of a sheet); never changed afterwards."""
    Revision.objects.bulk_create(
        [
            Revision(
                entry_id=after.id, deed=deed, before=snapshot(before) if before else {}, after=snapshot(after) | (more or {}),
                run=run, row=number, done_by_id=by.person, done_body_id=by.body, done_at=clock.now(),
            )
            for before, after, number in rows
        ],
        batch_size=500,
    )  # fmt: skip


def new_id() -> str:
    """Return an id for an entry that people write down."""
    return f"e-{uuid4().hex[:20]}"


def _check_windows(row: EntryRow) -> None:
    if len(row.windows) > MOST_WINDOWS:
        raise Refused(_("期間は%(most)sまでです。") % {"most": MOST_WINDOWS}, "too_many_windows", field="windows")
    for one in row.windows:
        if not one.always_open and one.closes is None:
            raise Refused(_("期間の終わりの日を入れるか、「いつでも」に印を付けてください。"), "window_wrong", field="windows")
        if one.opens and one.closes and one.closes < one.opens:
            raise Refused(_("期間の終わりが始まりより前です。"), "window_wrong", field="windows")


def _tied(row: EntryRow) -> EntryRow:
    said = row.facts.get(ACCOUNT)
    if not said:
        return row
    account = account_of(said, row.body)
    if not account or row.kind != EntryKind.PERSON:
        raise Refused(_("この機関の人を、氏名かメールアドレスで一人に決めてください。"), "not_of_owner", field="account")
    return replace(row, facts=row.facts | {ACCOUNT: account})


def _checked_today(row: EntryRow, by: Actor) -> EntryRow:
    return replace(row, last_checked=clock.today(), checked_by=by.person)


def _lock(entry: Entry, by: Actor) -> Entry:
    locked = Entry.objects.select_for_update().get(pk=entry.pk)
    _may_keep(locked, by)
    return locked


def _may_keep(entry: Entry, by: Actor) -> None:
    if entry.kept_by != SCREEN:
        raise Refused(_("この項目は別のところで管理しています。"), "kept_by_other")
    if not keeps(by, entry):
        raise Refused(_("この項目は、持ち主の機関の職員だけが直せます。"), "not_allowed")
