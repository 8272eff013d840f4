"""The firm's answer months after the end, field by field: what people type, what comes back, what stands open; odd links."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from django.http import QueryDict
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from renkei.base import clock
from renkei.cases.actions.follow_ups import MOST_PEOPLE, MOST_WORDS, Answer, answer_follow_up
from renkei.cases.after import run_follow_ups
from renkei.cases.models import Case, FollowUp, Transition
from renkei.portal.status.follow_up_form import NUMBERS, CountField, FollowUpForm
from renkei.post.models import Link, Mail
from tests.cases.test_follow_ups import firm as by_link
from tests.portal.firms import registered
from tests.portal.scene import Firm, running
from tests.portal.test_both_doors import _closed
from tests.world import World

GOOD = {"useful": "yes", "satisfaction": "4", "trouble": "no"}
HOSTILE = '"><script>alert(1)</script>'


def form(row: FollowUp | None = None, **given: str) -> FollowUpForm:
    query = QueryDict(mutable=True)
    query.update(given)
    return FollowUpForm(query, row=row or FollowUp(months=6))


def errors(made: FollowUpForm) -> dict[str, str]:
    return {name: str(found[0]) for name, found in made.errors.items()}


class TestFields:
    def test_three_questions_are_an_answer(self) -> None:
        made = form(**GOOD)
        assert (made.is_valid(), errors(made), made.has_numbers) == (True, {}, False)
        assert made.answer == Answer("yes", "no", "", 4, "", None, None, None, None, "")
        assert errors(form()) == dict.fromkeys(("useful", "satisfaction", "trouble"), "1つ選んでください。")

    def test_each_question_is_asked_in_one_place(self) -> None:
        made = form()
        first, numbers = [one.name for one in made.first], [one.name for one in made.numbers]
        assert (first, numbers) == (["useful", "satisfaction", "trouble", "going", "words"], list(NUMBERS))
        assert {one.name for one in made} == {*first, *numbers}

    @pytest.mark.parametrize(
        ("name", "typed", "read"),
        [
            ("jobs", "2", 2), ("jobs", "２名", 2), ("jobs", " 12人 ", 12), ("patents", "３件", 3), ("patents", "", None), ("jobs", "0", 0), ("jobs", "　", None),
            ("jobs", str(MOST_PEOPLE), MOST_PEOPLE), ("orders_yen", "300万円", 3_000_000), ("orders_yen", "０", 0), ("orders_yen", "", None),
            ("saved_yen", "1,900円", 1_900), ("words", f"  {HOSTILE} ", HOSTILE), ("words", "あ" * MOST_WORDS, "あ" * MOST_WORDS), ("going", "", ""), ("product", "made", "made"),
            ("satisfaction", "1", 1), ("satisfaction", "5", 5),
        ],
    )  # fmt: skip
    def test_what_is_typed_is_read(self, name: str, typed: str, read: Any) -> None:
        made = form(**GOOD | {name: typed})
        assert made.is_valid(), made.errors
        assert getattr(made.answer, name) == read
        assert made.has_numbers is (name in NUMBERS and bool(typed))

    @pytest.mark.parametrize(
        ("name", "typed", "words"),
        [
            ("jobs", "-1", "0以上の数を入れてください。"), ("jobs", "二人", "数字だけを入れてください。例：2"), ("jobs", "2.5", "数字だけを入れてください。例：2"),
            ("jobs", str(MOST_PEOPLE + 1), f"大きすぎます。{MOST_PEOPLE}以下にしてください。"), ("patents", "9" * 400, f"大きすぎます。{MOST_PEOPLE}以下にしてください。"),
            ("orders_yen", "たくさん", "金額は「700万円」「1,900円」のように入れてください。"), ("useful", "maybe", "一覧から選び直してください。"),
            ("satisfaction", "6", "一覧から選び直してください。"), ("satisfaction", "4.0", "一覧から選び直してください。"), ("trouble", HOSTILE, "一覧から選び直してください。"),
            ("going", "x", "一覧から選び直してください。"), ("product", "x", "一覧から選び直してください。"),
            ("words", "あ" * (MOST_WORDS + 1), "4,000字までです（いま4,001字）。短くするか、ファイルで付けてください。"),
        ],
    )  # fmt: skip
    def test_what_is_wrong_is_said_at_its_field_and_kept(self, name: str, typed: str, words: str) -> None:
        made = form(**GOOD | {name: typed})
        assert errors(made) == {name: words}
        assert made[name].value() == typed
        assert made.has_numbers is (name in NUMBERS)  # what is wrong stands open
        assert "<script>" not in str(made)

    @given(st.integers(0, MOST_PEOPLE), st.sampled_from(["", "名", "人", "件", " 名 "]), st.booleans())
    def test_a_count_is_read_back_in_any_width(self, count: int, unit: str, wide: bool) -> None:
        digits = str(count).translate(str.maketrans("0123456789", "０１２３４５６７８９")) if wide else str(count)
        assert CountField().clean(digits + unit) == count

    def test_numbers_carry_no_limits_into_the_browser(self) -> None:
        shown = str(form())
        assert not re.search(r"(maxlength|min=|max=|required[ >])", shown.split('name="jobs"')[1].split(">", maxsplit=1)[0])

    def test_who_comes_back_finds_what_was_said(self) -> None:
        row = FollowUp(months=6, answered_at=clock.now(), useful="partly", satisfaction=2, trouble="same", orders_yen=3_000_000, jobs=0, words="まだ")
        made = FollowUpForm(None, row=row)
        assert {name: made[name].value() for name in ("useful", "satisfaction", "trouble", "orders_yen", "jobs", "words")} == {
            "useful": "partly", "satisfaction": 2, "trouble": "same", "orders_yen": "300万円", "jobs": 0, "words": "まだ"}
        assert made.has_numbers is True  # nought is said, too
        assert FollowUpForm(None, row=FollowUp(months=6)).initial == {}


@pytest.fixture
def firm(world: World, monkeypatch: pytest.MonkeyPatch) -> Firm:
    """A case that ended half a year ago, and the firm was asked just now."""
    monkeypatch.setattr("renkei.cases.after.is_business_day", lambda _day: True)
    made = running(world)
    registered(made)
    _closed(made)
    Case.objects.update(closed_at=clock.now() - dt.timedelta(days=183))
    FollowUp.objects.filter(months=6).update(due_on=clock.today())
    run_follow_ups()
    return made


def row() -> FollowUp:
    return FollowUp.objects.get(months=6)


def token() -> str:
    found = re.search(r"/after/([^/\s]+)/", Mail.objects.filter(about=row().pk).latest("made_at").text)
    assert found
    return found[1]


class TestLinks:
    @pytest.mark.parametrize("end", ["", "stop/", "again/"])
    def test_a_forged_link_opens_nothing_and_says_nothing(self, firm: Firm, end: str) -> None:
        own = token()
        forged = [own[:-1], own[:-1] + ("A" if own[-1] != "A" else "B"), own[::-1], own.swapcase(), "x" * len(own), "x", "%00", "あ", f"{own}x"]
        for one in forged:
            for send in (Client().get, Client().post):
                assert (one, send(f"/after/{one}/{end}").status_code) == (one, 404)
        assert (row().state, Transition.objects.filter(verb="follow_up").count()) == ("asked", 1)

    def test_a_link_of_another_purpose_is_no_link_to_the_questions(self, firm: Firm) -> None:
        for send in (Client().get, Client().post):
            assert send(f"/after/{firm.token}/").status_code == 404
        assert Client().get(f"/status/{token()}/").status_code == 404
        assert row().state == "asked"

    @pytest.mark.parametrize(("days", "opens"), [(6, True), (7, False), (8, False)])
    def test_after_the_answer_the_link_lives_a_week(self, firm: Firm, days: int, opens: bool) -> None:
        own, one = token(), row()
        answer_follow_up(one, Answer("yes", satisfaction=4), by=by_link(one))
        left = {link.expires_at - clock.now() for link in Link.objects.filter(subject=one.pk)}
        assert {round(span.total_seconds() / 86_400) for span in left} == {7}
        Link.objects.filter(subject=one.pk).update(expires_at=clock.now() + dt.timedelta(days=7 - days, seconds=-1))
        FollowUp.objects.filter(pk=one.pk).update(answered_at=clock.now() - dt.timedelta(days=days))
        assert (Client().get(f"/after/{own}/").status_code == 200) is opens
        assert (Client().post(f"/after/{own}/", GOOD | {"useful": "no"}).status_code == 302) is opens
        assert row().useful == ("no" if opens else "yes")

    def test_what_was_typed_wrong_stands_there_again_escaped_and_nothing_is_kept(self, firm: Firm) -> None:
        answer = Client().post(f"/after/{token()}/", GOOD | {"jobs": "二人", "words": HOSTILE, "orders_yen": "３００万円"})
        shown = answer.content.decode()
        assert answer.status_code == 200
        assert {name: answer.context["form"][name].value() for name in ("jobs", "words", "orders_yen", "useful")} == {
            "jobs": "二人", "words": HOSTILE, "orders_yen": "３００万円", "useful": "yes"}
        assert ("<script>alert" in shown, "数字だけを入れてください。例：2" in shown, '<details class="mt" open' in shown) == (False, True, True)
        assert row().state == "asked"

    def test_two_browsers_answer_one_after_the_other_and_the_later_words_stand(self, firm: Firm) -> None:
        own = token()
        for words in ("一回目", "二回目"):
            assert Client().post(f"/after/{own}/", GOOD | {"words": words}).status_code == 302
        one = row()
        assert (one.words, one.corrected_at is not None) == ("二回目", True)
        assert [step.to_state for step in Transition.objects.filter(verb="follow_up").order_by("recorded_at")] == ["asked_mail", "answered", "corrected"]

    def test_after_the_stop_the_link_is_shut_for_all_it_could_do(self, firm: Firm) -> None:
        own = token()
        assert Client().get(f"/after/{own}/stop/").status_code == 200
        assert row().state == "asked"  # looking stops nothing
        assert Client().post(f"/after/{own}/stop/").status_code == 200
        for end in ("", "stop/", "again/"):
            assert (Client().get(f"/after/{own}/{end}").status_code, Client().post(f"/after/{own}/{end}", GOOD).status_code) == (404, 404)
        assert {one.ended_because for one in FollowUp.objects.all()} == {"unwanted"}
