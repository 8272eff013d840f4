"""Ending a case and taking it up again; two cases made one and one made two; the firm's approved plan."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from renkei.base import clock
from renkei.cases.models import Case, RegionalProject, Support
from renkei.plan.models import PlanVersion
from tests.desk.scene import Scene, arrived, asked, running
from tests.desk.test_case_deeds import TODAY
from tests.desk.test_case_page import post, text_of, url
from tests.world import CONTENT, DESK, LAB, World


@pytest.fixture(autouse=True)
def _morning() -> Any:
    """It is 9時20分 on a working day."""
    with clock.moved_to(clock.at(TODAY, 9, 20)):
        yield


# ending ---------------------------------------------------------------------------------------------------------------


def finished(world: World) -> Scene:
    scene = running(world)
    post(scene, LAB, "support-finish", {"text": "試験を終えた。", "helped": "yes"}, scene.supports[0])
    return scene


def test_a_case_with_open_supports_is_not_closed(world: World) -> None:
    scene = running(world)
    answer = post(scene, LAB, "close", {"reason": "solved", "words": "試験が終わった。", "result": "solved"})
    assert answer.status_code == 200
    assert "試験が終わった。" in answer.content.decode()
    assert scene.case.is_open


def test_a_case_is_closed_and_reopened(world: World) -> None:
    scene = finished(world)
    given = {"reason": "solved", "words": "試験が終わり、発売へ。", "result": "solved", "answer_to_company": "おめでとうございます。"}
    unsaid = post(scene, LAB, "close", given)
    assert (unsaid.status_code, 'class="err"' in unsaid.content.decode()) == (200, True)  # what of the needs that are open?
    given |= {"needs": "settled"}
    assert post(scene, LAB, "close", given).status_code == 302
    case = scene.case
    assert (case.is_open, case.close_reason, case.close_words, case.result) == (False, "solved", "試験が終わり、発売へ。", "solved")
    text = text_of(scene, LAB)
    assert "終わり方" in text
    assert 'class="quick"' not in text
    for deed in ("contact", "next-step", "message", "need-add", "close"):
        assert scene.client(LAB).get(url(scene, LAB, deed)).status_code == 403
    assert post(scene, LAB, "feedback", {"result": "solved", "satisfaction": "5", "words": "助かりました。"}).status_code == 302
    assert scene.case.satisfaction == 5
    assert "一覧にないものです。" in post(scene, LAB, "feedback", {"result": "solved", "satisfaction": "9"}).content.decode()
    assert "ここを書いてください。" in post(scene, LAB, "reopen", {}).content.decode()
    assert post(scene, LAB, "reopen", {"reason": "量産で新しい問題"}).status_code == 302
    assert scene.case.is_open


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"words": "終わった"}, "1つ選んでください。"), ({"reason": "bored", "words": "終わった"}, "一覧にないものです。"),
        ({"reason": "merged", "words": "終わった"}, "一覧にないものです。"), ({"reason": "solved"}, "ここを書いてください。"),
        ({"reason": "solved", "words": "あ" * 1001}, "1,000字までです"),
        ({"reason": "solved", "words": "終わった", "result": "great"}, "一覧にないものです。"),
    ],
)  # fmt: skip
def test_wrong_closings_say_so(world: World, given: dict[str, str], sentence: str) -> None:
    scene = finished(world)
    answer = post(scene, LAB, "close", given)
    assert (answer.status_code, sentence in answer.content.decode(), scene.case.is_open) == (200, True, True)


def test_a_second_person_confirms_the_end_or_goes_on(world: World) -> None:
    PlanVersion.objects.create(
        plan=world.plan, number=2, content=CONTENT | {"second_person": ["close"]}, published_at=clock.now()
    )
    scene = finished(world)
    given = {"reason": "solved", "words": "終わった。", "result": "solved", "needs": "settled"}
    assert post(scene, LAB, "close", given).status_code == 302
    assert scene.case.is_open
    assert "終わりの確認を頼んでいます" in text_of(scene, LAB)
    same = post(scene, LAB, "close-confirm", {})
    assert (same.status_code, "別の人が確かめてください。" in same.content.decode()) == (200, True)
    assert post(scene, DESK, "close-return", {"reason": "まだ試験がある"}).status_code == 302
    assert post(scene, DESK, "close-confirm", {}).status_code == 403
    assert post(scene, LAB, "close", given).status_code == 302
    assert post(scene, DESK, "close-confirm", {}).status_code == 302
    assert not scene.case.is_open


# one from two, two from one -------------------------------------------------------------------------------------------


def test_two_cases_become_one_and_two_again(world: World) -> None:
    scene = asked(world)
    other = arrived(world, company=scene.case.company).case
    given = {"other": str(other.pk)}
    assert post(scene, DESK, "merge", given).status_code == 302
    other.refresh_from_db()
    assert (other.merged_into_id, other.is_open) == (scene.case.pk, False)
    text = text_of(scene, DESK)
    assert "まとめた案件：" in text
    where = reverse("desk-case", kwargs={"body": DESK, "case": other.pk})
    assert "ほかの案件にまとめました" in scene.client(DESK).get(where).content.decode()
    undo = reverse("desk-case-unmerge", kwargs={"body": DESK, "case": other.pk})
    assert scene.client(DESK).post(undo).status_code == 302
    other.refresh_from_db()
    assert (other.merged_into_id, other.is_open) == (None, True)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({}, "まとめる案件を選ぶか、受付番号を入れてください。"),
        ({"number": "県 8-9999"}, "その番号の進行中の案件は見つかりません。"),
        ({"other": "x"}, "一覧にないものです。"),
    ],
)
def test_wrong_merges_say_so(world: World, given: dict[str, str], sentence: str) -> None:
    scene = asked(world)
    answer = post(scene, DESK, "merge", given)
    assert (answer.status_code, sentence in answer.content.decode()) == (200, True)
    assert not Case.objects.filter(merged_into__isnull=False).exists()


def test_a_case_is_split_and_put_together_again(world: World) -> None:
    scene = asked(world)
    assert "分ける課題を選んでください。" in post(scene, DESK, "split", {"title": "見本市"}).content.decode()
    answer = post(scene, DESK, "split", {"needs": [str(scene.needs[1].pk)], "title": "春の見本市"})
    new = Case.objects.exclude(pk=scene.case.pk).get()
    assert (answer.status_code, answer["Location"]) == (302, reverse("desk-case", kwargs={"body": DESK, "case": new.pk}))
    assert Support.objects.get(pk=scene.supports[1].pk).case_id == new.pk
    page = scene.client(DESK).get(answer["Location"]).content.decode()
    assert "ほかの案件から分けた案件です。" in page
    undo = reverse("desk-case-unsplit", kwargs={"body": DESK, "case": new.pk})
    assert scene.client(DESK).post(undo).status_code == 302
    assert Support.objects.get(pk=scene.supports[1].pk).case_id == scene.case.pk


def test_an_approved_plan_of_the_firm_is_recorded_once(world: World) -> None:
    scene = running(world)
    given = {"number": "県産支 第12号", "approved_on": "11月20日", "title": "水質計の事業化", "field_code": "A", "bodies": [LAB]}
    assert post(scene, LAB, "project", given).status_code == 302
    project = RegionalProject.objects.get()
    assert (project.number, project.counted_fiscal_year, list(project.cases.all())) == ("県産支 第12号", 2026, [scene.case])
    assert "水質計の事業化" in text_of(scene, LAB)
    assert post(scene, LAB, "project", given).status_code == 302
    assert RegionalProject.objects.count() == 1
    future = post(scene, LAB, "project", given | {"number": "13", "approved_on": "明日"})
    assert "まだ来ていない日です。" in future.content.decode()
