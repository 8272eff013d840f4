"""The pages of a caseload that moves: the giver's table and packs, the receiver's answers."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client

from renkei.accounts.actions.absences import enter_absence
from renkei.accounts.models import Membership
from renkei.base import clock
from renkei.cases.actions.moves import Successor, choose_successor, open_move, send_packs
from renkei.cases.models import Case, Move, MovePack
from tests.cases.making import NOON, fresh
from tests.cases.moving import acts, held, join
from tests.world import DESK, LAB, World

LAST = dt.date(2027, 3, 31)


@pytest.fixture(autouse=True)
def _noon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOON)


def client_of(membership: Membership) -> Client:
    client = Client()
    client.force_login(membership.person)
    return client


class Scene:
    """sato leaves and gives two cases; ito is there to take them."""

    def __init__(self, world: World) -> None:
        self.sato, self.ito = join(DESK, "sato"), join(DESK, "ito")
        self.cases = held(world, self.sato, each=2)
        self.move = open_move(self.sato, on=LAST, by=acts(self.sato))
        self.giver, self.taker = client_of(self.sato), client_of(self.ito)
        self.url = f"/d/{DESK}/moves/{self.move.pk}/"

    @property
    def packs(self) -> list[MovePack]:
        return list(self.move.packs.order_by("case__number"))

    def send(self) -> None:
        choose_successor(self.packs, Successor(DESK, self.ito.person_id), by=acts(self.sato))
        send_packs(self.packs, by=acts(self.sato))

    def choices(self, to: str = "", **more: Any) -> dict[str, Any]:
        given: dict[str, Any] = {}
        for pack in self.packs:
            was = f"{pack.to_body_id}|{pack.to_person_id or ''}"
            given |= {f"to-{pack.pk}": to or was, f"was-{pack.pk}": was}
        return given | more


@pytest.fixture
def scene(world: World) -> Scene:
    return Scene(world)


def text_of(answer: Any) -> str:
    return str(answer.content.decode())


def test_a_person_opens_a_move_for_themself(world: World) -> None:
    sato = join(DESK, "sato")
    held(world, sato)
    client = client_of(sato)
    page = text_of(client.get(f"/d/{DESK}/moves/new/"))
    assert page.count("<option") == 1  # only oneself: no administrator
    answer = client.post(f"/d/{DESK}/moves/new/", {"person": str(sato.person_id), "on": "令和9年3月31日", "reason": "leaves"})
    move = Move.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"/d/{DESK}/moves/{move.pk}/")
    assert (move.on, move.packs.count()) == (LAST, 1)


def test_an_administrator_chooses_among_all(world: World) -> None:
    sato = join(DESK, "sato")
    client = Client()
    client.force_login(world.people[DESK])
    page = text_of(client.get(f"/d/{DESK}/moves/new/?person={sato.person_id}"))
    assert page.count("<option") == 2
    assert f'<option value="{sato.person_id}" selected>' in page


def test_a_wrong_day_is_told_beside_its_field_and_what_was_typed_stays(world: World) -> None:
    sato = join(DESK, "sato")
    answer = client_of(sato).post(f"/d/{DESK}/moves/new/", {"person": str(sato.person_id), "on": "さくらの頃", "reason": "post_ends"})
    page = text_of(answer)
    assert answer.status_code == 200
    assert 'id="id_on_error"' in page
    assert 'value="さくらの頃"' in page
    assert Move.objects.count() == 0
    early = client_of(sato).post(f"/d/{DESK}/moves/new/", {"person": str(sato.person_id), "on": "令和6年3月1日", "reason": "leaves"})
    assert "着任した日より後" in text_of(early)


def test_the_table_shows_every_case_with_its_step_and_the_proposed_person(scene: Scene) -> None:
    page = text_of(scene.giver.get(scene.url))
    for case in scene.cases:
        assert case.number in page
    assert page.count('name="was-') == 2
    assert "手持ちなし" in page  # ito carries nothing, and the list says so


def test_successors_are_saved_and_sent(scene: Scene) -> None:
    key = f"{DESK}|{scene.ito.person_id}"
    answer = scene.giver.post(scene.url, scene.choices(key, do="save"))
    assert answer.status_code == 302
    assert {one.to_person_id for one in scene.packs} == {scene.ito.person_id}
    assert {one.state for one in scene.packs} == {"draft"}
    scene.giver.post(scene.url, scene.choices(do="send"))
    assert {one.state for one in scene.packs} == {"offered"}
    again = scene.giver.post(scene.url, {"do": "send"}, follow=True)  # a double click
    assert again.status_code == 200
    assert {one.state for one in scene.packs} == {"offered"}


def test_many_cases_get_one_person_at_once(scene: Scene) -> None:
    first, second = scene.packs
    key = f"{DESK}|{scene.ito.person_id}"
    scene.giver.post(scene.url, scene.choices(do="everyone", everyone=f"{DESK}|", pick=[str(first.pk)]))
    assert (fresh(first).to_person_id, fresh(second).to_person_id) == (None, second.to_person_id)
    nobody = text_of(scene.giver.post(scene.url, scene.choices(do="everyone", everyone=key)))
    assert "1つ以上、印を付けてください" in nobody
    unsaid = text_of(scene.giver.post(scene.url, scene.choices(do="everyone", pick=[str(first.pk)])))
    assert "まとめて引き継ぐ人を選んでください" in unsaid
    assert f'value="{first.pk}" checked' in unsaid


def test_all_go_to_one_person_in_one_press_and_the_page_says_who_would_get_how_many(scene: Scene) -> None:
    first, second = scene.packs
    key = f"{DESK}|{scene.ito.person_id}"
    choose_successor([first], Successor(DESK), by=acts(scene.sato))
    shared = text_of(scene.giver.get(scene.url))
    assert "2件全部をこの人にする" in shared
    assert "未担当 1件" in shared
    scene.giver.post(scene.url, scene.choices(do="everyone-all", everyone=key))
    assert {one.to_person_id for one in scene.packs} == {scene.ito.person_id}
    assert {one.state for one in scene.packs} == {"draft"}
    assert "ito 一 2件" in text_of(scene.giver.get(scene.url))
    assert second.to_person_id


def test_what_was_chosen_line_by_line_is_kept_when_others_are_given_together(scene: Scene) -> None:
    first, second = scene.packs
    key = f"{DESK}|{scene.ito.person_id}"
    choose_successor([first, second], Successor(DESK, scene.ito.person_id), by=acts(scene.sato))
    typed = scene.choices(do="everyone", everyone=key, pick=[str(first.pk)]) | {f"to-{second.pk}": f"{DESK}|"}
    scene.giver.post(scene.url, typed)
    assert (fresh(first).to_person_id, fresh(second).to_person_id) == (scene.ito.person_id, None)


def test_a_line_somebody_else_changed_stops_the_whole_press(scene: Scene) -> None:
    first, second = scene.packs
    typed = scene.choices(do="everyone-all", everyone=f"{DESK}|{scene.ito.person_id}")
    typed |= {f"to-{second.pk}": f"{LAB}|"}
    choose_successor([first, second], Successor(DESK), by=acts(scene.sato))
    page = text_of(scene.giver.post(scene.url, typed))
    assert "ほかの人が先に変えました" in page
    assert (fresh(first).to_person_id, fresh(second).to_person_id) == (None, None)


def test_a_refusal_stands_beside_its_case_and_nothing_is_sent(scene: Scene) -> None:
    first = scene.packs[0]
    answer = scene.giver.post(scene.url, scene.choices(do="send") | {f"to-{first.pk}": f"{LAB}|"})
    page = text_of(answer)
    assert answer.status_code == 200
    assert f'id="id_to-{first.pk}_error"' in page
    assert "同意がまだありません" in page
    assert {one.state for one in scene.packs} == {"draft"}
    assert fresh(first).to_body_id == DESK  # the choice is typed in the page, not half written


def test_a_second_editor_overwrites_nothing(scene: Scene) -> None:
    page = scene.choices()
    first, second = scene.packs
    choose_successor([first], Successor(DESK), by=acts(scene.sato))  # somebody else, in between
    key = f"{DESK}|{scene.ito.person_id}"
    unchanged = scene.giver.post(scene.url, page | {f"to-{second.pk}": f"{DESK}|", "do": "save"})
    assert unchanged.status_code == 302
    assert (fresh(first).to_person_id, fresh(second).to_person_id) == (None, None)
    stale = page | {f"was-{first.pk}": f"{DESK}|{scene.sato.person_id}", f"to-{first.pk}": key, "do": "save"}
    assert "ほかの人が先に変えました" in text_of(scene.giver.post(scene.url, stale))
    assert fresh(first).to_person_id is None


def test_what_waits_is_taken_back_one_or_all_and_the_move_is_cancelled(scene: Scene) -> None:
    scene.send()
    first, second = scene.packs
    scene.giver.post(scene.url, {"do": f"recall:{first.pk}"})
    assert [fresh(first).state, fresh(second).state] == ["draft", "offered"]
    scene.giver.post(scene.url, scene.choices(do="recall"))
    assert {one.state for one in scene.packs} == {"draft"}
    gone = scene.giver.post(scene.url, scene.choices(do="cancel"))
    assert gone["Location"] == f"/d/{DESK}/moves/"
    assert "取りやめになりました" in text_of(scene.giver.get(scene.url))


def test_cases_that_came_later_are_offered_to_be_added(scene: Scene, world: World) -> None:
    held(world, scene.sato)
    assert "あとから増えた1件を加える" in text_of(scene.giver.get(scene.url))
    scene.giver.post(scene.url, scene.choices(do="add"))
    assert scene.move.packs.count() == 3
    assert "あとから増えた" not in text_of(scene.giver.get(scene.url))


def test_a_colleague_reads_the_table_and_may_not_change_it(scene: Scene) -> None:
    page = text_of(scene.taker.get(scene.url))
    assert 'name="do"' not in page
    assert scene.taker.post(scene.url, {"do": "send"}).status_code == 403
    assert scene.taker.post(f"{scene.url}packs/", {}).status_code == 403
    assert {one.state for one in scene.packs} == {"draft"}


def words(pack: MovePack, **more: Any) -> dict[str, Any]:
    given = {"state": "試作が終わった", "promises": "4月に報告", "open_points": "販路", "version": pack.version, **more}
    return {f"{pack.pk}-{name}": value for name, value in given.items()}


def test_all_packs_are_edited_on_one_page(scene: Scene) -> None:
    first, second = scene.packs
    answer = scene.giver.post(f"{scene.url}packs/", words(first) | words(second, state="二つめ"))
    assert answer.status_code == 302
    assert (fresh(first).pack_state, fresh(second).pack_state) == ("試作が終わった", "二つめ")


def test_a_pack_that_cannot_be_saved_keeps_all_and_says_so(scene: Scene) -> None:
    first, second = scene.packs
    page = text_of(scene.giver.post(f"{scene.url}packs/", words(first) | words(second, state="")))
    assert f'id="id_{second.pk}-state_error"' in page
    assert "試作が終わった" in page  # what was typed stays
    assert fresh(first).pack_state != "試作が終わった"
    stale = text_of(scene.giver.post(f"{scene.url}packs/", words(first) | words(second, version=7)))
    assert "ほかの人が先に保存しました" in stale
    assert fresh(first).pack_state != "試作が終わった"


@pytest.mark.covers("C32")
def test_the_receiver_reads_every_pack_and_accepts_all(scene: Scene) -> None:
    scene.send()
    page = text_of(scene.taker.get(f"/d/{DESK}/moves/received/"))
    assert page.count('value="accept:') == 2
    assert scene.packs[0].pack_state.splitlines()[0] in page
    answer = scene.taker.post(f"/d/{DESK}/moves/received/", {"do": "accept-all"}, follow=True)
    assert "2件の担当を引き受けました" in text_of(answer)
    assert {fresh(one).holder_person_id for one in scene.cases} == {scene.ito.person_id}
    twice = text_of(scene.taker.post(f"/d/{DESK}/moves/received/", {"do": "accept-all"}))
    assert "もう返事を待っていません" in twice


def test_the_receiver_accepts_one_and_declines_the_other_with_a_reason(scene: Scene) -> None:
    scene.send()
    first, second = scene.packs
    scene.taker.post(f"/d/{DESK}/moves/received/", {"do": f"accept:{first.pk}"})
    silent = text_of(scene.taker.post(f"/d/{DESK}/moves/received/", {"do": f"decline:{second.pk}"}))
    assert "断る理由を書いてください" in silent
    scene.taker.post(f"/d/{DESK}/moves/received/", {"do": f"decline:{second.pk}", f"reason-{second.pk}": "専門が違います"})
    assert (fresh(first).state, fresh(second).state, fresh(second).answer_text) == ("accepted", "declined", "専門が違います")
    assert "専門が違います" in text_of(scene.giver.get(scene.url))
    assert "この操作は分かりません" not in text_of(scene.taker.get(f"/d/{DESK}/moves/received/"))


def test_nobody_answers_for_somebody_else(scene: Scene) -> None:
    scene.send()
    first = scene.packs[0]
    other = client_of(join(DESK, "mori"))
    assert "もう返事を待っていません" in text_of(other.post(f"/d/{DESK}/moves/received/", {"do": f"accept:{first.pk}"}))
    assert fresh(first).state == "offered"


def test_the_list_shows_how_far_each_move_is_and_what_waits(scene: Scene) -> None:
    assert "あなたの返事を待っている" not in text_of(scene.taker.get(f"/d/{DESK}/moves/"))
    scene.send()
    page = text_of(scene.taker.get(f"/d/{DESK}/moves/"))
    assert "あなたの返事を待っている案件が2件あります" in page
    assert "2件のうち、引き受け0件、返事待ち2件" in page
    today = text_of(scene.taker.get(f"/d/{DESK}/"))
    assert "担当の引継ぎが2件" in today


def test_empty_pages_say_what_will_stand_there(world: World) -> None:
    sato = join(DESK, "sato")
    client = client_of(sato)
    assert "担当替えはありません" in text_of(client.get(f"/d/{DESK}/moves/"))
    assert "返事を待っている案件はありません" in text_of(client.get(f"/d/{DESK}/moves/received/"))
    move = open_move(sato, on=LAST, by=acts(sato))
    assert "引き継ぐ案件はありません" in text_of(client.get(f"/d/{DESK}/moves/{move.pk}/"))
    assert Case.objects.count() == 0


def test_another_body_sees_no_move(scene: Scene, world: World) -> None:
    lab = Client()
    lab.force_login(world.people[LAB])
    assert lab.get(f"/d/{LAB}/moves/{scene.move.pk}/").status_code == 404
    assert lab.get(f"/d/{LAB}/moves/{scene.move.pk}/packs/").status_code == 404
    assert lab.get(scene.url).status_code == 404


def test_today_says_for_whom_one_stands_in(scene: Scene) -> None:
    kono, url = join(DESK, "kono"), f"/d/{DESK}/"
    assert "代わりに答えます" not in text_of(client_of(kono).get(url))
    enter_absence(scene.sato, since=NOON.date(), until=NOON.date() + dt.timedelta(days=8), substitute=kono.person_id, by=acts(scene.sato))
    page = text_of(client_of(kono).get(url))
    assert "sato 一さんが12月3日（木）まで不在のため、代わりに答えます。" in page
    assert f"/d/{DESK}/cases/?who={scene.sato.person_id}" in page
    listed = text_of(client_of(kono).get(f"/d/{DESK}/cases/?who={scene.sato.person_id}"))
    assert all(one.number in listed for one in scene.cases)
    assert "代わりに答えます" not in text_of(client_of(scene.ito).get(url))


def test_a_substitute_reads_for_whom_and_accepts(scene: Scene) -> None:
    scene.send()
    kono = join(DESK, "kono")
    url = f"/d/{DESK}/moves/received/"
    assert "返事を待っている案件はありません" in text_of(client_of(kono).get(url))
    enter_absence(scene.ito, since=NOON.date(), until=NOON.date(), substitute=kono.person_id, by=acts(scene.ito))
    page = text_of(client_of(kono).get(url))
    assert page.count("ito 一さんが不在のため、代わりに答えます。") == 2
    assert "代わりに答えます" not in text_of(scene.taker.get(url))
    client_of(kono).post(url, {"do": "accept-all"})
    assert {fresh(one).holder_person_id for one in scene.cases} == {scene.ito.person_id}
