"""What a case waits for while bodies are asked and at work: the next steps that offers and answers leave behind (P1)."""

from __future__ import annotations

from renkei.base.language import written
from renkei.cases.models import Case, Support
from renkei.cases.states import OPEN_SUPPORTS
from renkei.cases.steps import NextStep, due, put_next_step, save_case


def waiting_step(case: Case) -> NextStep | None:
    """Return the step of waiting for the earliest answer; None when nobody is being asked.

    A body that waits for an answer itself comes first: its deadline rests, so nothing else would call for it.
    """
    waiting = list(case.supports.waiting().select_related("body").order_by("due_on"))
    if not waiting:
        return None
    if (question := question_step(case)) is not None:
        return question
    first = waiting[0]
    others = written("ほか%(n)s機関") % {"n": len(waiting) - 1} if len(waiting) > 1 else ""
    what = written("%(body)s%(others)sの返事を待つ") % {"body": first.body.short, "others": others}
    return NextStep(what=what, on=first.due_on or due("offer_answer"), kind="wait", body=first.body_id,
                    person=first.person_id)


def question_step(case: Case) -> NextStep | None:
    """Return the holder's step of answering what a body asked back; None when no question is open."""
    waiting = case.supports.waiting().select_related("body").order_by("offered_at")
    asking = next((one for one in waiting if one.is_asking), None)
    if asking is None:
        return None
    return NextStep(what=written("%(body)sの質問に答える") % {"body": asking.body.short}, on=due("first_answer"), kind="answer",
                    body=case.holder_id)


def choose_step(case: Case) -> NextStep:
    """Return the holder's step of choosing whom to ask."""
    return NextStep(what=written("だれに頼むか決める"), on=due("first_answer"), kind="choose", body=case.holder_id)


def look_step(case: Case) -> NextStep:
    """Return the holder's step after the last support is over."""
    return NextStep(what=written("会社に結果を聞き、次を決めるか、案件を終える"), on=due("first_answer"), body=case.holder_id,
                    person=case.holder_person_id)


def first_step(case: Case, support: Support) -> NextStep:
    """Return the accepting body's first step, or what is awaited sooner."""
    return sooner(case, NextStep(what=written("%(body)sが会社に連絡する") % {"body": support.body.short}, on=due("first_answer"),
                                 body=support.body_id, person=support.person_id))


def sooner(case: Case, step: NextStep) -> NextStep:
    """Return the step, or the answer awaited before it; a body's open question always comes first."""
    waiting = waiting_step(case)
    return waiting if waiting is not None and (waiting.on < step.on or waiting.kind == "answer") else step


def must_choose(case: Case, support: Support) -> bool:
    """Tell whether the holder still has to choose whom to ask next: another body's progress does not undo that."""
    return case.next_kind == "choose" and case.next_body_id != support.body_id


def move_on(case: Case, support: Support) -> None:
    """Let the case not wait for a body whose last support is over while others are still asked or at work."""
    if case.next_body_id != support.body_id or case.holder_id == support.body_id:
        return
    if not case.supports.filter(state__in=OPEN_SUPPORTS, body=support.body_id).exists():
        put_next_step(case, waiting_step(case) or look_step(case))
        save_case(case)
