"""A need that the firm lets be found: an entry while it is open, an example once help has helped, nothing the moment it says no."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from renkei.base import clock
from renkei.base.actor import GUEST, SYSTEM
from renkei.cases.actions.answers import accept, finish_support
from renkei.cases.actions.closing import close_case, did_not_help, give_feedback, reopen_case
from renkei.cases.actions.disclosable import confirm_public, take_back_public, write_public
from renkei.cases.actions.listing import list_need, list_waiting, unlist_need, waiting_to_be_listed
from renkei.cases.actions.merging import merge_cases, unmerge
from renkei.cases.actions.searching import save_search
from renkei.cases.actions.suggesting import suggest
from renkei.cases.actions.triage import settle_need
from renkei.cases.entry_news import run_searches
from renkei.cases.jobs import run_clocks
from renkei.cases.models import Case, Need, Suggestion
from renkei.cases.queries.facts import facts_of
from renkei.cases.queries.reach import cases_for, firms_for, firms_for_need, own_need
from renkei.matching.actions import EntryRow, keeping, put_entries
from renkei.matching.models import Entry
from renkei.matching.propose import propose
from renkei.post.models import Nudge
from tests.cases.making import NOON, arrived, company, events, fresh, mails, need_of, offered, refuses, steps
from tests.cases.test_circulation import SUMMARY, TITLE, confirmed, firm_link, need_in
from tests.world import DESK, LAB, World

GONE = "取り下げた項目"
CLOSING = {"reason": "solved", "words": "測れた", "needs": "settled"}
pytestmark = pytest.mark.covers("C28")


@pytest.fixture(autouse=True)
def _noon() -> Any:
    with clock.moved_to(NOON):
        yield


def listed(world: World, need: Need | None = None) -> Need:
    """A need whose words were read to the firm, which let them be found."""
    made = write_public(need or need_in(world), title=TITLE, summary=SUMMARY, by=world.desk, seen=True, sure=True, listed=True)
    return fresh(made)  # type: ignore[no-any-return]  # a row as it stands


def entry_of(need: Need) -> Entry | None:
    return fresh(need).entry  # type: ignore[no-any-return]  # as above


def standing() -> list[tuple[str, str]]:
    """What stands in the catalogue of the cases' words: kind and name."""
    return list(Entry.objects.standing().filter(kept_by="cases").order_by("pk").values_list("kind", "name"))


def words_left(entry: Entry) -> tuple[str, str, str, dict[str, Any]]:
    now = fresh(entry)
    return now.name, now.summary, now.text, now.facts


class TestTheFirmDecides:
    def test_confirmed_words_alone_are_not_listed(self, world: World) -> None:
        confirmed(world)
        assert (standing(), run_clocks().listed) == ([], 0)

    def test_what_is_listed_says_the_words_and_leads_to_nobody(self, world: World) -> None:
        need = listed(world, need_of(arrived(world, company=company()).case, world))
        entry = entry_of(need)
        assert entry is not None
        assert re.fullmatch(r"n-\d{10}", entry.pk)
        assert need.case.number.replace(" ", "") not in entry.pk
        said = {key: getattr(entry, key) for key in ("kind", "name", "summary", "text", "body_id", "owner_name", "service_id", "facts", "url", "source",
                                                     "source_on", "last_checked", "checked_by_id", "is_public", "kept_by")}  # fmt: skip
        assert said == {"kind": "need", "name": TITLE, "summary": SUMMARY, "text": "", "body_id": None, "owner_name": "", "service_id": None, "facts": {},
                        "url": "", "source": "", "source_on": None, "last_checked": None, "checked_by_id": None, "is_public": False,
                        "kept_by": "cases"}  # fmt: skip
        assert steps(need.case)[-1] == ("need_changed", "", "listed")
        assert (events("need.list"), need.listed_by) == (1, world.desk.name)

    def test_the_firm_says_so_with_the_words_and_the_worker_puts_it_in(self, world: World) -> None:
        need = write_public(need_in(world), title=TITLE, summary=SUMMARY, by=world.desk)
        confirm_public(need, by=firm_link(need), title=TITLE, summary=SUMMARY, listed=True)
        assert (standing(), fresh(need).listed_at) == ([], NOON)
        assert [run_clocks().listed, run_clocks().listed] == [1, 0]
        assert standing() == [("need", TITLE)]
        assert list_waiting(need.case_id, by=SYSTEM) is False

    def test_later_or_twice_is_the_same(self, world: World) -> None:
        need = confirmed(world)
        list_need(need, by=firm_link(need))
        list_need(need, by=world.desk)
        write_public(need, title=TITLE, summary=SUMMARY, by=world.desk, listed=True)
        assert events("need.list") == 1
        run_clocks()
        assert len(standing()) == 1
        assert len(mails("told")) == len(set(mails("told")))

    def test_it_is_off_at_once_whoever_says_so(self, world: World) -> None:
        need = listed(world)
        first = entry_of(need)
        assert first is not None
        unlist_need(need, by=firm_link(need))
        assert (standing(), words_left(first), fresh(need).listed_by) == ([], (GONE, "", "", {}), "")
        unlist_need(need, by=firm_link(need))
        assert events("need.unlist") == 1
        list_need(need, by=world.desk)
        again = entry_of(need)
        assert again is not None
        assert again.pk != first.pk  # nobody who knew the first follows it to the second
        unlist_need(need, by=world.desk)
        assert (standing(), words_left(again), run_clocks().listed) == ([], (GONE, "", "", {}), 0)

    def test_changed_words_and_words_taken_back_are_listed_no_more(self, world: World) -> None:
        need = listed(world)
        first = entry_of(need)
        assert first is not None
        write_public(need, title=TITLE, summary="別の文。", by=world.desk)
        assert (standing(), words_left(first)[0], fresh(need).listed_at) == ([], GONE, None)
        listed(world, need)
        assert standing() == [("need", TITLE)]
        write_public(need, title="新しい題", summary=SUMMARY, by=world.desk, seen=True, listed=True)
        assert standing() == [("need", "新しい題")]
        take_back_public(need, by=firm_link(need))
        assert (standing(), fresh(need).listed_at) == ([], None)

    def test_what_is_refused(self, world: World) -> None:
        need = need_in(world)
        with refuses("not_read", "seen"):
            write_public(need, title=TITLE, summary=SUMMARY, by=world.desk, listed=True)
        with refuses("not_confirmed"):
            list_need(need, by=world.desk)
        write_public(need, title=TITLE, summary=SUMMARY, by=world.desk, seen=True)
        for by in (world.lab, world.bank, GUEST):
            for act in (list_need, unlist_need):
                with refuses("not_allowed"):
                    act(need, by=by)
        close_case(need.case, by=world.desk, result="solved", **CLOSING)
        with refuses("case_closed"):
            list_need(need, by=firm_link(need))
        assert (standing(), events("need.list")) == ([], 0)


class TestItFollowsTheCase:
    def test_an_example_is_what_helped(self, world: World) -> None:
        support = offered(world)
        need = listed(world, support.need)
        entry = entry_of(need)
        accept(support, by=world.lab)
        finish_support(support, by=world.lab, text="測った", helped=True)
        with clock.moved_to(NOON + dt.timedelta(days=70)):
            close_case(fresh(need.case), by=world.desk, result="solved", **CLOSING)
        assert entry_of(need) == entry
        now = entry_of(need)
        assert now is not None
        assert (now.kind, now.name, now.summary, now.service_id, now.body_id) == ("example", TITLE, SUMMARY, "equipment-tests", None)
        assert now.facts == {"result": "解決した", "months": 3, "supports": [["equipment-tests", "", "done"]]}
        unlist_need(need, by=firm_link(need))  # also after the end
        assert (standing(), words_left(now)) == ([], (GONE, "", "", {}))

    def test_no_example_before_the_result_and_none_of_what_did_not_help(self, world: World) -> None:
        need = listed(world)
        settle_need(need, state="settled", by=world.desk)
        assert standing() == []
        close_case(fresh(need.case), by=world.desk, result="", **CLOSING)
        assert (standing(), run_clocks().listed) == ([], 0)
        firm = firm_link(need)
        for result, found in (("partly", "一部できた"), ("no", ""), ("solved", "解決した")):
            give_feedback(fresh(need.case), by=firm, result=result, satisfaction=None)
            assert standing() == []  # a firm takes out at once; the worker puts in
            run_clocks()
            now = entry_of(need)
            assert (now.facts["result"] if now else "") == found
        did_not_help(fresh(need.case), by=firm, words="")
        assert (standing(), run_clocks().listed) == ([], 0)

    def test_taken_up_again_it_is_a_need_again(self, world: World) -> None:
        need = listed(world)
        close_case(fresh(need.case), by=world.desk, result="solved", **CLOSING)
        assert standing() == [("example", TITLE)]
        reopen_case(fresh(need.case), by=world.desk, reason="また反った")
        assert standing() == []
        settle_need(fresh(need), state="open", by=world.desk)
        assert standing() == [("need", TITLE)]

    @pytest.mark.parametrize(
        "end",
        [
            lambda need, by: settle_need(need, state="dropped", by=by),
            lambda need, by: close_case(need.case, by=by, reason="spam", words="売り込み"),
            lambda need, by: close_case(need.case, by=by, reason="not_ours", words="よそ", answer_to_company="よそへ"),
            lambda need, by: close_case(need.case, by=by, reason="other_way", words="よそで", result="solved", needs="dropped"),
            lambda need, by: close_case(need.case, by=by, reason="solved", words="だめ", result="no", needs="settled"),
        ],
    )
    def test_what_ends_otherwise_leaves_no_word(self, world: World, end: Callable[..., object]) -> None:
        need = listed(world)
        entry = entry_of(need)
        assert entry is not None
        end(need, world.desk)
        assert (standing(), words_left(entry), run_clocks().listed) == ([], (GONE, "", "", {}), 0)

    def test_it_goes_with_the_need_when_cases_are_merged(self, world: World) -> None:
        firm = company()
        keeper, gone = (arrived(world, company=firm).case for _ in range(2))
        need_of(keeper, world, title="ほかの課題")
        need = listed(world, need_of(gone, world))
        merge_cases(fresh(keeper), fresh(gone), by=world.desk)
        assert (fresh(need).case_id, standing()) == (keeper.pk, [("need", TITLE)])
        unmerge(fresh(gone), by=world.desk)
        close_case(fresh(gone), by=world.desk, result="solved", **CLOSING)
        assert (fresh(need).case_id, standing()) == (gone.pk, [("example", TITLE)])

    def test_what_waits_and_what_is_done_agree(self, world: World) -> None:
        """Every state of case, need and result: after the worker nothing waits, and what stands is what should."""
        need = listed(world)
        for state in ("open", "settled", "dropped"):
            for closed in (False, True):
                for result in ("", "solved", "no"):
                    Need.objects.filter(pk=need.pk).update(state=state, entry=None)
                    ended = {"state": "closed", "closed_at": NOON, "close_reason": "solved"} if closed else {"state": "active", "closed_at": None, "close_reason": ""}
                    Case.objects.filter(pk=need.case_id).update(result=result, **ended)
                    run_clocks()
                    should = "need" if state == "open" and not closed else "example" if state == "settled" and closed and result == "solved" else ""
                    assert ([kind for kind, _name in standing()], waiting_to_be_listed().count()) == ([should] if should else [], 0)


class TestTheDatabaseSaysNo:
    def test_no_listing_without_a_yes_and_no_entry_without_a_listing(self, world: World) -> None:
        need = write_public(need_in(world), title=TITLE, summary=SUMMARY, by=world.desk)
        put_entries([EntryRow(id="E", kind="seed", name="シーズ")], kept_by="t", by=SYSTEM)
        for change, name in (({"listed_at": NOON}, "need_listed_as_confirmed"), ({"entry_id": "E"}, "need_entry_is_listed")):
            with pytest.raises(IntegrityError, match=name), transaction.atomic():
                Need.objects.filter(pk=need.pk).update(**change)
        Need.objects.filter(pk=need.pk).update(public_confirmed_at=NOON, listed_at=NOON)
        with pytest.raises(IntegrityError, match="need_listed_as_confirmed"), transaction.atomic():  # words confirmed anew were never listed
            Need.objects.filter(pk=need.pk).update(public_confirmed_at=NOON + dt.timedelta(seconds=1))

    def test_an_entry_of_cases_says_what_a_firm_lets_be_found_or_nothing(self, world: World) -> None:
        need = listed(world)
        entry = entry_of(need)
        assert entry is not None
        for row in (
            EntryRow(id="X", kind="need", name=TITLE, summary=SUMMARY), EntryRow(id=entry.pk, kind="need", name=TITLE, summary="別の文。"),
            EntryRow(id=entry.pk, kind="need", name=TITLE, summary=SUMMARY, is_public=True),
            EntryRow(id=entry.pk, kind="need", name=TITLE, summary=SUMMARY, body=LAB),
            EntryRow(id=entry.pk, kind="need", name=TITLE, summary=SUMMARY, owner_name="狐火エレクトロ"),
            EntryRow(id=entry.pk, kind="need", name=TITLE, summary=SUMMARY, text="狐火エレクトロ"),
        ):  # fmt: skip
            with pytest.raises(IntegrityError, match="entry_as_listed|not what a firm lets"), transaction.atomic():
                put_entries([row], kept_by="cases", by=SYSTEM)
        with pytest.raises(IntegrityError), transaction.atomic(), keeping("cases"):
            Entry.objects.filter(pk=entry.pk).update(withdrawn_on=NOON.date())  # withdrawn, but the words still there

    def test_letting_go_of_the_entry_takes_the_words_by_any_hand(self, world: World) -> None:
        need = listed(world)
        entry = entry_of(need)
        assert entry is not None
        Need.objects.filter(pk=need.pk).update(entry=None, listed_at=None)
        assert words_left(entry) == (GONE, "", "", {})


@pytest.mark.usefixtures("index_at_noon")
class TestItsOwnCase:
    def test_a_case_is_not_proposed_its_own_words(self, world: World) -> None:
        support = offered(world)
        case = support.case
        need = write_public(support.need, title="雷サージの試験", summary="電源装置の雷サージの試験をするところを探している。", by=world.desk, seen=True, listed=True)
        own = fresh(need).entry_id
        text = case.consultations.get().text
        said = list(case.consultations.all())
        assert own in {one.id for one in propose(text).answers}
        assert facts_of(fresh(case), said).own == {own}
        assert own not in {one.id for one in propose(text, facts=facts_of(fresh(case), said)).answers}

    def test_nor_told_of_them(self, world: World) -> None:
        listed(world)
        with clock.moved_to(NOON + dt.timedelta(hours=1)):
            assert (suggest(NOON - dt.timedelta(hours=1)), Suggestion.objects.count()) == (0, 0)

    def test_news_of_a_search_keep_no_word_that_may_be_taken_back(self, world: World) -> None:
        save_search("q=反り", "反り", by=world.lab, alert=True)
        with clock.moved_to(NOON + dt.timedelta(hours=1)):
            listed(world)
            assert run_searches() == 1
        told = Nudge.objects.get(kind="search")
        assert (TITLE not in told.words, "ニーズ" in told.words) == (True, True)


class TestBothWays:
    def test_whom_the_entry_serves_leaves_out_its_own_case_and_firm_for_those_who_know_them(self, world: World) -> None:
        own = company(DESK, "狐火エレクトロ株式会社", products="反りのない電源")
        other = company(DESK, "板橋測器", products="電源の反りの測定")
        need = listed(world, need_of(arrived(world, company=own).case, world))
        entry = entry_of(need)
        assert entry is not None
        near = need_of(arrived(world, company=other).case, world).case
        Case.objects.filter(pk__in=[need.case_id, near.pk]).update(title="電源の部品の反り", summary="薄い板の反りを測りたい")
        for one in Case.objects.filter(pk__in=[need.case_id, near.pk]):
            one.index_text()
            one.save()
        found = own_need(entry, actor=world.desk)
        assert found == need
        assert [own_need(entry, actor=by) for by in (world.lab, world.bank)] == [None, None]
        assert [one.case.pk for one in cases_for(entry, actor=world.desk)] == [near.pk]
        assert [one.company.pk for one in firms_for(entry, actor=world.desk)] == [other.pk]
        assert firms_for(entry, actor=world.lab) == []

    def test_a_need_finds_firms_that_its_reader_knows_but_not_its_own(self, world: World) -> None:
        own = company(DESK, "狐火エレクトロ株式会社", products="反りのない電源")
        other, labs = company(DESK, "板橋測器", products="電源の反りの測定"), company(LAB, "雲雀測器", products="電源の反りの測定")
        need = write_public(need_of(arrived(world, company=own).case, world), title=TITLE, summary=SUMMARY, by=world.desk, sure=True)
        found = {name: {one.company.pk for one in firms_for_need(fresh(need), actor=by)} for name, by in (("desk", world.desk), ("lab", world.lab), ("bank", world.bank))}
        assert found == {"desk": {other.pk, labs.pk}, "lab": {labs.pk}, "bank": set()}
