"""Beside the words: evidence and near misses by stage, cases that may be the same one, firms, the page's parts."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from renkei.cases.actions.closing import close_case
from renkei.cases.actions.intake import Said, receive
from renkei.cases.models import Case
from renkei.companies.actions import Profile, add_person, register_company
from renkei.companies.models import Company
from renkei.matching.models import CREDIT, Entry
from renkei.matching.proposal import Candidate, EntryHit, Evidence, NearMiss, Question
from renkei.plan.models import Body
from tests.desk import proposed
from tests.desk.pages import HOSTILE, address, client, part, said
from tests.desk.scene import WORDS, arrived, running
from tests.desk.sorting import ADVICE, SUBSIDY, TESTS, boxes, page, post, ready, ticks, url
from tests.world import BANK, CENTER, DESK, LAB, World

pytestmark = pytest.mark.usefixtures("given_proposal")


def clues(text: str) -> str:
    return part(text, 'id="k"', "</section>")


def suspects(text: str) -> list[str]:
    return re.findall(r'value="merge:([^"]+)"', clues(text))


def propose(monkeypatch: pytest.MonkeyPatch, **more: Any) -> None:
    monkeypatch.setattr("renkei.desk.triage.page.propose", lambda text, **_: proposed.proposal(text, **more))


def stranger(world: World, name: str = "まぼろし精機", **more: Any) -> Case:
    """A consultation of a firm nobody has registered."""
    given = Said(text=WORDS, channel="web", company_given=name, **more)
    return receive(given, by=world.desk, body=Body.objects.get(pk=DESK)).case


# ---- the proposal


def test_each_need_stands_under_its_stage_with_its_number(world: World) -> None:
    text = page(world, ready(world))
    found = re.findall(r'<section class="need s(\w)".*?<span class="no">課題(\d)</span>([^<]+)</h3>', text, re.DOTALL)
    assert found == [("2", "1", "仕入れの資金"), ("3", "2", "落下試験")]
    assert "2課題、4候補" in text


@pytest.mark.parametrize(
    ("kind", "sign"), [("word", "wd"), ("met", "ok"), ("failed", "ng"), ("unknown", "un")],
)  # fmt: skip
def test_each_kind_of_evidence_has_its_own_sign(world: World, monkeypatch: pytest.MonkeyPatch, kind: str, sign: str) -> None:
    candidate = Candidate("events", LAB, "1", 0.9, 1, evidence=[Evidence(kind, "理由のことば")])
    propose(monkeypatch, needs=[proposed.ProposedNeed(1, "催し", "1", [], [candidate], [])])
    found = re.findall(r'<li class="(\w\w)"><span class="vh">[^<]+</span>「?理由のことば', page(world, ready(world)))
    assert found == [sign]


def test_near_misses_of_a_need_stand_there_and_the_others_below(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    loose = NearMiss("県外の補助", "rd-subsidy", CENTER, "place", "県内の会社だけです。")
    kept = proposed.proposal(WORDS).near_misses
    propose(monkeypatch, near_misses=[*kept, loose])
    text = page(world, ready(world))
    assert re.findall(r"近いが合わないもの (\d)件", text) == ["1", "1"]
    assert "水質計だけの計画は対象外。" in part(text, '<section class="need s2"', "</section>")
    assert "県内の会社だけです。" not in part(text, '<section class="need s2"', "</section>")
    assert text.count("水質計だけの計画は対象外。") == 1


def test_a_near_miss_says_what_would_make_it_fit(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    propose(monkeypatch, near_misses=[NearMiss("連携の補助", "rd-subsidy", CENTER, "partner", "2者以上で組むこと")])
    text = page(world, ready(world))
    assert "2者以上で組むこと" in text
    assert "一緒に取り組む大学や会社が決まれば使えます。" in text


def test_the_credit_of_a_source_stands_beside_the_entry(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    candidate = Candidate("rd-subsidy", CENTER, "2", 0.9, 1, entries=[EntryHit("PG1", "programme", 1.0, "国の補助", "", credit=CREDIT)])
    miss = NearMiss("国の別の補助", "rd-subsidy", CENTER, "employees", "従業員が20人以下であること", CREDIT)
    propose(monkeypatch, needs=[proposed.ProposedNeed(1, "資金", "2", [], [candidate], [miss])], near_misses=[])
    assert page(world, ready(world)).count(CREDIT) == 2


def test_a_candidate_shows_three_entries_at_most(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    entries = [EntryHit(f"EQ{n}", "equipment", 1.0, f"試験機{n}", "") for n in range(5)]
    candidate = Candidate("equipment-tests", LAB, "3", 0.9, 1, entries=entries)
    propose(monkeypatch, needs=[proposed.ProposedNeed(1, "試験", "3", [], [candidate], [])])
    assert re.findall(r'<p class="entry"><b>([^<]+)</b>', page(world, ready(world))) == ["試験機0", "試験機1", "試験機2"]


def test_a_candidate_of_a_body_or_service_the_plan_does_not_have_is_left_out(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    strange = [Candidate("events", "nowhere", "1", 0.9, 1), Candidate("nothing", LAB, "1", 0.8, 1), Candidate("events", LAB, "1", 0.7, 1)]
    propose(monkeypatch, needs=[proposed.ProposedNeed(1, "催し", "1", [], strange, [])])
    assert boxes(page(world, ready(world))) == [f"p1-events-{LAB}"]


def test_a_need_without_candidates_says_where_to_look(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    propose(monkeypatch, needs=[proposed.ProposedNeed(1, "催し", "1", [], [], [])], supports=[])
    assert "候補がありません。下の「ほかの候補を探して足す」から選べます。" in page(world, ready(world))


def test_a_need_that_was_settled_no_longer_stands_for_sorting(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    case = ready(world)
    post(world, case, "needs", new_title="催しに出たい", new_stage="1")
    case.needs.filter(title="催しに出たい").update(state="settled")
    assert "催しに出たい" not in page(world, case)


def test_what_people_added_keeps_its_numbers_after_the_proposed_ones(world: World) -> None:
    case = ready(world)
    for title in ("催しに出たい", "人を育てたい"):
        post(world, case, "needs", new_title=title, new_stage="1")
    assert re.findall(r'<span class="no">課題(\d)</span>([^<]+)', page(world, case)) == [
        ("1", "仕入れの資金"), ("2", "落下試験"), ("3", "催しに出たい"), ("4", "人を育てたい")]
    legend = part(page(world, case), '<ul class="legend">', "</ul>")
    assert re.findall(r'<li class="s(\w)"><b>(\d)</b>', legend) == [("2", "1"), ("3", "2"), ("1", "3"), ("1", "4")]


def test_a_service_of_another_need_can_be_added_to_a_written_one(world: World) -> None:
    case = ready(world)
    post(world, case, "needs", new_title="催しに出たい", new_stage="1")
    need = case.needs.get(title="催しに出たい")
    assert post(world, case, "add", add_need=f"n{need.pk.hex}", add_provision=f"events|{CENTER}").status_code == 302
    assert f"n{need.pk.hex}-events-{CENTER}" in ticks(page(world, case))


def test_unticking_what_was_added_takes_it_from_the_page(world: World) -> None:
    case = ready(world)
    post(world, case, "add", add_need="p2", add_provision=f"events|{LAB}")
    assert "窓口が足した" in page(world, case)
    post(world, case, "save", TESTS)
    assert "窓口が足した" not in page(world, case)
    assert ticks(page(world, case)) == [TESTS]


@pytest.mark.parametrize("entry", [{"body_id": None}, {"service_id": None}, {"withdrawn_on": dt.date(2026, 1, 1)}, {"service_id": "loan"}])
def test_an_entry_nobody_can_be_asked_for_is_refused(world: World, entry: dict[str, Any]) -> None:
    made = {"kind": "equipment", "name": "三次元測定機", "body_id": LAB, "service_id": "equipment-tests", "kept_by": "matching"}
    Entry.objects.create(id="EQ777", text_hash="x", **made | entry)
    case = ready(world)
    answer = post(world, case, "entry:EQ777", SUBSIDY, add_need="p2")
    assert (answer.status_code, ticks(said(answer))) == (422, [SUBSIDY])
    assert 'class="errors mt"' in said(answer)


def test_more_than_ten_questions_are_not_sent_at_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    propose(monkeypatch, questions=[Question(f"q{n}", f"質問{n}は") for n in range(11)])
    case = ready(world)
    answer = post(world, case, "ask")
    assert (answer.status_code, "一度に聞けるのは10個までです。" in said(answer)) == (422, True)
    assert post(world, case, "ask", **{"fact-q3": "はい"}).status_code == 302


# ---- cases that may be the same one


@pytest.mark.parametrize("same", ["phone", "email"])
def test_the_same_number_or_address_raises_the_suspicion(world: World, same: str) -> None:
    first, second = arrived(world).case, arrived(world, "天狗鼻ばね株式会社").case
    first.consultations.update(phone="", email="")
    second.consultations.update(phone="", email="")
    for case in (first, second):
        case.consultations.update(**{same: "0471-99-9999" if same == "phone" else "one@firm.example"})
    assert suspects(page(world, first)) == [str(second.pk)]


def test_no_number_and_no_address_are_no_likeness(world: World) -> None:
    first, second = arrived(world).case, arrived(world, "天狗鼻ばね株式会社").case
    for case in (first, second):
        case.consultations.update(phone="", email="")
    assert suspects(page(world, first)) == []
    assert "なし（法人番号・名前・電話・メールで確認）" in clues(page(world, first))


def test_closed_and_merged_ones_are_told_as_past_not_as_doubles(world: World) -> None:
    first, second = ready(world), arrived(world).case
    Case.objects.filter(pk=second.pk).update(company=first.company)
    close_case(second, by=world.desk, reason="solved", words="済み", answer_to_company="ありがとうございました。")
    text = page(world, first)
    assert suspects(text) == []
    assert address("desk-case", case=second.pk) in clues(text)
    assert "終了" in clues(text)


def test_at_most_five_doubles_stand_there_newest_first(world: World) -> None:
    case = ready(world)
    others = [arrived(world, company=case.company).case for _ in range(6)]
    assert suspects(page(world, case)) == [str(one.pk) for one in reversed(others)][:5]


def test_a_body_is_shown_no_double_it_may_not_see(world: World) -> None:
    received = receive(Said(text=WORDS, channel="phone", company_given="架空製作所", phone="0471-00-0001"), by=world.lab,
                       body=Body.objects.get(pk=LAB), to_desk=False)
    secret = arrived(world).case
    text = page(world, received.case, LAB)
    assert (suspects(text), secret.number in text) == ([], False)
    assert post(world, received.case, f"merge:{secret.pk}", body=LAB).status_code == 422
    assert Case.objects.get(pk=received.case.pk).merged_into_id is None


def test_merging_with_another_firms_case_is_refused_and_changes_nothing(world: World) -> None:
    first, second = ready(world), arrived(world, "天狗鼻ばね株式会社").case
    other = register_company(Profile(name="天狗鼻ばね株式会社"), by=world.desk)
    Case.objects.filter(pk=second.pk).update(company=other)
    answer = post(world, first, f"merge:{second.pk}", TESTS)
    assert (answer.status_code, ticks(said(answer))) == (422, [TESTS])
    assert Case.objects.filter(merged_into__isnull=False).count() == 0


def test_a_case_is_no_double_of_itself(world: World) -> None:
    case = ready(world)
    assert str(case.pk) not in suspects(page(world, case))
    assert post(world, case, f"merge:{case.pk}").status_code == 422


# ---- firms


@pytest.mark.parametrize(
    ("given", "reason"),
    [({"name": "㈱まぼろし精機"}, "会社名が同じです"), ({"name": "別の名", "phone": "047-400-0000"}, "電話番号が同じです。"),
     ({"name": "別の名", "email": "x@firm.example"}, "メールアドレスの「@firm.example」が同じです。")],
)  # fmt: skip
def test_a_known_firm_is_offered_with_its_reason(world: World, given: dict[str, str], reason: str) -> None:
    company = register_company(Profile(name="まぼろし精機株式会社", phone="047-400-0000", email="info@firm.example"), by=world.desk)
    case = stranger(world, **given)
    assert reason in clues(page(world, case))
    assert post(world, case, f"bind:{company.pk}").status_code == 302
    fresh = Case.objects.get(pk=case.pk)
    assert (fresh.company_id, fresh.company_given) == (company.pk, "まぼろし精機株式会社")
    assert "登録のある会社か" not in page(world, fresh)


def test_nobody_alike_says_so_and_offers_to_register(world: World) -> None:
    case = stranger(world)
    assert "名前・電話・メールの似た会社はありません" in clues(page(world, case))
    assert "会社がまだ結ばれていません" in clues(page(world, case))
    assert f'{address("desk-company-new")}?case={case.pk}' in page(world, case)


def test_a_firm_the_body_does_not_know_is_neither_offered_nor_bound(world: World) -> None:
    company = register_company(Profile(name="まぼろし精機株式会社", phone="047-400-0000"), by=world.desk)
    case = receive(Said(text=WORDS, channel="phone", company_given="まぼろし精機", phone="047-400-0000"), by=world.lab,
                   body=Body.objects.get(pk=LAB), to_desk=False).case
    assert "bind:" not in page(world, case, LAB)
    answer = post(world, case, f"bind:{company.pk}", body=LAB)
    assert (answer.status_code, "この会社は開けません。" in said(answer)) == (422, True)


def test_a_case_that_has_its_firm_is_not_bound_to_another(world: World) -> None:
    case, other = ready(world), register_company(Profile(name="天狗鼻ばね株式会社"), by=world.desk)
    answer = post(world, case, f"bind:{other.pk}")
    assert (answer.status_code, "もう別の会社に結び付いています。" in said(answer)) == (422, True)


def test_who_called_and_how_to_reach_them(world: World) -> None:
    case = ready(world)
    assert '<b>髙梨 芽衣様</b><a class="tel" href="tel:0471-00-0001">' in page(world, case)
    assert case.company is not None
    person = add_person(Company.objects.get(pk=case.company_id), name="亀井 甲", title="工場長", by=world.desk)
    case.consultations.update(person=person, phone="", reach_me="昼休み")
    assert "<b>亀井 甲様</b>（工場長）" in page(world, case)
    assert "昼休み" in page(world, case)
    case.consultations.update(person=None, person_given="")
    assert "お名前は未確認" in page(world, case)


# ---- the page's parts


def test_tabs_lead_to_parts_that_are_there_and_count_them(world: World) -> None:
    text = page(world, ready(world))
    tabs = part(text, '<nav class="tabs"', "</nav>")
    targets = re.findall(r'href="#(\w+)"', tabs)
    assert targets == ["w", "q", "pr", "to"]
    assert [f'id="{one}"' in text for one in targets] == [True] * 4
    assert re.findall(r'<span class="n">(\d+)', tabs) == ["2", "4"]


def test_serving_it_oneself_is_offered_while_it_is_new(world: World) -> None:
    case = ready(world)
    assert url(case, name="desk-keep") in page(world, case)
    post(world, case, "send", TESTS)
    assert url(case, name="desk-keep") not in page(world, case)
    assert url(case, name="desk-set-aside") in page(world, case)


def test_who_may_not_read_the_words_works_from_the_summary(world: World) -> None:
    scene = running(world)
    Case.objects.filter(pk=scene.case.pk).update(holder=CENTER)
    text = page(world, scene.case, CENTER)
    words = part(text, 'id="w"', "</blockquote>")
    assert "要約（原文を読む同意がありません）" in words
    assert "手のひらに乗る" not in text
    assert "養殖場で使う小さな水質計。" in words


def test_wishes_day_and_earlier_bodies_stand_under_the_words(world: World) -> None:
    case = stranger(world, wish="春までに", wanted_by=dt.date(2027, 3, 1), budget_yen=7_000_000, prior_bodies=["商工会"])
    words = part(page(world, case), 'id="w"', "</section>")
    for shown in ("春までに", "3月1日", "700万円", "商工会"):
        assert shown in words


def test_the_page_takes_no_more_queries_for_more_needs_and_lines(world: World) -> None:
    case, one, counts = ready(world), client(world), []
    for rounds in range(2):
        post(world, case, "save", *([TESTS] if rounds == 0 else [TESTS, SUBSIDY, ADVICE]), new_title=f"足した{rounds}", new_stage="1")
        one.get(url(case))
        with CaptureQueriesContext(connection) as queries:
            one.get(url(case))
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_hostile_names_of_firms_and_doubles_stay_words(world: World) -> None:
    register_company(Profile(name=f"まぼろし{HOSTILE}", phone="047-400-0000"), by=world.desk)
    arrived(world).case.consultations.update(phone="047-400-0000")
    case = stranger(world, name=HOSTILE, phone="047-400-0000")
    assert "<script>alert" not in page(world, case)
    assert client(world, BANK).get(url(case, BANK)).status_code == 404


def test_cases_like_it_stand_beside_the_words_the_firms_own_first(world: World) -> None:
    scene = running(world)
    case = stranger(world)
    Case.objects.filter(pk=scene.case.pk).update(title="養殖場の水質計")
    for one in Case.objects.all():
        one.summary = WORDS[:600]
        one.index_text()
        one.save()
    text = clues(page(world, case))
    assert "似た案件" in text
    assert address("desk-case", case=scene.case.pk) in text
    Case.objects.filter(pk=case.pk).update(company=scene.case.company_id)
    assert "同じ会社の似た相談" in clues(page(world, case))
