"""One mail of news a day for each address: what leaves first takes the rest along, what comes later waits for morning."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.core import mail as letters

from renkei.base import clock
from renkei.base.actor import SYSTEM
from renkei.base.context import acting
from renkei.post import daily
from renkei.post.daily import FLOOR, MOST_LINES, put_digests
from renkei.post.jobs import send_due
from renkei.post.models import Mail, Nudge
from renkei.post.nudges import read_nudges, save_wishes
from renkei.post.outbox import put_mail
from tests.post.test_nudges import told
from tests.world import DESK, LAB, World

DAY = dt.date(2026, 11, 25)  # a Wednesday
LAB_BOX, KOIDE = "hibari-lab@hibari.example", "hibari-lab@people.example"


@pytest.fixture(autouse=True)
def _letters(settings: Any) -> Any:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    with at(9):
        yield


def at(hour: int, minute: int = 0, day: int = 0) -> Any:
    return clock.moved_to(clock.at(DAY + dt.timedelta(days=day), hour, minute))


def news(world: World, to: str = LAB_BOX, subject: str = "お願い1", **more: Any) -> Mail:
    made = put_mail(by=world.desk, to=to, subject=subject, text=f"{subject}の文", purpose="offer", to_body=LAB, daily=True, **more)
    assert made is not None
    return made


def states(*mails: Mail) -> list[str]:
    return [Mail.objects.get(pk=one.pk).state for one in mails]


def sent() -> list[tuple[list[str], str]]:
    return [(one.to, one.subject) for one in letters.outbox]


class TestOneADay:
    def test_what_is_due_together_leaves_in_one_letter(self, world: World) -> None:
        one, two = news(world), news(world, subject="お願い2")
        other = news(world, to=KOIDE, subject="小出さんへ")
        assert send_due() == 2
        assert sent() == [([LAB_BOX], "お願い1 ほか1件"), ([KOIDE], "小出さんへ")]
        text = str(letters.outbox[0].body)
        assert text.index("お願い1の文") < text.index("お願い2の文")
        assert states(one, two, other) == ["sent", "joined", "sent"]
        assert Mail.objects.get(pk=two.pk).carrier_id == one.pk

    def test_what_comes_later_waits_for_the_next_morning(self, world: World) -> None:
        news(world)
        send_due()
        late = news(world, to=LAB_BOX.upper(), subject="お願い2")
        with at(17):
            assert send_due() == 0
        assert Mail.objects.get(pk=late.pk).not_before == clock.at(DAY + dt.timedelta(days=1), 8, 30)
        with at(8, 29, day=1):
            assert send_due() == 0
        with at(8, 30, day=1):
            assert send_due() == 1
        assert sent()[1:] == [([LAB_BOX.upper()], "お願い2")]

    def test_a_receipt_leaves_at_once_and_is_not_the_mail_of_the_day(self, world: World) -> None:
        news(world)
        send_due()
        assert put_mail(by=world.desk, to=LAB_BOX, subject="受付", text="x", purpose="receipt") is not None
        assert send_due() == 1
        assert put_mail(by=world.desk, to="firm@x.example", subject="受付", text="x", purpose="receipt") is not None
        news(world, to="firm@x.example")
        assert send_due() == 2

    def test_what_is_not_due_yet_is_not_taken_along(self, world: World) -> None:
        news(world)
        later = news(world, subject="お願い2", not_before=clock.now() + dt.timedelta(minutes=5))
        assert send_due() == 1
        assert states(later) == ["waiting"]

    def test_days_are_those_of_tokyo(self, world: World) -> None:
        with at(23, 50):
            news(world)
            send_due()
        with at(0, 10, day=1):  # the same day in Greenwich
            news(world, subject="お願い2")
            assert send_due() == 1

    def test_a_mail_that_failed_is_not_the_mail_of_the_day(self, world: World, settings: Any) -> None:
        settings.EMAIL_BACKEND = "tests.post.test_jobs.DeadServer"
        one, two = news(world), news(world, subject="お願い2")
        assert send_due() == 0
        assert states(one, two) == ["waiting", "waiting"]
        settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
        with at(9, 5):
            assert send_due() == 1
        assert sorted(states(one, two)) == ["joined", "sent"]


class TestDigest:
    def test_news_leave_in_the_evening_grouped_and_readable_without_the_link(self, world: World) -> None:
        told(world, title="会社から連絡がありました", words="読んで答えてください。")
        with at(15):
            told(world, title="質問が届きました", words="答えてください。")
        with at(16, 29):
            assert put_digests() == 0
        with at(16, 30):
            assert put_digests() == 1
            assert put_digests() == 0
            assert send_due() == 1
        (letter,) = letters.outbox
        assert (letter.to, letter.subject) == ([KOIDE], "きょうの知らせ（2件）")
        words = [line for line in str(letter.body).splitlines() if line and "http" not in line]
        assert words == [
            "小出 渉 様", "知らせが2件あります。", "■ 県 8-0001", "・会社から連絡がありました", "　読んで答えてください。",
            "・質問が届きました", "　答えてください。", "連携の画面の「知らせ」で、開いて答えられます。",
        ]  # fmt: skip
        assert Nudge.objects.filter(mail__purpose="digest").count() == 2

    def test_a_request_takes_the_news_along_and_the_evening_is_silent(self, world: World) -> None:
        told(world)
        with at(10):
            news(world, to=KOIDE)
            assert send_due() == 1
        with at(16, 30):
            assert put_digests() == 0
        assert [one.subject for one in letters.outbox] == ["お願い1 ほか1件"]
        assert "■ 県 8-0001" in str(letters.outbox[0].body)

    def test_what_is_told_once_is_not_told_again(self, world: World) -> None:
        told(world)
        for day in (0, 1):
            with at(17, day=day):
                put_digests()
                send_due()
        assert len(letters.outbox) == 1

    @pytest.mark.parametrize("how", ["settled", "read"])
    def test_what_is_answered_between_making_and_sending_never_leaves(self, world: World, how: str) -> None:
        one, two = told(world, title="済んだこと"), told(world, title="残ること")
        with at(16, 30):
            put_digests()
            self._answer(world, one, how)
            send_due()
        assert "済んだこと" not in str(letters.outbox[0].body)
        with at(16, 30, day=1):
            three = told(world, title="あとのこと")
        with at(17, 30, day=1):
            put_digests()
            self._answer(world, three, how)
            send_due()
        assert len(letters.outbox) == 1
        assert sorted(Mail.objects.filter(purpose="digest").values_list("state", flat=True)) == ["cancelled", "sent"]
        assert two.title in str(letters.outbox[0].body)

    def _answer(self, world: World, one: Nudge, how: str) -> None:
        if how == "read":
            read_nudges([one], by=world.lab)
        else:
            Nudge.objects.filter(pk=one.pk).update(settled_at=clock.now())

    def test_what_is_very_new_waits(self, world: World) -> None:
        with at(16, 10):
            told(world)
        with at(16, 39):
            assert put_digests() == 0
        with clock.moved_to(clock.at(DAY, 16, 10) + FLOOR):
            assert put_digests() == 1

    def test_a_long_list_ends_in_a_number(self, world: World) -> None:
        for number in range(MOST_LINES + 3):
            told(world, title=f"知らせ{number:02d}")
        with at(17):
            put_digests()
            send_due()
        text = str(letters.outbox[0].body)
        assert sum(f"知らせ{number:02d}" in text for number in range(MOST_LINES + 3)) == MOST_LINES
        assert "知らせが15件あります。" in text
        assert "ほかに3件あります。" in text
        assert not Nudge.objects.filter(mail=None).exists()

    def test_the_queue_has_its_own_mail(self, world: World) -> None:
        told(world)
        told(world, mine=False)
        with at(17):
            assert put_digests() == 2
            assert send_due() == 2
        assert {one.to[0] for one in letters.outbox} == {KOIDE, LAB_BOX}
        assert not [one for one in letters.outbox if one.to == [LAB_BOX] and "様" in str(one.body)]

    def test_nobody_without_an_address_is_written_to(self, world: World) -> None:
        one = told(world)
        Nudge.objects.filter(pk=one.pk).update(address="")
        with at(17):
            assert put_digests() == 0

    def test_closed_days_are_silent(self, world: World) -> None:
        told(world)
        with at(17):
            assert put_digests(works_today=False) == 0

    def test_a_dead_address_is_tried_once_a_day(self, world: World, settings: Any) -> None:
        told(world)
        with at(17):
            put_digests()
            Mail.objects.update(state="failed")
            assert put_digests() == 0
        with at(17, day=1):
            assert put_digests() == 1

    def test_standing_still_alone_is_told_once_a_week(self, world: World) -> None:
        told(world, kind="idle")
        with at(17):
            assert put_digests() == 1
            send_due()
        told(world, kind="idle")
        for day, starts in ((1, 0), (6, 0), (8, 1)):
            with at(17, day=day):
                assert put_digests() == starts, day


class TestWishes:
    def _wish(self, world: World, **more: Any) -> None:
        save_wishes(by=world.lab, **{"by_mail": True, "minute": None, "days": [], "without": [], **more})

    def test_an_own_hour(self, world: World) -> None:
        self._wish(world, minute=9 * 60 + 30)
        told(world)
        with at(9, 29):
            assert put_digests() == 0
        with at(9, 30):
            assert put_digests() == 1

    def test_own_days_even_when_the_region_rests(self, world: World) -> None:
        self._wish(world, days=[2])
        told(world)
        with at(17):
            assert put_digests(works_today=False) == 1
        with at(17, day=1):
            assert put_digests() == 0

    def test_on_screen_only(self, world: World) -> None:
        self._wish(world, by_mail=False)
        told(world)
        with at(17):
            assert put_digests() == 0
            news(world, to=KOIDE)
            assert send_due() == 1
        assert letters.outbox[0].subject == "お願い1"

    def test_kinds_that_are_not_wanted_stay_on_screen(self, world: World) -> None:
        self._wish(world, without=["idle"])
        told(world, kind="idle", title="動きません")
        with at(17):
            assert put_digests() == 0
        told(world, title="ほかのこと")
        with at(18):
            put_digests()
            send_due()
        assert "動きません" not in str(letters.outbox[0].body)
        assert Nudge.objects.visible_to(world.lab).open().count() == 2


def test_two_workers_never_send_two(committed_world: World, login: Any) -> None:
    """The address is held while its mail leaves: the second worker finds it written to."""
    world = committed_world
    with login("worker"):
        with acting(SYSTEM):
            news(world)
        assert send_due() == 1
        with acting(SYSTEM):
            late = news(world, subject="お願い2")
        assert send_due() == 0
        with acting(SYSTEM):
            assert Mail.objects.get(pk=late.pk).not_before == daily.next_opening()
            told(world, body=DESK)
    assert len(letters.outbox) == 1
