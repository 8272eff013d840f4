"""Saying on the pages that two firms that look alike are two."""

from __future__ import annotations

from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

from renkei.base import clock
from renkei.companies.actions import Profile, mark_distinct, merge_companies, register_company
from renkei.companies.models import Company, Distinct
from tests.desk.pages import HOSTILE, address, client, said, seen
from tests.world import BANK, DESK, LAB, World

ALIKE = "同じ会社に見える組はありません"


def firm(world: World, name: str = "株式会社まぼろし計測", by: str = DESK, **more: Any) -> Company:
    return register_company(Profile(name=name, **more), by=world.actor(by))


def test_from_the_list_and_back_again(world: World) -> None:
    one, two = firm(world), firm(world, "まぼろし計測")
    first, second = sorted([one, two], key=lambda firm: firm.pk)
    path = address("desk-company-distinct", company=first.pk, other=second.pk)
    assert path in seen(world, "desk-companies-alike")
    desk = client(world)
    done = desk.post(path, follow=True)
    assert done.redirect_chain == [(address("desk-companies-alike"), 302)]
    assert f"{first.name}と{second.name}を、別の会社と決めました。" in said(done)
    assert ALIKE in said(done)
    assert "別の会社と決めました。" in said(desk.post(path, follow=True))  # pressed twice
    assert Distinct.objects.count() == 1
    undo = address("desk-company-distinct-undo", company=first.pk, other=second.pk)
    decided = seen(world, "desk-companies-alike", given={"decided": "1"})
    assert (undo in decided, "相川" in decided, ALIKE in decided) == (True, True, False)
    again = desk.post(undo, follow=True)
    assert "別の会社という印を取り消しました。" in said(again)
    assert path in said(again)
    assert "別の会社と決めた組はありません" in seen(world, "desk-companies-alike", given={"decided": ""})


def test_from_the_comparison_with_the_reason(world: World) -> None:
    one, two = firm(world), firm(world, "まぼろし計測")
    pair = {"company": one.pk, "other": two.pk}
    page = seen(world, "desk-company-merge", **pair)
    assert address("desk-company-distinct", **pair) in page
    client(world).post(address("desk-company-distinct", **pair), {"why": f"親子{HOSTILE}"})
    page = seen(world, "desk-company-merge", **pair)
    assert "別の会社と決めてあります" in page
    assert "<script>alert" not in page
    assert f'action="{address("desk-company-distinct", **pair)}"' not in page
    refused = client(world).post(address("desk-company-merge", **pair), {"seen": ""})
    assert refused.status_code == 422
    for name in ("desk-company-others", "desk-companies-alike"):
        shown = seen(world, name, **({"company": one.pk} if "others" in name else {}), given={"decided": "1"})
        assert "親子&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;" in shown
    back = client(world).post(address("desk-company-distinct-undo", **pair), {"from": "company"}, follow=True)
    assert back.redirect_chain == [(address("desk-company-others", company=one.pk), 302)]
    assert address("desk-company-merge", **pair) in said(back)


def test_refusals_are_said(world: World) -> None:
    one, two, three = firm(world), firm(world, "まぼろし計測"), firm(world, "つばめ工業")
    desk = client(world)
    long = desk.post(address("desk-company-distinct", company=one.pk, other=two.pk), {"why": "あ" * 201}, follow=True)
    assert "200字までです（いま201字）" in said(long)
    same = desk.post(address("desk-company-distinct", company=one.pk, other=one.pk), follow=True)
    assert "もう一方の会社を選んでください。" in said(same)
    merge_companies(one, two, by=world.desk)
    for name in ("desk-company-distinct", "desk-company-distinct-undo"):
        gone = desk.post(address(name, company=two.pk, other=three.pk), follow=True)
        assert "画面を開き直してください。" in said(gone)
    assert not Distinct.objects.exists()


def test_strangers_and_wrong_methods(world: World) -> None:
    ours, theirs = firm(world, by=LAB), firm(world, "まぼろし計測")
    for name in ("desk-company-distinct", "desk-company-distinct-undo"):
        for pair in ({"company": ours.pk, "other": theirs.pk}, {"company": theirs.pk, "other": ours.pk}):
            assert client(world, LAB).post(address(name, body=LAB, **pair)).status_code == 404
        assert client(world, BANK).post(address(name, body=LAB, company=ours.pk, other=ours.pk)).status_code == 404
        assert client(world).get(address(name, company=ours.pk, other=theirs.pk)).status_code == 405
    assert not Distinct.objects.exists()


def test_one_and_three_decisions_cost_the_same(world: World) -> None:
    def asked(**given: Any) -> int:
        with CaptureQueriesContext(connection) as queries:
            seen(world, "desk-companies-alike", given=given)
        return len(queries)

    mark_distinct(firm(world, "甲"), firm(world, "（株）甲"), by=world.desk)
    first = asked(decided="1")
    for name in ("乙", "丙"):
        mark_distinct(firm(world, name), firm(world, f"（株）{name}"), by=world.desk)
    assert asked(decided="1") == first


def test_a_withdrawn_firm_is_not_compared(world: World) -> None:
    one, two = firm(world), firm(world, "まぼろし計測")
    Company.objects.filter(pk=two.pk).update(withdrawn_at=clock.now())
    for pair in ({"company": one.pk, "other": two.pk}, {"company": two.pk, "other": one.pk}):
        assert client(world).get(address("desk-company-merge", **pair)).status_code == 404
