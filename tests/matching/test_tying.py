"""A person's entry is tied to an account of its owner's people alone: by action, by sheet, and by the database."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace

import pytest
from django.db import IntegrityError, connection, transaction

from renkei.accounts.models import Membership
from renkei.base import clock
from renkei.base.actor import SYSTEM
from renkei.base.context import acting
from renkei.base.refusal import Refused
from renkei.matching.actions import EntryRow, keeping, put_entries
from renkei.matching.actions_keeping import change_entry, make_entry
from renkei.matching.actions_sheet import export_entries, import_entries
from renkei.matching.entry_words import changes, row_of, snapshot
from renkei.matching.models import Entry
from renkei.matching.sheet import read_entries
from renkei.matching.tying import account_choices, account_of
from tests.cases.moving import join
from tests.world import BANK, LAB, World

pytestmark = pytest.mark.django_db
Login = Callable[[str], AbstractContextManager[None]]
ROW = EntryRow(id="PE1", kind="person", name="小出 渉", body=LAB)
GONE = dt.date(2026, 1, 31)


def tied(row: EntryRow, said: object) -> EntryRow:
    return replace(row, facts=row.facts | {"account": str(said)})


def test_an_account_is_told_by_id_address_or_name(world: World) -> None:
    one, namesake, left = join(LAB, "ichi"), join(LAB, "futa"), join(LAB, "mukashi", until=GONE)
    pk = str(one.person_id)
    assert [account_of(said, LAB) for said in (pk, "ichi@people.example", "ICHI@people.example", "ichi 一", "ichi一")] == [pk] * 5
    assert [account_of(said, body) for said in (pk, "ichi@people.example", "ichi 一") for body in (BANK, None)] == [""] * 6
    assert [account_of(said, LAB) for said in (str(left.person_id), "mukashi@people.example", "mukashi 一", "だれか")] == [str(left.person_id), "", "", ""]
    namesake.person.name = "ichi 一"
    namesake.person.save()
    assert (account_of("ichi 一", LAB), account_of("futa@people.example", LAB)) == ("", str(namesake.person_id))
    Membership.objects.filter(pk=one.pk).update(until=clock.today())
    Membership.objects.create(person=one.person, body_id=LAB, role="staff", since=clock.today() + dt.timedelta(days=1))
    assert account_of("ichi@people.example", LAB) == pk  # twice a member is one person


def test_whom_to_choose_begins_with_the_same_name(world: World) -> None:
    one, other, left = join(LAB, "ichi"), join(LAB, "futa"), join(LAB, "mukashi", until=GONE)
    join(BANK, "yoso")
    here = (str(world.people[LAB].pk), world.people[LAB].name)
    names = {str(each.person_id): each.person.name for each in (one, other)}
    same = account_choices(LAB, name="ichi一")
    assert same[:2] == [("", "選んでいません"), (str(one.person_id), "ichi 一（同じ名前）")]
    assert set(same[2:]) == {here, (str(other.person_id), "futa 一")}
    assert set(account_choices(LAB)[1:]) == {here, *names.items()}
    assert account_choices(LAB, kept=str(left.person_id))[-1] == (str(left.person_id), "mukashi 一（離任）")
    assert account_choices(LAB, kept=str(one.person_id)) == account_choices(LAB)
    assert account_choices(None) == [("", "選んでいません")]


def test_only_people_of_the_owner_are_tied(world: World) -> None:
    mine, theirs = join(LAB, "ichi"), join(BANK, "yoso")
    entry = make_entry(tied(ROW, "ichi@people.example"), by=world.lab)
    assert entry.facts == {"account": str(mine.person_id)}
    for row, said in ((ROW, theirs.person_id), (ROW, "yoso@people.example"), (ROW, "だれか"), (replace(ROW, kind="seed"), mine.person_id)):
        with pytest.raises(Refused) as refused:
            make_entry(tied(row, said), by=world.lab)
        assert (refused.value.code, refused.value.field) == ("not_of_owner", "account")
    told = {refused.value.message}
    with pytest.raises(Refused) as refused:
        change_entry(entry, tied(ROW, theirs.person_id), by=world.lab)
    assert told == {refused.value.message} == {"この機関の人を、氏名かメールアドレスで一人に決めてください。"}  # who is elsewhere is not told from who is nowhere
    Membership.objects.filter(pk=mine.pk).update(until=GONE)
    changed = change_entry(entry, replace(row_of(entry), summary="新しい説明"), by=world.lab)  # who has left since stays named
    assert (changed.summary, changed.facts) == ("新しい説明", {"account": str(mine.person_id)})
    assert [(one.label, one.old, one.new) for one in changes(snapshot(row_of(entry)), snapshot(ROW)) if one.label != "確かめた日"] == [("この人のアカウント", "ichi 一", "")]


def test_a_sheet_ties_by_name_or_address_and_goes_out_by_name(world: World) -> None:
    mine = join(LAB, "ichi")
    join(BANK, "yoso")
    text = "種類,名前,この人のアカウント,不在の期間\n人,甲,ichi 一,2026/12/21〜2026/12/28\n人,乙,ICHI@people.example,\n人,丙,yoso@people.example,\n機器,丁,ichi 一,\n"
    preview = read_entries(text.encode(), actor=world.lab)
    assert [(row.name, row.deed, row.problems) for row in preview.rows] == [
        ("甲", "new", []), ("乙", "new", []), ("丙", "refused", ["この機関の人を、氏名かメールアドレスで一人に決めてください。"]),
        ("丁", "refused", ["機器には「この人のアカウント」がありません。"])]  # fmt: skip
    import_entries(preview, name="表.csv", data=text.encode(), by=world.lab)
    kept = dict(Entry.objects.values_list("name", "facts"))
    account = {"account": str(mine.person_id)}
    assert kept == {"甲": account | {"absent": [{"from": "2026-12-21", "to": "2026-12-28"}]}, "乙": account}
    data = export_entries(Entry.objects.select_related("body", "service").prefetch_related("windows"))
    assert [row.deed for row in read_entries(data, actor=world.lab).rows] == ["same", "same"]


def test_the_database_refuses_an_account_of_another_body(world: World) -> None:
    mine, theirs = join(LAB, "ichi"), join(BANK, "yoso")
    for row in (tied(ROW, theirs.person_id), tied(ROW, "だれか"), tied(replace(ROW, body=None), mine.person_id), tied(replace(ROW, kind="seed"), mine.person_id)):
        with pytest.raises(IntegrityError, match="names an account of another body"), transaction.atomic():
            put_entries([row], kept_by="module", by=SYSTEM)
    put_entries([tied(ROW, mine.person_id)], kept_by="module", by=SYSTEM)
    for wrong in ({"facts": {"account": str(theirs.person_id)}}, {"body_id": BANK}, {"kind": "seed"}):
        with pytest.raises(IntegrityError, match="names an account of another body"), transaction.atomic():
            Entry.objects.update(**wrong)
    Membership.objects.filter(pk=mine.pk).delete()
    assert Entry.objects.update(name="名前だけ") == 1  # asked when it is tied, not at every change
    assert Entry.objects.update(facts={}, body_id=BANK) == 1


@pytest.mark.django_db(transaction=True)
def test_the_real_logins_are_refused_too(committed_world: World, login: Login) -> None:
    world = committed_world
    put_entries([ROW], kept_by="screen", by=SYSTEM)
    people = {body: str(world.people[body].pk) for body in (LAB, BANK)}
    with login("web"), acting(world.lab):
        with pytest.raises(IntegrityError, match="names an account of another body"), transaction.atomic():
            _tie(people[BANK])
        _tie(people[LAB])
        assert Entry.objects.get().facts == {"account": people[LAB]}


def _tie(account: str) -> None:
    with keeping("screen"), connection.cursor() as cursor:
        cursor.execute("UPDATE matching_entry SET facts = jsonb_build_object('account', %s::text) WHERE id = 'PE1'", [account])
