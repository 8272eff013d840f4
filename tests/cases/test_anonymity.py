"""Words that lead to a firm, in every sign they may be written in; and how few firms a description really fits [C46]."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from renkei.base import clock
from renkei.base.refusal import Refused
from renkei.cases.actions.disclosable import check_giveaways
from renkei.cases.models import Case, Need
from renkei.cases.queries.anonymity import (
    FirmWords,
    draft_of,
    firm_words,
    giveaways,
    masked,
    place_choices,
    size_choices,
    trade_choices,
    wider,
)
from renkei.companies.models import Company, CompanyPerson, Sight
from tests.cases.making import NOON, arrived, company, fresh, need_of
from tests.world import CONTENT, LAB, World, build_world


@pytest.fixture(autouse=True)
def _noon() -> Any:
    with clock.moved_to(NOON):
        yield


@dataclass
class Known:
    """A case whose firm is known with everything a firm can be known by."""

    world: World
    case: Case

    def leads(self, text: str) -> set[str]:
        return set(giveaways(text, self.case, actor=self.world.desk))

    def masked(self, text: str) -> str:
        return masked(text, self.case, actor=self.world.desk)


@pytest.fixture
def known(world: World) -> Known:
    firm = company(
        name="有限会社髙橋メッキ工業", kana="タカハシメッキコウギョウ", municipality_id="999016", representative="髙橋 邊二", estate="雲雀野工業団地",
        address="ひばり市雲雀野1-2", phone="047-100-0000", email="info@takahashi.example", products="Ｘ線よけメッキ、鏡面ミラーＺ\n箱 /板",
    )  # fmt: skip
    CompanyPerson.objects.create(company=firm, name="白石\u3000葉子", phone="090-1111-2222", email="yoko@shiraishi.example")
    case = arrived(world, company=firm, person_given="渡邉 亘", company_given="髙橋メッキ").case
    return Known(world, fresh(case))


# What a text says, what is named as leading to the firm, and the draft that stands on the page.
TEXTS = [
    ("厚さを測りたい。", set(), "厚さを測りたい。"),
    ("", set(), ""),
    ("有限会社髙橋メッキ工業です。", {"有限会社髙橋メッキ工業", "髙橋メッキ", "髙橋"}, "○○です。"),
    ("高橋メッキ工業です。", {"有限会社髙橋メッキ工業", "髙橋メッキ", "髙橋"}, "○○です。"),
    ("㈲高橋メッキ工業です。", {"有限会社髙橋メッキ工業", "髙橋メッキ", "髙橋"}, "㈲○○です。"),
    ("たかはしめっきこうぎょうへ", {"タカハシメッキコウギョウ"}, "○○へ"),
    ("髙橋から", {"髙橋"}, "○○から"),
    ("高橋から", {"髙橋"}, "○○から"),
    ("白石が出ます", {"白石"}, "○○が出ます"),
    ("葉子が出ます", {"葉子"}, "○○が出ます"),
    ("渡辺さん", {"渡邉"}, "○○さん"),
    ("渡邊亘さん", {"渡邉 亘", "渡邉"}, "○○さん"),
    ("X線よけめっきを作る", {"Ｘ線よけメッキ"}, "○○を作る"),
    ("鏡面ミラーZ", {"鏡面ミラーＺ"}, "○○"),
    ("鏡面ﾐﾗｰＺを", {"鏡面ミラーＺ"}, "○○を"),
    ("箱と板", set(), "箱と板"),
    ("ひばり市の北", {"ひばり市"}, "○○の北"),
    ("ひばり県の北", set(), "ひばり県の北"),
    ("雲雀野工業団地にあり", {"雲雀野工業団地"}, "○○にあり"),
    ("ひばり市雲雀野１－２に", {"ひばり市雲雀野1-2", "ひばり市"}, "○○に"),
    ("047-100-0000まで", {"047-100-0000"}, "○○まで"),
    ("０４７（１００）００００まで", {"04-7100-0000", "０４７（１００）００００"}, "○○まで"),
    ("ほかの電話 03-1234-5678", {"03-1234-5678"}, "ほかの電話 ○○"),
    ("2026年11月25日までに", set(), "2026年11月25日までに"),
    ("yoko@shiraishi.example か other@firm.example", {"yoko@shiraishi.example", "other@firm.example"}, "○○ か ○○"),
]  # fmt: skip


def test_every_sign_a_name_may_be_written_in_is_found_and_masked(known: Known) -> None:
    found = {text: known.leads(text) for text, _leads, _draft in TEXTS}
    assert found == {text: leads for text, leads, _draft in TEXTS}
    drafts = {text: known.masked(text) for text, _leads, _draft in TEXTS}
    assert drafts == {text: draft for text, _leads, draft in TEXTS}


def test_a_masked_draft_holds_nothing_that_leads_to_the_firm(known: Known) -> None:
    """What the page offers as a first draft is taken without a second look: masking twice changes nothing."""
    whole = "\n".join(text for text, _leads, _draft in TEXTS)
    draft = known.masked(whole)
    assert known.leads(draft) == set()
    assert known.masked(draft) == draft
    check_giveaways(draft, known.case, by=known.world.desk, sure=False)


def test_what_is_refused_names_the_words_and_a_sure_person_may_leave_them(known: Known) -> None:
    with pytest.raises(Refused) as no:
        check_giveaways("白石がひばり市で", known.case, by=known.world.desk, sure=False)
    assert (no.value.code, no.value.field) == ("giveaway", "sure")
    assert no.value.message == "会社が分かる言葉があります：ひばり市、白石。書き換えるか、このままでよければ印を付けて、もう一度押してください。"
    check_giveaways("白石がひばり市で", known.case, by=known.world.desk, sure=True)


def test_the_number_of_the_case_and_what_an_unknown_firm_called_itself_lead_to_it(world: World) -> None:
    case = arrived(world, company_given="合同会社 鬼灯ラボ", person_given="鬼頭", phone="0471-00-0009", email="").case
    text = f"{case.number} 鬼灯ラボの鬼頭、0471000009"
    assert set(giveaways(text, case, actor=world.desk)) == {case.number, "鬼灯ラボ", "鬼頭", "0471-00-0009", "0471000009"}
    assert masked(text, case, actor=world.desk) == "○○ ○○の○○、○○"


def test_one_sign_and_a_short_reading_are_in_every_text_and_stay(world: World) -> None:
    firm = company(name="鬼灯ラボ", kana="ホオ", representative="亘")
    case = arrived(world, company=firm, company_given="", person_given="亘", phone="0471-00-0009", email="").case
    text = "亘さんが言うには、ほおずきの膜厚は 90ミクロン"
    assert giveaways(text, case, actor=world.desk) == ["ホオ"]  # said, since it may be the firm, but left for a person to judge
    assert masked(text, case, actor=world.desk) == text


def test_the_draft_is_what_stands_or_need_and_summary_within_what_a_field_takes(known: Known) -> None:
    need = need_of(known.case, known.world, title="白石さんの膜厚")
    Case.objects.filter(pk=known.case.pk).update(summary="高橋メッキ工業が膜の厚さを測る。" * 60)
    title, summary = draft_of(Need.objects.select_related("case").get(pk=need.pk), actor=known.world.desk)
    assert title == "○○さんの膜厚"
    assert len(summary) == 600
    assert summary.startswith("○○が膜の厚さを測る。○○が膜の厚さを測る。")
    Need.objects.filter(pk=need.pk).update(public_title="書いた題名", public_summary="書いた文")
    assert draft_of(fresh(need), actor=known.world.desk) == ("書いた題名", "書いた文")


@dataclass
class Region:
    """Firms to be one of: ``called`` gives the words and the count as the desk reads them."""

    world: World
    case: Case

    def called(self, place: str = "", trade: str = "", size: str = "", body: str = "") -> tuple[str, int]:
        found = firm_words(self.case, place=place, trade=trade, size=size, actor=self.world.actor(body) if body else self.world.desk)
        return found.words, found.fits

    def wider(self, place: str = "", trade: str = "", size: str = "") -> FirmWords | None:
        return wider(self.case, place=place, trade=trade, size=size, actor=self.world.desk)


@pytest.fixture
def region(world: World) -> Region:
    """The firm itself and four more: two of its trade in the north, one of them small; one elsewhere; one of unknown size."""
    rows = [("甲", "999016", 20, "電気業"), ("乙", "999016", 21, "電気業"), ("丙", None, 500, "電気業"), ("丁", "999016", None, "食品業")]
    for name, place, people, trade in rows:
        company(name=name, municipality_id=place, employees=people, jsic_name=trade)
    own = company(name="戊", municipality_id="999016", employees=30, jsic_name="電気業")
    return Region(world, fresh(arrived(world, company=own).case))


def test_how_a_firm_is_called_and_how_many_it_fits(region: Region) -> None:
    assert region.called() == ("ひばり県の会社", 5)
    assert region.called("north") == ("ひばり県北部の会社", 4)
    assert region.called(trade="jsic") == ("ひばり県の電気業の会社", 4)
    assert region.called("north", "jsic") == ("ひばり県北部の電気業の会社", 3)
    assert region.called("north", "jsic", "small") == ("ひばり県北部の20人までの電気業の会社", 1)
    assert region.called("north", "jsic", "large") == ("ひばり県北部の21人からの電気業の会社", 2)
    assert region.called(size="small") == ("ひばり県の20人までの会社", 1)  # whose size is unknown is in no size
    assert region.called(size="large") == ("ひばり県の21人からの会社", 3)


def test_a_firm_entered_twice_or_taken_back_is_no_second_firm(region: Region) -> None:
    """Two rows of one firm do not hide it: only firms that stand are counted."""
    before = region.called("north", "jsic")
    first, second = Company.objects.filter(name__in=["甲", "乙"]).order_by("name")
    Company.objects.filter(pk=second.pk).update(merged_into=first)
    assert region.called("north", "jsic") == (before[0], before[1] - 1)
    Company.objects.filter(pk=first.pk).update(withdrawn_at=clock.now())
    assert region.called("north", "jsic") == (before[0], before[1] - 2)
    assert region.called() == ("ひばり県の会社", 3)


def test_firms_of_a_field_are_those_with_a_case_or_a_need_of_it(region: Region) -> None:
    assert region.called(trade="metal") == ("ひばり県の金属の会社", 0)
    Case.objects.filter(pk=region.case.pk).update(tech_fields=["metal"])
    need = need_of(region.case, region.world)
    Need.objects.filter(pk=need.pk).update(tech_fields=["metal", "electronics"])
    assert region.called(trade="metal") == ("ひばり県の金属の会社", 1)  # by case and by need: once
    other = arrived(region.world, company=Company.objects.get(name="丙")).case
    Need.objects.filter(pk=need_of(other, region.world).pk).update(tech_fields=["electronics"])
    assert region.called(trade="electronics") == ("ひばり県の電子の会社", 2)
    assert region.called("north", "electronics") == ("ひばり県北部の電子の会社", 1)


def test_who_counts_counts_the_firms_it_knows(region: Region) -> None:
    """At least so many: a body that knows fewer firms says less, never more."""
    assert region.called(body=LAB) == ("ひばり県の会社", 0)
    firms = list(Company.objects.order_by("name"))
    for one in firms[:2]:
        Sight.objects.create(company=one, body_id=LAB, since=clock.today())
    assert region.called(body=LAB) == ("ひばり県の会社", 2)
    Sight.objects.filter(company=firms[0], body_id=LAB).update(ended_on=clock.today())
    assert region.called(body=LAB) == ("ひばり県の会社", 1)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (("north", "jsic", "small"), "ひばり県北部の電気業の会社"),  # without the place it fits one, without the size three
        (("north", "jsic", "large"), "ひばり県の21人からの電気業の会社"),
        (("north", "jsic", ""), "ひばり県の電気業の会社"),
        (("north", "metal", "small"), "ひばり県北部の会社"),
        (("", "metal", ""), "ひばり県の会社"),
        (("", "", "small"), "ひばり県の会社"),
    ],
)
def test_the_narrowest_wider_word_that_fits_enough(region: Region, given: tuple[str, str, str], words: str) -> None:
    found = region.wider(*given)
    assert found is not None
    assert found.words == words
    assert found.fits >= CONTENT["sharing"]["fewest_firms"]


def test_in_a_region_of_few_firms_no_word_is_wide_enough(region: Region) -> None:
    Company.objects.exclude(name__in=["甲", "戊"]).update(withdrawn_at=clock.now())
    assert region.called() == ("ひばり県の会社", 2)
    assert region.wider("north", "jsic", "large") is None
    assert region.wider() is None


def test_what_can_be_chosen(region: Region) -> None:
    assert place_choices() == [("north", "ひばり県北部"), ("", "ひばり県")]
    assert trade_choices(region.case) == [("jsic", "電気業"), ("metal", "金属"), ("electronics", "電子"), ("", "業種は書かない")]
    assert size_choices() == [("small", "20人までの"), ("large", "21人からの"), ("", "規模は書かない")]
    Company.objects.filter(name="戊").update(jsic_name="")
    assert trade_choices(region.case)[0] == ("metal", "金属")  # an industry nobody has noted cannot be chosen
    unknown = arrived(region.world).case
    assert trade_choices(unknown) == [("metal", "金属"), ("electronics", "電子"), ("", "業種は書かない")]


def test_a_plan_that_says_nothing_of_areas_and_sizes_leaves_the_region_alone(db: None) -> None:
    content = {key: value for key, value in CONTENT.items() if key != "areas"} | {"sharing": {}}
    world = build_world(content)
    case = arrived(world, company=company(name="ひとり")).case
    assert place_choices() == [("", "ひばり県")]
    assert size_choices() == [("", "規模は書かない")]
    assert firm_words(case, place="", trade="", size="", actor=world.desk) == FirmWords("ひばり県の会社", 1)
    assert wider(case, place="", trade="", size="", actor=world.desk) is None  # five are wanted where the plan is silent
    for number in range(4):
        company(name=f"会社{number}")
    assert wider(case, place="", trade="", size="", actor=world.desk) == FirmWords("ひばり県の会社", 5)
