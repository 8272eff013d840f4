"""Change the list of synonyms: add, change, end, take back, bring in a file. Every search goes by it from the commit on."""

from __future__ import annotations

import datetime as dt
import hashlib
import uuid
from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from renkei.audit.record import record
from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.refusal import Refused
from renkei.matching.sitewords import SiteGroup, all_groups, as_state, find_group, shipped_group, words_of
from renkei.matching.wordfile import Group, Listed
from renkei.matching.wordmodels import SynonymEdition, SynonymGroup, SynonymImport, SynonymStep, WordDeed
from renkei.matching.wordrules import check_words, require_editor
from renkei.matching.wordsheet import NEW, SAME, WordPreview

_OWN = "s"  # groups of the site are s00001, s00002, ..


@transaction.atomic
def add_group(words: Sequence[Listed], *, by: Actor) -> SynonymGroup:
    """Add a group of the site's own. Refused: ``not_allowed``, ``word_wrong``, ``there_already`` (the same words)."""
    require_editor(by)
    kept = check_words(words)
    _hold()
    listed = all_groups()
    twin = next((one for one in listed if one.state != "ended" and set(one.group.words) == set(kept)), None)
    if twin is not None:
        raise Refused(_("同じ言葉の組（%(code)s）が、もうあります。") % {"code": twin.code}, "there_already", field="words")
    return _write(f"{_OWN}{_free_number(listed):05d}", kept, None, deed=WordDeed.ADD, by=by)


@transaction.atomic
def change_group(code: str, words: Sequence[Listed], *, version: int, by: Actor) -> SynonymGroup:
    """Change the words of a group. Refused: ``not_allowed``, ``word_wrong``, ``unknown``, ``changed_meanwhile``, ``same``."""
    require_editor(by)
    kept = check_words(words)
    now = _held(code, version)
    if now.group.words == kept:
        raise Refused(_("言葉は変わっていません。"), "same", field="words")
    return _write(code, kept, now.ended_on, deed=WordDeed.CHANGE, by=by)


@transaction.atomic
def end_group(code: str, *, version: int, by: Actor) -> SynonymGroup:
    """Use a group no more; it stays readable. Refused: ``not_allowed``, ``unknown``, ``changed_meanwhile``, ``ended``."""
    require_editor(by)
    now = _held(code, version)
    if now.ended_on is not None:
        raise Refused(_("この組は、もう使っていません。"), "ended")
    return _write(code, now.group.words, clock.today(), deed=WordDeed.END, by=by)


@transaction.atomic
def resume_group(code: str, *, version: int, by: Actor) -> SynonymGroup:
    """Use an ended group again. Refused: ``not_allowed``, ``unknown``, ``changed_meanwhile``, ``in_use``."""
    require_editor(by)
    now = _held(code, version)
    if now.ended_on is None:
        raise Refused(_("この組は、いま使われています。"), "in_use")
    return _write(code, now.group.words, None, deed=WordDeed.RESUME, by=by)


@transaction.atomic
def undo_step(code: str, *, version: int, by: Actor) -> SynonymGroup:
    """Take the last change of a group back; doing it twice brings the change back.

    Refused: ``not_allowed``, ``unknown``, ``changed_meanwhile``, ``nothing``.
    """
    require_editor(by)
    _held(code, version)
    last = SynonymStep.objects.filter(group=code, version=version).first()
    if last is None:
        raise Refused(_("この組は、まだ直されていません。"), "nothing")
    return _restore(last, by=by)


@transaction.atomic
def import_groups(preview: WordPreview, *, name: str, data: bytes, by: Actor) -> SynonymImport:
    """Write the groups of a file that was looked at, all or none. Refused: ``not_allowed``, ``nothing``."""
    require_editor(by)
    _hold()
    rows = [row for row in preview.rows if not row.problems and row.deed != SAME]
    if not rows:
        raise Refused(_("取り込む組がありません。直すところを直してから、選び直してください。"), "nothing")
    run = SynonymImport.objects.create(
        name=name[:200], digest=hashlib.sha256(data).hexdigest(), done_at=clock.now(), done_by_id=by.person, body_id=by.body,
    )  # fmt: skip
    free = _free_number(all_groups())
    for row in rows:
        code = row.code
        if row.deed == NEW:
            code, free = f"{_OWN}{free:05d}", free + 1
        _write(code, row.words, None, deed=WordDeed.IMPORT, by=by, run=run)
    run.counts = {"new": sum(row.deed == NEW for row in rows), "change": sum(row.deed != NEW for row in rows)}
    run.save(update_fields=["counts"])
    record(by, "synonyms.import", run, counts=run.counts)
    return run


@transaction.atomic
def undo_import(run: SynonymImport, *, by: Actor) -> list[str]:
    """Take a whole file back; returns the codes of groups changed since, which stay. Refused: ``not_allowed``, ``undone``."""
    require_editor(by)
    _hold()
    locked = SynonymImport.objects.visible_to(by).select_for_update(of=("self",)).get(pk=run.pk)
    if locked.undone_at is not None:
        raise Refused(_("この取り込みは、もう取り消してあります。"), "undone")
    versions = dict(SynonymGroup.objects.filter(steps__run=locked).values_list("code", "version"))
    steps = list(SynonymStep.objects.filter(run=locked).order_by("group"))
    stays = [step.group_id for step in steps if versions[step.group_id] != step.version]
    for step in steps:
        if step.group_id not in stays:
            _restore(step, by=by)
    locked.undone_at = clock.now()  # pressed again, it would take what it has ended for changed since
    locked.save(update_fields=["undone_at"])
    record(by, "synonyms.undo_import", locked, stays=stays)
    return stays


def _hold() -> None:
    """Let one editor at a time change the list, and give it a new mark: every process reads it anew after the commit."""
    SynonymEdition.objects.get_or_create(pk=1)
    edition = SynonymEdition.objects.select_for_update().get(pk=1)
    edition.mark = uuid.uuid4()
    edition.save(update_fields=["mark"])


def _held(code: str, version: int) -> SiteGroup:
    _hold()
    now = find_group(code)
    if now is None:
        raise Refused(_("その組はありません。"), "unknown")
    if now.version != version:
        raise Refused(
            _("ほかの人がこの組を直しました。いまの形を見て、もう一度直してください：%(words)s")
            % {"words": "、".join(one.word for one in now.group.words)},
            "changed_meanwhile",
        )
    return now


def _write(  # noqa: PLR0913  what a step keeps, each named
    code: str, words: Sequence[Listed], ended_on: dt.date | None, *, deed: WordDeed, by: Actor, run: SynonymImport | None = None
) -> SynonymGroup:  # fmt: skip
    """Write a group and its step; the list is held."""
    row = SynonymGroup.objects.filter(pk=code).first()
    standard = shipped_group(code)
    before: dict[str, Any] | None = None
    if row is not None:
        before = {"words": row.words, "ended_on": row.ended_on.isoformat() if row.ended_on else None}
    elif standard is not None:
        before = as_state(standard, None)
    after = as_state(Group(code, tuple(words)), ended_on)
    row = row or SynonymGroup(code=code, version=0)
    row.words, row.ended_on, row.version, row.changed_at = after["words"], ended_on, row.version + 1, clock.now()
    row.save()
    step = SynonymStep.objects.create(
        group=row, deed=deed, version=row.version, before=before, after=after, run=run, done_at=row.changed_at,
        done_by_id=by.person, body_id=by.body,
    )  # fmt: skip
    record(by, f"synonyms.{deed.value}", step, code=code, after=after)
    return row


def _restore(step: SynonymStep, *, by: Actor) -> SynonymGroup:
    """Bring back what was before a step; a group that was not there is ended."""
    state = step.before or {**step.after, "ended_on": clock.today().isoformat()}
    ended = dt.date.fromisoformat(state["ended_on"]) if state["ended_on"] else None
    return _write(step.group_id, words_of(state), ended, deed=WordDeed.UNDO, by=by)


def _free_number(listed: Sequence[SiteGroup]) -> int:
    taken = [int(one.code[1:]) for one in listed if one.code[:1] == _OWN and one.code[1:].isdecimal()]
    return max(taken, default=0) + 1
