"""Tell a meeting of business trends, correct what was told, take it back, take the client out whose consent has ended [C86]."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from renkei.audit.record import record
from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.refusal import Refused
from renkei.cases.queries.anonymity import firms_in, named_in
from renkei.cases.rules import signed
from renkei.cases.steps import fit
from renkei.meetings.actions.materials import lock_writable
from renkei.meetings.models import Basis, EndKind, Meeting, TrendEnd, TrendNote


@dataclass(frozen=True, slots=True)
class _Words:
    """What a version says."""

    text: str
    basis: str
    client: str = ""
    consent_on: dt.date | None = None


@transaction.atomic
def tell_trend(meeting: Meeting, *, by: Actor, text: str, basis: str, client: str = "", consent_on: dt.date | None = None) -> TrendNote:
    """Tell a meeting of business trends: without a word that leads to a firm, or with the client's consent and its day [C86].

    Refused: ``text_empty``, ``unknown_basis``, ``giveaway``, ``client_empty``, ``consent_day``, ``too_long``, ``locked``, ``not_allowed``.
    """
    signed(by)
    locked = lock_writable(meeting)
    made = _write(_looked_through(_Words(text, basis, client, consent_on), [], by=by), locked, by=by)
    record(by, "meeting.trend", made, locked, basis=basis)
    return made


@transaction.atomic
def correct_trend(note: TrendNote, *, by: Actor, text: str, basis: str, client: str = "", consent_on: dt.date | None = None) -> TrendNote:
    """Put a corrected version in the place of ``note``; the earlier one stays readable as corrected. Also when the minutes stand.

    Refused: as for telling but ``locked``, and ``changed_meanwhile``, ``taken_back``, ``unchanged``.
    """
    _lock_own(note, by=by)
    chain = _standing(note, by=by)
    words = _looked_through(_Words(text, basis, client, consent_on), chain, by=by)
    if words == _Words(note.text, note.basis, note.client, note.consent_on):
        raise Refused(_("どこも変わっていません。直すところを書き換えてください。"), "unchanged", field="text")
    made = _write(words, note.meeting, by=by, after=note, first=chain[0])
    record(by, "meeting.correct_trend", made, note.meeting, version=made.version, basis=basis)
    return made


@transaction.atomic
def take_back_trend(note: TrendNote, *, by: Actor, reason: str) -> TrendEnd:
    """Take a note back, with all its versions: other bodies read it no longer, only that and why it went. Twice changes nothing.

    Refused: ``reason_empty``, ``giveaway`` (the reason leads to a firm), ``too_long``, ``changed_meanwhile``, ``not_allowed``.
    """
    _lock_own(note, by=by)
    if (ended := _taken_back(note)) is not None:
        return ended
    chain = _standing(note, by=by)
    words = fit(reason, 400, "reason")
    if not words:
        raise Refused(_("取り下げる理由を書いてください。"), "reason_empty", field="reason")
    _require_no_name(words, chain, by=by, field="reason")
    made = _end(note, chain, EndKind.TAKEN_BACK, by=by, reason=words)
    record(by, "meeting.take_back_trend", made, note.meeting, reason=words)
    return made


@transaction.atomic
def end_trend_consent(note: TrendNote, *, by: Actor, text: str) -> TrendNote:
    """Write down that the client's consent has ended: what named it is read by nobody from now on; ``text`` says it without the name.

    Refused: ``no_consent`` (no version names a client), ``text_empty``, ``giveaway``, ``too_long``, ``changed_meanwhile``, ``taken_back``, ``not_allowed``.
    """
    _lock_own(note, by=by)
    chain = _standing(note, by=by)
    if not any(one.client for one in chain):
        raise Refused(_("取引先の名前を出していない企業動向です。"), "no_consent")
    words = _looked_through(_Words(text, Basis.ANONYMOUS), chain, by=by)
    _end(note, chain, EndKind.CONSENT, by=by)
    made = _write(words, note.meeting, by=by, after=note, first=chain[0])
    record(by, "meeting.end_trend_consent", made, note.meeting, version=made.version)
    return made


def _lock_own(note: TrendNote, *, by: Actor) -> None:
    """Let one at a time change the notes of a meeting: no row of theirs is ever updated, so the meeting is what is locked."""
    body, _person = signed(by)
    if body != note.body_id:
        raise Refused(_("企業動向を直せるのは、伝えた機関だけです。"), "not_allowed")
    Meeting.objects.select_for_update(of=("self",)).get(pk=note.meeting_id)


def _standing(note: TrendNote, *, by: Actor) -> list[TrendNote]:
    """Return the versions that are still read, of which ``note`` is the last; the first of all comes first, be it only its id."""
    if _taken_back(note) is not None:
        raise Refused(_("この企業動向は、もう取り下げられています。"), "taken_back")
    first = TrendNote(pk=note.first_id or note.pk)
    chain = list(TrendNote.objects.visible_to(by).of(first).order_by("version"))
    if not chain or chain[-1].pk != note.pk:
        raise Refused(_("ほかの人が先に直しました。会議の画面で、新しい文を確かめてください。"), "changed_meanwhile")
    return chain if chain[0].pk == first.pk else [first, *chain]


def _taken_back(note: TrendNote) -> TrendEnd | None:
    return TrendEnd.objects.filter(note_id=note.first_id or note.pk, kind=EndKind.TAKEN_BACK).first()


def _looked_through(given: _Words, chain: list[TrendNote], *, by: Actor) -> _Words:
    """Return what may be written: without a name, or with whose consent and of which day."""
    text = fit(given.text, 2000, "text")
    if not text:
        raise Refused(_("企業動向を書いてください。"), "text_empty", field="text")
    if given.basis not in Basis.values:
        raise Refused(_("どちらの書き方かを選んでください。"), "unknown_basis", field="basis")
    if given.basis == Basis.ANONYMOUS:
        _require_no_name(text, chain, by=by, field="text")
        return _Words(text, given.basis)
    client = fit(given.client, 200, "client")
    if not client:
        raise Refused(_("同意した取引先を書いてください。"), "client_empty", field="client")
    if given.consent_on is None or given.consent_on > clock.today():
        raise Refused(_("取引先が同意した日を入れてください。"), "consent_day", field="consent_on")
    return _Words(text, given.basis, client, given.consent_on)


def _require_no_name(words: str, chain: list[TrendNote], *, by: Actor, field: str) -> None:
    """Refuse words that lead to a firm one knows, or to a client that an earlier version named."""
    clients = [name for one in chain if one.client for name in named_in(words, one.client)]
    if found := list(dict.fromkeys([*clients, *firms_in(words, actor=by)])):
        said = _("会社が分かる言葉があります：%(words)s。書き換えるか、取引先の同意を得てください。") if field == "text" and not chain else _(
            "会社が分かる言葉があります：%(words)s。会社が分からないように書き換えてください。")  # fmt: skip
        raise Refused(said % {"words": "、".join(found)}, "giveaway", field=field)


def _write(words: _Words, meeting: Meeting, *, by: Actor, after: TrendNote | None = None, first: TrendNote | None = None) -> TrendNote:
    body, person = signed(by)
    return TrendNote.objects.create(
        meeting=meeting, body_id=body, first=first, version=after.version + 1 if after else 1, text=words.text, basis=words.basis, client=words.client,
        consent_on=words.consent_on, written_by_id=person, written_at=clock.now(),
    )  # fmt: skip


def _end(note: TrendNote, chain: list[TrendNote], kind: EndKind, *, by: Actor, reason: str = "") -> TrendEnd:
    body, person = signed(by)
    return TrendEnd.objects.create(
        note=chain[0], version=note.version, meeting_id=note.meeting_id, body_id=body, kind=kind, reason=reason, ended_by_id=person, ended_at=clock.now(),
    )  # fmt: skip
