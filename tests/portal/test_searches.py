"""A person of a firm keeps searches of public entries; one mail a day says what came in, and nothing tells of hidden entries."""

from __future__ import annotations

import datetime as dt
import html
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from renkei.base import clock
from renkei.base.actor import GUEST, SYSTEM
from renkei.base.context import acting
from renkei.cases.actions.searching import MOST_SEARCHES, change_search, check_search, end_search, save_search
from renkei.cases.entry_news import run_firm_searches, run_searches
from renkei.cases.models import SavedSearch, SearchHit
from renkei.companies.models import CompanyAccess
from renkei.matching import index
from renkei.matching.actions import EntryRow, put_entries, withdraw_entries
from renkei.post.models import Mail, Nudge
from tests.cases.making import NOON, events, refuses
from tests.portal.firms import account, acts, client, registered
from tests.portal.scene import came
from tests.world import World

QUERY = "q=%E8%86%9C%E5%8E%9A"  # 膜厚
EVENING = NOON.replace(hour=17)  # after the hour of the mails
DAY = dt.timedelta(days=1)


@pytest.fixture(autouse=True)
def _noon_and_an_own_index(tmp_path: Path, settings: Any) -> Iterator[None]:
    settings.RENKEI_HOME = tmp_path
    index.forget()
    with clock.moved_to(NOON):
        yield
    index.forget()


@pytest.fixture
def mei(world: World) -> CompanyAccess:
    return account(registered(came(world)))


def put(id_: str, name: str = "膜厚計", *, public: bool = True, **more: Any) -> None:
    put_entries([EntryRow(id=id_, kind="equipment", name=name, is_public=public, **more)], kept_by="test", by=SYSTEM)


def to(name: str, who: CompanyAccess, **more: Any) -> str:
    return reverse(name, kwargs={"company": who.company_id, **more})


def text_of(answer: Any) -> str:
    return str(answer.content.decode())


def test_an_entry_opens_in_the_firms_pages_and_leads_back_to_the_same_words(mei: CompanyAccess) -> None:
    put("EQ1")
    put("EQ/2 の", name="古い膜厚計", ends_on=NOON.date() - DAY)
    put("HID", name="見せない膜厚計", public=False)
    put("OUT", name="取り下げた膜厚計")
    withdraw_entries(["OUT"], kept_by="test", on=clock.today(), by=SYSTEM)
    one = client(mei)
    shown = text_of(one.get(to("portal-entry", mei, entry="EQ1") + f"?{QUERY}&kind=equipment&bogus=1"))
    back = re.findall(r'class="crumb"><a href="([^"]+)"', shown)
    assert [html.unescape(way) for way in back] == [f'{to("portal-find", mei)}?{QUERY}&kind=equipment']
    assert (to("portal-new", mei) in shown, f'href="{reverse("public-find")}' in shown, "いまは受け付けていません" in shown) == (True, False, False)
    assert f'href="{to("portal-find", mei)}">探した一覧に戻る' in text_of(one.get(to("portal-entry", mei, entry="EQ1")))
    assert "いまは受け付けていません" in text_of(one.get(to("portal-entry", mei, entry="EQ/2 の")))
    assert [one.get(to("portal-entry", mei, entry=code)).status_code for code in ("EQ1", "HID", "OUT", "none", "EQ1'\"<b>")] == [200, 404, 404, 404, 404]
    assert one.post(to("portal-entry", mei, entry="EQ1")).status_code == 405


def sent() -> list[tuple[str, str]]:
    return list(Mail.objects.filter(purpose="firm_search").order_by("made_at").values_list("to", "subject"))


def test_from_the_search_page_to_the_list_and_off_it(mei: CompanyAccess) -> None:
    put("EQ1")
    one = client(mei)
    empty = text_of(one.get(to("portal-searches", mei)))
    assert "まだありません" in empty
    found = text_of(one.get(to("portal-find", mei) + f"?{QUERY}"))
    assert f'{to("portal-search-new", mei)}?{QUERY}' in found
    assert f'{to("portal-entry", mei, entry="EQ1")}?{QUERY}' in found
    assert "この検索を保存する" not in text_of(one.get(to("portal-find", mei)))  # nothing is asked for yet
    asked = text_of(one.get(to("portal-search-new", mei) + f"?{QUERY}"))
    assert "言葉：膜厚" in asked
    answer = one.post(to("portal-search-new", mei) + f"?{QUERY}", {"name": "膜厚のこと", "alert": "on"})
    assert answer.headers["Location"] == to("portal-searches", mei)
    kept = SavedSearch.objects.get()
    assert (kept.name, kept.query, kept.alert, kept.body_id, kept.person_id) == ("膜厚のこと", QUERY, True, None, mei.person_id)
    listed = text_of(one.get(to("portal-searches", mei)))
    assert "メールで知らせる" in listed
    assert one.post(to("portal-search", mei, firm_search=kept.pk), {"name": "膜厚"}).status_code == 302
    kept.refresh_from_db()
    assert (kept.name, kept.alert) == ("膜厚", False)
    for _twice in range(2):
        one.post(to("portal-search-end", mei, firm_search=kept.pk))
    assert "まだありません" in text_of(one.get(to("portal-searches", mei)))
    assert (events("search.save"), events("search.change"), events("search.end")) == (1, 1, 1)


def test_bad_input_stands_beside_its_sentence(mei: CompanyAccess, world: World) -> None:
    one, page = client(mei), to("portal-search-new", mei)
    save_search("kind=seed", "シーズ", by=acts(mei))
    save_search("kind=seed", "機関の", by=world.lab)
    for query, name, words in (
        (QUERY, "", "名前"), (QUERY, "あ" * 41, "40"), (QUERY, "シーズ", "同じ名前の条件があります"), ("", "空", "探す言葉か条件を入れてから"),
    ):  # fmt: skip
        answer = one.post(f"{page}?{query}", {"name": name, "alert": "on"})
        assert (answer.status_code, words in text_of(answer)) == (422, True), (query, name)
        assert not name or name in text_of(answer)
    assert one.post(f"{page}?{QUERY}", {"name": "機関の"}).status_code == 302  # what the staff call theirs is nobody's here
    own = SavedSearch.objects.get(name="シーズ")
    clash = one.post(to("portal-search", mei, firm_search=own.pk), {"name": "機関の"})
    assert (clash.status_code, "同じ名前の条件があります" in text_of(clash)) == (422, True)
    SavedSearch.objects.bulk_create(
        SavedSearch(person=mei.person, name=f"{n}", query="kind=seed", made_at=NOON) for n in range(MOST_SEARCHES - 2))  # fmt: skip
    with refuses("too_many"):
        save_search(QUERY, "もう1つ", by=acts(mei))
    with refuses("not_allowed"):
        save_search(QUERY, "名のない人", by=GUEST)


def test_each_ones_searches_are_their_own(mei: CompanyAccess, world: World) -> None:
    """Not a colleague's, not the staff's, though the same person is both."""
    search = save_search(QUERY, "芽衣の", by=acts(mei))
    staffs = save_search(QUERY, "試験所の", by=world.lab)
    colleague = account(mei.company, "田中 太郎", "member", "taro@maboroshi.example")
    for who in (colleague, account(mei.company, "山田 花", "admin", "hana@maboroshi.example")):
        one = client(who)
        assert "芽衣の" not in text_of(one.get(to("portal-searches", who)))
        for name in ("portal-search", "portal-search-end", "portal-search-seen"):
            for foreign in (search, staffs):
                assert one.post(to(name, who, firm_search=foreign.pk), {"name": "x"}).status_code == 404
    both = CompanyAccess.objects.create(company=mei.company, person=world.people[world.lab.body or ""], role="member", since=NOON)
    assert "試験所の" not in text_of(client(both).get(to("portal-searches", both)))
    for actor in (acts(colleague), world.lab, SYSTEM):
        with refuses("not_own"):
            end_search(search, by=actor)
    with refuses("not_own"):
        change_search(search, "名", by=acts(colleague), alert=True)
    assert client(mei).post(to("portal-search", mei, firm_search=staffs.pk), {"name": "x"}).status_code == 404


def test_one_mail_a_day_for_all_searches_of_a_person(mei: CompanyAccess) -> None:
    put("EQ0")
    save_search(QUERY, "膜厚", by=acts(mei))
    save_search("kind=equipment", "機器", by=acts(mei))
    save_search("kind=seed", "シーズ", by=acts(mei))
    for number in range(1, 13):
        put(f"EQ{number}", f"膜厚計{number}")
    assert (run_firm_searches(), sent()) == (0, [])  # noon: before the hour of the mails
    with clock.moved_to(EVENING):
        assert run_firm_searches() == 24
        assert run_firm_searches() == 0
    assert sent() == [("mei@maboroshi.example", "保存した検索に新しく24件入りました")]
    mail = Mail.objects.get(purpose="firm_search")
    assert mail.daily
    assert mail.text.count("■") == 2
    assert "■ 膜厚（12件）" in mail.text
    assert "ほか2件" in mail.text
    assert "膜厚計0" not in mail.text
    assert to("portal-searches", mei) in mail.text
    put("EQ13", "膜厚計13")
    with clock.moved_to(EVENING + dt.timedelta(minutes=40)):
        assert run_firm_searches() == 0  # tomorrow's
    with clock.moved_to(EVENING + DAY):
        assert run_firm_searches() == 2
    assert len(sent()) == 2
    assert not Nudge.objects.filter(kind="search").exists()
    assert run_searches() == 0


def test_no_mail_on_holidays_nor_for_whom_it_may_not_reach(mei: CompanyAccess) -> None:
    quiet = save_search(QUERY, "静か", by=acts(mei), alert=False)
    search = save_search(QUERY, "膜厚", by=acts(mei))
    put("EQ1")
    with clock.moved_to(EVENING + 3 * DAY):  # a Saturday
        assert run_firm_searches() == 0
    with clock.moved_to(EVENING):
        CompanyAccess.objects.filter(pk=mei.pk).update(ended_at=NOON)
        assert run_firm_searches() == 0
        CompanyAccess.objects.filter(pk=mei.pk).update(ended_at=None)
        mei.person.is_active = False
        mei.person.save()
        assert run_firm_searches() == 0
        mei.person.is_active = True
        mei.person.save()
        end_search(search, by=acts(mei))
        assert run_firm_searches() == 0
        assert check_search(quiet, by=acts(mei)) == []
    assert sent() == []


def test_hidden_entries_cause_no_mail_no_hit_and_no_other_moment(mei: CompanyAccess) -> None:
    """What the staff alone see neither calls nor moves when the others are told; made public it is told like any other."""
    search = save_search(QUERY, "膜厚", by=acts(mei))
    put("S1", "膜厚の秘密の計器", public=False)
    with clock.moved_to(EVENING):
        assert run_firm_searches() == 0
    assert (sent(), SearchHit.objects.count()) == ([], 0)
    checked = SavedSearch.objects.get(pk=search.pk).checked_at
    assert checked == EVENING  # looked into at the hour whether anything came or not
    put("S1", "膜厚の計器")
    with clock.moved_to(EVENING + DAY):
        assert run_firm_searches() == 1
    assert [one.entry_id for one in SearchHit.objects.all()] == ["S1"]
    page, one = to("portal-searches", mei), client(mei)
    assert "新しく1件" in text_of(one.get(page))
    put("S1", "膜厚の計器", public=False)
    shown = text_of(one.get(page))
    assert "膜厚の計器" not in shown
    assert "新しく" not in shown
    put("S1", "膜厚の計器")
    withdraw_entries(["S1"], kept_by="test", on=clock.today(), by=SYSTEM)
    assert "膜厚の計器" not in text_of(one.get(page))


def test_what_is_new_stands_there_until_it_was_seen(mei: CompanyAccess) -> None:
    search = save_search(QUERY, "膜厚", by=acts(mei))
    put("EQ1", "膜厚計<i>")
    check_search(search, by=acts(mei))
    one = client(mei)
    assert "膜厚計&lt;i&gt;" in text_of(one.get(to("portal-searches", mei)))
    for _twice in range(2):
        assert one.post(to("portal-search-seen", mei, firm_search=search.pk)).status_code == 302
    assert "新しく" not in text_of(one.get(to("portal-searches", mei)))
    assert events("search.seen") == 1


def test_the_database_says_the_same(committed_world: World, login: Any) -> None:
    world = committed_world
    mei = account(registered(came(world)))
    taro = account(mei.company, "田中 太郎", "member", "taro@maboroshi.example")
    both = CompanyAccess.objects.create(company=mei.company, person=world.people[world.lab.body or ""], role="member", since=NOON)
    put("EQ1")
    actors = {acts(mei): "芽衣", acts(taro): "太郎", world.lab: "試験所", acts(both): "両方"}
    for actor, name in actors.items():
        save_search(QUERY, name, by=actor)
    put("EQ2", "膜厚計2")
    with login("worker"), clock.moved_to(EVENING):
        assert run_firm_searches() == 3
        assert run_firm_searches() == 0
        assert run_searches() == 1
    assert {to_ for to_, _subject in sent()} == {"mei@maboroshi.example", "taro@maboroshi.example", world.people[world.lab.body or ""].email}
    with login("web"):
        for actor, names in [*((actor, {name}) for actor, name in actors.items()), (world.bank, set()), (GUEST, set())]:
            with acting(actor):
                assert set(SavedSearch.objects.values_list("name", flat=True)) == names
                assert set(SavedSearch.objects.visible_to(actor).values_list("name", flat=True)) == names
                assert set(SearchHit.objects.values_list("search__name", flat=True)) == names
                assert set(SearchHit.objects.visible_to(actor).values_list("search__name", flat=True)) == names
        for actor, given in ((acts(mei), {"person": taro.person}), (acts(mei), {"person": mei.person, "body_id": world.lab.body}),
                             (world.lab, {"person_id": world.lab.person}), (GUEST, {"person": mei.person})):  # fmt: skip
            with acting(actor), pytest.raises(Exception, match="row-level security"):
                SavedSearch.objects.create(name="偽", query="", made_at=clock.now(), **given)
        page = Client()
        page.force_login(mei.person)
        assert "膜厚計2" in text_of(page.get(to("portal-searches", mei)))
