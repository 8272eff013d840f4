"""The pages on which two entries of one firm are found, compared, made one and taken apart."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from renkei.base.numbers import corporate_check_digit
from renkei.companies.actions import (
    Profile,
    add_person,
    know_company,
    merge_companies,
    register_company,
    update_company,
)
from renkei.companies.models import Company, Merge
from renkei.plan.models import Body
from tests.desk.pages import HOSTILE, address, client, said, seen
from tests.desk.scene import arrived
from tests.world import BANK, DESK, LAB, World

NUMBER = f"{corporate_check_digit('040001000001')}040001000001"
OTHER = f"{corporate_check_digit('040001000002')}040001000002"


def firm(world: World, name: str = "株式会社まぼろし計測", by: str = DESK, **more: Any) -> Company:
    return register_company(Profile(name=name, **more), by=world.actor(by))


def typed(answer: Any) -> dict[str, str]:
    """What the comparison page would send as it stands."""
    page = said(answer)
    chosen = dict(re.findall(r'<input type="radio" name="(\w+)" value="(\w+)" aria-label="[^"]*" checked>', page))
    mark = re.search(r'name="seen" value="(\w+)"', page)
    assert mark is not None
    return chosen | {"seen": mark[1]}


def fresh(row: Any) -> Any:
    return type(row).objects.get(pk=row.pk)


class TestFinding:
    def test_pairs_stand_with_their_reason_and_a_way_to_compare(self, world: World) -> None:
        one, two = firm(world, phone="04-7100-0002"), firm(world, "まぼろし計測", phone="0471-00-0002")
        page = seen(world, "desk-companies-alike")
        assert page.count("見比べる<span") == 1
        assert {one.pk, two.pk} == {Company.objects.get(pk=pk).pk for pk in re.findall(r"/company/([0-9a-f-]{36})/\"", page)}
        assert "会社名が同じです（株式会社などの違いを除く）。" in page
        assert "電話番号が同じです。" in page
        assert "同じ会社かもしれない組" in seen(world, "desk-companies")

    def test_nothing_alike_says_so(self, world: World) -> None:
        firm(world)
        assert "同じ会社に見える組はありません" in seen(world, "desk-companies-alike")

    def test_a_body_compares_only_firms_it_knows(self, world: World) -> None:
        firm(world)
        firm(world, "まぼろし計測", by=LAB)
        assert "同じ会社に見える組はありません" in seen(world, "desk-companies-alike", body=LAB)

    def test_one_and_many_pairs_cost_the_same(self, world: World) -> None:
        def asked() -> int:
            with CaptureQueriesContext(connection) as queries:
                seen(world, "desk-companies-alike")
            return len(queries)

        firm(world, "甲")
        firm(world, "（株）甲")
        first = asked()
        for name in ("乙", "（株）乙", "丙", "（株）丙"):
            firm(world, name)
        assert asked() == first

    def test_the_other_one_is_chosen_from_what_looks_alike_or_is_searched(self, world: World) -> None:
        one, two, three = firm(world), firm(world, "まぼろし計測"), firm(world, "つばめ工業", kana="ツバメ")
        page = seen(world, "desk-company-others", company=one.pk)
        assert address("desk-company-merge", company=one.pk, other=two.pk) in page
        assert address("desk-company-merge", company=one.pk, other=three.pk) not in page
        page = seen(world, "desk-company-others", company=one.pk, given={"q": "つばめ"})
        assert address("desk-company-merge", company=one.pk, other=three.pk) in page
        assert "見つかりません" in seen(world, "desk-company-others", company=one.pk, given={"q": "かもめ"})
        assert "名前、電話番号、所在地が同じ会社はありません。" in seen(world, "desk-company-others", company=three.pk)


class TestComparing:
    def test_the_page_chooses_what_is_said_over_what_is_empty(self, world: World) -> None:
        one = firm(world, employees=19, products="水質計")
        two = firm(world, "まぼろし計測二", employees=33, municipality="999016", products="水質計")
        answer = client(world).get(address("desk-company-merge", company=one.pk, other=two.pk))
        assert typed(answer) | {"seen": ""} == {"name": "into", "employees": "into", "municipality_id": "other", "seen": ""}
        assert "ひばり市" in said(answer)
        assert re.search(r'水質計<span class="sub">　同じ</span>', said(answer))

    def test_what_will_move_is_counted(self, world: World) -> None:
        one, two = firm(world), firm(world, "まぼろし計測二")
        add_person(two, name="髙梨 芽衣", by=world.desk)
        arrived(world, company=two)
        page = seen(world, "desk-company-merge", company=one.pk, other=two.pk)
        assert re.findall(r"<dt>([^<]+)</dt><dd>(\d+)件</dd>", page) == [("担当の方", "1"), ("相談と案件", "1"), ("この会社を知る機関", "1")]
        assert "この機関から見えるものの数です" not in page

    def test_a_body_is_told_that_it_does_not_see_everything(self, world: World) -> None:
        one, two = firm(world, by=LAB), firm(world, "まぼろし計測二", by=LAB)
        assert "この機関から見えるものの数です" in seen(world, "desk-company-merge", body=LAB, company=one.pk, other=two.pk)

    def test_two_numbers_are_said_before_anybody_presses(self, world: World) -> None:
        one, two = firm(world, corporate_number=NUMBER), firm(world, "まぼろし計測二", corporate_number=OTHER)
        path = address("desk-company-merge", company=one.pk, other=two.pk)
        answer = client(world).get(path)
        assert '<p class="note bad">法人番号が2つあります。' in said(answer)
        assert ("まとめられません。" in said(answer), 'form="f"' in said(answer)) == (True, False)
        again = client(world).post(path, typed(answer))
        assert (again.status_code, Merge.objects.exists()) == (422, False)

    def test_hostile_words_are_words(self, world: World) -> None:
        one, two = firm(world, products=HOSTILE), firm(world, f"株式会社{HOSTILE}", products="水質計")
        page = seen(world, "desk-company-merge", company=one.pk, other=two.pk)
        assert "<script>alert" not in page


class TestMaking:
    def test_made_one_the_page_says_so_and_offers_the_way_back(self, world: World) -> None:
        one, two = firm(world, employees=19), firm(world, "まぼろし計測二", employees=33)
        path = address("desk-company-merge", company=one.pk, other=two.pk)
        desk = client(world)
        given = typed(desk.get(path)) | {"employees": "other"}
        answer = desk.post(path, given, follow=True)
        assert answer.redirect_chain == [(address("desk-company", company=one.pk), 302)]
        assert "まぼろし計測二を株式会社まぼろし計測にまとめました。" in said(answer)
        assert (fresh(one).employees, fresh(two).merged_into_id) == (33, one.pk)
        merge = Merge.objects.get()
        assert address("desk-company-unmerge", company=one.pk, merge=merge.pk) in said(answer)
        again = desk.post(path, given, follow=True)  # pressed twice
        assert "この組はもうまとめてあります。" in said(again)
        assert Merge.objects.count() == 1

    def test_somebody_saved_meanwhile_the_choice_is_kept_and_shown_again(self, world: World) -> None:
        one, two = firm(world, employees=19), firm(world, "まぼろし計測二", employees=33)
        path = address("desk-company-merge", company=one.pk, other=two.pk)
        given = typed(client(world).get(path)) | {"employees": "other"}
        update_company(two, Profile(name=two.name, employees=34), by=world.desk)
        answer = client(world).post(path, given)
        assert answer.status_code == 422
        assert "見比べているあいだに" in said(answer)
        assert typed(answer)["employees"] == "other"
        assert client(world).post(path, typed(answer)).status_code == 302
        assert fresh(one).employees == 34

    def test_old_addresses_lead_on(self, world: World) -> None:
        one, two = firm(world), firm(world, "まぼろし計測二", by=LAB)
        know_company(two, Body.objects.get(pk=BANK), by=world.lab)
        merge_companies(one, two, by=world.desk)
        for body in (DESK, LAB, BANK):
            answer = client(world, body).get(address("desk-company", body=body, company=two.pk), follow=True)
            assert answer.redirect_chain == [(address("desk-company", body=body, company=one.pk), 302)], body
            assert "この会社は、株式会社まぼろし計測にまとめてあります。" in said(answer)

    def test_lists_show_the_merged_firm_once(self, world: World) -> None:
        one, two = firm(world), firm(world, "まぼろし計測二")
        merge_companies(one, two, by=world.desk)
        page = seen(world, "desk-companies")
        assert (str(one.pk) in page, str(two.pk) in page) == (True, False)
        assert str(two.pk) not in seen(world, "desk-search", given={"q": "まぼろし"})

    @pytest.mark.parametrize("which", ["company", "other"])
    def test_a_firm_that_is_not_known_is_not_there(self, world: World, which: str) -> None:
        ours, theirs = firm(world, by=LAB), firm(world, "まぼろし計測二")
        pair = {"company": theirs.pk, "other": ours.pk} if which == "company" else {"company": ours.pk, "other": theirs.pk}
        for method in ("get", "post"):
            answer = getattr(client(world, LAB), method)(address("desk-company-merge", body=LAB, **pair))
            assert answer.status_code == 404
        assert not Merge.objects.exists()


class TestTakingApart:
    def test_undone_both_stand_again(self, world: World) -> None:
        one, two = firm(world), firm(world, "まぼろし計測二")
        merge = merge_companies(one, two, by=world.desk)
        path = address("desk-company-unmerge", company=one.pk, merge=merge.pk)
        answer = client(world).post(path, follow=True)
        assert "まぼろし計測二を元に戻しました。" in said(answer)
        assert "まとめた会社" not in said(answer)
        assert fresh(two).merged_into_id is None
        assert "もう元に戻してあります。" in said(client(world).post(path, follow=True))

    def test_a_reason_against_it_is_said(self, world: World) -> None:
        one, two = firm(world), firm(world, "まぼろし計測二")
        merge = merge_companies(one, two, by=world.desk)
        know_company(one, Body.objects.get(pk=BANK), by=world.desk)
        answer = client(world).post(address("desk-company-unmerge", company=one.pk, merge=merge.pk), follow=True)
        assert "元に戻せません：ひばり銀" in said(answer)
        assert fresh(two).merged_into_id == one.pk

    def test_the_button_is_for_who_may_press_it(self, world: World) -> None:
        one, two = firm(world), firm(world, "まぼろし計測二")
        know_company(one, Body.objects.get(pk=LAB), by=world.desk)
        merge = merge_companies(one, two, by=world.desk)
        path = address("desk-company-unmerge", body=LAB, company=one.pk, merge=merge.pk)
        assert path not in seen(world, "desk-company", body=LAB, company=one.pk)
        assert "まとめた機関か窓口だけが" in said(client(world, LAB).post(path, follow=True))
        assert client(world).get(address("desk-company-unmerge", company=one.pk, merge=merge.pk)).status_code == 405
        other = firm(world, "つばめ工業")
        assert client(world).post(address("desk-company-unmerge", company=other.pk, merge=merge.pk)).status_code == 404
