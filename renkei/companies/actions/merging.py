"""Two entries that are one firm made one, and taken apart again.

Nothing is deleted: the other entry stays and points to its successor. What was moved is written row by row by the
database itself (``company_merge_rows``), because whoever merges may not see all of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext as _

from renkei.audit.record import record
from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.language import written
from renkei.base.refusal import Refused
from renkei.companies.actions.profile import Profile, profile_mark
from renkei.companies.models import Company, CompanyAccess, CompanyRole, Distinct, Merge, MergeMove
from renkei.companies.relations import Deed, Relation, declared, ties, unknown
from renkei.plan.models import Body
from renkei.plan.queries import is_front_desk
from renkei.post.outbox import put_mail

# The number goes over by itself when only the other entry has one; two numbers are two firms.
CHOICES = tuple("municipality_id" if one.name == "municipality" else one.name for one in fields(Profile)
                if one.name != "corporate_number")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Count:
    """How many rows of one relation the actor sees at the firm that would be merged away."""

    relation: Relation
    rows: int


_OPEN = {
    "companies_sight": " AND ended_on IS NULL",
    "companies_companyaccess": " AND ended_at IS NULL",
    "companies_companyinvitation": " AND accepted_at IS NULL AND withdrawn_at IS NULL",
}


def what_moves(other: Company) -> list[Count]:
    """Return the rows that point to ``other``, as far as the acting body sees them; relations without rows are left out."""
    found = []
    with connection.cursor() as cursor:
        for one in declared():
            quote = connection.ops.quote_name
            open_only = _OPEN.get(one.table, "")
            cursor.execute(f"SELECT count(*) FROM {quote(one.table)} WHERE {quote(one.column)} = %s{open_only}", [other.pk])
            row = cursor.fetchone()
            if row and row[0]:
                found.append(Count(one, row[0]))
    return found


@transaction.atomic
def merge_companies(into: Company, other: Company, *, keep: Iterable[str] = (), by: Actor, seen: str = "") -> Merge:
    """Put ``other`` into ``into``; the fields in ``keep`` take the value of ``other``.

    ``seen`` is :func:`pair_mark` of the two profiles that were compared. Refused: ``same_company``, ``not_allowed``,
    ``merged``, ``two_numbers``, ``two_firms``, ``unknown_field``, ``changed_meanwhile``, ``unknown_relation``, ``cannot_move``.
    """
    if into.pk == other.pk:
        raise Refused(_("同じ会社です。まとめる相手を選んでください。"), "same_company")
    chosen = sorted(set(keep))
    if wrong := set(chosen) - set(CHOICES):
        raise Refused(_("選べない項目です：%(names)s。残す値を一覧から選んでください。") % {"names": "、".join(sorted(wrong))}, "unknown_field")
    keeper, gone = _lock_both(into, other, by=by)
    _check(keeper, gone, seen)
    _check_one_firm(keeper, gone, by=by)
    before = {name: getattr(keeper, name) for name in chosen}
    merge = Merge.objects.create(
        into=keeper, other=gone, other_name=gone.name, chosen=chosen, before=before,
        after={name: getattr(gone, name) for name in chosen}, other_number=gone.corporate_number or "",
        done_at=clock.now(), done_by_id=by.person, done_body_id=by.body,
    )  # fmt: skip
    _close_into(gone, keeper, chosen)
    _move(merge)
    keeper.save()  # its people have come: it is found by their names too
    record(by, "company.merge", keeper, gone, chosen=chosen)
    _tell_accounts(keeper, gone, by=by)
    return merge


@transaction.atomic
def unmerge_companies(merge: Merge, *, by: Actor) -> Company:
    """Take the other entry out again: each moved row goes back, values written by the merge return.

    A value somebody has changed since stays. Refused: ``undone``, ``merged_again``, ``known_since``, ``tied``,
    ``not_allowed``. Returns the entry that stands alone again.
    """
    entry = Merge.objects.visible_to(by).select_for_update(of=("self",)).filter(pk=merge.pk).first()
    if entry is None or not (_is_desk(by) or entry.done_body_id == by.body):
        raise Refused(_("まとめた機関か窓口だけが、元に戻せます。窓口にお尋ねください。"), "not_allowed")
    if entry.undone_at is not None:
        raise Refused(_("もう元に戻してあります。画面を開き直してください。"), "undone")
    keeper = Company.objects.select_for_update(of=("self",)).get(pk=entry.into_id)
    _check_undo(entry, keeper)
    for name in entry.chosen:
        if getattr(keeper, name) == entry.after[name]:
            setattr(keeper, name, entry.before[name])
    if entry.other_number and keeper.corporate_number == entry.other_number:
        keeper.corporate_number = None
    keeper.save()
    with connection.cursor() as cursor:
        cursor.execute("SELECT company_merge_back(%s)", [entry.pk])
    entry.undone_at, entry.undone_by_id = clock.now(), by.person
    entry.save()
    keeper.save()  # found no more by the people who have gone back
    gone = Company.objects.visible_to(by).filter(pk=entry.other_id).first() or Company(pk=entry.other_id, name=entry.other_name)
    record(by, "company.unmerge", keeper, gone)
    return gone


def _tell_accounts(keeper: Company, gone: Company, *, by: Actor) -> None:
    """Tell those who run the firm's accounts that the other entry's people are among them now [P2]."""
    current = CompanyAccess.objects.current().filter(company=keeper)
    if not MergeMove.objects.filter(merge__other=gone, merge__undone_at__isnull=True, of_table="companies_companyaccess").exists():
        return
    text = written(
        "%(gone)sと%(into)sが同じ会社だと分かったので、登録を1つにまとめました。\n"
        "どちらのアカウントの方も、まとめた会社のご相談を読めます。\n"
        "心当たりのない方がいるときは、次のページでアカウントを終えてください。\n\n%(url)s\n"
    ) % {"gone": gone.name, "into": keeper.name, "url": f"{settings.RENKEI_ADDRESS}/firm/{keeper.pk}/people/"}
    for address in current.filter(role=CompanyRole.ADMIN).values_list("person__email", flat=True):
        put_mail(by=by, to=address, subject=written("会社の登録を1つにまとめました"), text=text, purpose="accounts",
                 about=keeper.pk)


def pair_mark(into: Company, other: Company) -> str:
    """Return a mark that differs whenever one of the two compared profiles differs."""
    return f"{profile_mark(into)[:16]}{profile_mark(other)[:16]}"


def _lock_both(into: Company, other: Company, *, by: Actor) -> tuple[Company, Company]:
    """Return both, locked in the order of their ids: two people merging crosswise do not wait for each other."""
    if not (by.is_staff or by.is_system):
        raise _may_not()
    seen = Company.objects.visible_to(by).filter(withdrawn_at__isnull=True)
    rows = seen.select_for_update(of=("self",)).filter(pk__in=[into.pk, other.pk]).order_by("pk")
    found = {row.pk: row for row in rows}
    if len(found) != 2:
        raise _may_not()
    return found[into.pk], found[other.pk]


def _may_not() -> Refused:
    return Refused(_("両方の会社を知っている機関か窓口だけが、まとめられます。窓口にお尋ねください。"), "not_allowed")


def _is_desk(by: Actor) -> bool:
    return by.is_system or (by.is_staff and is_front_desk(by.body))


def _check(keeper: Company, gone: Company, seen: str) -> None:
    if keeper.merged_into_id is not None or gone.merged_into_id is not None:
        raise Refused(_("もうほかの会社にまとめられています。画面を開き直してください。"), "merged")
    if keeper.corporate_number and gone.corporate_number:
        raise Refused(_("法人番号が2つあります。番号の違う会社は別の法人です。まちがいなら、先に番号を直してください。"),
                      "two_numbers")
    if seen and seen != pair_mark(keeper, gone):
        raise Refused(_("見比べているあいだに、ほかの人が記録を直しました。下の内容をもう一度確かめてください。"), "changed_meanwhile")
    if missing := unknown():
        raise Refused(
            _("まとめ方の決まっていない記録があるので、まとめられません：%(names)s。システムの担当者に伝えてください。")
            % {"names": "、".join(missing)},
            "unknown_relation",
        )
    for count in what_moves(gone):
        if count.relation.deed is Deed.REFUSED:
            raise Refused(_("%(label)sがある会社は、まとめられません。そちらを残す会社にしてください。")
                          % {"label": count.relation.label}, "cannot_move")


def _check_one_firm(keeper: Company, gone: Company, *, by: Actor) -> None:
    """What somebody decided holds until somebody takes it back."""
    first, second = sorted((keeper.pk, gone.pk))
    if Distinct.objects.visible_to(by).standing().filter(first=first, second=second).exists():
        raise Refused(_("この2つは別の会社と決めてあります。まとめるときは、先にその印を取り消してください。"), "two_firms")


def _close_into(gone: Company, keeper: Company, chosen: list[str]) -> None:
    for name in chosen:
        setattr(keeper, name, getattr(gone, name))
    number, gone.corporate_number, gone.merged_into = gone.corporate_number, None, keeper
    gone.save()  # first: a number stands once
    if number:
        keeper.corporate_number, keeper.is_sole_proprietor = number, False
    if keeper.is_sole_proprietor and keeper.corporate_number:
        keeper.is_sole_proprietor = False
    keeper.save()


def _move(merge: Merge) -> None:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            for one in declared():
                if one.deed is Deed.MOVED:
                    cursor.execute("SELECT company_merge_rows(%s, %s, %s, %s)",
                                   [merge.pk, one.table, one.column, clock.today()])
    except IntegrityError as error:
        raise Refused(_("両方の会社に同じ記録があるので、まとめられません。窓口にお尋ねください。"), "cannot_move") from error


def _check_undo(entry: Merge, keeper: Company) -> None:
    if keeper.merged_into_id is not None:
        raise Refused(_("まとめた先の会社が、さらに別の会社にまとめられています。先にそちらを元に戻してください。"), "merged_again")
    with connection.cursor() as cursor:
        cursor.execute("SELECT company_merge_since(%s)", [entry.pk])
        bodies = [code for (code,) in cursor.fetchall()]
    if bodies:
        names = "、".join(Body.objects.filter(pk__in=bodies).values_list("short", flat=True))
        raise Refused(_("まとめたあとにこの会社を知った機関があるので、元に戻せません：%(names)s") % {"names": names}, "known_since")
    if found := ties(entry):
        raise Refused(_("まとめたあとの仕事があるので、元に戻せません。") + " ".join(found), "tied")
