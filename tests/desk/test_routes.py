"""The page of a support route: made in one press, read as picture and table, edited, sent; what broke says so beside its field."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from renkei.base import clock
from renkei.cases.actions.answers import accept, decline, finish_support
from renkei.cases.actions.offers import send_offers
from renkei.cases.actions.route_sending import answer_route, send_route
from renkei.cases.models import Case, Route, RouteSending, RouteVersion, Support
from renkei.matching.models import CREDIT, Entry
from renkei.matching.proposal import NearMiss
from tests.cases.linking import firm
from tests.cases.making import arrived, leave, need_of, pick, summarise
from tests.cases.routing import NEEDS, NOON, Routed, catalogue, first_need, plan, proposal, proposing, routed
from tests.desk.pages import HOSTILE, address, client, fault, said
from tests.world import BANK, CENTER, DESK, LAB, World


@pytest.fixture(autouse=True)
def _at_noon() -> Iterator[None]:
    with clock.moved_to(NOON):
        yield


@pytest.fixture
def there(world: World, monkeypatch: pytest.MonkeyPatch) -> Routed:
    return routed(world, monkeypatch)


def url(there: Routed, name: str = "desk-route", body: str = DESK, **more: Any) -> str:
    return address(name, body, case=there.case.pk, **more)


def page(there: Routed, body: str = DESK) -> str:
    answer = client(there.world, body).get(url(there, body=body))
    assert answer.status_code == 200
    return said(answer)


def do(there: Routed, deed: str, body: str = DESK, follow: bool = True, **more: Any) -> Any:
    given = {"do": deed, "version": str(there.version)} | more
    return client(there.world, body).post(url(there, body=body), given, follow=follow)


def plain(text: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text))


def row(there: Routed, service: str, text: str = "") -> str:
    """The table's row of a step, in plain words."""
    number = [one.service_id for one in there.steps].index(service)
    return plain(re.findall(r"<tr[ >].*?</tr>", (text or page(there)).split("<tbody>")[1], re.DOTALL)[number])


def asked(there: Routed, service: str, body: str) -> Any:
    """The desk has asked a body for a step, and the recall window is over."""
    step = there.step(service)
    support = send_offers(Case.objects.get(pk=there.case.pk), [pick(step.need, body, service)], by=there.world.desk)[0]
    leave(support)
    support.refresh_from_db()
    return support


def test_empty_then_made_in_one_press(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    plan(world)
    catalogue()
    proposing(monkeypatch)
    case = arrived(world).case
    need_of(case, world)
    where = address("desk-route", case=case.pk)
    empty = said(client(world).get(where))
    assert "支援ルートはまだありません" in empty
    made = client(world).post(where, {"do": "make"}, follow=True)
    assert "支援ルートを作りました" in said(made)
    assert "支援ルートはまだありません" not in said(made)
    client(world).post(where, {"do": "make"})  # twice
    assert Route.objects.count() == 1
    assert where in said(client(world).get(address("desk-case", case=case.pk)))
    assert where in said(client(world).get(address("desk-triage", case=case.pk)))


def test_the_table_says_when_and_why(there: Routed) -> None:
    assert row(there, "loan").startswith(" 5 ")
    for words in ("来年2月1日", "先の段取りが来年1月29日まで：決定が先。", "いつでも申し込める", "決定まで3週", "予定"):
        assert words in row(there, "loan")
    assert "？ 終わりの日は、引き受けた機関と決めます" in row(there, "tech-consultation")
    assert "終わりは未定" in row(there, "tech-consultation")
    assert "✓ 所在地に近い機関です" in row(there, "equipment-tests")  # what decided between equals [C67]
    assert "決定より前に注文しない。" in row(there, "rd-subsidy")


def test_the_picture_shows_what_has_a_day(there: Routed) -> None:
    text = page(there)
    figure = text[text.index("<figure") : text.index("</figure>")]
    assert 'aria-hidden="true"' in figure
    assert figure.count("<rect") == 5
    assert figure.count("is-open") == 1
    assert "style=" not in figure
    assert re.findall(r"bar-w[^>]*>(\d) ", figure) == ["1", "2", "3", "4", "5"]
    assert all(0 <= float(x) <= 1000 for x in re.findall(r' x="([\d.]+)"', figure))


@pytest.mark.parametrize(("body", "status"), [(DESK, 200), (LAB, 404), (BANK, 404)])
def test_who_opens_it(there: Routed, body: str, status: int) -> None:
    for name, more in (("desk-route", {}), ("desk-route-add", {}), ("desk-route-send", {}), ("desk-route-step", {"planned": there.steps[0].key})):
        assert client(there.world, body).get(url(there, name, body, **more)).status_code == status


def test_who_took_the_case_but_runs_it_no_more_reads_only(there: Routed) -> None:
    Case.objects.filter(pk=there.case.pk).update(holder_id=BANK, received_by_id=LAB, at_desk=False)
    text = page(there, LAB)
    assert "段取り" in text
    for words in ("上へ", "段取りを足す", "会社に送る", "直す・ほかの案"):
        assert words not in text
    assert do(there, "undo", LAB).status_code == 403
    for name, more in (("desk-route-add", {}), ("desk-route-send", {}), ("desk-route-step", {"planned": there.steps[0].key})):
        assert client(there.world, LAB).get(url(there, name, LAB, **more)).status_code == 403


def test_moved_removed_undone(there: Routed) -> None:
    keys = [one.key for one in there.steps]
    assert "順番を変えました" in said(do(there, f"down:{keys[0]}"))
    assert [one.key for one in there.steps][:2] == [keys[1], keys[0]]
    assert "順番を変えました" in said(do(there, f"up:{keys[0]}"))
    removed = said(do(there, f"remove:{keys[0]}"))
    assert "段取りを外しました" in removed
    assert "前の版（第3版）に戻す" in removed
    assert "先に済ませることが、この支援ルートにありません（決定が先。）" in row(there, "loan", removed)
    assert "前の版に戻しました" in said(do(there, "undo"))
    assert [one.key for one in there.steps] == keys


@pytest.mark.parametrize(
    ("deed", "more", "status", "sentence"),
    [
        ("undo", {}, 422, "これより前の版はありません。"),
        ("replan", {}, 422, "前の版と同じです。"),
        ("up:nonsense", {}, 422, "この段取りは、もうありません。"),
        ("remove:00000000-0000-0000-0000-000000000000", {}, 422, "この段取りは、もうありません。"),
        ("burn", {}, 422, "この操作は分かりません。"), ("", {}, 422, "この操作は分かりません。"),
        ("undo", {"version": "7"}, 409, "ほかの人が先に支援ルートを直しました。"),
        ("undo", {"version": "x"}, 409, "ほかの人が先に支援ルートを直しました。"),
    ],
)
def test_what_a_press_is_refused_for(there: Routed, deed: str, more: dict[str, str], status: int, sentence: str) -> None:
    answer = do(there, deed, **more)
    assert (answer.status_code, sentence in said(answer)) == (status, True)
    assert there.version == 1


def step_url(there: Routed, service: str) -> str:
    return url(there, "desk-route-step", planned=there.step(service).key)


def change(there: Routed, service: str, follow: bool = True, **more: str) -> Any:
    step = there.step(service)
    given = {"body": step.body_id, "entry": step.entry, "begin": "", "end": "", "override": "", "version": str(there.version), "option": ""}
    return client(there.world).post(step_url(there, service), given | more, follow=follow)


def test_a_step_is_changed_and_what_waits_for_it_moves(there: Routed) -> None:
    assert "来年2月1日" in row(there, "loan")
    changed = said(change(there, "rd-subsidy", end="2027年2月26日"))
    assert "続く段取りの日も計算し直しました" in changed
    assert "来年3月1日" in row(there, "loan", changed)
    assert 'value="令和9年2月26日"' in said(client(there.world).get(step_url(there, "rd-subsidy")))


@pytest.mark.parametrize(
    ("service", "more", "field", "sentence"),
    [
        ("loan", {"begin": "2027年1月29日"}, "begin", "先の段取りの終わりは来年1月29日です。決定が先。ほかの日を入れてください。"),
        ("rd-subsidy", {"begin": "12月21日"}, "begin", "受付の期間の外です（11月1日（日）から12月18日（金）まで）。ほかの日を入れてください。"),
        ("equipment-tests", {"begin": "12月8日"}, "override", "先の段取りの終わりは12月8日（火）です。講習が先。それでもこの日にするときは、理由を書いてください。"),
        ("tech-consultation", {"begin": "12月5日"}, "override", "12月5日（土）は、機関が開いていない日です。それでもこの日にするときは、理由を書いてください。"),
        ("tech-consultation", {"begin": "いつか"}, "begin", ""), ("tech-consultation", {"body": BANK}, "body", "一覧にないものです。選び直してください。"),
        ("tech-consultation", {"begin": "12月3日", "end": "12月2日"}, "end", "終わりの日が、始まりより前です。"),
    ],
)  # fmt: skip
def test_a_broken_rule_stands_beside_its_field(there: Routed, service: str, more: dict[str, str], field: str, sentence: str) -> None:
    answer = change(there, service, **more)
    assert answer.status_code == 422
    assert fault(answer, field).startswith(sentence) if sentence else fault(answer, field)
    assert more.get("begin", "") in said(answer)  # what was typed is kept
    assert there.version == 1


def test_advice_is_left_aside_with_a_reason_that_stays_in_sight(there: Routed) -> None:
    change(there, "equipment-tests", begin="12月8日", override=f"職員が操作します{HOSTILE}")
    text = page(there)
    assert "職員が操作します" in row(there, "equipment-tests", text)
    assert HOSTILE not in text
    assert "講習が先。" in said(client(there.world).get(step_url(there, "equipment-tests")))  # the rule it breaks is told there


def test_other_plans_with_what_they_cost_in_time(there: Routed) -> None:
    text = plain(said(client(there.world).get(step_url(there, "rd-subsidy"))))
    assert "A案 センター PG2の名 来年1月12日から来年2月26日 全体が29日おそくなります 3,000円" in text
    chosen = said(change(there, "rd-subsidy", option=f"rd-subsidy|{CENTER}|PG2"))
    assert "来年1月12日" in row(there, "rd-subsidy", chosen)
    assert there.step("rd-subsidy").entry == "PG2"
    back = plain(said(client(there.world).get(step_url(there, "rd-subsidy"))))
    assert "PG1の名 11月25日（水）から来年1月29日 全体が29日早くなります 無料" in back


def test_a_step_whose_entry_has_ended_says_so_in_table_picture_and_form_and_is_offered_to_nobody(there: Routed) -> None:
    here, said_of = step_url(there, "rd-subsidy"), "11月24日で終わりました。"
    before = page(there)
    assert (said_of in plain(before), "終了" in before[before.index("<figure") : before.index("</figure>")]) == (False, False)
    assert "いまは選べません" not in said(client(there.world).get(here))
    Entry.objects.filter(pk__in=["PG1", "PG2"]).update(ends_on=NOON.date() - dt.timedelta(days=1))
    text = page(there)
    assert said_of in row(there, "rd-subsidy", text)
    assert [service for service in ("loan", "equipment-tests", "tech-consultation") if "で終わりました" in row(there, service, text)] == []
    assert text[text.index("<figure") : text.index("</figure>")].count("終了") == 1
    form = said(client(there.world).get(here))
    assert (said_of in form, "PG1の名（いまは選べません）" in form, "PG2の名" in form) == (True, True, False)
    refused = change(there, "rd-subsidy", entry="PG2")
    assert (refused.status_code, fault(refused, "entry")) == (422, "一覧にないものです。選び直してください。")
    asked(there, "rd-subsidy", CENTER)
    accept(Support.objects.get(service="rd-subsidy"), by=there.world.center)
    assert "で終わりました" not in row(there, "rd-subsidy")  # what is at work goes on


def test_a_step_that_is_gone_or_foreign(there: Routed) -> None:
    assert client(there.world).get(url(there, "desk-route-step", planned=there.case.pk)).status_code == 404


def test_added(there: Routed) -> None:
    need = first_need(there.case)
    given = {"need": str(need.pk), "provision": f"sales-adviser|{CENTER}", "begin": "12月15日", "end": "", "override": "", "version": "1"}
    where = url(there, "desk-route-add")
    assert client(there.world).get(where).status_code == 200
    wrong = client(there.world).post(where, given | {"provision": "", "begin": "12月5日"})
    assert (wrong.status_code, fault(wrong, "provision")) == (422, "1つ選んでください。")
    late = client(there.world).post(where, given | {"version": "9"})
    assert (late.status_code, "ほかの人が先に" in said(late)) == (422, True)
    assert "段取りを足しました" in said(client(there.world).post(where, given, follow=True))
    assert there.steps[-1].service_id == "sales-adviser"


NEAR = {
    "partner": "一緒に取り組む大学や会社が決まれば使えます。", "window": "次の受付が始まれば使えます。", "employees": "従業員の数が条件に入れば使えます。",
    "capital_yen": "資本金が条件に入れば使えます。", "municipality": "条件の地域に事業所があれば使えます。",
    "age_years": "創業からの年数が足りるようになれば使えます。", "jsic": "対象の業種なら使えます。", "theme": "",
    "max_age_years": "創業からの年数が条件を超えていなければ使えます。", "stage": "開発が条件の段階になれば使えます。",
}  # fmt: skip


def test_what_almost_fits_says_what_would_make_it_fit(there: Routed, monkeypatch: pytest.MonkeyPatch) -> None:
    misses = [NearMiss(f"制度{rule}", "rd-subsidy", CENTER, rule, f"{rule}の決まり", CREDIT if rule == "partner" else "") for rule in NEAR]
    assert {one.rule: one.wants.split("。")[0] + "。" if one.wants else "" for one in misses} == NEAR
    whole = replace(proposal(NEEDS), near_misses=[*misses[:3], misses[0]])
    monkeypatch.setattr("renkei.cases.queries.route_proposal.propose", lambda *_text, **_given: whole)
    text = said(client(there.world).get(url(there, "desk-route-add")))
    part = text.split('id="near"')[1]
    assert re.findall(r"<b>(制度[^<]+)</b>", part) == ["制度partner", "制度window", "制度employees"]
    assert NEAR["partner"] in part
    assert part.count(CREDIT) == 1
    assert "× partnerの決まり" in part


def test_sent_and_what_the_firm_said(there: Routed) -> None:
    where = url(there, "desk-route-send")
    form = said(client(there.world).get(where))
    assert "会社が読むもの" in form
    assert "ひばり県工業試験所" in form  # to firms by full name
    sent = said(client(there.world).post(where, {"text": "ご確認ください", "version": "1"}, follow=True))
    assert "この版を会社に送りました" in sent
    assert url(there, "desk-route-send") not in sent
    again = client(there.world).post(where, {"text": "", "version": "1"})
    assert (again.status_code, "もう会社に送りました" in said(again)) == (422, True)
    answer_route(RouteSending.objects.get(), by=firm(there.case), agrees=False, text="試験を先に")
    assert "会社の返事：たずねたいことがある" in page(there)
    change(there, "rd-subsidy", end="2027年2月26日")
    assert "会社が見ているのは第1版です" in page(there)


@pytest.mark.covers("C67")
def test_a_no_shows_who_comes_next_and_what_it_costs(there: Routed) -> None:
    """Nothing is planned anew silently: the holder reads who would come instead, and presses."""
    summarise(there.case, there.world)
    support = asked(there, "tech-consultation", LAB)
    assert "回答待ち" in row(there, "tech-consultation")
    decline(support, by=there.world.lab, reason="busy", text="いまは手がいっぱいです。")
    text = page(there)
    assert "辞退" in row(there, "tech-consultation", text)
    assert "次の案を選んでください" in text
    value = re.search(r'name="do" value="(replace:[^"]+\|hibari-center\|)"', text)
    assert value is not None
    assert "全体の終わりは変わりません" in text or "おそくなります" in text
    assert there.version == 1
    done = said(do(there, value.group(1)))
    assert "段取りを替えて" in done
    assert "次の案を選んでください" not in done
    assert (there.step("tech-consultation").body_id, RouteVersion.objects.get(number=2).did) == (CENTER, "replanned")
    assert "予定" in row(there, "tech-consultation", done)


def test_followed_from_asking_to_the_end(there: Routed) -> None:
    summarise(there.case, there.world)
    support = asked(there, "equipment-tests", LAB)
    accept(support, by=there.world.lab)
    assert "引受け" in row(there, "equipment-tests")
    finish_support(support, by=there.world.lab, done_on=NOON.date(), text="測った", helped=True)
    assert "終わった" in row(there, "equipment-tests")


def test_late_steps_are_told_and_planned_anew_by_hand(there: Routed) -> None:
    with clock.moved_to(NOON + dt.timedelta(days=14)):
        text = page(there)
        assert "始める日を過ぎましたが、まだ頼んでいません" in row(there, "tech-consultation", text)
        assert "終わる日を過ぎています" in row(there, "events", text)
        assert text.count('class="is-late"') >= 2
        assert "このままでは間に合わない日があります" in text
        assert "日を計算し直しました" in said(do(there, "replan"))
        assert "このままでは間に合わない日があります" not in page(there)
    assert there.version == 2


def test_a_closed_case_is_read_only(there: Routed) -> None:
    send_route(there.route, by=there.world.desk, version=1)
    Case.objects.filter(pk=there.case.pk).update(state="closed", closed_at=clock.now(), close_reason="solved")
    text = page(there)
    assert "上へ" not in text
    assert "段取りを足す" not in text
    assert do(there, "undo").status_code == 422


def test_the_holder_reads_what_is_late_on_the_first_page(there: Routed) -> None:
    def late(body: str = DESK) -> list[str]:
        text = said(client(there.world, body).get(address("desk-today", body)))
        part = text.split('id="rt"')[1].split("</section>")[0] if 'id="rt"' in text else ""
        return re.findall(r'<span class="sub block">([^<]+)<', part)

    assert late() == []
    with clock.moved_to(NOON + dt.timedelta(days=14)):
        assert late() == ["開発補助（センター）：始める日を過ぎましたが、まだ頼んでいません"]  # one line a case
        assert late(LAB) == []
        Case.objects.filter(pk=there.case.pk).update(state="closed", closed_at=clock.now(), close_reason="solved")
        assert late() == []
    Case.objects.filter(pk=there.case.pk).update(state="active", closed_at=None, close_reason="")
    summarise(there.case, there.world)
    support = asked(there, "tech-consultation", LAB)
    decline(support, by=there.world.lab, reason="busy")
    assert late() == ["技術相談（工業試験所）：次の案を選んでください"]


def test_a_course_taken_is_written_with_one_press(there: Routed) -> None:
    key = there.step("equipment-tests").key
    assert re.findall(r'value="trained:([^"]+)"', page(there)) == [str(key)]  # at the machine, and nowhere else
    done = said(do(there, f"trained:{key}"))
    assert "受講済みと書き、日を計算し直しました。" in done
    assert "講習は受講済み（11月25日（水）に相川が記入）" in row(there, "equipment-tests", done)
    assert "trained:" not in done
    assert "events" not in [one.service_id for one in there.steps]
    again = do(there, f"trained:{key}")
    assert (again.status_code, "講習を待っていません" in said(again)) == (422, True)
    assert "第2版" in page(there)
