"""A tiny made-up region (ひばり県): nothing of any real plan. Rows are written directly, so it needs no other package."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

from renkei.accounts.models import Membership, Person
from renkei.base import clock
from renkei.base.actor import Actor, staff
from renkei.plan.models import Body, Field, Municipality, Party, Plan, PlanVersion, Provision, Service, Stage

CONTENT: dict[str, Any] = {
    "vocabularies": {
        "channels": [
            {"code": "web", "name": "ウェブ"}, {"code": "phone", "name": "電話"}, {"code": "visit", "name": "来所"},
            {"code": "onsite", "name": "訪問"}, {"code": "mail", "name": "メール"}, {"code": "fax", "name": "FAX"},
            {"code": "event", "name": "催し"}, {"code": "body", "name": "他機関から"},
        ],
        "contact_outcomes": [{"code": "talked", "name": "話せた"}, {"code": "absent", "name": "不在"}],
        "decline_reasons": [
            {"code": "busy", "name": "手がいっぱい"}, {"code": "not_our_field", "name": "専門の外"},
            {"code": "no_equipment", "name": "設備がない"}, {"code": "conditions", "name": "条件に合わない"},
            {"code": "other", "name": "その他"},
        ],
        "close_reasons": [
            {"code": "solved", "name": "解決した"}, {"code": "partly", "name": "一部できた"},
            {"code": "other_way", "name": "会社がほかの方法を見つけた"}, {"code": "not_ours", "name": "担当の外"},
            {"code": "spam", "name": "いたずら・売り込み"}, {"code": "not_possible", "name": "できなかった"},
            {"code": "no_reply", "name": "連絡がつかない"}, {"code": "merged", "name": "ほかの案件にまとめた"},
        ],
        "results": [
            {"code": "solved", "name": "解決した"}, {"code": "partly", "name": "一部できた"}, {"code": "no", "name": "役に立たなかった"},
        ],
        "tech_fields": [{"code": "metal", "name": "金属"}, {"code": "electronics", "name": "電子"}],
        "themes": [{"code": "iot", "name": "IoT"}],
        "pressures": [{"code": "population", "name": "人口減少・少子高齢化"}],
        "purposes": [{"code": "new_field", "name": "新規分野への進出"}],
        "posts": [{"code": "coordinator", "name": "コーディネーター"}],
        "roles": [{"code": "desk", "name": "窓口"}, {"code": "staff", "name": "担当"}],
    },
    "clocks": {
        "first_answer": {"business_days": 2},
        "offer_answer": {"business_days": 4},
        "offer_reminder": {"business_days": 1},
        "offer_silence": {"business_days": 2},
        "offer_expiry": {"business_days": 4},
        "idle": {"business_days": 20},
        "recall": {"minutes": 5},
        "handover_answer": {"business_days": 3},
        "company_answer": {"business_days": 5},
    },
    "calendar": {"closed": [{"from": "12-29", "to": "01-03"}]},
    "outside_contacts": [
        {"code": "labour", "name": "ひばり労働局", "about": "雇用の助成と労務の相談", "phone": "000-000-0001",
         "words": ["労務", "雇用助成"]},
    ],
    "sharing": {
        "never_by_general_consent": {"bank": ["technical"]}, "fewest_firms": 3,
        "firm_sizes": [{"code": "small", "name": "20人までの", "most": 20}, {"code": "large", "name": "21人からの", "least": 21}],
    },
    "areas": [{"code": "north", "name": "ひばり県北部", "kind": "municipalities"}],
    "second_person": [],
}  # fmt: skip

DESK, LAB, CENTER, BANK = "hibari-desk", "hibari-lab", "hibari-center", "hibari-bank"


@dataclass
class World:
    """The region and its people; ``actor(body)`` is the first member of a body."""

    plan: Plan
    people: dict[str, Person] = field(default_factory=dict)

    def actor(self, body: str) -> Actor:
        person = self.people[body]
        return staff(person.pk, body, person.name)

    @property
    def desk(self) -> Actor:
        return self.actor(DESK)

    @property
    def lab(self) -> Actor:
        return self.actor(LAB)

    @property
    def center(self) -> Actor:
        return self.actor(CENTER)

    @property
    def bank(self) -> Actor:
        return self.actor(BANK)


def build_world(content: dict[str, Any] | None = None) -> World:
    """Write parties, bodies, stages, services, provisions, one published plan version, and one person a body."""
    pref = Party.objects.create(code="hibari", name="ひばり県", order=1)
    other = Party.objects.create(code="hibari-bank-party", name="ひばり銀行", order=2)
    rows = [
        (DESK, pref, "①", "ひばり県産業課", "産業課", "desk", "県"),
        (LAB, pref, "②", "ひばり県工業試験所", "工業試験所", "lab", "試"),
        (CENTER, pref, "③", "ひばり産業センター", "センター", "center", "セ"),
        (BANK, other, "④", "ひばり銀行", "ひばり銀", "bank", "銀"),
    ]
    for order, (code, party, number, name, short, kind, prefix) in enumerate(rows):
        Body.objects.create(code=code, party=party, number=number, name=name, short=short, kind=kind,
                            number_prefix=prefix, mail=f"{code}@hibari.example", phone="000-000-0000", order=order)
    for order, (code, name) in enumerate([("1", "きっかけ"), ("2", "資金"), ("3", "開発・試験"), ("4", "販路"), ("x", "横断")]):
        Stage.objects.create(code=code, name=name, short=name, order=order)
    Field.objects.create(code="A", name="ものづくり")
    services = [
        ("events", "1", "催し"), ("rd-subsidy", "2", "開発補助"), ("loan", "2", "つなぎ融資"),
        ("equipment-tests", "3", "設備・試験"), ("tech-consultation", "3", "技術相談"), ("sales-adviser", "4", "販路相談"),
    ]
    for order, (code, stage, name) in enumerate(services):
        Service.objects.create(code=code, stage_id=stage, name=name, short=name, order=order)
    Municipality.objects.create(code="999016", name="ひばり市", kana="ひばりし", areas=["north"])
    plan = Plan.objects.create(code="hibari-plan", title="ひばり県連携支援計画", term_from=dt.date(2024, 4, 1),
                               term_to=dt.date(2030, 3, 31), front_desk_id=DESK, lead_party=pref, is_fictional=True)
    PlanVersion.objects.create(plan=plan, number=1, content=content or CONTENT, published_at=clock.now())
    offers = [
        ("events", LAB), ("events", CENTER), ("rd-subsidy", CENTER), ("loan", BANK), ("equipment-tests", LAB),
        ("tech-consultation", LAB), ("tech-consultation", CENTER), ("sales-adviser", CENTER),
    ]
    for service, body in offers:
        Provision.objects.create(plan=plan, service_id=service, body_id=body, source="both")
    world = World(plan)
    names = {DESK: "相川 志保", LAB: "小出 渉", CENTER: "露崎 遥", BANK: "古川 靖"}
    for body, name in names.items():
        person = Person.objects.create_user(f"{body}@people.example", "hibari-secret-1", name=name, kana=body)
        Membership.objects.create(person=person, body_id=body, role="staff", is_admin=True, since=dt.date(2024, 4, 1))
        world.people[body] = person
    return world
