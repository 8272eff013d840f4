"""The pages of exports: what the file will hold, the file, and the record for administrators."""

from __future__ import annotations

from typing import Any

import pytest

from renkei.cases.models import Export
from tests.cases.lettering import colleague
from tests.cases.test_exports import rows_of
from tests.desk.pages import address, client, said, seen
from tests.desk.scene import Scene, running
from tests.desk.test_letters import of
from tests.world import BANK, LAB, World


@pytest.fixture
def scene(world: World) -> Scene:
    return running(world)


@pytest.mark.parametrize(("what", "lines"), [("cases", 1), ("requests", 2)])
def test_first_the_number_of_rows_then_the_file(world: World, scene: Scene, what: str, lines: int) -> None:
    where = address("desk-export", what=what)
    text = said(client(world).get(where))
    assert (f"{lines}行をエクセルの表にします。" in text, Export.objects.count()) == (True, 0)
    answer = client(world).post(where)
    assert (answer.status_code, len(rows_of(answer.content)), Export.objects.get().count) == (200, lines + 1, lines)
    assert answer["Content-Disposition"].endswith('.xlsx"')


def test_the_filters_of_the_list_go_along(world: World, scene: Scene) -> None:
    where = f"{address('desk-export', what='cases')}?by={LAB}"
    assert "主担当：工業試験所" in said(client(world).get(where))
    client(world).post(where)
    assert Export.objects.get().query == f"by={LAB}"
    text = seen(world, "desk-cases", given={"by": LAB})
    assert f"{address('desk-export', what='contacts')}?by={LAB}" in text


def test_nothing_and_too_much_are_said_and_offer_no_button(world: World, scene: Scene, settings: Any) -> None:
    nothing = f"{address('desk-export', what='cases')}?state=closed"
    assert ("書き出す行がありません" in said(client(world).get(nothing)), '<button class="btn go"' in said(client(world).get(nothing))) == (True, False)
    assert "書き出す行がありません。条件を変えてください。" in said(client(world).post(nothing))
    settings.RENKEI_EXPORT_ROWS = 1
    much = address("desk-export", what="requests")
    assert "一度に書き出せるのは1行までです。" in said(client(world).get(much))
    assert "いま2行" in said(client(world).post(much))
    assert Export.objects.count() == 0


def test_the_timeline_of_a_case(world: World, scene: Scene) -> None:
    where = address("desk-case-export", case=scene.case.pk)
    assert "案件の経過を書き出す" in said(client(world).get(where))
    answer = client(world).post(where)
    assert (answer.status_code, Export.objects.get().what) == (200, "timeline")
    assert client(world, BANK).post(address("desk-case-export", BANK, case=scene.case.pk)).status_code == 404


def test_unknown_lists_are_not_there(world: World, scene: Scene) -> None:
    assert client(world).get(address("desk-export", what="secrets")).status_code == 404


def test_administrators_see_who_took_out_what(world: World, scene: Scene) -> None:
    assert "まだありません" in seen(world, "desk-exports")
    client(world).post(f"{address('desk-export', what='cases')}?by={LAB}")
    client(world, LAB).post(address("desk-export", LAB, what="cases"))
    text = seen(world, "desk-exports")
    assert ("相川 志保" in text.split("<main")[1], "小出 渉" in text, f"?by={LAB}" in text) == (True, False, True)
    assert of(colleague("二番")).get(address("desk-exports")).status_code == 403
