"""Somebody else's matter and a text that tells nothing yet: contact or questions lead, candidates are folded but all there [C30, C92]."""

from __future__ import annotations

import re
from typing import Any

import pytest

from renkei.cases.actions.triage import add_need
from renkei.cases.models import Case, Message
from renkei.desk.triage import page as triage_page
from renkei.matching.proposal import Contact, Evidence
from tests.desk import proposed
from tests.desk.pages import HOSTILE, client, part, said
from tests.desk.scene import WORDS
from tests.desk.sorting import ADVICE, SUBSIDY, TESTS, boxes, page, post, ready, ticks, url
from tests.world import World

pytestmark = pytest.mark.covers("C30", "C92")
AT = WORDS.find("落としても狂わないか")
TOLD = [Evidence("word", "落としても"), Evidence("word", HOSTILE)]
LABOUR = Contact("labour", "ひばり労働局", "雇用の助成と労務の相談", "000-000-0001", TOLD, [(AT, AT + 5)])
NEAR = Contact("tax", "ひばり税務署", "税の相談", "", [Evidence("near", "")], [])
FOLD = re.compile(r'<details class="fold mt" id="ca"( open)?>\s*<summary>([^<]+)</summary>')
INSIDE = ["先に注文すると", 'class="path"', 'class="cand', "近いが合わないもの", "ほかの候補を探して足す", 'id="to"', 'id="sum"']


def given(monkeypatch: pytest.MonkeyPatch, kind: str, **more: Any) -> None:
    monkeypatch.setattr(triage_page, "propose", lambda text, **_: proposed.proposal(text, **{"kind": kind, "outside": [LABOUR, NEAR], **more}))


def fold(text: str) -> tuple[bool, str]:
    """Whether the fold stands open, and what it says."""
    found = FOLD.search(text)
    assert found is not None
    return bool(found[1]), found[2]


def split(text: str) -> tuple[str, str]:
    """What stands before the fold, and in it."""
    before, _fold, rest = text.partition('<details class="fold mt"')
    return before, rest[: rest.index('class="tri-k"')]


def test_a_contact_leads_with_the_words_that_spoke_for_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, "out_of_scope")
    case = ready(world)
    text = page(world, case)
    before, inside = split(text)
    assert fold(text) == (False, "それでも機関に頼むなら：候補4件")
    contact = part(before, '<ul class="sent-to">', "</ul>\n</section>") if "</ul>\n</section>" in before else before[before.index('<ul class="sent-to">') :]
    assert [one in contact for one in ("ひばり労働局", "tel:000-000-0001", "雇用の助成と労務の相談")] == [True] * 3
    assert re.findall(r'<li class="wd">(?:<span class="vh">言葉：</span>)?([^<]+)', contact) == ["「落としても」「&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;」", "意味が近い"]
    ways = [f"{url(case, name='desk-set-aside')}?contact={code}" for code in ("labour", "tax")]
    assert re.findall(r'class="btn(?: go)?" href="([^"]+)">ここを案内して終える', contact) == ways
    assert [one in before for one in (*INSIDE, 'id="q"')] == [False] * 8
    assert [one in inside for one in (*INSIDE, 'id="q"')] == [True] * 8
    assert boxes(inside) == [SUBSIDY, TESTS, ADVICE]
    assert HOSTILE not in text


def test_the_words_of_a_contact_are_marked_and_no_need_is(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, "out_of_scope")
    case = ready(world)
    text = page(world, case)
    assert re.findall(r'<mark class="([^"]+)">([^<]+)', text) == [("sx", "落としても")]
    assert 'class="legend"' not in text
    post(world, case, "save", TESTS)
    text = page(world, case)
    assert re.findall(r'<mark class="([^"]+)">([^<]+)', text) == [("s3", proposed.DROP), ("s2", proposed.MONEY)]
    assert 'class="legend"' in text


def test_questions_lead_where_the_text_tells_nothing_yet(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, "clarify")
    text = page(world, ready(world))
    before, inside = split(text)
    assert fold(text) == (False, "聞く前に機関に頼むなら：候補4件")
    right = before[before.index('class="tri-r"') :]
    places = [right.index(one) for one in ('id="q"', "先に聞いてから決めてください", "tel:0471-00-0001", 'id="q1"', 'id="q2"', 'value="answers"', "ひばり労働局")]
    assert places == sorted(places)
    assert [one in before for one in INSIDE] == [False] * 7
    assert [one in inside for one in INSIDE] == [True] * 7
    assert boxes(inside) == [SUBSIDY, TESTS, ADVICE]
    assert text.count('id="q"') == 1


@pytest.mark.parametrize("kind", ["route", "outside_region"])
def test_otherwise_nothing_is_folded(world: World, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    given(monkeypatch, kind)
    text = page(world, ready(world))
    assert ('class="fold' in text, 'class="tri-l"' in text, "ここを案内して終える" in text) == (False, True, False)
    assert 'class="btn go" type="submit" form="f" name="do" value="send"' in text


@pytest.mark.parametrize("kind", ["out_of_scope", "clarify"])
def test_the_fold_is_named_without_a_number_when_there_is_no_candidate(world: World, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    given(monkeypatch, kind, needs=[], supports=[], near_misses=[], clashes=[], path=[], outside=[])
    text = page(world, ready(world))
    assert fold(text) == (False, {"out_of_scope": "それでも機関に頼むなら", "clarify": "聞く前に機関に頼むなら"}[kind])
    assert "課題がまだありません" in split(text)[1]
    assert ("案内先を伝えて終える" in text, 'class="sent-to"' in text) == (kind == "out_of_scope", False)


@pytest.mark.parametrize("kind", ["out_of_scope", "clarify"])
def test_the_fold_stands_open_once_somebody_has_worked_in_it(world: World, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    given(monkeypatch, kind)
    case = ready(world)
    assert 'class="btn" type="submit" form="f" name="do" value="send"' in page(world, case)
    assert fold(said(post(world, case, "find", find="めっき")))[0]  # what was looked for stands in it
    assert not fold(page(world, case))[0]
    post(world, case, "save", TESTS)
    text = page(world, case)
    assert (fold(text)[0], ticks(text)) == (True, [TESTS])
    assert 'class="btn go" type="submit" form="f" name="do" value="send"' in text
    post(world, case, "send", TESTS)
    assert fold(page(world, case))[0]


def test_a_need_or_a_consent_written_by_hand_opens_the_fold(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, "out_of_scope")
    first, second = ready(world), ready(world)
    add_need(first, title="手で書いた課題", stage="3", by=world.desk)
    assert fold(page(world, first))[0]
    assert not fold(page(world, second))[0]
    post(world, second, "oral", consent=["hibari-lab|financial"], oral_by="髙梨 芽衣")
    assert fold(page(world, second))[0]


# ---- somebody else's matter is ended in two steps: the contact, and the button


def test_the_contact_is_taken_over_into_the_answer(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, "out_of_scope")
    case, one = ready(world), client(world)
    way = re.findall(r'href="([^"]+\?contact=labour)"', page(world, case))[0]
    text = said(one.get(way))
    reason = re.findall(r'name="reason" value="([^"]+)"[^>]* checked', text)
    contact = re.findall(r'<option value="([^"]*)" selected', text)
    answer = re.findall(r'<textarea name="answer"[^>]*>\s*([^<]+)</textarea>', text)
    assert (reason, contact, len(answer)) == (["not_ours"], ["labour"], 1)
    assert one.post(way, {"reason": reason[0], "contact": contact[0], "answer": answer[0]}).status_code == 302
    ended = Case.objects.get(pk=case.pk)
    assert (ended.state, ended.close_reason) == ("closed", "not_ours")
    told = "".join(Message.objects.filter(case=case).values_list("text", flat=True))
    assert "担当の窓口をご案内します。\nひばり労働局（雇用の助成と労務の相談）000-000-0001にご相談ください。" in told


def test_an_empty_answer_ends_nothing(world: World) -> None:
    case = ready(world)
    assert client(world).post(url(case, name="desk-set-aside")).status_code == 200
    assert Case.objects.get(pk=case.pk).state == case.state


@pytest.mark.parametrize("given_code", ["", "nobody", HOSTILE])
def test_a_contact_the_plan_does_not_name_fills_nothing_in(world: World, given_code: str) -> None:
    answer = client(world).get(url(ready(world), name="desk-set-aside"), {"contact": given_code})
    text = said(answer)
    assert (answer.status_code, " checked" in text, HOSTILE in text) == (200, False, False)
    assert re.findall(r'<textarea name="answer"[^>]*>\s*([^<]*)</textarea>', text) == [""]
