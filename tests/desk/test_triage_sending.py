"""Who is asked and what each sees: never wider than consent, all of it or nothing, nobody twice."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest

from renkei.base import clock
from renkei.cases.actions.consents import give_consent, set_standing, withdraw_consent
from renkei.cases.actions.intake import Said, receive
from renkei.cases.models import Case, Consent, ConsentRequest, Passage, Support, Transition
from renkei.plan.models import Body, Provision
from renkei.post.models import Link, Mail
from tests.desk import proposed
from tests.desk.pages import part, said
from tests.desk.scene import NOW, WORDS
from tests.desk.sorting import ADVICE, SUBSIDY, TESTS, boxes, line, page, post, ready, ticks, url
from tests.world import BANK, CENTER, DESK, LAB, World

pytestmark = pytest.mark.usefixtures("given_proposal")


def cells(text: str, number: int) -> list[str]:
    """What the three cells of a line say: ticked, open, locked."""
    row = part(text, f'<tr class="pickrow k{number}">', "</tr>")
    found = re.findall(r"<td>\s*(.*?)</td>", row, re.DOTALL)[:3]
    return ["locked" if "同意なし" in one else "ticked" if " checked" in one else "open" for one in found]


def number_of(text: str, key: str) -> int:
    return int(re.findall(rf'id="c(\d+)" name="pick" value="{key}"', text)[0])


def lend(monkeypatch: pytest.MonkeyPatch) -> str:
    """The bank's loan can be asked for; returns its line."""

    def propose(text: str, **_: Any) -> Any:
        whole = proposed.proposal(text)
        whole.needs[0].candidates[1] = proposed.Candidate("loan", BANK, "2", 0.5, 1)
        return whole

    monkeypatch.setattr("renkei.desk.triage.page.propose", propose)
    return f"p1-loan-{BANK}"


# ---- what each body may see


@pytest.mark.parametrize(
    ("standing", "shown"),
    [
        ([], ["locked", "locked", "locked"]),
        (["summary"], ["ticked", "locked", "locked"]),
        (["summary", "technical"], ["ticked", "ticked", "locked"]),
        (["summary", "technical", "financial"], ["ticked", "ticked", "open"]),
        (["technical"], ["locked", "ticked", "locked"]),
    ],
)
def test_the_general_consent_opens_what_it_says_and_money_is_never_ticked_unasked(
    world: World, standing: list[str], shown: list[str]
) -> None:
    case = ready(world)
    Case.objects.filter(pk=case.pk).update(standing_classes=standing)
    text = page(world, case)
    assert cells(text, number_of(text, TESTS)) == shown


def test_the_general_consent_never_opens_technical_matters_to_a_bank(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    key, case = lend(monkeypatch), ready(world)
    text = page(world, case)
    assert cells(text, number_of(text, key)) == ["ticked", "locked", "locked"]
    assert cells(text, number_of(text, TESTS)) == ["ticked", "ticked", "locked"]
    answer = post(world, case, "send", key)
    assert (answer.status_code, Support.objects.exists()) == (422, False)
    assert "技術の同意がありません。" in said(answer)
    assert post(world, case, "send", key, **line(key, classes=[])).status_code == 302
    assert Support.objects.get().classes == ["summary"]


def test_a_consent_by_name_opens_it_to_this_body_alone(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    key, case = lend(monkeypatch), ready(world)
    give_consent(case, body=Body.objects.get(pk=BANK), klass="technical", by=world.desk, how="oral", given_by="髙梨 芽衣")
    set_standing(case, ["summary"], by=world.desk)
    text = page(world, case)
    assert cells(text, number_of(text, key)) == ["ticked", "ticked", "locked"]
    assert cells(text, number_of(text, TESTS)) == ["ticked", "locked", "locked"]


def test_a_consent_taken_back_is_not_opened_again_by_the_general_one(world: World) -> None:
    case = ready(world)
    consent = give_consent(case, body=Body.objects.get(pk=LAB), klass="technical", by=world.desk, how="oral", given_by="髙梨")
    withdraw_consent(consent, by=world.desk, how="oral")
    text = page(world, case)
    assert cells(text, number_of(text, TESTS)) == ["ticked", "locked", "locked"]
    assert post(world, case, "send", TESTS).status_code == 422
    assert not Support.objects.exists()


def test_a_consent_that_ran_out_opens_nothing(world: World) -> None:
    case = ready(world)
    with clock.moved_to(clock.now() - dt.timedelta(days=3)):
        give_consent(case, body=Body.objects.get(pk=LAB), klass="financial", by=world.desk, how="oral", given_by="髙梨",
                     until=clock.today() + dt.timedelta(days=1))  # fmt: skip
    text = page(world, case)
    assert cells(text, number_of(text, TESTS)) == ["ticked", "ticked", "locked"]


def test_a_consent_withdrawn_while_one_chooses_stops_the_sending(world: World) -> None:
    case = ready(world)
    consent = give_consent(case, body=Body.objects.get(pk=LAB), klass="financial", by=world.desk, how="oral", given_by="髙梨")
    typed = line(TESTS, classes=["technical", "financial"], ask="見積りも見てほしい")
    Consent.objects.filter(pk=consent.pk).update(withdrawn_at=clock.now(), withdrawn_how="link")
    answer = post(world, case, "send", TESTS, SUBSIDY, **typed)
    assert (answer.status_code, Support.objects.exists()) == (422, False)
    assert "資金の同意がありません。同意を聞くか、印を外してください。" in said(answer)
    assert "見積りも見てほしい</textarea>" in said(answer)
    assert ticks(said(answer)) == [SUBSIDY, TESTS]


def test_missing_consents_stand_once_a_body(world: World) -> None:
    box = part(page(world, ready(world)), 'id="consent"', "</fieldset>")
    assert re.findall(r'name="consent" value="([^"]+)"', box) == [f"{CENTER}|financial", f"{LAB}|financial"]
    assert 'id="oral_by" name="oral_by" value="髙梨 芽衣"' in box


def test_without_anything_missing_nobody_is_asked_for_consent(world: World) -> None:
    case = ready(world)
    Case.objects.filter(pk=case.pk).update(standing_classes=["summary", "technical", "financial"])
    assert 'id="consent"' not in page(world, case)


@pytest.mark.parametrize(
    ("consent", "rows"),
    [
        ([f"{LAB}|financial", f"{CENTER}|financial"], [(CENTER, "financial"), (LAB, "financial")]),
        ([f"{LAB}|financial", f"{LAB}|financial"], [(LAB, "financial")]),
        ([f"{LAB}|technical"], []),
        ([f"{DESK}|financial"], []),
        ([f"{BANK}|technical"], []),
        ([f"{LAB}|everything"], []),
        ([f"{LAB}|financial|x", "|", ""], []),
    ],
)
def test_only_what_stands_in_the_box_can_be_recorded(world: World, consent: list[str], rows: list[tuple[str, str]]) -> None:
    case = ready(world)
    answer = post(world, case, "oral", consent=consent, oral_by="髙梨 芽衣")
    assert answer.status_code == (302 if rows else 422)
    assert sorted(Consent.objects.values_list("body", "klass")) == rows


def test_the_firm_is_asked_once_a_body_and_again_only_for_more(world: World) -> None:
    case = ready(world)
    for _ in range(2):
        assert post(world, case, "request", consent=[f"{LAB}|financial", f"{CENTER}|financial"]).status_code == 302
    assert sorted(ConsentRequest.objects.values_list("body", "classes")) == [(CENTER, ["financial"]), (LAB, ["financial"])]
    assert Mail.objects.filter(subject__contains="お返事をください").count() == 2
    assert Case.objects.get(pk=case.pk).next_kind == "answer"  # the firm is owed its first answer sooner


# ---- sending


def test_what_leaves_is_what_was_chosen(world: World) -> None:
    with clock.moved_to(NOW):
        case = ready(world)
        post(world, case, "send", TESTS, takes=TESTS, **line(TESTS, ask="二回落としてほしい", due_on="12月10日", classes=[]))
    support = Support.objects.get()
    assert (support.classes, support.due_on, support.takes_over) == (["summary"], dt.date(2026, 12, 10), True)
    assert (support.asked_by_body_id, support.asked_by_id) == (DESK, world.desk.person)
    assert Passage.objects.get().text == "二回落としてほしい"
    assert support.provision == Provision.objects.get(service_id="equipment-tests", body_id=LAB)
    mail = Mail.objects.get(purpose="offer")
    assert (mail.to, mail.not_before) == (f"{LAB}@hibari.example", support.leaves_at)
    fresh = Case.objects.get(pk=case.pk)
    assert (fresh.next_step, fresh.next_body_id, fresh.next_on) == ("工業試験所の返事を待つ", LAB, dt.date(2026, 12, 10))


def test_without_a_day_the_plans_clock_sets_it_over_the_year_end(world: World) -> None:
    with clock.moved_to(clock.at(dt.date(2026, 12, 25), 10)):
        case = ready(world)
        assert 'value="令和9年1月6日"' in page(world, case)
        post(world, case, "send", TESTS)
    assert Support.objects.get().due_on == dt.date(2027, 1, 6)  # after Monday 28 December, 4 January is the next day of work


def test_the_first_of_two_days_is_the_next_step(world: World) -> None:
    with clock.moved_to(NOW):
        case = ready(world)
        post(world, case, "send", TESTS, SUBSIDY, **line(TESTS, due_on="12月10日"), **line(SUBSIDY, due_on="12月3日"))
    fresh = Case.objects.get(pk=case.pk)
    assert (fresh.next_on, fresh.next_step) == (dt.date(2026, 12, 3), "センターほか1機関の返事を待つ")


def test_one_wrong_line_sends_none_of_them(world: World) -> None:
    case = ready(world)
    answer = post(world, case, "send", TESTS, SUBSIDY, ADVICE, **line(ADVICE, due_on="昨日"))
    assert answer.status_code == 422
    assert (Support.objects.count(), Link.objects.filter(purpose="offer").count(), Mail.objects.filter(purpose="offer").count()) == (0, 0, 0)
    assert Case.objects.get(pk=case.pk).state == "arrived"


def test_a_provision_that_ended_meanwhile_sends_nothing_and_says_so(world: World) -> None:
    case = ready(world)
    Provision.objects.filter(service_id="equipment-tests").update(withdrawn=True)
    answer = post(world, case, "send", TESTS, SUBSIDY)
    assert (answer.status_code, Support.objects.exists()) == (422, False)
    assert "いまは頼めないものがあります。" in said(answer)
    assert ticks(said(answer)) == [SUBSIDY]


def test_the_second_click_on_send_asks_nobody_twice(world: World) -> None:
    case = ready(world)
    version = Case.objects.get(pk=case.pk).version
    assert post(world, case, "send", TESTS, version=version).status_code == 302
    answer = post(world, case, "send", TESTS, version=version)
    assert (answer.status_code, "ほかの人が先に保存しました。" in said(answer)) == (409, True)
    assert Support.objects.count() == 1
    assert Mail.objects.filter(purpose="offer").count() == 1
    assert Transition.objects.filter(case=case, verb="offered").count() == 1


def test_two_holders_are_one_too_many(world: World) -> None:
    case = ready(world)
    post(world, case, "send", TESTS, takes=TESTS)
    answer = post(world, case, "send", SUBSIDY, takes=SUBSIDY)
    assert (answer.status_code, "主担当をお願いできるのは1機関だけです。" in said(answer)) == (422, True)
    assert Support.objects.count() == 1
    assert post(world, case, "send", SUBSIDY).status_code == 302


def test_inside_the_window_all_can_be_taken_back_and_asked_again(world: World) -> None:
    case = ready(world)
    post(world, case, "send", TESTS, SUBSIDY)
    for support in Support.objects.all():
        post(world, case, f"recall:{support.pk}")
    fresh = Case.objects.get(pk=case.pk)
    assert (fresh.next_step, fresh.next_kind) == ("だれに頼むか決める", "choose")
    text = page(world, case)
    assert boxes(text) == [SUBSIDY, TESTS, ADVICE]
    assert 'class="recall' not in text
    assert post(world, case, "send", TESTS).status_code == 302
    assert sorted(Support.objects.values_list("state", flat=True)) == ["offered", "recalled", "recalled"]
    assert Mail.objects.filter(purpose="offer", state="waiting").count() == 1


def test_after_the_window_a_recall_needs_its_reason_elsewhere(world: World) -> None:
    case = ready(world)
    post(world, case, "send", TESTS)
    support = Support.objects.get()
    with clock.moved_to(clock.now() + dt.timedelta(minutes=6)):
        assert 'class="recall' not in page(world, case)
        answer = post(world, case, f"recall:{support.pk}")
    assert (answer.status_code, "取り消す理由を書いてください。" in said(answer)) == (422, True)
    assert Support.objects.get().state == "offered"


@pytest.mark.parametrize(("after", "left"), [(0, 5), (61, 4), (239, 2), (299, 1)])
def test_the_minutes_left_are_counted_with_the_begun_one(world: World, after: int, left: int) -> None:
    with clock.moved_to(NOW):
        case = ready(world)
        post(world, case, "send", TESTS)
    with clock.moved_to(NOW + dt.timedelta(seconds=after)):
        assert f"あと{left}分。" in page(world, case)


def test_a_body_sorts_what_it_kept_under_the_same_rules(world: World) -> None:
    received = receive(Said(text=WORDS, channel="phone", company_given="架空製作所", summary="水質計の試験", summary_seen=True,
                            standing_classes=["summary"]), by=world.lab, body=Body.objects.get(pk=LAB), to_desk=False)
    case = received.case
    assert SUBSIDY in boxes(page(world, case, LAB))
    answer = post(world, case, "send", SUBSIDY, body=LAB, **line(SUBSIDY, classes=[]))
    assert answer.url == url(case, LAB)
    assert list(Support.objects.values_list("body", "asked_by_body", "classes")) == [(CENTER, LAB, ["summary"])]
    assert post(world, case, "send", ADVICE).status_code == 403  # the desk reads it, the lab runs it
