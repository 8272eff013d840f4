"""Facts read from a text; what people gave or answered is never overruled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from django.utils.translation import override
from hypothesis import given, settings
from hypothesis import strategies as st

from renkei.matching.cues import Met
from renkei.matching.facts import PARTNERS, Facts, gather
from renkei.matching.knowledge import knowledge
from renkei.matching.reading import points
from renkei.plan.content import PlanContent
from tests.matching.making import PLACES, gathered, known
from tests.world import World

STATES = {"award": ["交付決定"], "ordered": ["発注した"], "partner": ["大学と組んで"]}
QUESTIONS = [
    {"key": "award", "text": "?", "choices": ["決まった", "申請中", "まだ"]},
    {"key": "ordered", "text": "?", "choices": ["まだしていない", "一部した", "もうした"]},
    {"key": "partner", "text": "?", "choices": ["決まっている", "候補がある", "まだいない"]},
    {"key": "qualification", "text": "?", "choices": []},
]


def states(text: str, **answers: str) -> frozenset[str]:
    return gathered(text, Facts(answers=answers), states=STATES, questions=QUESTIONS).states


@pytest.mark.parametrize(
    ("text", "heads"),
    [
        ("従業員１９名です。", 19),
        ("従業員数：19人", 19),
        ("社員は約40人", 40),
        ("職員が 5 人だけ", 5),
        ("スタッフ3名で営む", 3),
        ("従業員0人", 0),
        ("従業員1人", 1),
        ("従業員99999人", 99_999),
        ("従業員1,200名", 1_200),
        ("社員１，２００名。", 1_200),
        ("従業員12,345人", 12_345),
        ("めっき業、32名。", 32),
        ("めっき業,32名。", 32),
        ("（45名）", 45),
        ("20名の会社です", 20),
        ("32名", 32),
        ("社員10名、うち班長2名。", 10),
    ],
)
def test_heads_are_read(text: str, heads: int) -> None:
    assert gathered(text).employees == heads


@pytest.mark.parametrize(
    "text",
    [
        "", "人数は不明", "班長2人を連れて行く", "見学は12名まで", "参加者、30人。", "従業員", "従業員が多い", "従業員100000名",
        "約1,200名", "ラインに32名が立つ", "社員の3割", "受講者5,300名。",
    ],
)  # fmt: skip
def test_what_is_no_number_of_heads_stays_unknown(text: str) -> None:
    assert gathered(text).employees is None


@pytest.mark.parametrize(
    ("text", "years"),
    [
        ("創業30年", 30), ("創業から3年", 3), ("設立 ５ 年の会社", 5), ("操業して100年", 100), ("創業以来0年", 0),
        ("創業1950年", None), ("創業昭和30年", None), ("30年前の機械", None), ("創業まもない", None),
    ],
)  # fmt: skip
def test_age_is_read_and_a_year_is_no_age(text: str, years: int | None) -> None:
    assert gathered(text).age_years == years


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("ひばり市の会社", "999016"),
        ("ひばりで造っています", "999016"),
        ("ひばりの工場", "999016"),
        ("ひばり、創業30年", "999016"),
        ("ひばりが丘町から来ました", "999024"),
        ("ひばりが丘で", "999024"),
        ("津市の会社", "999032"),
        ("津で造る", None),  # one character is too short to be told without its ending
        ("ひばりさんの声", None),
        ("雲雀市", None),
        ("どこかの会社", None),
        ("", None),
    ],
)
def test_a_place_is_told_by_its_name_or_its_short_name(text: str, place: str | None) -> None:
    found = gathered(text)
    assert (found.municipality, found.in_region) == (place, True if place else None)


def test_the_place_named_first_counts() -> None:
    assert gathered("津市からひばり市へ移りました").municipality == "999032"
    assert gathered("ひばり市から津市へ移りました").municipality == "999016"


def test_the_longer_of_two_names_at_one_place_counts() -> None:
    assert gathered("ひばりが丘町").municipality == PLACES["ひばりが丘町"][0]


def test_states_are_read_from_the_text() -> None:
    assert states("交付決定が届き、もう発注した。") == {"award", "ordered"}
    assert states("まだ何もしていない。") == set()


@pytest.mark.parametrize(
    ("key", "answer", "holds"),
    [
        ("award", "決まった", True), ("award", "申請中", False), ("award", "まだ", False), ("award", "知らない答え", False),
        ("ordered", "もうした", True), ("ordered", "一部した", False), ("ordered", "まだしていない", False),
        ("partner", "決まっている", True), ("partner", "候補がある", False),
        ("qualification", "決まった", False), ("nobody-asks", "決まった", False),
    ],
)  # fmt: skip
def test_an_answer_sets_a_state_when_it_is_the_telling_choice(key: str, answer: str, holds: bool) -> None:
    assert (key in states("", **{key: answer})) is holds


@pytest.mark.parametrize(
    ("key", "answer", "text"),
    [
        ("award", "まだ", "交付決定の前に借りたい"), ("ordered", "まだしていない", "発注したいだけで、発注した物はない"),
        ("partner", "まだいない", "大学と組んでみたい"),
    ],
)  # fmt: skip
def test_an_answer_that_says_no_stands_against_the_text(key: str, answer: str, text: str) -> None:
    assert key in states(text)
    assert key not in states(text, **{key: answer})


def test_a_state_people_gave_stays_whatever_is_answered() -> None:
    given = Facts(states=frozenset({"award"}), answers={"award": "まだ"})
    assert gathered("", given, states=STATES, questions=QUESTIONS).states == {"award"}


@pytest.mark.parametrize(
    ("answer", "heads"),
    [
        ("30", 30), ("30名", 30), ("約３０人です", 30), ("1,200人", 1_200), ("0", 0),
        ("20人から30人", None), ("分からない", None), ("", None), ("9999999999", None), ("\x00", None),
    ],
)  # fmt: skip
def test_an_answered_number_of_heads_is_known(answer: str, heads: int | None) -> None:
    assert gathered("", Facts(answers={"employees": answer})).employees == heads


def test_an_answer_goes_before_the_text_and_what_is_on_record_before_the_answer() -> None:
    text = "従業員100名、創業50年、ひばり市。"
    answers = {"employees": "30名", "age_years": "7年", "municipality": "津市"}
    answered = gathered(text, Facts(answers=answers))
    assert (answered.employees, answered.age_years, answered.municipality) == (30, 7, "999032")
    recorded = gathered(text, Facts(employees=5, age_years=1, municipality="999024", capital_yen=9, answers={**answers, "capital_yen": "8円"}))
    assert (recorded.employees, recorded.age_years, recorded.municipality, recorded.capital_yen) == (5, 1, "999024", 9)


@pytest.mark.parametrize(
    ("answer", "place"),
    [("999024", "999024"), ("ひばり市です", "999016"), ("ひばりに工場", "999016"), ("111111", None), ("", None)],
)
def test_an_answered_place_is_a_code_or_a_name(answer: str, place: str | None) -> None:
    found = gathered("", Facts(answers={"municipality": answer}))
    assert (found.municipality, found.in_region) == (place, True if place else None)


@pytest.mark.parametrize(
    ("answer", "yen"),
    [("3,000万円", 30_000_000), ("３億円", 300_000_000), ("1000", 1000), ("不明", None), ("1万2万", None), ("", None)],
)
def test_answered_capital_is_read_as_people_write_money(answer: str, yen: int | None) -> None:
    assert gathered("", Facts(answers={"capital_yen": answer})).capital_yen == yen


def test_a_year_is_no_answer_to_how_many_years() -> None:
    assert gathered("", Facts(answers={"age_years": "1998年から"})).age_years is None


def test_what_is_on_record_stands_also_when_it_is_nought_or_no() -> None:
    found = gathered("従業員100名、創業50年、ひばり市。", Facts(employees=0, age_years=0, in_region=False))
    assert (found.employees, found.age_years, found.in_region) == (0, 0, False)


@pytest.mark.parametrize(
    ("answer", "jsic"),
    [
        ("24", "24"), ("Ｅ２４", "E24"), ("24 金属製品製造業", "24"), ("金属製品製造業です。", "24"), ("自動車部品の製造業", "E"), ("E", "E"),
        ("めっき業", None), ("農業機械の製造", None), ("24人", None), ("2024年から", None), ("00", None), ("EMS", None), ("", None),
    ],
)  # fmt: skip
def test_an_answered_trade_is_a_number_or_a_name_of_the_classification(answer: str, jsic: str | None) -> None:
    assert gathered("", Facts(answers={"jsic": answer})).jsic == jsic
    assert gathered("", Facts(jsic="39", answers={"jsic": answer})).jsic == "39"


@pytest.mark.parametrize(
    ("answers", "partners"),
    [
        ({"partner": "まだいない"}, 0), ({"partner": "候補がある"}, None), ({"partner": "決まっている"}, None), ({}, None),
        ({"partner": "決まっている", "partners": "２者"}, 2), ({"partners": "たくさん"}, None),
    ],
)  # fmt: skip
def test_answers_about_partners(answers: dict[str, str], partners: int | None) -> None:
    assert gathered("", Facts(answers=answers), questions=QUESTIONS).partners == partners
    assert gathered("", Facts(answers=answers)).partners == partners  # a plan that asks nothing about it
    assert gathered("", Facts(partners=5, answers=answers)).partners == 5


def test_an_answer_in_the_readers_language_tells_the_same() -> None:
    with override("en"):
        yes, nobody = str(PARTNERS[0]), str(PARTNERS[-1])
        assert "partner" in gathered("", Facts(answers={"partner": yes})).states
        assert gathered("", Facts(answers={"partner": nobody})).partners == 0


@pytest.mark.parametrize(
    ("answer", "in_region"),
    [("県外", False), ("東京", False), ("東京都大田区", False), ("東京都とひばり市", True), ("分からない", None), ("", None)],
)
def test_an_answered_place_elsewhere_is_outside_the_region(answer: str, in_region: bool | None) -> None:
    assert gathered("", Facts(answers={"municipality": answer})).in_region is in_region


def test_where_a_firm_is_outside() -> None:
    tokyo = Facts(prefectures=frozenset({"13"}))
    assert gathered("", tokyo).in_region is False
    assert gathered("ひばり市に工場がある。", tokyo).in_region is True
    assert gathered("", Facts(prefectures=frozenset({"13"}), answers={"municipality": "ひばり市"})).in_region is True
    assert gathered("", Facts(prefectures=frozenset({"13", "99"}))).in_region is True
    assert gathered("ひばり市の話を聞いた。", Facts(answers={"municipality": "県外"})).municipality is None


@pytest.mark.parametrize(("answer", "stage"), [("2", "2"), ("資金", "2"), ("研究開発資金の確保", "2"), ("販路", None), ("", None)])
def test_an_answered_stage_is_one_of_the_plan(answer: str, stage: str | None) -> None:
    plan = replace(known(), content=PlanContent({"stages": [{"code": "2", "name": "研究開発資金の確保", "short": "資金"}]}))
    assert gather("", Met(points("")), plan, Facts(answers={"stage": answer})).stage == stage


def test_nothing_else_that_was_given_is_lost() -> None:
    given = Facts(jsic="24", partners=2, contacts=frozenset({"lab"}), answers={"award": "まだ"})
    found = gathered("ひばり市", given)
    assert (found.jsic, found.partners, found.contacts, found.answers) == ("24", 2, {"lab"}, {"award": "まだ"})


def test_facts_are_read_with_the_running_plan(region: Callable[..., World]) -> None:
    region()
    text = "ひばり市の会社、従業員12名、創業から30年。交付決定が届き、もう発注した。"
    found = gather(text, Met(points(text)), knowledge(), Facts(answers={"award": "決まった"}))
    assert (found.municipality, found.employees, found.age_years, found.states) == ("999016", 12, 30, {"award", "ordered"})


@settings(max_examples=50)
@given(st.text(max_size=80), st.dictionaries(st.sampled_from(["employees", "municipality", "age_years", "capital_yen", "award"]), st.text(max_size=20)))
def test_any_text_and_any_answer_is_read(text: str, answers: dict[str, str]) -> None:
    found = gathered(text, Facts(answers=answers), states=STATES, questions=QUESTIONS)
    assert found == gathered(text, Facts(answers=answers), states=STATES, questions=QUESTIONS)
    assert found.employees is None or 0 <= found.employees <= 999_999
    assert found.age_years is None or 0 <= found.age_years <= 999
