"""The route's pages on a bad day: two editors, double presses, ended bodies and entries, odd words; and its words of time and money."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from django.utils.translation import override

from renkei.base import clock
from renkei.cases.models import Case, Route, RouteSending, RouteVersion
from renkei.desk.routes.page import _fee as fee  # the words alone
from renkei.desk.routes.page import cost_words, shifts, span_words
from renkei.matching.models import Entry
from renkei.matching.schedule import Placed
from renkei.plan.models import Body, Provision
from tests.cases.making import arrived, need_of
from tests.cases.routing import NOON, Routed, first_need, routed
from tests.desk.pages import HOSTILE, address, client, fault, said
from tests.world import BANK, CENTER, DESK, LAB, World

TODAY = NOON.date()
GONE = "この段取りは、もうありません。画面を開き直してください。"
MEANWHILE = "ほかの人が先に支援ルートを直しました。新しい内容を確かめて、もう一度してください。"


@pytest.fixture(autouse=True)
def _at_noon() -> Iterator[None]:
    with clock.moved_to(NOON):
        yield


@pytest.fixture
def there(world: World, monkeypatch: pytest.MonkeyPatch) -> Routed:
    return routed(world, monkeypatch)


def url(there: Routed, name: str = "desk-route", **more: Any) -> str:
    return address(name, DESK, case=there.case.pk, **more)


def do(there: Routed, deed: str, version: int | str | None = None) -> Any:
    given = {"do": deed} | ({} if version is None else {"version": str(version)})
    return client(there.world).post(url(there), given)


def error(answer: Any) -> str:
    """The sentence at the head of the page."""
    return str(answer.context["error"]) if answer.context else ""


def change(there: Routed, service: str, **more: str) -> Any:
    step = there.step(service)
    given = {"body": step.body_id, "entry": step.entry, "begin": "", "end": "", "override": "", "version": str(there.version), "option": ""}
    return client(there.world).post(url(there, "desk-route-step", planned=step.key), given | more)


def add(there: Routed, **more: str) -> Any:
    given = {"need": str(first_need(there.case).pk), "provision": f"sales-adviser|{CENTER}", "begin": "", "end": "", "override": "", "version": str(there.version)}
    return client(there.world).post(url(there, "desk-route-add"), given | more)


def placed(key: str, begins: tuple[int, int] | None = None, ends: tuple[int, int] | None = None, year: int = 2026) -> Placed:
    return Placed(key, dt.date(year, *begins) if begins else None, dt.date(year, *ends) if ends else None)


class TestWords:
    @pytest.mark.parametrize(
        ("one", "japanese", "english"),
        [
            (None, "日は未定", "days not known"), (placed("a"), "日は未定", "days not known"),
            (placed("a", (11, 27), (11, 27)), "11月27日（金）", "Fri 27 Nov"),
            (placed("a", (11, 27), (12, 4)), "11月27日（金）から12月4日（金）", "Fri 27 Nov to Fri 4 Dec"),
            (placed("a", (11, 27)), "11月27日（金）から終わりは未定", "Fri 27 Nov to end not known"), (placed("a", None, (12, 4)), "未定から12月4日（金）", "not known to Fri 4 Dec"),
            (placed("a", (1, 12), (2, 26), 2027), "来年1月12日から来年2月26日", "12 Jan 2027 to 26 Feb 2027"),
        ],
    )  # fmt: skip
    def test_days_of_a_step(self, one: Placed | None, japanese: str, english: str) -> None:
        assert span_words(one, TODAY) == japanese
        with override("en"):
            told = span_words(one, TODAY)
        assert not re.search(r"[ぁ-んァ-ヶ一-龠]", told), told
        assert told == english

    @pytest.mark.parametrize(
        ("before", "after", "words"),
        [
            ([], [], "全体の終わりは、まだ分かりません"), ([placed("a")], [placed("a", (12, 1), (12, 2))], "全体の終わりは、まだ分かりません"),
            ([placed("a", (12, 1), (12, 2))], [placed("a")], "全体の終わりは、まだ分かりません"),
            ([placed("a", (12, 1), (12, 2))], [placed("a", (11, 30), (12, 2))], "全体の終わりは変わりません"),
            ([placed("a", (12, 1), (12, 2))], [placed("a", (12, 1), (12, 3))], "全体が1日おそくなります"),
            ([placed("a", (12, 1), (12, 2))], [placed("a", (11, 1), (11, 22))], "全体が10日早くなります"),
            # An end that is open: what is known at the latest is compared on both sides.
            ([placed("a", (12, 1), (12, 2)), placed("b", (12, 5))], [placed("a", (12, 1), (12, 2)), placed("b", (12, 9))], "全体が4日おそくなります"),
            ([placed("a", (12, 1), (12, 2)), placed("b")], [placed("a", (12, 1), (12, 2)), placed("b", (12, 3), (12, 4))], "全体が2日おそくなります"),
            ([placed("a", (12, 31), (12, 31))], [placed("a", (1, 1), (1, 1), 2027)], "全体が1日おそくなります"),
        ],
    )  # fmt: skip
    def test_what_another_plan_costs_in_time(self, before: list[Placed], after: list[Placed], words: str) -> None:
        assert cost_words(before, after) == words

    def test_only_steps_that_move_are_told_and_those_that_go_are_not(self) -> None:
        before = [placed("same", (12, 1), (12, 2)), placed("moves", (12, 3), (12, 4)), placed("goes", (12, 5), (12, 6))]
        after = [placed("moves", (12, 3), (12, 7)), placed("same", (12, 1), (12, 2)), placed("comes", (12, 8))]
        found = shifts(before, after, {"moves": "試験（試験所）"}, TODAY)
        assert [(one.words, one.was, one.now) for one in found] == [
            ("試験（試験所）", "12月3日（木）から12月4日（金）", "12月3日（木）から12月7日（月）"), ("", "日は未定", "12月8日（火）から終わりは未定"),
        ]  # fmt: skip

    @pytest.mark.parametrize(
        ("facts", "words"),
        [({}, ""), ({"fee_yen": 0}, "無料"), ({"fee_yen": 3000}, "3,000円"), ({"fee_yen": 12_000_000}, "1,200万円"), ({"fee_yen": "要相談"}, ""), ({"fee_yen": None}, "")],
    )
    def test_a_fee_that_is_known(self, facts: dict[str, Any], words: str) -> None:
        assert fee(Entry(facts=facts)) == words
        assert fee(None) == ""


class TestTwoEditors:
    def test_every_press_on_an_old_page_is_refused_and_changes_nothing(self, there: Routed) -> None:
        first = there.steps[0].key
        assert do(there, f"down:{first}", 1).status_code == 302
        keys = [one.key for one in there.steps]
        deeds = ["undo", "replan", f"remove:{first}", f"up:{first}", f"down:{first}", f"replace:{first}:loan|{BANK}|"]
        for deed, version in [*((deed, 1) for deed in deeds), *(("undo", odd) for odd in (0, 3, "", "x", "-1", "1e3", "9" * 30))]:
            answer = do(there, deed, version)
            assert (answer.status_code, error(answer)) == (409, MEANWHILE), (deed, version)
        assert (there.version, [one.key for one in there.steps]) == (2, keys)

    def test_a_step_somebody_removed_is_told_beside_the_route_that_stands(self, there: Routed) -> None:
        gone = there.step("tech-consultation").key
        assert do(there, f"remove:{gone}", 1).status_code == 302
        for deed in ("remove", "up", "down"):
            answer = do(there, f"{deed}:{gone}", 2)
            assert (answer.status_code, error(answer)) == (422, GONE)
        assert client(there.world).get(url(there, "desk-route-step", planned=gone)).status_code == 404
        assert client(there.world).post(url(there, "desk-route-step", planned=gone), {"version": "2"}).status_code == 404
        assert there.version == 2

    def test_forms_of_an_old_page_keep_what_was_typed(self, there: Routed) -> None:
        step = there.step("tech-consultation")
        do(there, f"down:{there.steps[0].key}", 1)
        given = {"body": step.body_id, "entry": "", "begin": "12月3日", "end": "12月4日", "override": f"会社の都合{HOSTILE}", "version": "1", "option": ""}
        answer = client(there.world).post(url(there, "desk-route-step", planned=step.key), given)
        page = said(answer)
        assert (answer.status_code, MEANWHILE in page, HOSTILE in page) == (422, True, False)
        assert [word for word in ("12月3日", "12月4日", "会社の都合") if word not in page] == []
        page = said(client(there.world).post(url(there, "desk-route-send"), {"text": "よろしくお願いします", "version": "1"}))
        assert MEANWHILE in page
        assert "よろしくお願いします" in page
        assert RouteSending.objects.count() == 0
        answer = add(there, version="1", begin="12月15日")
        assert (answer.status_code, MEANWHILE in said(answer), "12月15日" in said(answer)) == (422, True, True)
        assert there.version == 2

    def test_what_was_changed_to_the_same_is_told(self, there: Routed) -> None:
        answer = change(there, "tech-consultation")
        assert (answer.status_code, "前の版と同じです。変えたいところを直してから保存してください。" in said(answer)) == (422, True)
        assert RouteVersion.objects.count() == 1


class TestOddPresses:
    def test_are_told_on_the_page(self, there: Routed) -> None:
        unknown = "この操作は分かりません。画面を開き直してください。"
        odd = [
            ("remove", GONE), ("remove:", GONE), ("up:\x00", GONE), (f"down:{HOSTILE}", GONE), ("replace", GONE), ("replace::", GONE),
            (f"replace:{uuid4()}", GONE), (f"remove:{uuid4()}", GONE), ("MAKE", unknown), ("__class__", unknown), (HOSTILE, unknown),
        ]  # fmt: skip
        for deed, sentence in odd:
            answer = do(there, deed, 1)
            assert (answer.status_code, error(answer), HOSTILE in said(answer)) == (422, sentence, False), deed
        assert there.version == 1

    def test_first_and_last_go_no_further(self, there: Routed) -> None:
        for deed, step in (("up", there.steps[0]), ("down", there.steps[-1])):
            answer = do(there, f"{deed}:{step.key}", 1)
            assert (answer.status_code, error(answer)) == (422, "これより先には動かせません。")

    def test_the_last_step_stays(self, there: Routed) -> None:
        for version, step in enumerate(there.steps[1:], 1):
            assert do(there, f"remove:{step.key}", version).status_code == 302
        answer = do(there, f"remove:{there.steps[0].key}", there.version)
        assert (answer.status_code, error(answer)) == (422, "最後の段取りは外せません。別のものを足してから外してください。")
        assert len(there.steps) == 1

    def test_an_option_nobody_was_offered_changes_nothing(self, there: Routed) -> None:
        for option in ("x", "||", f"loan|{BANK}|", f"rd-subsidy|{BANK}|", "rd-subsidy|nobody|", f"rd-subsidy|{CENTER}|NONE", HOSTILE):
            answer = change(there, "rd-subsidy", option=option)
            assert (answer.status_code, HOSTILE in said(answer)) == (422, False), option
        assert there.version == 1

    def test_the_need_of_another_case_is_no_choice(self, there: Routed) -> None:
        other = need_of(arrived(there.world).case, there.world)
        for need in (str(other.pk), str(uuid4()), "x", ""):
            answer = add(there, need=need)
            assert (answer.status_code, bool(fault(answer, "need"))) == (422, True), need
        assert there.version == 1

    def test_the_same_step_twice_is_told_beside_its_field(self, there: Routed) -> None:
        assert add(there).status_code == 302
        answer = add(there)
        assert (answer.status_code, fault(answer, "provision")) == (422, "同じ段取りが、もうあります。")
        assert len([one for one in there.steps if one.service_id == "sales-adviser"]) == 1

    def test_too_long_a_reason_is_told_and_kept(self, there: Routed) -> None:
        answer = change(there, "tech-consultation", override="長" * 201, begin="12月5日")
        assert (answer.status_code, bool(fault(answer, "override")), "長" * 201 in said(answer)) == (422, True, True)
        assert there.version == 1

    def test_too_long_a_word_to_the_firm_is_told_and_nothing_is_sent(self, there: Routed) -> None:
        answer = client(there.world).post(url(there, "desk-route-send"), {"text": "長" * 1001, "version": "1"})
        assert (answer.status_code, bool(fault(answer, "text"))) == (422, True)
        assert RouteSending.objects.count() == 0


class TestWhatHasEnded:
    def test_a_body_that_is_no_more_is_not_offered_and_is_named_when_it_would_be_sent(self, there: Routed) -> None:
        Body.objects.filter(pk=CENTER).update(closed_on=clock.today())
        page = said(client(there.world).get(url(there, "desk-route-step", planned=there.step("tech-consultation").key)))
        assert f'value="{CENTER}"' not in page
        assert f'|{CENTER}"' not in said(client(there.world).get(url(there, "desk-route-add")))
        answer = client(there.world).post(url(there, "desk-route-send"), {"text": "", "version": "1"})
        assert (answer.status_code, "センターはもうありません。ほかの機関を選んでください。" in said(answer)) == (422, True)
        assert RouteSending.objects.count() == 0

    def test_a_service_that_was_taken_out_of_the_plan_cannot_be_added(self, there: Routed) -> None:
        Provision.objects.filter(service_id="sales-adviser").update(withdrawn=True)
        answer = add(there)
        assert (answer.status_code, fault(answer, "provision")) == (422, "一覧にないものです。選び直してください。")

    def test_an_entry_that_was_withdrawn_keeps_its_name_on_its_step_and_is_no_option_elsewhere(self, there: Routed) -> None:
        Entry.objects.filter(pk__in=["PG1", "PG2"]).update(withdrawn_on=clock.today())
        page = said(client(there.world).get(url(there, "desk-route-step", planned=there.step("rd-subsidy").key)))
        assert "PG1の名" in page
        assert "PG2の名" not in page

    def test_nothing_is_changed_in_a_case_that_has_ended(self, there: Routed) -> None:
        Case.objects.filter(pk=there.case.pk).update(state="closed", closed_at=clock.now(), close_reason="solved")
        first = there.steps[0].key
        told = {deed: do(there, deed, 1).status_code for deed in ("undo", "replan", f"remove:{first}", f"down:{first}", "make")}
        told |= {"step": change(there, "tech-consultation", begin="12月3日").status_code, "add": add(there).status_code,
                 "send": client(there.world).post(url(there, "desk-route-send"), {"text": "", "version": "1"}).status_code}  # fmt: skip
        assert set(told.values()) <= {409, 422}, told
        assert (RouteVersion.objects.count(), RouteSending.objects.count()) == (1, 0)

    def test_a_case_without_a_route_has_no_pages_behind_it(self, world: World) -> None:
        case = arrived(world).case
        there = SimpleNamespace(world=world, case=case)
        assert client(world).get(url(there)).status_code == 200  # type: ignore[arg-type]
        for name, more in (("desk-route-add", {}), ("desk-route-send", {}), ("desk-route-step", {"planned": uuid4()})):
            assert client(world).get(url(there, name, **more)).status_code == 404  # type: ignore[arg-type]
        for deed in ("undo", "replan", f"remove:{uuid4()}"):
            assert do(there, deed, 1).status_code == 404  # type: ignore[arg-type]
        assert not Route.objects.exists()

    def test_another_cases_route_is_not_reached_through_ones_own(self, there: Routed) -> None:
        other = arrived(there.world).case
        step = there.steps[0].key
        where = address("desk-route-step", DESK, case=other.pk, planned=step)
        assert client(there.world).get(where).status_code == 404
        assert client(there.world).post(address("desk-route", DESK, case=other.pk), {"do": f"remove:{step}", "version": "1"}).status_code == 404
        for body in (LAB, BANK, CENTER):
            assert client(there.world, body).get(address("desk-route", body, case=there.case.pk)).status_code == 404
        assert there.version == 1
