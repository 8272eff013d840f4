"""What a simulated fiscal year has beside its ordinary days: meetings, hard cases that climb, help from outside, projects, corrections.

Everything goes through the actions people use; only the plan's dates are written as a version, as publishing does.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

from bench.people import at_work
from bench.simulate import Quarter
from renkei.base import clock
from renkei.base.actor import Actor
from renkei.cases.actions.answers import correct_answer, record_answer
from renkei.cases.actions.closing import close_case, give_feedback, reopen_case
from renkei.cases.actions.consents import give_consent
from renkei.cases.actions.disclosable import write_public
from renkei.cases.actions.gaps import Missing, record_gap
from renkei.cases.actions.holding import Pack, accept_handover, offer_handover
from renkei.cases.actions.intake import receive
from renkei.cases.actions.merging import merge_cases
from renkei.cases.actions.openings import answer_opening
from renkei.cases.actions.outside import answer_outside, ask_outside, end_outside, give_up_outside
from renkei.cases.actions.projects import record_project
from renkei.cases.actions.shares import answer_shares, propose_shares
from renkei.cases.actions.talk import log_contact
from renkei.cases.actions.triage import set_analysis
from renkei.cases.models import Case, Escalation, Handover, Need, OutsideRequest, RegionalProject, RungNumber, Support
from renkei.cases.queries.ladder import may_climb
from renkei.cases.states import CaseState, HandoverState, NeedState, SupportState
from renkei.meetings.actions.agenda import Wording, add_item, put_up
from renkei.meetings.actions.calling import attend, call_meeting, move_meeting
from renkei.meetings.actions.confirming import confirm, lock_minutes
from renkei.meetings.actions.minuting import decide, give_task, send_out, write_notes
from renkei.meetings.actions.trends import (
    correct_trend,
    end_trend_consent,
    take_back_trend,
    tell_trend,
)
from renkei.meetings.jobs import take_up_decisions
from renkei.meetings.models import AgendaItem, ItemKind, Meeting, MeetingKind, MeetingState, TrendNote
from renkei.plan.models import Body, Field, Municipality, Plan, PlanVersion
from renkei.plan.queries import add_business_days
from tests.cases.linking import firm
from tests.cases.making import company, fresh, said
from tests.meetings.making import WITH_MEETINGS
from tests.reporting.year import AIMS
from tests.world import BANK, CENTER, DESK, LAB

SERIES = {"working": CENTER, "full": DESK}
NOTICE = 10  # business days between the call of a meeting and its day
SPACING = 35  # days: about ten a year


@dataclass
class Diary:
    """The days of a year on which something is called or held: series, kind and reason by the day of the meeting."""

    first: dt.date
    planned: dict[dt.date, tuple[str, str, str]] = field(default_factory=dict)
    called: dict[dt.date, Meeting] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Ten working meetings, the yearly one, one extra with its reason, and one in writing that is called off."""
        for turn in range(10):
            self.planned[add_business_days(self.first + dt.timedelta(days=24 + turn * SPACING), 1)] = ("working", "regular", "")
        self.planned[add_business_days(self.first + dt.timedelta(days=170), 1)] = ("full", "regular", "")
        self.planned[add_business_days(self.first + dt.timedelta(days=225), 1)] = ("full", "extra", "急ぎの相談が重なったため")
        self.planned[add_business_days(self.first + dt.timedelta(days=290), 1)] = ("working", "circulation", "")

    @property
    def half(self) -> dt.date:
        """The day after which the network is dissolved."""
        return self.first + dt.timedelta(days=240)


class FiscalYearPlay:
    """One year of a region, a business day at a time."""

    def __init__(self, run: Quarter, diary: Diary) -> None:
        self.run, self.diary, self.rnd = run, diary, run.rnd
        self.recorded: list[Support] = []
        run.also = self.live

    def begin(self) -> None:
        """Write the plan with meetings, a ladder, areas and targets, and the firms that come again."""
        content = {**WITH_MEETINGS, **AIMS, "vocabularies": {**WITH_MEETINGS["vocabularies"], "pressures": AIMS["pressures"]}}
        self.publish(content)
        Municipality.objects.create(code="999024", name="ひばり浜市", kana="ひばりはまし", areas=["north", "coast"])
        for number in range(max(self.run.plot.needs // 15, 8)):
            place, estate = self.rnd.choice([("999016", "ひばり丘団地"), ("999024", ""), ("999016", ""), (None, "")])
            self.run.companies.append(company(name=f"第{number}精機株式会社", municipality_id=place, estate=estate))

    def publish(self, content: dict[str, Any]) -> None:
        """Put a version of the plan in force."""
        plan = Plan.objects.get()
        last = PlanVersion.objects.filter(plan=plan).order_by("-number").values_list("number", flat=True).first() or 0
        PlanVersion.objects.create(plan=plan, number=last + 1, content=content, published_at=clock.now())

    def live(self, today: dt.date) -> None:
        """Do what the year has beside an ordinary day."""
        with self.run.at(today, 15, 30):
            self._plan_changes(today)
            self._meet(today)
            self._answer_handovers()
            self._seek_outside(today)
            self._sort_and_talk()
            self._end_and_come_back(today)
            self._wrong_and_late(today)
            self._miss()

    def desk(self) -> Actor:
        """Somebody of the desk."""
        return self.run.staff_of(DESK)

    def holder(self, case: Case) -> Actor:
        """Whoever acts for the case's holder today."""
        return at_work(self.run, case.holder_person_id, case.holder_id)

    # the plan and its meetings

    def _plan_changes(self, today: dt.date) -> None:
        if today >= self.diary.half and not self.run.done["network dissolved"]:
            content = PlanVersion.objects.latest("number").content
            network = {**content["networks"][0], "to": (today - dt.timedelta(days=1)).isoformat()}
            self.publish({**content, "networks": [network]})
            self.run.done["network dissolved"] += 1

    def _meet(self, today: dt.date) -> None:
        for day, (series, kind, reason) in self.diary.planned.items():
            if day not in self.diary.called and add_business_days(today, NOTICE) >= day >= today:
                by = self.run.staff_of(SERIES[series])
                made = self.run.act("meeting called", lambda by=by, series=series, day=day, kind=kind, reason=reason: call_meeting(
                    series, by=by, held_on=day, kind=kind, reason=reason, starts=dt.time(14), place="ひばり館", chair="議長"))
                if made is not None:
                    self.diary.called[day] = made
        ahead = [one for one in Meeting.objects.filter(state=MeetingState.PLANNED).exclude(kind=MeetingKind.CIRCULATION).order_by("held_on") if one.held_on > today]
        if ahead:
            self._put_up(ahead[0])
            self._tell(ahead[0], today)
        for meeting in Meeting.objects.filter(state=MeetingState.PLANNED, held_on__lte=today):
            if meeting.kind == MeetingKind.CIRCULATION:
                self.run.act("called off", lambda meeting=meeting: move_meeting(meeting, by=self.run.staff_of(meeting.host_id), state=MeetingState.OFF, reason="急がなくなった"))
            else:
                self._hold(meeting)
        for meeting in Meeting.objects.filter(state=MeetingState.CHECKING, held_on__lte=today - dt.timedelta(days=7)):
            by = self.run.staff_of(meeting.host_id)
            self.run.act("minutes locked", lambda meeting=meeting, by=by: lock_minutes(meeting, by=by, version=fresh(meeting).version))

    def _put_up(self, meeting: Meeting) -> None:
        """Needs that were declined everywhere go to the next meeting, without their firm's name."""
        for need in Need.objects.filter(state=NeedState.OPEN, case__state=CaseState.ACTIVE, supports__state__in=["declined", "expired"]).distinct().order_by("pk"):
            stands = Escalation.objects.open().filter(need=need).exists()
            if not may_climb(need, need.supports.all(), stands=stands) or self.rnd.random() > 0.5:
                continue
            by = self.holder(need.case)
            self.run.act("words agreed", lambda need=need, by=by: write_public(need, title="測れる所", summary="細かく測れる所をさがしている。", by=by, seen=True))
            wording = Wording("測れる所をさがす", "どなたか知りませんか。")
            self.run.act("put up", lambda need=need, by=by, wording=wording: put_up(fresh(need), meeting, by=by, wording=wording, reason="県内で断られた"))

    def _tell(self, meeting: Meeting, today: dt.date) -> None:
        """A bank tells the next meeting of business trends: mostly of nobody, now and then of a client that agreed."""
        chance, by = self.rnd.random(), self.run.staff_of(BANK)
        if chance < 0.08:
            whose = {"basis": "consent", "client": "取引先", "consent_on": today} if chance < 0.03 else {"basis": "anonymous"}
            note = self.run.act(f"trend told {whose['basis']}", lambda: tell_trend(meeting, by=by, text="電気代の上がりを値段に移せない会社が多い。", **whose))
            if note is not None:
                self._think_again(note, chance)

    def _think_again(self, note: TrendNote, chance: float) -> None:
        """The bank corrects one note in four, takes some back, and now and then a client's consent ends."""
        by = self.run.staff_of(BANK)
        if chance < 0.01:
            self.run.act("trend consent ended", lambda: end_trend_consent(note, by=by, text="値段を上げた会社がある。"))
        elif 0.03 < chance < 0.05:
            note = self.run.act("trend corrected", lambda: correct_trend(note, by=by, text="値段に移せた会社も出てきた。", basis="anonymous")) or note
        if 0.04 < chance < 0.06:
            self.run.act("trend taken back", lambda: take_back_trend(note, by=by, reason="聞き違えていた。"))

    def _hold(self, meeting: Meeting) -> None:
        host = self.run.staff_of(meeting.host_id)
        self.run.act("report put up", lambda: add_item(meeting, by=host, wording=Wording("活動の報告"), kind=ItemKind.REPORT))
        held = self.run.act(f"held {meeting.series} {meeting.kind}", lambda: move_meeting(meeting, by=host, state=MeetingState.HELD))
        for body in sorted(self.run.people):
            if held is not None and self.rnd.random() < 0.8:
                self.run.act("attended", lambda body=body: attend(held, by=host, name="出席者", body=Body.objects.get(pk=body)))
        for item in AgendaItem.objects.filter(meeting=meeting):
            noted = self.run.act("notes", lambda item=item: write_notes(item, by=host, notes="話し合った。", version=item.version))
            outcome = self.rnd.choice(["helped", "outside", "outside", "carried"]) if item.kind == ItemKind.CASE else "noted"
            self.run.act(f"decided {outcome}", lambda noted=noted, outcome=outcome: decide(noted, by=host, outcome=outcome, decision="こう決めた。", version=noted.version))
            if outcome == "helped":
                due = meeting.held_on + dt.timedelta(days=7)
                self.run.act("task given", lambda item=item, due=due: give_task(fresh(item), by=host, what="連絡する", body=Body.objects.get(pk=LAB), due_on=due))
        minutes = self.run.act("minutes sent", lambda: send_out(fresh(meeting), by=host))
        for body in sorted(self.run.people) if minutes is not None else ():
            self.run.act("minutes confirmed", lambda body=body: confirm(minutes, by=self.run.staff_of(body), agrees=True))
        take_up_decisions()

    # outside the region

    def _seek_outside(self, today: dt.date) -> None:
        lab = Body.objects.get(pk=LAB)
        for rung in Escalation.objects.open().filter(rung=RungNumber.OUTSIDE).select_related("case", "need").order_by("pk"):
            case, by = fresh(rung.case), self.run.staff_of(LAB)
            if case.holder_id != LAB:
                self._to_the_lead(case, lab)
                continue
            waiting = rung.requests.filter(ended_on=None).exclude(answer="declined").first()
            if waiting is None and rung.requests.count() < 2:
                self.run.act("asked outside", lambda rung=rung, by=by: ask_outside(
                    rung.need, by=by, network="kazenet", member="tonari", name="隣 花子", email=f"t{self.rnd.randrange(99)}@outside.example",
                    ask="測ってほしい。", due_on=today + dt.timedelta(days=14), classes=["summary"]))
            if waiting is None and rung.requests.exists() and self.rnd.random() < 0.2:
                self.run.act("gave up outside", lambda rung=rung, by=by: give_up_outside(rung.need, by=by, words="見つからなかった。"))
            elif waiting is not None:
                self._go_on_outside(waiting, by)

    def _miss(self) -> None:
        """Of a need that a body declined, what was missing is written down now and then."""
        for need in Need.objects.filter(supports__state=SupportState.DECLINED).distinct().order_by("pk"):
            if self.rnd.random() < 0.004:
                missing = Missing(self.rnd.choice(["equipment", "skill"]), "大きな恒温槽")
                self.run.act("gap written down", lambda need=need, missing=missing: record_gap(need, missing, by=self.holder(need.case)))

    def _answer_handovers(self) -> None:
        """Whoever is asked to take a case over mostly says yes within some days."""
        for one in Handover.objects.filter(state=HandoverState.OFFERED).select_related("to_body").order_by("pk"):
            if self.rnd.random() < 0.3:
                self.run.act("taken over", lambda one=one: accept_handover(one, by=self.run.staff_of(one.to_body_id)))

    def _to_the_lead(self, case: Case, lab: Body) -> None:
        if Handover.objects.filter(case=case, state=HandoverState.OFFERED).exists():
            return
        by = self.holder(case)
        self.run.act("consent to lead", lambda: give_consent(case, body=lab, klass="summary", by=by, how="oral", given_by="社長"))
        self.run.act("lead asked", lambda: offer_handover(fresh(case), to_body=lab, by=by, pack=Pack(state="会議を経た"), reason="地域の外に求める"))

    def _go_on_outside(self, waiting: OutsideRequest, by: Actor) -> None:
        chance = self.rnd.random()
        if waiting.opening.is_asked:
            self.run.act("firm said yes", lambda: answer_opening(waiting.opening, given=True, by=firm(fresh(waiting.case))))
        elif waiting.is_waiting and chance < 0.3:
            self.run.act("outside answered", lambda: answer_outside(waiting, by=by, accepts=chance < 0.2, words="こう答えた。"))
        elif not waiting.is_waiting and chance < 0.2:
            self.run.act("outside ended", lambda: end_outside(waiting, by=by, result="測れた。", helped=chance < 0.15))

    # what people write down, and what they put right

    def _sort_and_talk(self) -> None:
        for case in Case.objects.open().filter(state=CaseState.ACTIVE).order_by("pk"):
            chance = self.rnd.random()
            if chance < 0.03:
                given = {"pressures": self.rnd.sample(["population", "global"], self.rnd.randrange(3)), "purposes": self.rnd.sample(["new_field"], self.rnd.randrange(2))}
                self.run.act("sorted", lambda case=case, given=given: set_analysis(fresh(case), support_field="A", by=self.holder(case), **given))
            elif chance < 0.06:
                outcome = self.rnd.choice(["talked", "absent"])
                day = clock.now() - dt.timedelta(days=self.rnd.choice([0, 0, 3]))
                self.run.act("contact", lambda case=case, outcome=outcome, day=day: log_contact(
                    fresh(case), by=self.holder(case), channel="phone", text="話した", outcome=outcome, happened_at=max(day, case.arrived_at)))

    def _end_and_come_back(self, today: dt.date) -> None:
        closed = list(Case.objects.filter(state=CaseState.CLOSED).order_by("pk"))
        for case in closed:
            chance = self.rnd.random()
            if chance < 0.004:
                self.run.act("reopened", lambda case=case: reopen_case(fresh(case), by=self.holder(case), reason="また頼みたい"))
            elif chance < 0.03:
                result = self.rnd.choice(["solved", "partly", "no"])
                self.run.act("feedback", lambda case=case, result=result: give_feedback(fresh(case), by=self.holder(case), result=result, satisfaction=4))
            elif chance < 0.035 and case.company_id:
                self._project(case, today)
        if self.rnd.random() < 0.03:
            self._nuisance_or_twin()

    def _project(self, case: Case, today: dt.date) -> None:
        """A firm's plan was approved some weeks ago; one or two bodies helped, and another case of the firm may join."""
        bodies = list(Body.objects.filter(pk__in=self.rnd.sample(sorted(self.run.people), self.rnd.choice([1, 1, 2]))))
        number = f"牽引-{case.company_id}"[:20]
        made = self.run.act("project", lambda: record_project(
            fresh(case), number=number, approved_on=today - dt.timedelta(days=self.rnd.choice([3, 30])), title="量産", field=Field.objects.get(pk="A"),
            bodies=bodies, by=self.holder(case)))
        if made is not None:
            self._share(made, case)

    def _share(self, project: RegionalProject, case: Case) -> None:
        """The bodies that helped agree on shares, or one of them wants others, or does not answer."""
        helped = sorted(project.bodies.values_list("pk", flat=True))
        if len(helped) < 2:
            return
        first = self.rnd.randrange(5, 95 - len(helped))
        parts = dict(zip(helped, [first, *[1] * (len(helped) - 2), 100 - first - (len(helped) - 2)], strict=True))
        shares = self.run.act("shares proposed", lambda: propose_shares(project, parts, by=self.holder(case)))
        for body in helped if shares else ():
            agreed = self.rnd.random() < 0.9
            if self.rnd.random() < 0.9 and not shares.answers.filter(body=body).exists():
                self.run.act("shares answered", lambda body=body, agreed=agreed: answer_shares(shares, agreed=agreed, words="半分ずつ", by=self.run.staff_of(body)))

    def _nuisance_or_twin(self) -> None:
        by, desk = self.desk(), Body.objects.get(pk=DESK)
        made = self.run.act("received by telephone", lambda: receive(said(summary="要約", summary_seen=True, standing_classes=["summary"], company=None), by=by, body=desk))
        if made is None:
            return
        if self.rnd.random() < 0.5:
            self.run.act("nuisance", lambda: close_case(fresh(made.case), by=by, reason="spam", words="いたずら", answer_to_company="", needs="dropped"))
            return
        twin = self.run.act("received twice", lambda: receive(said(summary="要約", summary_seen=True, standing_classes=["summary"], company=None), by=by, body=desk))
        if twin is not None:
            self.run.act("merged", lambda: merge_cases(fresh(made.case), fresh(twin.case), by=by))

    def _wrong_and_late(self, today: dt.date) -> None:
        """Some answers are taken down by telephone, a few of them wrongly; some consultations are written down days later."""
        for support in Support.objects.filter(state=SupportState.OFFERED, leaves_at__lte=clock.now()).order_by("pk"):
            if self.rnd.random() < 0.04:
                answer = self.rnd.choice(["accept", "decline"])
                kept = self.run.act("recorded by telephone", lambda support=support, answer=answer: record_answer(
                    support, by=self.holder(support.case), answer=answer, answered_by="職員", reason="busy" if answer == "decline" else "", happened_on=today))
                if kept is not None:
                    self.recorded.append(kept)
        if self.recorded and self.rnd.random() < 0.2:
            self.correct(self.recorded.pop())
        if self.rnd.random() < 0.05:
            when = clock.now() - dt.timedelta(days=self.rnd.choice([1, 5, 20]))
            given = said(summary="要約", summary_seen=True, standing_classes=["summary"], company=None, consulted_at=when)
            self.run.act("written down late", lambda: receive(given, by=self.desk(), body=Body.objects.get(pk=DESK)))

    def correct(self, support: Support) -> None:
        """Put an answer right that was taken down by telephone: a yes was a no, or the other way."""
        now = fresh(support)
        if now.state in {SupportState.ACCEPTED, SupportState.DECLINED}:
            other = "decline" if now.state == SupportState.ACCEPTED else "accept"
            self.run.act("corrected", lambda: correct_answer(now, by=self.run.staff_of(now.body_id), answer=other, reason="busy" if other == "decline" else ""))


