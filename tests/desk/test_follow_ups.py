"""What staff see and do about follow-ups: the case page, the list, the sheet."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from renkei.audit.models import Event
from renkei.base import clock
from renkei.cases.actions.closing import reopen_case
from renkei.cases.actions.follow_ups import Answer, record_follow_up
from renkei.cases.models import Case, Export, FollowUp
from renkei.cases.queries.follow_ups import FollowUpsWanted, follow_ups_wanted, read_wanted
from tests.cases.test_exports import rows_of
from tests.desk.deeds import NOW, closed
from tests.desk.pages import address, client, said, seen
from tests.desk.scene import Scene
from tests.world import BANK, CENTER, LAB, World

TODAY = NOW.astimezone(clock.JST).date()
WHOLE = Answer("partly", "same", "on", 3, "made", 3_000_000, 500_000, 2, 1, "まだ狂うことがある。")


@pytest.fixture
def scene(world: World) -> Any:
    """A case the lab holds ended half a year ago; the firm was asked at six months."""
    with clock.moved_to(NOW - dt.timedelta(days=184)):
        made = closed(world)
    with clock.moved_to(NOW):
        FollowUp.objects.filter(months=6).update(due_on=TODAY, asked_at=clock.now(), asked_how="mail")
        yield made


def row(months: int = 6) -> FollowUp:
    return FollowUp.objects.get(months=months)


def heard(scene: Scene, answer: Answer = WHOLE) -> None:
    record_follow_up(row(), answer, by=scene.world.lab, said_by="髙梨 様")


def test_the_case_page_shows_the_three_times_and_what_may_be_done(world: World, scene: Scene) -> None:
    text = seen(world, "desk-case", LAB, case=scene.case.pk)
    for words in ("6か月後", "12か月後", "24か月後", "返事待ち", "電話で聞いたことを書く", "もう聞かない"):
        assert words in text
    assert (text.count("電話で聞いたことを書く"), text.count(">もう聞かない<")) == (1, 1)  # the other two lie far ahead
    heard(scene)
    text = seen(world, "desk-case", LAB, case=scene.case.pk)
    for words in ("返事あり", "少し役に立っている、満足度 3、続けている、試作品ができた", "同じことで困っている", "売上・受注 300万円", "費用の減 50万円",
                  "雇用 2名", "出願 1件", "まだ狂うことがある。", "髙梨 様、記録 小出 渉", "会社に、終わって6か月の様子を聞きました"):  # fmt: skip
        assert words in text


def test_the_answer_is_for_the_holder_and_the_desk_it_was_sent_to(world: World, scene: Scene) -> None:
    heard(scene)
    assert "まだ狂うことがある。" in seen(world, "desk-case", case=scene.case.pk)
    Case.objects.update(at_desk=False)
    text = seen(world, "desk-case", case=scene.case.pk)
    assert ("まだ狂う" in text, "6か月後" in text) == (False, False)
    assert "当てはまるものはありません" in seen(world, "desk-follow-ups")
    assert "まだ狂う" not in seen(world, "desk-follow-ups", CENTER)


def test_once_taken_up_again_only_what_was_answered_stays_in_sight(world: World, scene: Scene) -> None:
    heard(scene)
    reopen_case(scene.case, by=world.lab, reason="まだ狂う")
    text = seen(world, "desk-case", LAB, case=scene.case.pk)
    assert ("6か月後" in text, "12か月後" in text, "電話で聞いたことを書く" in text) == (True, False, False)


def test_the_form_is_filled_with_what_was_written_down_before(world: World, scene: Scene) -> None:
    where = address("desk-case-follow-up", LAB, case=scene.case.pk, subject=row().pk)
    assert "11月25日" in said(client(world, LAB).get(where))
    given = {"said_by": "髙梨", "heard_on": "昨日", "useful": "yes", "trouble": "no", "orders_yen": "300万円", "satisfaction": ""}
    assert client(world, LAB).post(where, given).status_code == 302
    assert (row().orders_yen, row().satisfaction, row().answered_on) == (3_000_000, None, TODAY - dt.timedelta(days=1))
    text = said(client(world, LAB).get(where))
    assert ('value="髙梨"' in text, "11月24日" in text, 'value="300万円"' in text) == (True, True, True)


@pytest.mark.parametrize(
    ("change", "words"),
    [({"heard_on": "2026年5月1日"}, "案件が終わる前の日です。"), ({"heard_on": "明日"}, "まだ来ていない日です。"), ({"orders_yen": "多め"}, "金額は"),
     ({"jobs": "-1"}, "0以上の数"), ({"satisfaction": "9"}, "一覧にないものです。")],
)  # fmt: skip
def test_what_is_wrong_stands_at_its_field_and_nothing_is_lost(world: World, scene: Scene, change: dict[str, str], words: str) -> None:
    where = address("desk-case-follow-up", LAB, case=scene.case.pk, subject=row().pk)
    given = {"said_by": "髙梨", "heard_on": "今日", "useful": "yes", "trouble": "no", "words": "書いたことは残る"} | change
    text = said(client(world, LAB).post(where, given))
    assert (words in text, "書いたことは残る" in text, row().state) == (True, True, "asked")


def test_nobody_writes_down_what_is_not_theirs_or_not_yet_due(world: World, scene: Scene) -> None:
    later = address("desk-case-follow-up", LAB, case=scene.case.pk, subject=row(12).pk)
    assert client(world, LAB).get(later).status_code == 403
    stop = address("desk-case-follow-up-stop", BANK, case=scene.case.pk, subject=row().pk)
    assert client(world, BANK).post(stop).status_code == 404
    FollowUp.objects.filter(months=6).update(answered_at=clock.now(), answered_on=TODAY, how="link", useful="yes", trouble="no")
    assert client(world, LAB).get(address("desk-case-follow-up", LAB, case=scene.case.pk, subject=row().pk)).status_code == 403


def test_the_list_and_its_filters(world: World, scene: Scene) -> None:
    text = seen(world, "desk-follow-ups", LAB)
    assert ("返事待ち" in text, scene.case.number in text, "12か月後" in text.split("<tbody>")[1]) == (True, True, False)
    reads = Event.objects.filter(verb="read").count()
    assert reads == 0  # nothing was answered, so nothing secret was shown
    heard(scene)
    assert "まだ狂うことがある。" in seen(world, "desk-follow-ups", LAB, given={"state": "trouble"})
    assert Event.objects.filter(verb="read").count() == 1
    for given, found in (({"state": "asked"}, 0), ({"state": "planned"}, 2), ({"months": "6"}, 1), ({"months": "12"}, 0), ({"q": "まぼろし"}, 1),
                         ({"q": "べつの会社"}, 0), ({"by": LAB}, 1), ({"by": CENTER}, 0), ({"state": "answered", "months": "6"}, 1),
                         ({"state": "x' OR 1", "months": "6か月"}, 1)):  # fmt: skip
        page = seen(world, "desk-follow-ups", LAB, given=given)
        assert page.count("<tr") - 1 == found if found else "当てはまるものはありません" in page, given


def test_every_state_lists_its_own(world: World, scene: Scene) -> None:
    def months(state: str) -> list[int]:
        return sorted(follow_ups_wanted(FollowUpsWanted(state), world.lab).values_list("months", flat=True))

    assert {state: months(state) for state in ("", "asked", "planned", "due", "phone", "answered", "trouble", "ended")} == {
        "": [6], "asked": [6], "planned": [12, 24], "due": [], "phone": [], "answered": [], "trouble": [], "ended": []}  # fmt: skip
    FollowUp.objects.filter(months=6).update(asked_how="phone")
    FollowUp.objects.filter(months=12).update(due_on=TODAY)
    FollowUp.objects.filter(months=24).update(ended_at=clock.now(), ended_because="unwanted")
    assert {state: months(state) for state in ("", "asked", "planned", "due", "phone", "ended")} == {
        "": [6, 12], "asked": [], "planned": [], "due": [12], "phone": [6], "ended": [24]}  # fmt: skip
    text = seen(world, "desk-case", LAB, case=scene.case.pk)
    for words in ("電話で聞く", "メールの宛先がありません", "会社が、もう聞かないでほしいと言った"):
        assert words in text


@pytest.mark.parametrize(
    ("text", "query"),
    [("state=due&months=6&page=3", "state=due&months=6"), ("months=six&state=lost", ""), ("q=+%00&by=hibari-lab", "by=hibari-lab"), ("months=100", "")],
)
def test_a_query_is_read_as_far_as_it_is_known(text: str, query: str) -> None:
    assert read_wanted(text).query == query


def test_the_sheet_holds_what_the_list_shows_and_is_on_record(world: World, scene: Scene) -> None:
    where = f"{address('desk-follow-ups-export', LAB)}?state=answered"
    assert "書き出す行がありません" in said(client(world, LAB).get(where))
    assert "書き出す行がありません。条件を変えてください。" in said(client(world, LAB).post(where))
    heard(scene)
    assert "1行をエクセルの表にします。" in said(client(world, LAB).get(where))
    answer = client(world, LAB).post(where)
    assert "sonogo-" in answer["Content-Disposition"]
    header, line = rows_of(answer.content)
    values = dict(zip(header, line, strict=True))
    assert (values["受付番号"], values["何か月後"], values["売上・受注（円）"], values["満足度"], values["答えた方"], values["言葉"]) == (
        scene.case.number, 6, 3_000_000, 3, "髙梨 様", "まだ狂うことがある。")  # fmt: skip
    made = Export.objects.get()
    assert (made.what, made.query, made.count, made.body_id) == ("follow_ups", "state=answered", 1, LAB)
    assert f'href="{address("desk-follow-ups", LAB)}?state=answered"' in seen(world, "desk-exports", LAB)
    assert "書き出す行がありません" in said(client(world, BANK).get(address("desk-follow-ups-export", BANK)))
