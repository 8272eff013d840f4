"""The inbox, and days and times as people say them."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from renkei.base import clock
from renkei.cases.models import Case
from renkei.desk.intake.fields import Moment, MomentField, read_moment
from tests.desk.scene import NOW, arrived
from tests.world import DESK, LAB, World

DAY = dt.date(2026, 11, 25)
FIRMS = ["株式会社まぼろし計測", "有限会社浦島製網", "天狗鼻ばね株式会社"]


def inbox(world: World, given: str = "", body: str = DESK) -> str:
    one = Client()
    one.force_login(world.people[body])
    answer = one.get(reverse("desk-inbox", kwargs={"body": body}) + given)
    assert answer.status_code == 200
    return str(answer.content.decode())


def firms(text: str) -> list[str]:
    return re.findall(r'<a class="t" href="[^"]+">([^<]+)</a>', text)


@pytest.mark.covers("C92")
def test_oldest_deadline_first_with_age_and_clock(world: World) -> None:
    cases = [arrived(world, name).case for name in FIRMS]
    Case.objects.filter(pk=cases[2].pk).update(next_on=clock.today() - dt.timedelta(days=7),  # working days lie between, also on a Sunday
                                               arrived_at=clock.now() - dt.timedelta(days=4))
    text = inbox(world)
    assert firms(text) == [FIRMS[2], FIRMS[0], FIRMS[1]]
    assert text.count("営業日超過") == 1
    assert text.count("5日目") == 1
    assert "3件のうち3件" in text


def test_filters_by_word_number_channel_and_late(world: World) -> None:
    cases = [arrived(world, name).case for name in FIRMS]
    Case.objects.filter(pk=cases[1].pk).update(next_on=clock.today() - dt.timedelta(days=1))
    assert firms(inbox(world, "?q=ウラシマ")) == []
    assert firms(inbox(world, "?q=浦島")) == [FIRMS[1]]
    assert firms(inbox(world, f"?q={cases[0].number}")) == [FIRMS[0]]
    assert firms(inbox(world, "?late=1")) == [FIRMS[1]]
    assert len(firms(inbox(world, "?by=電話"))) == 3
    assert firms(inbox(world, "?by=ウェブ")) == []
    assert "絞り込みを外す" in inbox(world, "?by=ウェブ")


def test_inbox_links_to_triage_or_to_the_call(world: World) -> None:
    first, second = (arrived(world, name).case for name in FIRMS[:2])
    Case.objects.filter(pk=second.pk).update(next_kind="call", next_phone="047-100-0000")
    text = inbox(world)
    assert reverse("desk-triage", kwargs={"body": DESK, "case": first.pk}) in text
    assert reverse("desk-call-back", kwargs={"body": DESK, "case": second.pk}) in text
    assert reverse("desk-triage", kwargs={"body": DESK, "case": second.pk}) not in text


def test_inbox_of_another_body_is_empty_and_hostile_words_are_escaped(world: World) -> None:
    arrived(world)
    text = inbox(world, '?q="><script>alert(1)</script>', body=LAB)
    assert (firms(text), "<script>alert" in text) == ([], False)
    assert "待っている相談はありません" in text


@pytest.mark.parametrize("many", [1, 3])
def test_query_count(world: World, many: int) -> None:
    for name in FIRMS[:many]:
        arrived(world, name)
    inbox(world)
    one = Client()
    one.force_login(world.people[DESK])
    with CaptureQueriesContext(connection) as seen:
        one.get(reverse("desk-inbox", kwargs={"body": DESK}))
    assert len(seen) == 17


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("今日 15時", Moment(DAY, dt.time(15))),
        ("今日15時半", Moment(DAY, dt.time(15, 30))),
        ("15:20", Moment(DAY, dt.time(15, 20))),
        ("明日 午前", Moment(DAY + dt.timedelta(days=1), None, "午前")),
        ("明日の夕方", Moment(DAY + dt.timedelta(days=1), None, "夕方")),
        ("明日 午後3時", Moment(DAY + dt.timedelta(days=1), dt.time(15))),
        ("夕方", Moment(DAY, None, "夕方")),
        ("11月27日 10時ごろ", Moment(dt.date(2026, 11, 27), dt.time(10))),
        ("11月27日(金)", Moment(dt.date(2026, 11, 27))),
        ("令和8年12月1日 9時", Moment(dt.date(2026, 12, 1), dt.time(9))),
    ],
)
def test_moments_as_people_say_them(typed: str, expected: Moment) -> None:
    assert read_moment(typed, DAY) == expected


@pytest.mark.parametrize("typed", ["いつか", "13月40日", "25時", "今日 99時", "<b>", "明日 明後日"])
def test_what_is_no_moment(typed: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_moment(typed, DAY)


@pytest.mark.parametrize(
    ("typed", "code"),
    [("昨日 15時", "past"), ("今日 9時", "past"), ("おそらく来週", "not_a_moment"), ("あ" * 5000, "not_a_moment")],
)
def test_moment_field_refuses_in_a_sentence(typed: str, code: str) -> None:
    with clock.moved_to(NOW), pytest.raises(ValidationError) as refused:
        MomentField().clean(typed)
    assert refused.value.code == code
    assert str(refused.value.messages[0]).endswith("ください。")


def test_moment_field_takes_what_is_to_come_and_shows_it_in_words() -> None:
    with clock.moved_to(NOW):
        field = MomentField(required=False)
        assert field.clean("今日 10時") == Moment(DAY, dt.time(10))
        assert field.clean("") is None
        assert field.prepare_value(Moment(DAY, dt.time(15, 30))) == "11月25日（水） 15時30分"
        assert field.prepare_value("昨日 15時") == "昨日 15時"
