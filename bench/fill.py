"""Fill a home to the size of a large region: thousands of firms, cases and entries, by rows (not by actions)."""

from __future__ import annotations

import datetime as dt
import random
import uuid
from typing import Any

from django.db import transaction

from renkei.accounts.models import Membership
from renkei.base import clock
from renkei.base.text import search_key
from renkei.cases.models import Case, Consent, Consultation, Contact, Need, Support, Transition
from renkei.companies.models import Company, CompanyPerson, Sight
from renkei.matching.models import Entry
from renkei.plan.models import Body, Municipality
from renkei.plan.queries import current_plan, front_desk, provisions_on

_NAME = "青赤白黒山川森海風雲星月花鳥石竹松梅東西南北光明和平"
_TAIL = ["製作所", "工業", "精機", "電子", "化学", "食品", "鋼業", "技研", "産業", "金型"]
_KANA = "アイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワ"


def fill(firms: int = 5_000, cases: int = 4_000, entries: int = 10_000, seed: int = 5) -> None:
    """Add rows until the home holds at least so many firms, cases and entries. Runs as the owner."""
    rnd = random.Random(seed)
    with transaction.atomic():
        _fill_firms(rnd, firms - Company.objects.count())
        _fill_entries(rnd, entries - Entry.objects.count())
        _fill_cases(rnd, cases - Case.objects.count())


def _fill_firms(rnd: random.Random, count: int) -> None:
    home, places = front_desk(), list(Municipality.objects.all())
    made, people = [], []
    for number in range(max(count, 0)):
        name = "".join(rnd.choices(_NAME, k=3)) + rnd.choice(_TAIL)
        kana = "".join(rnd.choices(_KANA, k=8))
        phone = f"043-{number % 900 + 100:03d}-{rnd.randrange(10_000):04d}"
        person = f"{rnd.choice(_NAME)}{rnd.choice(_NAME)} {rnd.choice(_NAME)}"
        firm = Company(
            name=f"株式会社{name}", kana=kana, phone=phone, municipality=rnd.choice(places), employees=rnd.randrange(3, 200),
            entered_by=home, entered_at=clock.now(), name_key=search_key(name),
            find_text=" ".join(search_key(part) for part in (name, kana, phone, person)),
        )  # fmt: skip
        made.append(firm)
        people.append(CompanyPerson(company=firm, name=person, kana=kana[:4], phone=phone))
    Company.objects.bulk_create(made, batch_size=2_000)
    CompanyPerson.objects.bulk_create(people, batch_size=2_000)


def _fill_entries(rnd: random.Random, count: int) -> None:
    """Shuffle the sentences of the present entries into new ones: the vocabulary stays a catalogue's."""
    known = list(Entry.objects.exclude(text=""))
    made = []
    for number in range(max(count, 0)):
        model, other = rnd.choice(known), rnd.choice(known)
        made.append(Entry(
            id=f"ZZ{number:06d}", kind=model.kind, name=model.name[:250] + f" {number}", body_id=model.body_id,
            service_id=model.service_id, kept_by="bench", summary=model.summary, facts=model.facts, is_public=True,
            text=model.text[: len(model.text) // 2] + other.text[len(other.text) // 2 :], text_hash=uuid.uuid4().hex,
        ))  # fmt: skip
    Entry.objects.bulk_create(made, batch_size=2_000)


def _fill_cases(rnd: random.Random, count: int) -> None:
    desk, plan = front_desk(), current_plan()
    bodies = [body for body in Body.objects.all() if body.pk != desk.pk]
    offers = list(provisions_on())
    firms = list(Company.objects.all()[:5_000])
    texts = list(Consultation.objects.values_list("text", flat=True))
    staff = {m.body_id: m.person_id for m in Membership.objects.all()}
    cases, said, needs, supports, consents, steps, contacts = ([] for _ in range(7))  # type: ignore[var-annotated]
    today = clock.today()
    for number in range(max(count, 0)):
        age = rnd.randrange(1, 700)
        arrived = clock.now() - dt.timedelta(days=age, minutes=rnd.randrange(500))
        is_open, is_new = rnd.random() < 0.35, rnd.random() < 0.03
        text = rnd.choice(texts)
        holder = desk if is_new or rnd.random() < 0.3 else rnd.choice(bodies)
        case = Case(
            number=f"県 0-{number:05d}", plan=plan, company=rnd.choice(firms), title=text[:38], summary=text[:280],
            received_by=desk, at_desk=True, arrived_at=arrived, holder=holder, holder_since=arrived.date(),
            state="arrived" if is_new else "active" if is_open else "closed", next_kind="work", next_step="次を決める",
            next_on=today + dt.timedelta(days=rnd.randrange(-5, 25)), next_body=holder, next_set_at=arrived,
            closed_at=None if is_open or is_new else arrived + dt.timedelta(days=20),
            close_reason="" if is_open or is_new else "solved", standing_classes=["summary"],
        )  # fmt: skip
        case.index_text()
        cases.append(case)
        said.append(Consultation(case=case, number=case.number, channel="web", received_by=desk, consulted_at=arrived,
                                 recorded_at=arrived, text=text))
        steps.append(_step(case, case.pk, "received", arrived, desk.pk))
        if is_new:
            continue
        for order in range(rnd.choice((1, 1, 2))):
            offer = rnd.choice(offers)
            need = Need(case=case, order=order + 1, title=text[:30], stage=offer.service.stage, added_at=arrived)
            needs.append(need)
            state = rnd.choice(("offered", "accepted", "under_way", "done", "declined")) if is_open else "done"
            support = Support(
                case=case, need=need, service=offer.service, body=offer.body, provision=offer, state=state,
                asked_by_body=desk, offered_at=arrived, leaves_at=arrived, due_on=today + dt.timedelta(days=rnd.randrange(-3, 9)),
                answered_at=None if state == "offered" else arrived, made_at=arrived, classes=["summary"],
                decline_reason="busy" if state == "declined" else "", done_on=arrived.date() if state == "done" else None,
            )  # fmt: skip
            supports.append(support)
            steps.append(_step(case, support.pk, "offered", arrived, desk.pk))
            if not any(c.case is case and c.body_id == offer.body_id for c in consents[-2:]):
                consents.append(Consent(case=case, body=offer.body, klass="summary", how="form", given_at=arrived))
            for _turn in range(3):
                contacts.append(Contact(case=case, channel="phone", text=text[:80], author_body=offer.body,
                                        author_id=staff[offer.body_id], happened_at=arrived, recorded_at=arrived))
    made: list[tuple[Any, list[Any]]] = [
        (Case, cases), (Consultation, said), (Need, needs), (Support, supports), (Consent, consents), (Transition, steps), (Contact, contacts),
    ]
    for model, rows in made:
        model.objects.bulk_create(rows, batch_size=2_000)
    Sight.objects.bulk_create(
        [Sight(company=firm, body=body, since=today) for firm in firms[:2_000] for body in bodies[:1]],
        ignore_conflicts=True,
    )


def _step(case: Case, subject: uuid.UUID, verb: str, moment: dt.datetime, body: str) -> Transition:
    return Transition(case=case, subject_kind="case", subject=subject, verb=verb, happened_on=moment.date(),
                      recorded_at=moment, actor_kind="staff", body=body)
