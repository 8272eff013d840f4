"""One holder, one next step: who moves, and how a case changes hands."""

from __future__ import annotations

import datetime as dt
import threading
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from renkei.base import clock
from renkei.base.context import acting
from renkei.base.refusal import Refused
from renkei.cases.actions.answers import accept
from renkei.cases.actions.closing import close_case
from renkei.cases.actions.consents import give_consent
from renkei.cases.actions.holding import (
    Pack,
    accept_handover,
    bring_forward,
    decline_handover,
    draft_pack,
    move_holder,
    offer_handover,
    recall_handover,
    set_next_step,
    take_case,
)
from renkei.cases.actions.intake import receive, refer_to_desk
from renkei.cases.actions.talk import add_file, log_contact, write_to_company
from renkei.cases.models import Case, Contact, Handover, Support, Transition, Verb
from renkei.cases.steps import NextStep
from renkei.companies.models import Company, Sight
from renkei.plan.models import Body
from renkei.post.models import Mail, Nudge
from tests.cases.linking import web
from tests.cases.making import NOON, arrived, company, events, fresh, need_of, offered, refuses, said, steps
from tests.world import CENTER, DESK, LAB, World

PACK = Pack(state="試験の段階", promises="30日に電話", open_points="予算", files=["図面.pdf"])


@pytest.fixture(autouse=True)
def _noon() -> Any:
    with clock.moved_to(NOON):
        yield


@pytest.fixture
def case(world: World) -> Case:
    return arrived(world).case


def body(code: str) -> Body:
    return Body.objects.get(pk=code)


def consent(case: Case, world: World, to: str = LAB, klass: str = "summary") -> None:
    give_consent(case, body=body(to), klass=klass, by=world.desk, how="oral", given_by="齋藤 亘")


def handed(case: Case, world: World, to: str = LAB, **more: Any) -> Handover:
    consent(case, world, to)
    return offer_handover(case, to_body=body(to), by=world.desk, pack=PACK, **more)


def held_by_lab(case: Case, world: World) -> Case:
    accept_handover(handed(case, world), by=world.lab)
    return fresh(case)


class TestNextStep:
    def test_says_what_when_and_who(self, world: World, case: Case) -> None:
        step = NextStep("電話する", dt.date(2026, 11, 27), kind="call", at=dt.time(10), phone="04-7100-0000",
                        person=world.desk.person)
        after = set_next_step(case, step, by=world.desk, version=case.version)
        assert (after.next_step, after.next_on, after.next_time, after.next_phone, after.next_kind, after.next_body_id,
                after.next_person_id, after.version) == (
            "電話する", dt.date(2026, 11, 27), dt.time(10), "04-7100-0000", "call", DESK, world.desk.person,
            case.version + 1)
        assert steps(case)[-1] == ("next_step", "", "call")
        assert events("case.next_step") == 1

    @pytest.mark.parametrize(
        ("step", "code", "field"),
        [
            (NextStep("電話", dt.date(2026, 11, 24)), "next_on_past", "next_on"),
            (NextStep("電話", dt.date(2126, 11, 25)), "next_on_far", "next_on"),
            (NextStep(" ", dt.date(2026, 11, 27)), "next_step_empty", "next_step"),
            (NextStep("電話", dt.date(2026, 11, 27), kind="call"), "next_step_no_phone", "next_phone"),
        ],
    )
    def test_refuses(self, world: World, case: Case, step: NextStep, code: str, field: str) -> None:
        with refuses(code, field):
            set_next_step(case, step, by=world.desk)
        assert fresh(case).version == case.version

    def test_refuses_a_person_of_another_body(self, world: World, case: Case) -> None:
        with refuses("not_a_member", "person"):
            set_next_step(case, NextStep("電話", dt.date(2026, 11, 27), person=world.lab.person), by=world.desk)

    def test_two_people_do_not_save_over_each_other(self, world: World, case: Case) -> None:
        step = NextStep("電話", dt.date(2026, 11, 27))
        set_next_step(case, step, by=world.desk, version=case.version)
        with refuses("changed_meanwhile"):
            set_next_step(case, step, by=world.desk, version=case.version)

    def test_refuses_strangers_and_closed_cases(self, world: World, case: Case) -> None:
        with refuses("not_allowed"):
            set_next_step(case, NextStep("電話", dt.date(2026, 11, 27)), by=world.lab)
        close_case(case, by=world.desk, reason="solved", words="済")
        with refuses("case_closed"):
            set_next_step(case, NextStep("電話", dt.date(2026, 11, 27)), by=world.desk)

    def test_bring_forward_keeps_what_comes_first(self, case: Case) -> None:
        case.next_on = dt.date(2026, 11, 26)
        assert not bring_forward(case, NextStep("あと", dt.date(2026, 11, 27)))
        assert bring_forward(case, NextStep("いま", dt.date(2026, 11, 26)))
        assert case.next_step == "いま"


class TestTake:
    @pytest.mark.covers("C32")
    def test_names_the_person(self, world: World, case: Case) -> None:
        Case.objects.update(holder_person=None)
        after = take_case(case, by=world.desk, person=world.people[DESK].pk)
        assert (after.holder_person_id, after.next_person_id) == (world.desk.person, world.desk.person)
        assert steps(case)[-1] == ("passed_on", "", str(world.desk.person))
        assert take_case(case, by=world.desk, person=world.people[DESK].pk).version == after.version
        assert events("case.take") == 1

    def test_refuses(self, world: World, case: Case) -> None:
        with refuses("not_a_member", "person"):
            take_case(case, by=world.desk, person=world.people[LAB].pk)
        with refuses("not_allowed"):
            take_case(case, by=world.lab, person=world.people[LAB].pk)


class TestHandover:
    @pytest.mark.covers("C32")
    def test_until_it_is_accepted_the_giver_holds(self, world: World, case: Case) -> None:
        handover = handed(case, world, reason="設備がある")
        assert (handover.from_body_id, handover.to_body_id, handover.state, handover.due_on, handover.pack_state,
                handover.pack_promises, handover.pack_open, handover.pack_files, handover.reason) == (
            DESK, LAB, "offered", dt.date(2026, 11, 30), "試験の段階", "30日に電話", "予算", ["図面.pdf"], "設備がある")
        assert fresh(case).holder_id == DESK
        assert steps(case)[-1] == ("handover_offered", "", "offered")
        assert events("handover.offer") == 1
        told = Nudge.objects.get(title__startswith="引継ぎのお願い")
        assert (told.address, told.body, "雷サージ" in told.words) == ("hibari-lab@hibari.example", LAB, False)

    def test_waiting_is_the_next_step_unless_an_earlier_one_stands(self, world: World, case: Case) -> None:
        Case.objects.update(next_on=dt.date(2026, 12, 20), next_kind="work")
        handed(case, world)
        after = fresh(case)
        assert (after.next_kind, after.next_on, after.next_body_id) == ("wait", dt.date(2026, 11, 30), LAB)

    @pytest.mark.covers("C26", "C32")
    def test_accepting_makes_the_holder_with_a_dated_step(self, world: World, case: Case) -> None:
        step = NextStep("会社に電話する", dt.date(2026, 11, 26))
        handover = accept_handover(handed(case, world), by=world.lab, next_step=step)
        after = fresh(case)
        assert (handover.state, handover.answered_at) == ("accepted", NOON)
        assert (after.holder_id, after.holder_person_id, after.holder_since, after.next_step, after.next_on,
                after.next_body_id, after.state) == (
            LAB, world.lab.person, dt.date(2026, 11, 25), "会社に電話する", dt.date(2026, 11, 26), LAB, "active")
        assert [verb for verb, _b, _a in steps(case)][-2:] == ["handover_accepted", "triaged"]
        told = Nudge.objects.filter(title__startswith="引き継ぎました").values_list("address", flat=True)
        assert list(told) == ["hibari-desk@people.example"]
        assert Mail.objects.filter(purpose="company", subject__startswith="担当が変わりました").count() == 1
        assert events("handover.accepted") == 1
        assert events("case.move_holder") == 1

    def test_without_a_step_the_clock_gives_one(self, world: World, case: Case) -> None:
        accept_handover(handed(case, world), by=world.lab)
        assert (fresh(case).next_kind, fresh(case).next_on) == ("answer", dt.date(2026, 11, 27))

    def test_the_new_holder_knows_the_firm_from_now_on(self, world: World) -> None:
        known = company()
        held_by_lab(arrived(world, company=known).case, world)
        assert Sight.objects.filter(company=known, body_id=LAB, ended_on__isnull=True).count() == 1

    def test_accepting_twice_refuses(self, world: World, case: Case) -> None:
        handover = handed(case, world)
        accept_handover(handover, by=world.lab)
        with refuses("wrong_state"):
            accept_handover(handover, by=world.lab)

    def test_declining_returns_it_with_the_reason(self, world: World, case: Case) -> None:
        Case.objects.update(next_on=dt.date(2026, 12, 20), next_kind="work")
        handover = decline_handover(handed(case, world), by=world.lab, reason="手がいっぱい")
        after = fresh(case)
        assert (handover.state, handover.answer_text, after.holder_id, after.next_body_id, after.next_on) == (
            "declined", "手がいっぱい", DESK, DESK, dt.date(2026, 11, 27))
        assert "ほかに" in after.next_step
        assert steps(case)[-1] == ("handover_declined", "offered", "declined")
        assert Nudge.objects.filter(title__startswith="引継ぎが断られました", address="hibari-desk@people.example").count() == 1

    def test_recalled_before_the_answer(self, world: World, case: Case) -> None:
        Case.objects.update(next_on=dt.date(2026, 12, 20), next_kind="work")
        handover = recall_handover(handed(case, world), by=world.desk)
        assert (handover.state, fresh(case).next_kind, fresh(case).next_body_id) == ("recalled", "choose", DESK)
        assert steps(case)[-1] == ("recalled", "offered", "recalled")
        with refuses("wrong_state"):
            decline_handover(handover, by=world.lab, reason="遅い")

    @pytest.mark.covers("C92")
    def test_the_front_desk_never_refuses(self, world: World, case: Case) -> None:
        held_by_lab(case, world)
        handover = offer_handover(fresh(case), to_body=body(DESK), by=world.lab, pack=PACK)
        after = fresh(case)
        assert (handover.state, after.holder_id, after.at_desk, after.next_body_id) == ("accepted", DESK, True, DESK)
        assert steps(case)[-1] == ("holder_back", LAB, DESK)

    def test_no_consent_no_handover(self, world: World, case: Case) -> None:
        with refuses("no_consent", "to_body"):
            offer_handover(case, to_body=body(LAB), by=world.desk, pack=PACK)

    def test_consent_withdrawn_meanwhile_stops_the_acceptance(self, world: World, case: Case) -> None:
        handover = handed(case, world)
        case.consents.update(withdrawn_at=clock.now())
        with refuses("no_consent", "to_body"):
            accept_handover(handover, by=world.lab)
        assert fresh(case).holder_id == DESK

    @pytest.mark.parametrize(
        ("more", "code", "field"),
        [
            ({"to_body": DESK}, "same_body", "to_body"),
            ({"due_on": dt.date(2026, 11, 24)}, "due_past", "due_on"),
            ({"pack": Pack()}, "pack_empty", "state"),
            ({"pack": Pack(state="あ" * 2001)}, "too_long", "state"),
            ({"by": "lab"}, "not_allowed", None),
        ],
    )
    def test_refuses(self, world: World, case: Case, more: dict[str, Any], code: str, field: str | None) -> None:
        consent(case, world)
        given = {"to_body": LAB, "by": world.desk, "pack": PACK, **more}
        given["to_body"] = body(given["to_body"])
        given["by"] = world.lab if given["by"] == "lab" else given["by"]
        with refuses(code, field):
            offer_handover(case, **given)
        assert not Handover.objects.exists()

    def test_refuses_people_and_second_offers(self, world: World, case: Case) -> None:
        consent(case, world)
        with refuses("not_a_member", "to_person"[3:]):
            offer_handover(case, to_body=body(LAB), by=world.desk, pack=PACK, to_person=world.desk.person)
        offer_handover(case, to_body=body(LAB), by=world.desk, pack=PACK, to_person=world.lab.person)
        with refuses("already_offered"):
            offer_handover(case, to_body=body(LAB), by=world.desk, pack=PACK)

    def test_only_the_asked_body_answers_and_only_the_giver_recalls(self, world: World, case: Case) -> None:
        handover = handed(case, world)
        for act in (lambda: accept_handover(handover, by=world.center),
                    lambda: decline_handover(handover, by=world.center, reason="x"),
                    lambda: recall_handover(handover, by=world.lab)):
            with refuses("not_allowed"):
                act()
        with refuses("reason_empty", "reason"):
            decline_handover(handover, by=world.lab, reason=" ")

    def test_the_database_allows_one_open_offer_a_case(self, world: World, case: Case) -> None:
        handover = handed(case, world)
        handover.pk = None
        with pytest.raises(IntegrityError, match="handover_one_open_per_case"), transaction.atomic():
            Handover.objects.create(case=case, from_body_id=DESK, to_body_id=CENTER, offered_at=clock.now(),
                                    due_on=clock.today())


class TestMoveHolder:
    def test_a_body_refers_its_own_to_the_desk(self, world: World) -> None:
        case = receive(said(), by=world.lab, body=body(LAB), to_desk=False).case
        assert (case.holder_id, case.at_desk) == (LAB, False)
        after = refer_to_desk(case, by=world.lab, note="補助金の話です")
        assert (after.holder_id, after.at_desk, fresh(case).holder_id, fresh(case).at_desk) == (DESK, True, DESK, True)
        assert Contact.objects.get().text == "補助金の話です"
        assert Transition.objects.get(verb="referred").subject == Contact.objects.get().pk

    def test_a_body_cannot_be_given_a_case_unasked(self, world: World, case: Case) -> None:
        lab_case = receive(said(), by=world.lab, body=body(LAB), to_desk=False).case
        with refuses("not_allowed"):
            move_holder(lab_case, to=body(CENTER), by=world.lab, verb=Verb.HOLDER_BACK)
        with refuses("no_consent", "to_body"):
            move_holder(case, to=body(CENTER), by=world.center, verb=Verb.HOLDER_BACK)

    def test_the_same_holder_is_no_step(self, world: World, case: Case) -> None:
        before = steps(case)
        move_holder(case, to=body(DESK), by=world.desk, verb=Verb.HOLDER_BACK)
        assert steps(case) == before

    def test_the_taker_back_has_taken_the_words_itself(self, world: World) -> None:
        case = receive(said(), by=world.lab, body=body(LAB)).case
        assert case.holder_id == DESK
        assert move_holder(case, to=body(LAB), by=world.lab, verb=Verb.HANDOVER_ACCEPTED).holder_id == LAB


class TestPack:
    @pytest.mark.covers("C26")
    def test_is_made_from_what_is_on_record(self, world: World, case: Case, tmp_path: Any, settings: Any) -> None:
        settings.MEDIA_ROOT = tmp_path
        need_of(case, world)
        offered(world, case=case)
        write_to_company(fresh(case), by=world.desk, text="30日にお電話します")
        add_file(case, by=world.desk, name="図面.pdf", data=b"%PDF-1.7")
        pack = draft_pack(fresh(case), world.desk)
        assert "電源装置の試作と試験" in pack.state
        assert "工業試験所 設備・試験：回答待ち" in pack.state
        assert "30日にお電話します" in pack.promises
        assert "開発・試験：雷サージの試験" in pack.open_points
        assert "工業試験所 設備・試験の返事待ち" in pack.open_points
        assert pack.files == ["図面.pdf"]

    def test_holds_no_more_than_its_writer_sees(self, world: World, case: Case) -> None:
        log_contact(case, by=world.desk, channel="phone", text="秘密")
        write_to_company(case, by=world.desk, text="秘密の約束")
        assert "秘密" not in draft_pack(fresh(case), world.bank).promises


class TestRealLogin:
    def test_a_case_goes_round_and_comes_back(self, committed_world: World, login: Any) -> None:
        world = committed_world
        case = arrived(world, company=company()).case
        with web(login, world.desk):
            handover = handed(case, world)
        with web(login, world.center):
            assert not Case.objects.exists()
            assert not Handover.objects.exists()
        with web(login, world.lab):
            accept_handover(Handover.objects.get(), by=world.lab)
            assert Company.objects.count() == 1
        with web(login, world.lab):
            set_next_step(case, NextStep("測る", dt.date(2026, 12, 1)), by=world.lab)
            take_case(case, by=world.lab, person=world.people[LAB].pk)
        assert fresh(handover).state == "accepted"
        Case.objects.filter(pk=case.pk).update(at_desk=False)
        case.consents.update(withdrawn_at=clock.now())
        with web(login, world.lab):  # may read no more, and still gives the case back
            offer_handover(case, to_body=body(DESK), by=world.lab, pack=PACK)
            assert not Case.objects.exists()
        after = fresh(case)
        assert (after.holder_id, after.at_desk, after.next_body_id, after.next_on is not None) == (DESK, True, DESK, True)

    def test_declined_and_recalled(self, committed_world: World, login: Any) -> None:
        world = committed_world
        case = arrived(world).case
        with web(login, world.desk):
            handed(case, world)
        with web(login, world.lab):
            decline_handover(Handover.objects.get(), by=world.lab, reason="手がいっぱい")
        assert fresh(case).next_kind == "choose"
        with web(login, world.lab):
            assert not Case.objects.exists()
        with web(login, world.desk):
            again = offer_handover(fresh(case), to_body=body(LAB), by=world.desk, pack=PACK)
            recall_handover(again, by=world.desk)
        with web(login, world.lab):
            assert not Case.objects.exists()

    def test_a_body_sends_its_own_to_the_desk(self, committed_world: World, login: Any) -> None:
        world = committed_world
        with web(login, world.lab):
            case = receive(said(), by=world.lab, body=body(LAB), to_desk=False).case
            refer_to_desk(case, by=world.lab, note="お願いします")
        with web(login, world.desk):
            assert Case.objects.get().holder_id == DESK
            assert Contact.objects.get().text == "お願いします"

    def test_a_stranger_cannot_pull_a_case(self, committed_world: World, login: Any) -> None:
        world = committed_world
        case = arrived(world).case
        with web(login, world.center):
            assert Case.objects.filter(pk=case.pk).update(holder_id=CENTER) == 0
        for call in ("case_to_desk(%s, %s)", "case_holder_meets_company(%s, %s)"):
            with pytest.raises(Exception, match=r"not held|not a case"), web(login, world.center), connection.cursor() as cursor:
                cursor.execute(f"SELECT {call}", [case.pk, clock.today()])

    @pytest.mark.storm
    def test_two_bodies_accept_at_once_and_one_holds(self, committed_world: World) -> None:
        """The handover goes to the lab, and the lab accepts twice at the same moment: one acceptance counts."""
        world = committed_world
        case = arrived(world).case
        handover = handed(case, world)
        results: list[str] = []
        gate = threading.Barrier(2)

        def run() -> None:
            gate.wait()
            try:
                with clock.moved_to(NOON), acting(world.lab):
                    accept_handover(handover, by=world.lab)
                results.append("accepted")
            except Refused as refusal:
                results.append(refusal.code)
            finally:
                connection.close()

        threads = [threading.Thread(target=run) for _turn in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(results) == ["accepted", "wrong_state"]
        assert Transition.objects.filter(verb="handover_accepted").count() == 1


@pytest.mark.storm
@pytest.mark.parametrize(("constraint", "kept"), [(True, 1), (False, 2)])
def test_without_the_constraint_two_offers_would_stand(
    committed_world: World, constraint: bool, kept: int
) -> None:
    """Two writers that forgot the lock: the database lets one through; with the constraint dropped, both."""
    case = arrived(committed_world).case
    (unique,) = [one for one in Handover._meta.constraints if one.name == "handover_one_open_per_case"]
    gate = threading.Barrier(2)

    def offer(to: str) -> None:
        try:
            with transaction.atomic():
                gate.wait()
                Handover.objects.create(case=case, from_body_id=DESK, to_body_id=to, offered_at=NOON, due_on=clock.today())
        except IntegrityError as error:
            assert "handover_one_open_per_case" in str(error)  # noqa: PT017  the other thread's answer
        finally:
            connection.close()

    if not constraint:
        with connection.schema_editor() as editor:
            editor.remove_constraint(Handover, unique)
    try:
        threads = [threading.Thread(target=offer, args=[to]) for to in (LAB, CENTER)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert Handover.objects.filter(state="offered").count() == kept
    finally:
        if not constraint:
            Handover.objects.update(state="recalled")
            with connection.schema_editor() as editor:
                editor.add_constraint(Handover, unique)


def test_p1_is_kept_by_the_database(world: World, case: Case) -> None:
    for change in ({"next_on": None}, {"next_step": ""}, {"next_kind": ""}):
        with pytest.raises(IntegrityError, match="case_open_has_next_step"), transaction.atomic():
            Case.objects.filter(pk=case.pk).update(**change)
    with pytest.raises(IntegrityError, match="holder_id"), transaction.atomic():
        Case.objects.filter(pk=case.pk).update(holder=None)


def test_taking_over_by_a_support_keeps_one_holder(world: World, case: Case) -> None:
    support = offered(world, case=case, takes_over=True)
    accept(support, by=world.lab)
    after = fresh(case)
    assert (after.holder_id, after.next_body_id, after.next_on is not None) == (LAB, LAB, True)
    assert Support.objects.get().state == "accepted"
