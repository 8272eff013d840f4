"""The plan for everyone: as people know it, its figure, its document, the list; and nothing of a case."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.html import strip_tags

from renkei.base.actor import SYSTEM
from renkei.plan import actions, commands
from renkei.plan.files import builtin_plans, load
from tests.desk.scene import asked
from tests.plan.region import region
from tests.world import World

pytestmark = pytest.mark.django_db


def page(name: str, **kwargs: str) -> str:
    answer = Client().get(reverse(name, kwargs=kwargs))
    assert answer.status_code == 200
    return str(answer.content.decode())


def words(html: str) -> str:
    """The text of the main part, without spaces."""
    return re.sub(r"\s", "", strip_tags(html[html.index("<main") : html.index("</main>")]))


@pytest.fixture(scope="module")
def chiba() -> dict[str, Any]:
    return load(builtin_plans()["chiba"]).document


@pytest.fixture
def published() -> None:
    commands.publish_built_in()


@pytest.mark.covers("C01", "C02", "C03", "C04", "C74", "C75", "C77", "C96", "C97")
def test_the_plan_is_read_as_it_is_written(published: None, chiba: dict[str, Any]) -> None:
    text = words(page("public-plan-of", plan="chiba"))
    assert "承認の日から平成35年度末日［令和5年度末］まで" in text
    assert "いまは動いていない計画" in text
    wanted = [chiba["plan"]["title"], chiba["plan"]["parent"]["written"], *(f["definition"] for f in chiba["fields"])]
    for party in chiba["parties"]:
        person = party["representatives"][0]
        wanted += [f"{party['names'][0]['value']}{party['addresses'][0]['value']}{person['title']}{person['name']}"]
        wanted += ["".join("" + item for item in role["items"]) for role in party["roles"]]
    wanted += [f"{row['name']}{row['value']}%{row['survey']}" for row in chiba["indicators"] if row["unit"] == "%"]
    wanted += ["約11兆4,020億円全国7位", "年10回", "別の呼び方：連絡支援会議", "公の名森田健作"]
    wanted += ["平成30・31年度［平成30年度・令和元年度］2件", "平成35年度［令和5年度］2件", "合計10件"]
    wanted += [unit["name"] for unit in chiba["units"]] + [one["name"] for one in chiba["universities"]]
    wanted += [member["name"] for member in chiba["networks"][0]["members"]]
    wanted += [note["title"] + "".join(f"{p['section']}「{p['text']}」" for p in note["places"]) for note in chiba["notes"]]
    wanted += ["補助金等交付財産の活用に関する事項（記載なし", chiba["form_rules"][1]["written"], chiba["areas_note"]]
    assert [one for one in wanted if re.sub(r"\s", "", one) not in text] == []


@pytest.mark.covers("C07", "C10", "C11", "C15")
def test_shares_are_never_summed_and_a_planned_hub_is_not_open(published: None) -> None:
    text = words(page("public-plan-of", plan="chiba"))
    assert "足し合わせられません" in text
    for total in (37.9 + 11.6 + 18.9, 36.5 + 27.4 + 32.5, 23.0 + 59.6 + 21.1):
        assert f"{total:.1f}" not in text
    assert "東京大学の産学協創プラットフォーム拠点予定" in text
    assert "東京大学の産学協創プラットフォーム拠点開設" in words(page("public-plan"))


@pytest.mark.covers("C66", "C69")
def test_the_figure_shows_each_pair_of_the_plan_and_no_number(published: None, chiba: dict[str, Any]) -> None:
    html = page("public-plan-figure-of", plan="chiba")
    rows = re.findall(r'<th scope="row">([^<]+)</th>(.*?)</tr>', html, re.DOTALL)
    shown = [(name, re.findall(r'data-b="(.)', cells)) for name, cells in rows]
    number = {body["code"]: body["number"] for body in chiba["bodies"]}
    wanted = [
        (service.get("figure") or service["short"],
         sorted(number[p["body"]] for p in chiba["provisions"] if p["service"] == service["code"]))
        for service in chiba["services"]
    ]  # fmt: skip
    assert shown == wanted
    assert html.count("only-text") == 2
    assert "href" not in html[html.index("<table") : html.index("</table>")]


def test_the_numbers_of_cases_stay_inside(world: World) -> None:
    asked(world)
    html = page("public-plan-figure") + page("public-plan")
    assert re.findall(r"<td[^>]*>\s*\d+\s*</td>", html) == []
    assert "まぼろし" not in html
    assert "件" not in words(page("public-plan-figure"))


@pytest.mark.covers("C98")
def test_the_document_is_read_in_its_order_on_a4(published: None, chiba: dict[str, Any]) -> None:
    text = words(page("public-plan-document", plan="chiba"))
    at = 0
    for part in chiba["document"]:
        for one in [part["title"], *part["paragraphs"]]:
            found = text.find(re.sub(r"\s", "", one), at)
            assert found >= 0, one
            at = found
    assert text.index("鈴木栄治") > text.index("産学官金連携による地域経済牽引事業者への支援体制") > text.index("平成32年度")
    css = Client().get("/static/renkei/renkei.css")
    assert b"size: A4" in b"".join(css) if css.streaming else css.content  # type: ignore[attr-defined]


@pytest.mark.covers("C98")
def test_the_document_comes_as_a_pdf_on_a4(published: None) -> None:
    answer = Client().get(reverse("public-plan-pdf", kwargs={"plan": "chiba"}))
    assert (answer.status_code, answer["Content-Type"], answer.content[:5]) == (200, "application/pdf", b"%PDF-")
    assert reverse("public-plan-pdf", kwargs={"plan": "chiba"}) in page("public-plan-document", plan="chiba")


def test_the_running_plan_comes_first_and_the_closed_one_stays_readable(published: None) -> None:
    html = page("public-plans")
    links = re.findall(r'href="(/plan/[^"]+)"', html[html.index("<main") : html.index("</main>")])
    assert links == ["/plan/chiba-next/", "/plan/chiba/"]
    running, old = page("public-plan"), page("public-plan-of", plan="chiba")
    assert 'href="/plan/chiba/"' in running
    assert 'href="/plan/chiba-next/"' in old
    assert "房総 一路（架空）" in running
    assert "房総" not in old[old.index("<main") :]


def test_a_region_of_its_own_needs_nothing_of_chiba() -> None:
    actions.publish(region(), by=SYSTEM)
    for name in ("public-plan", "public-plan-figure", "public-plans"):
        html = page(name)
        assert "ひばり県" in html
        assert "千葉" not in html
    assert "新しい 知事" in page("public-plan")
    assert "本文は取り込まれていません" in page("public-plan-document", plan="hibari-files")
    text = words(page("public-plan-figure"))
    assert "つなぎ融資●ひばり銀" in text


@pytest.mark.parametrize("name", ["public-plan-of", "public-plan-figure-of", "public-plan-document", "public-plan-pdf"])
def test_an_unknown_plan_is_not_found(published: None, name: str) -> None:
    assert Client().get(reverse(name, kwargs={"plan": "gone"})).status_code == 404
    assert Client().post(reverse(name, kwargs={"plan": "chiba"})).status_code == 405


def test_before_any_plan_is_published_the_page_says_so() -> None:
    assert Client().get(reverse("public-plan")).status_code == 409
    assert "まだ公開された計画がありません" in page("public-plans")


def test_reading_a_plan_asks_a_fixed_number_of_questions(published: None, django_assert_max_num_queries: Any) -> None:
    url = reverse("public-plan-of", kwargs={"plan": "chiba"})
    Client().get(url)
    with django_assert_max_num_queries(14):
        Client().get(url)
