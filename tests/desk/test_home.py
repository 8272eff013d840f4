"""Where a working day starts."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from renkei.accounts.models import Membership, Person
from renkei.base import clock
from renkei.cases.models import Case, Contact, Support
from renkei.plan.models import Body
from renkei.post.models import Notice, NoticeReceipt, ScreenMail
from tests.desk.scene import arrived, asked, running
from tests.world import BANK, DESK, LAB, World

FIRMS = ["株式会社まぼろし計測", "有限会社浦島製網", "天狗鼻ばね株式会社"]


def client(world: World, body: str) -> Client:
    one = Client()
    one.force_login(world.people[body])
    return one


def today(world: World, body: str = DESK) -> str:
    answer = client(world, body).get(reverse("desk-today", kwargs={"body": body}))
    assert answer.status_code == 200
    return str(answer.content.decode())


def section(text: str, name: str) -> str:
    found = re.search(rf'<h2 id="{name}">.*?</section>', text, re.DOTALL)
    assert found
    return found.group()


def counts(text: str) -> list[int]:
    return [int(n) for n in re.findall(r"<b>(\d+)<span class=\"s\">件", text)]


def to_call(case: Case, *, time: dt.time | None, phone: str = "047-100-0000") -> None:
    Case.objects.filter(pk=case.pk).update(next_kind="call", next_on=clock.today(), next_time=time, next_phone=phone)


def test_empty_day_says_what_will_stand_there(world: World) -> None:
    text = today(world)
    assert counts(text) == [0, 0, 0, 0]
    for words in ("期限を過ぎたものはありません", "かける電話はありません", "今日が期限のものはありません",
                  "振り分け前の相談はありません", "3週間以内の予定はありません", "読んでいない知らせはありません"):  # fmt: skip
        assert text.count(words) == 1
    assert "is-late" not in text


@pytest.mark.covers("C92")
def test_overdue_stands_first_with_business_days(world: World) -> None:
    case = arrived(world).case
    Case.objects.filter(pk=case.pk).update(next_on=dt.date(2026, 11, 20))
    with clock.moved_to(clock.at(dt.date(2026, 11, 27), 12)):  # both Fridays
        text = today(world)
    assert counts(text)[0] == 1
    late = section(text, "late")
    assert re.findall(r"(\d+)営業日超過", late) == ["4"]  # 23 November is a holiday
    assert reverse("desk-triage", kwargs={"body": DESK, "case": case.pk}) in late
    assert text.index('id="late"') < text.index('id="calls"') < text.index('id="due"')


def test_calls_stand_by_time_with_number_and_attempts(world: World) -> None:
    first, second, third = (arrived(world, name).case for name in FIRMS)
    to_call(first, time=dt.time(15, 0), phone="047-100-0001")
    to_call(second, time=None, phone="080-000-0002")
    to_call(third, time=dt.time(10, 30), phone="047-100-0003")
    for _ in range(2):
        Contact.objects.create(case=first, channel="phone", text="不在", outcome="absent", author_body_id=DESK,
                               author=world.people[DESK], happened_at=clock.now(), recorded_at=clock.now())
    calls = section(today(world), "calls")
    assert re.findall(r'href="tel:([\d-]+)"', calls) == ["047-100-0003", "047-100-0001", "080-000-0002"]
    assert re.findall(r'<p class="at">([^<]+)<small>', calls) == ["10:30", "15:00", "今日中"]
    assert calls.count("2回かけて不在") == 1
    assert [reverse("desk-call-back", kwargs={"body": DESK, "case": one.pk}) in calls for one in (first, second, third)] \
        == [True, True, True]


def test_arrivals_show_the_first_words_and_the_clock(world: World) -> None:
    case = arrived(world).case
    new = section(today(world), "new")
    assert "手のひらに乗る水質計を発売したい。" in new
    assert case.number in new
    assert "電話、" in new
    assert "あと2日" in new


def test_unread_notice_and_coming_dates(world: World) -> None:
    scene = running(world)
    day = clock.today() + dt.timedelta(days=6)
    Case.objects.filter(pk=scene.case.pk).update(next_on=day, next_step="試料を受け取る")
    notice = Notice.objects.create(from_body=DESK, by_person=world.people[DESK].pk, title="部会の日程", text="出欠を。",
                                   sent_at=clock.now())
    NoticeReceipt.objects.create(notice=notice, body=LAB)
    text = today(world, LAB)
    assert section(text, "wk").count("試料を受け取る") == 1
    assert section(text, "nt").count("部会の日程") == 1


def test_a_body_sees_its_own_day_only(world: World) -> None:
    case = arrived(world).case
    Case.objects.filter(pk=case.pk).update(next_on=clock.today() - dt.timedelta(days=5))
    text = today(world, LAB)
    assert counts(text) == [0, 0, 0, 0]
    assert "まぼろし計測" not in text


def test_hostile_name_is_escaped(world: World) -> None:
    case = arrived(world).case
    Case.objects.filter(pk=case.pk).update(title="<script>alert(1)</script>", next_on=clock.today(), state="active")
    text = today(world)
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text


@pytest.mark.parametrize("many", [1, 3])
def test_query_count(world: World, many: int) -> None:
    for name in FIRMS[:many]:
        to_call(arrived(world, name).case, time=None)
    one = client(world, DESK)
    url = reverse("desk-today", kwargs={"body": DESK})
    one.get(url)
    with CaptureQueriesContext(connection) as seen:
        one.get(url)
    assert len(seen) == 33


def test_navigation_names_pages_counts_and_place(world: World) -> None:
    arrived(world)
    text = today(world)
    nav = text[text.index('<nav class="nav"') : text.index("</nav>")]
    labels = re.findall(r"<a href=\"[^\"]+\"(?: aria-current=\"page\")?>([^<]+)", nav)
    assert labels[:3] == ["今日", "受付箱", "電話"]
    assert len(set(labels)) == len(labels)
    assert re.findall(r"aria-current=\"page\">([^<]+)", nav) == ["今日"]
    assert re.findall(r'受付箱<span class="n">(\d+)', nav) == ["1"]


def test_request_counts_in_the_navigation(world: World) -> None:
    asked(world)
    assert re.findall(r'依頼<span class="n">(\d+)', today(world, LAB)) == ["1"]
    assert re.findall(r'依頼<span class="n">(\d+)', today(world, BANK)) == []


def test_what_a_body_has_to_answer_stands_first_on_its_day(world: World) -> None:
    support = asked(world).supports[0]
    text = today(world, LAB)
    assert text.index('id="rq"') < text.index('<ul class="sum">')
    assert re.findall(r'href="(/d/[^"]*/requests/[^"]+)"', section(text, "rq")) == [reverse("desk-request", kwargs={"body": LAB, "support": support.pk})]
    assert ">1件</span>" in section(text, "rq")
    assert "落下と振動の試験をしてほしい" in section(text, "rq")
    assert [name for name in (DESK, BANK) if 'id="rq"' in today(world, name)] == []


@pytest.mark.parametrize(
    "changed",
    [{"question": "何台ですか", "question_answered_at": None}, {"state": "recalled"}, {"leaves_at": dt.timedelta(hours=1)}],
)
def test_what_needs_no_answer_now_does_not_stand_there(world: World, changed: dict[str, Any]) -> None:
    support = asked(world).supports[0]
    assert 'id="rq"' in today(world, LAB)
    Support.objects.filter(pk=support.pk).update(**{key: clock.now() + value if key == "leaves_at" else value for key, value in changed.items()})
    assert 'id="rq"' not in today(world, LAB)
    Support.objects.filter(pk=support.pk).update(state="offered", leaves_at=clock.now(), question_answered_at=clock.now())
    assert 'id="rq"' in today(world, LAB)  # its question has been answered


def test_today_refuses_strangers(world: World) -> None:
    url = reverse("desk-today", kwargs={"body": DESK})
    assert Client().get(url).status_code == 302
    assert client(world, LAB).get(url).status_code == 404
    assert client(world, DESK).post(url).status_code == 405
    assert client(world, DESK).get("/d/nowhere/").status_code == 404


def test_my_bodies_lists_current_ones_only(world: World) -> None:
    person = world.people[DESK]
    for body, until in ((LAB, None), (BANK, clock.today() - dt.timedelta(days=1))):
        Membership.objects.create(person=person, body=Body.objects.get(pk=body), role="staff",
                                  since=dt.date(2024, 4, 1), until=until)
    text = client(world, DESK).get(reverse("my-bodies")).content.decode()
    assert re.findall(r'<a class="body-card" href="/d/([\w-]+)/"', text) == [DESK, LAB]


def test_who_has_one_body_goes_straight_to_its_day(world: World) -> None:
    one = client(world, LAB)
    assert one.get(reverse("my-bodies")).url == reverse("desk-today", kwargs={"body": LAB})
    text = one.get(reverse("my-bodies"), {"choose": "1"}).content.decode()
    assert re.findall(r'<a class="body-card" href="/d/([\w-]+)/"', text) == [LAB]
    assert f'{reverse("my-bodies")}?choose=1' in today(world, LAB)


def test_person_without_body_is_told_whom_to_ask(world: World) -> None:
    one = Client()
    one.force_login(Person.objects.create_user("new@people.example", "hibari-secret-1", name="新人 一郎"))
    text = one.get(reverse("my-bodies")).content.decode()
    assert "いま働ける機関がありません" in text
    assert Client().get(reverse("my-bodies")).status_code == 302


def test_mailbox_shows_mails_in_the_example_region_only(world: World, settings: Any) -> None:
    ScreenMail.objects.create(to="a@firm.example", subject="受付のお知らせ", text="https://renkei.example/status/x/ <b>",
                              sent_at=clock.now())
    ScreenMail.objects.create(to="b@firm.example", subject="依頼", text="本文", sent_at=clock.now())
    url = reverse("desk-mailbox")
    text = Client().get(url).content.decode()
    assert [text.count(one) for one in ("受付のお知らせ", "依頼</h2>", "<b>")] == [1, 1, 0]
    assert 'href="https://renkei.example/status/x/"' in text
    assert "受付のお知らせ" not in Client().get(url, {"q": "b@firm"}).content.decode()
    settings.RENKEI_EXAMPLE = False
    assert Client().get(url).status_code == 404
