"""The paper on screen: with a body's own template it shows that template's words, before and after the decision."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from renkei.accounts.models import Person
from renkei.cases.actions.letter_steps import ask_decision
from renkei.cases.actions.letter_templates import use_shipped
from renkei.cases.actions.letters import Text, change_letter, correct_letter, issue_letter
from renkei.cases.models import Letter, LetterStep
from renkei.documents.store import path_of
from tests.cases.lettering import colleague, letter, people
from tests.cases.making import fresh
from tests.cases.test_letter_templates import add, own
from tests.desk.pages import HOSTILE, address, client, part, said, seen
from tests.desk.scene import Scene, running
from tests.world import BANK, DESK, LAB, World

NOTE = "この機関のひな形で作る文書です。"
OWN = ("わが機関の様式", "{{ 宛先 }}", "{{ 本文 }}", "第{{ 文書番号 }}")


@pytest.fixture
def scene(world: World) -> Scene:
    return running(world)


def paper(world: World, one: Letter, page: str = "desk-letter", **more: Any) -> str:
    text = seen(world, page, case=one.case_id, letter=one.pk, **more)
    return part(text, '<div lang="ja" class="paper', "</main>" if "</main>" in text else "</body>")


def test_the_shipped_layout_stands_where_no_own_template_does(world: World, scene: Scene) -> None:
    one = letter(world, scene.case, 本文="本文です。")
    text = paper(world, one)
    assert ("本文です。" in text, '<th scope="row">4 回答</th>' in text, NOTE in text) == (True, True, False)


@pytest.mark.parametrize("page", ["desk-letter", "desk-letter-print"])
def test_the_own_template_is_shown_filled(world: World, scene: Scene, page: str) -> None:
    add(world, own(*OWN))
    one = letter(world, scene.case, 本文=f"一行目\n二行目{HOSTILE}", 宛先="まぼろし計測　御中")
    text = paper(world, one, page)
    assert all(f"<p>{words}</p>" in text for words in ("わが機関の様式", "まぼろし計測　御中", "第（案）"))
    assert "一行目<br>二行目&quot;&gt;&lt;script&gt;" in text
    assert ("4 回答" in text, NOTE in text, "<script>alert" in text) == (False, True, False)


def test_after_the_decision_the_page_shows_the_file_that_was_kept(world: World, scene: Scene) -> None:
    add(world, own(*OWN))
    one = issue_letter(letter(world, scene.case, 本文="決まった文"), by=world.desk)
    assert f"第{one.number}" in paper(world, one)
    add(world, own("新しい様式 {{ 本文 }}"))  # a later template is for later letters
    assert ("わが機関の様式" in paper(world, one), "新しい様式" in paper(world, one)) == (True, False)
    newer = correct_letter(fresh(one), by=world.desk)
    assert "新しい様式 決まった文" in paper(world, newer)
    use_shipped("reply", by=world.desk)
    assert "新しい様式" in paper(world, newer)  # the draft keeps what it was begun with


def test_a_draft_follows_its_words(world: World, scene: Scene) -> None:
    add(world, own(*OWN))
    one = letter(world, scene.case, 本文="前の文")
    change_letter(one, Text({"本文": "後の文"}), by=world.desk)
    text = paper(world, one)
    assert ("前の文" in text, "後の文" in text) == (False, True)


def test_a_file_that_cannot_be_read_falls_back_to_the_fields(world: World, scene: Scene) -> None:
    add(world, own(*OWN))
    one = issue_letter(letter(world, scene.case, 本文="本文です。"), by=world.desk)
    path_of(one.sha256).write_bytes(b"broken")
    text = paper(world, one)
    assert ("本文です。" in text, "4 回答" in text, NOTE in text) == (True, True, False)


def test_another_body_reads_the_decided_letter_in_the_writers_layout(world: World, scene: Scene) -> None:
    add(world, own(*OWN))
    one = issue_letter(letter(world, scene.case, 本文="決まった文", klass="summary"), by=world.desk)
    text = paper(world, one, body=LAB)
    assert "わが機関の様式" in text


def test_own_and_shipped_paper_cost_the_same_queries(world: World, scene: Scene) -> None:
    def asked(one: Letter) -> int:
        with CaptureQueriesContext(connection) as queries:
            paper(world, one)
        return len(queries)

    plain = letter(world, scene.case)
    add(world, own(*OWN))
    assert asked(plain) == asked(letter(world, scene.case))


def by(actor: Any) -> Any:
    """Who is signed in as this actor."""
    one = Client()
    one.force_login(Person.objects.get(pk=actor.person))
    return one


def at(name: str, one: Letter, **more: Any) -> str:
    return address(name, case=one.case_id, letter=one.pk, **more)


class TestSomebodyWasFaster:
    def test_words_typed_into_a_letter_that_was_decided_meanwhile_are_not_lost(self, world: World, scene: Scene) -> None:
        one = letter(world, scene.case, 本文="前の文")
        assert "前の文" in said(client(world).get(at("desk-letter-edit", one)))
        issue_letter(one, by=world.desk)
        answer = client(world).post(at("desk-letter-edit", one), {"件名": "件名", "本文": "長く考えた文", "klass": "technical", "saves": "0"})
        assert answer.status_code == 200
        assert "決裁された文書は変えられません。訂正版を作ってください。" in said(answer)
        assert "長く考えた文" in said(answer)
        assert fresh(one).values["本文"] == "前の文"

    def test_asking_for_a_letter_that_was_decided_meanwhile(self, world: World, scene: Scene) -> None:
        one, chief = letter(world, scene.case), colleague("課長")
        issue_letter(one, by=world.desk)
        answer = client(world).post(at("desk-letter-ask", one), {"approver0": str(chief.person)})
        assert (answer.status_code, "決裁された文書は回せません。" in said(answer)) == (200, True)
        assert not LetterStep.objects.exists()

    @pytest.mark.parametrize("deed", ["approve", "back", "pass"])
    def test_a_decision_on_words_that_changed_meanwhile_is_told_and_the_reason_kept(self, world: World, scene: Scene, deed: str) -> None:
        one, chief = letter(world, scene.case, 本文="前の文"), colleague("課長")
        ask_decision(one, by=world.desk, approvers=people(chief))
        step = LetterStep.objects.get()
        change_letter(one, Text({"本文": "後の文"}), by=world.desk)
        given = {"deed": deed, "reason": f"直してほしい{HOSTILE}", "to": str(world.people[DESK].pk)}
        page = said(by(chief).post(at("desk-letter-step", one, turn=step.pk), given))
        assert "いまは順番ではないか、もう終わっています。" in page
        assert ("直してほしい" in page, "<script>alert" in page) == (True, False)
        assert (fresh(one).state, fresh(step).state) == ("draft", "void")

    def test_a_second_yes_finds_it_decided(self, world: World, scene: Scene) -> None:
        one, chief = letter(world, scene.case), colleague("課長")
        ask_decision(one, by=world.desk, approvers=people(chief))
        step = LetterStep.objects.get()
        for _turn in range(2):
            done = by(chief).post(at("desk-letter-step", one, turn=step.pk), {"deed": "approve"}, follow=True)
            assert "決裁しました。" in said(done)
        assert (fresh(one).state, Letter.objects.exclude(number="").count()) == ("decided", 1)

    @pytest.mark.parametrize("given", [{"deed": "back", "reason": ""}, {"deed": "back", "reason": "あ" * 401}, {"deed": "pass", "to": ""},
                                       {"deed": "pass", "to": "x"}, {"deed": "burn"}, {}])  # fmt: skip
    def test_what_is_no_answer_leaves_the_step_waiting(self, world: World, scene: Scene, given: dict[str, str]) -> None:
        one, chief = letter(world, scene.case), colleague("課長")
        ask_decision(one, by=world.desk, approvers=people(chief))
        step = LetterStep.objects.get()
        page = said(by(chief).post(at("desk-letter-step", one, turn=step.pk), given))
        assert '<div class="errors" role="alert">' in page
        assert (fresh(step).state, fresh(one).state) == ("waiting", "asked")
        assert given.get("reason", "") in page


def test_strangers_find_no_letter_and_no_step(world: World, scene: Scene) -> None:
    one, chief = letter(world, scene.case), colleague("課長")
    ask_decision(one, by=world.desk, approvers=people(chief))
    step = LetterStep.objects.get()
    for name, more in (("desk-letter", {}), ("desk-letter-print", {}), ("desk-letter-file", {}), ("desk-letter-edit", {}), ("desk-letter-ask", {})):
        for body in (LAB, BANK):
            where = address(name, body, case=one.case_id, letter=one.pk, **more)
            assert client(world, body).get(where).status_code == 404, (name, body)
    own = at("desk-letter-step", one, turn=step.pk)
    assert client(world).post(own, {"deed": "approve"}).status_code == 404  # another's turn
    assert by(chief).get(own).status_code == 405
    assert fresh(step).state == "waiting"
