"""The plan for staff: numbers that open, and the lead party's editor."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from renkei.accounts.models import Membership, Person
from renkei.audit.models import Event
from renkei.base.actor import SYSTEM, staff
from renkei.cases.models import RegionalProject
from renkei.companies.models import Company
from renkei.plan import actions
from renkei.plan.files import section_text
from renkei.plan.models import Plan, PlanDraft, PlanVersion
from renkei.plan.queries import content_now
from tests.desk.scene import asked, plain
from tests.plan.region import region
from tests.world import BANK, CENTER, CONTENT, DESK, LAB, World, build_world

CODE = "hibari-files"


def client(world: World, body: str) -> Client:
    one = Client()
    one.force_login(world.people[body])
    return one


def words(answer: Any) -> str:
    html = answer.content.decode()
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html[html.index("<main") : html.index("</main>")]))


# The figure ---------------------------------------------------------------


@pytest.fixture
def figure_world(db: None) -> World:
    """The usual world, its content with the sections the figure shows."""
    full = region()
    bodies = [
        {**full["bodies"][0], "code": code, "number": number, "short": short, "party": "hibari"}
        for code, number, short in [(DESK, "①", "産業課"), (LAB, "②", "工業試験所"), (CENTER, "③", "センター"), (BANK, "④", "ひばり銀")]
    ]
    services = [{"code": "equipment-tests", "stage": "3", "name": "設備・試験", "short": "設備・試験"},
                {"code": "sales-adviser", "stage": "4", "name": "販路相談", "short": "販路相談"}]  # fmt: skip
    provisions = [{"service": "equipment-tests", "body": LAB, "source": "both"},
                  {"service": "sales-adviser", "body": CENTER, "source": "both"},
                  {"service": "sales-adviser", "body": BANK, "source": "text"}]  # fmt: skip
    stages = [{"code": "3", "name": "開発", "short": "開発・試験"}, {"code": "4", "name": "販路", "short": "販路"}]
    targets = [{"fiscal_years": [2024, 2025], "written": "令和6・7年度", "count": 2}, {"fiscal_years": [2035], "written": "令和17年度", "count": 1}]
    return build_world({**CONTENT, "parties": full["parties"], "bodies": bodies, "services": services, "stages": stages,
                        "provisions": provisions, "targets": targets})  # fmt: skip


def cells(answer: Any) -> dict[str, str]:
    """Return every number of the figure by the address it opens."""
    table = answer.content.decode().split('<table class="fig">')[1].split("</table>")[0].replace("&amp;", "&")
    return dict(re.findall(r'href="[^"]*/supports/\?([^"]+)"[^>]*>(\d+)<', table))


@pytest.mark.covers("C66", "C78")
def test_the_figure_counts_open_supports_and_each_number_opens(figure_world: World) -> None:
    asked(figure_world)
    desk = client(figure_world, DESK)
    page = desk.get(reverse("desk-plan", kwargs={"body": DESK}))
    assert cells(page) == {
        f"service=equipment-tests&by={LAB}": "1", f"service=sales-adviser&by={CENTER}": "1",
        f"service=sales-adviser&by={BANK}": "0",
        f"by={DESK}": "0", f"by={LAB}": "1", f"by={CENTER}": "1", f"by={BANK}": "0",
    }  # fmt: skip
    base = reverse("desk-plan-supports", kwargs={"body": DESK, "plan": "hibari-plan"})
    for query, number in cells(page).items():
        rows = desk.get(f"{base}?{query}").content.decode().count('<th scope="row">')
        assert rows == int(number), query
    opened = words(desk.get(f"{base}?service=equipment-tests&by={LAB}"))
    assert "工業試験所 設備・試験" in opened.replace("　", " ")
    assert "水質計を発売したい" in opened


def test_a_body_counts_only_what_it_sees(figure_world: World) -> None:
    asked(figure_world)
    page = client(figure_world, LAB).get(reverse("desk-plan", kwargs={"body": LAB}))
    assert cells(page)[f"service=equipment-tests&by={LAB}"] == "1"
    assert cells(page)[f"service=sales-adviser&by={CENTER}"] == "0"
    bank = client(figure_world, BANK)
    assert set(cells(bank.get(reverse("desk-plan", kwargs={"body": BANK}))).values()) == {"0"}
    listed = bank.get(reverse("desk-plan-supports", kwargs={"body": BANK, "plan": "hibari-plan"}))
    assert "いま動いている支援はありません" in words(listed)


def test_an_unsent_offer_is_not_in_the_bodys_count(figure_world: World) -> None:
    asked(figure_world, left=False)
    page = client(figure_world, LAB).get(reverse("desk-plan", kwargs={"body": LAB}))
    assert cells(page)[f"service=equipment-tests&by={LAB}"] == "0"


@pytest.mark.covers("C38", "C39", "C40")
def test_results_are_counted_once_in_their_year_and_open(figure_world: World) -> None:
    scene = asked(figure_world)
    company = Company.objects.create(name="株式会社まぼろし計測", kana="マボロシケイソク", entered_at=scene.case.arrived_at, entered_by_id=DESK)
    for number, year in (("1号", 2024), ("2号", 2025), ("3号", 2033)):
        project = RegionalProject.objects.create(
            plan_id="hibari-plan", company=company, number=number, approved_on=dt.date(year, 5, 1), field_id="A",
            title=f"水質計{number}", counted_fiscal_year=year, recorded_at=scene.case.arrived_at,
        )  # fmt: skip
        project.bodies.set([LAB, CENTER, BANK])
        project.cases.set([scene.case])
    desk = client(figure_world, DESK)
    page = words(desk.get(reverse("desk-plan", kwargs={"body": DESK})))
    assert "令和6・7年度［令和6年度・令和7年度］ 2件 2件 ●●" in page
    assert "令和17年度 1件 まだ" in page
    assert "合計 3件 3件" in page
    url = reverse("desk-plan-results", kwargs={"body": DESK, "plan": "hibari-plan"})
    listed = words(desk.get(f"{url}?years=2024-2025"))
    assert ("水質計1号" in listed, "水質計2号" in listed, "水質計3号" in listed) == (True, True, False)
    assert "工業試験所、センター、ひばり銀" in listed
    for odd in ("x", "²", "9" * 50, "-"):
        assert desk.get(f"{url}?years={odd}").status_code == 200
    other = words(client(figure_world, BANK).get(reverse("desk-plan", kwargs={"body": BANK})))
    assert "実績は「数字」にあります" in other
    assert "水質計" not in words(client(figure_world, BANK).get(reverse("desk-plan-results", kwargs={"body": BANK, "plan": "hibari-plan"})))


def test_the_editor_is_offered_to_the_lead_party_only(figure_world: World) -> None:
    for body, offered in ((DESK, True), (LAB, True), (BANK, False)):
        page = client(figure_world, body).get(reverse("desk-plan", kwargs={"body": body})).content.decode()
        assert ("/edit/" in page) is offered


def test_the_small_world_without_sections_opens_everywhere(world: World) -> None:
    desk = client(world, DESK)
    names = ["desk-plan-of", "desk-plan-supports", "desk-plan-results", "desk-plan-edit", "desk-plan-diff"]
    for name in names:
        assert desk.get(reverse(name, kwargs={"body": DESK, "plan": "hibari-plan"})).status_code == 200
    for section in ("parties", "provisions", "clocks", "targets", "outside_contacts", "plan"):
        url = reverse("desk-plan-section", kwargs={"body": DESK, "plan": "hibari-plan", "section": section})
        assert desk.get(url).status_code == 200


# The editor ---------------------------------------------------------------


@pytest.fixture
def people(db: None) -> dict[str, Client]:
    """The region from its files, one signed-in member of each body."""
    actions.publish(region(), by=SYSTEM)
    found = {}
    for body in ("hibari-desk", "hibari-lab", "hibari-bank"):
        person = Person.objects.create_user(f"{body}@people.example", "hibari-secret-1", name="相川 志保")
        Membership.objects.create(person=person, body_id=body, role="staff", is_admin=True, since=dt.date(2024, 4, 1))
        found[body] = Client()
        found[body].force_login(person)
    return found


def address(name: str, body: str = "hibari-desk", **more: str) -> str:
    return reverse(name, kwargs={"body": body, "plan": CODE, **more})


def save(one: Client, section: str, body: str = "hibari-desk", version: int = 0, **given: Any) -> Any:
    return one.post(address("desk-plan-section", body, section=section), {"version": version, **given})


def test_nobody_but_the_lead_party_edits(people: dict[str, Client]) -> None:
    bank = people["hibari-bank"]
    urls = [address("desk-plan-edit", "hibari-bank"), address("desk-plan-diff", "hibari-bank"),
            address("desk-plan-section", "hibari-bank", section="clocks")]  # fmt: skip
    assert [bank.get(url).status_code for url in urls] == [403, 403, 403]
    assert [bank.post(url, {"version": 0, "text": "x"}).status_code for url in urls] == [405, 403, 403]
    assert people["hibari-desk"].get(urls[0]).status_code == 404
    assert PlanDraft.objects.count() == 0


def test_unknown_plans_and_sections_are_not_found(people: dict[str, Client]) -> None:
    desk = people["hibari-desk"]
    assert desk.get(address("desk-plan-section", section="colours")).status_code == 404
    for name in ("desk-plan-of", "desk-plan-supports", "desk-plan-results", "desk-plan-edit", "desk-plan-diff"):
        assert desk.get(reverse(name, kwargs={"body": "hibari-desk", "plan": "gone"})).status_code == 404


def test_looking_writes_nothing(people: dict[str, Client]) -> None:
    desk = people["hibari-desk"]
    events = Event.objects.count()
    pages = [address("desk-plan-edit"), address("desk-plan-diff"), address("desk-plan-section", section="clocks")]
    assert [desk.get(url).status_code for url in pages] == [200, 200, 200]
    assert (PlanDraft.objects.count(), Event.objects.count()) == (0, events)
    assert "違いはありません" in words(desk.get(pages[1]))


@pytest.mark.covers("C75")
def test_a_section_is_changed_as_text_compared_and_published(people: dict[str, Client]) -> None:
    desk = people["hibari-desk"]
    clocks = region()["clocks"] | {"idle": {"business_days": 15}}
    answer = save(desk, "clocks", text=section_text("clocks", clocks).replace("\n", "\r\n"))
    assert (answer.status_code, answer["Location"]) == (302, address("desk-plan-edit"))
    assert "違いを見て公開する（1か所）" in words(desk.get(address("desk-plan-edit")))
    shown = words(desk.get(address("desk-plan-diff")))
    assert "期限 idle › 営業日 20 15" in shown
    assert content_now().clocks["idle"].business_days == 20
    done = desk.post(address("desk-plan-diff"), {"version": 1, "act": "publish", "note": "動きのない日数を短く"})
    assert (done.status_code, done["Location"]) == (302, address("desk-plan-of"))
    version = PlanVersion.objects.get(number=2)
    assert (version.note, version.content["clocks"]) == ("動きのない日数を短く", clocks)
    assert content_now().clocks["idle"].business_days == 15
    assert Event.objects.latest("pk").verb == "plan.publish"


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("idle:\n  business_days: 3\nidle: 5\n", 3, "二度書かれています"),
        ("idle: [\n", 2, "書き方が読めません"),
        ("", 1, "中身がありません"),
        ("first_answer:\n  business_days: 2\nidle:\n  days: 4\n", 3, "idle"),
        ("a: &x 1\nb: *x\n", 1, "別名"),
        ("<script>alert(1)</script>", 1, "形で書いてください"),
        ("x: \x07", 1, "使えない文字"),
        ("[" * 5000, 1, "入れ子が深すぎます"),
    ],
)
def test_text_that_does_not_fit_comes_back_with_its_lines(
    people: dict[str, Client], text: str, line: int, said: str
) -> None:
    answer = save(people["hibari-desk"], "clocks", text=text)
    assert answer.status_code == 200
    page = words(answer)
    assert f"{line}行目" in page
    assert said in page
    assert "<script>alert" not in answer.content.decode()
    kept = re.search(r"<textarea[^>]*>(.*?)</textarea>", answer.content.decode(), re.DOTALL)
    assert kept is not None
    assert kept[1].removeprefix("\n").rstrip()[:20] == text.replace("<", "&lt;").replace(">", "&gt;").rstrip()[:20].replace("&x", "&amp;x")
    assert PlanDraft.objects.count() == 0


def test_two_editors_do_not_lose_each_others_words(people: dict[str, Client]) -> None:
    desk, lab = people["hibari-desk"], people["hibari-lab"]
    save(desk, "second_person", text="- close\n")
    answer = save(lab, "second_person", "hibari-lab", text="- send_outside\n")
    page = answer.content.decode()
    assert "ほかの人が先に保存しました" in page
    assert ">- send_outside" in page
    assert '<pre class="yaml-now">- close' in page
    assert PlanDraft.objects.get().content["second_person"] == ["close"]
    assert 'name="version" value="1"' in page
    assert save(lab, "second_person", "hibari-lab", version=1, text="- send_outside\n").status_code == 302


@pytest.mark.parametrize("version", ["", "x", "-1", "²", "9" * 40])
def test_an_odd_version_is_a_conflict_not_an_error(people: dict[str, Client], version: str) -> None:
    answer = people["hibari-desk"].post(
        address("desk-plan-section", section="second_person"), {"version": version, "text": "- close"}
    )
    assert (answer.status_code, "ほかの人が先に保存しました" in answer.content.decode()) == (200, True)


def test_faults_between_sections_wait_for_publication_with_section_and_line(people: dict[str, Client]) -> None:
    desk = people["hibari-desk"]
    provisions = [*region()["provisions"], {"service": "gone", "body": "hibari-lab", "source": "text"}]
    assert save(desk, "provisions", text=section_text("provisions", provisions)).status_code == 302
    shown = words(desk.get(address("desk-plan-edit")))
    assert "公開する前に直すところが1つあります だれが何を担うか 17行目 ：「gone」は services にありません。" in shown
    refused = desk.post(address("desk-plan-diff"), {"version": 1, "act": "publish", "note": "残る"})
    assert (refused.status_code, "公開していません" in words(refused)) == (200, True)
    assert 'value="残る"' in refused.content.decode()
    assert PlanVersion.objects.count() == 1


def test_a_draft_is_thrown_away(people: dict[str, Client]) -> None:
    desk = people["hibari-desk"]
    save(desk, "second_person", text="- close\n")
    answer = desk.post(address("desk-plan-diff"), {"version": 1, "act": "reset"}, follow=True)
    assert "下書きを捨てました" in answer.content.decode()
    assert PlanDraft.objects.get().content == region()
    assert PlanVersion.objects.count() == 1


# Forms for what changes every year -----------------------------------------


def draft() -> dict[str, Any]:
    content: dict[str, Any] = PlanDraft.objects.get().content
    return content


@pytest.mark.covers("C74")
def test_a_new_representative_keeps_the_old_one(people: dict[str, Client]) -> None:
    given = {"form": "representative", "party": "hibari-bank-party", "since": "令和8年12月1日", "post": "頭取",
             "name": "鳥居 二", "public_name": ""}  # fmt: skip
    assert save(people["hibari-desk"], "parties", **given).status_code == 302
    assert draft()["parties"][1]["representatives"] == [
        {"from": None, "title": "頭取", "name": "鳥居 一"}, {"from": "2026-12-01", "title": "頭取", "name": "鳥居 二"},
    ]  # fmt: skip


def test_a_representative_begins_after_the_last_one(people: dict[str, Client]) -> None:
    given = {"form": "representative", "party": "hibari", "since": "令和7年4月1日", "post": "知事", "name": "次の 知事"}
    page = save(people["hibari-desk"], "parties", **given).content.decode()
    assert "いまの代表者は2025-04-01からです。" in page
    assert 'value="次の 知事"' in page
    assert PlanDraft.objects.count() == 0


def test_a_body_begins_and_ends_a_service(people: dict[str, Client]) -> None:
    desk = people["hibari-desk"]
    given = {"form": "provision", "service": "events", "provider": "hibari-bank", "since": "令和9年4月1日",
             "source": "text", "note": "協定による"}  # fmt: skip
    assert save(desk, "provisions", **given).status_code == 302
    given = {"form": "provision-end", "which": "0", "until": "令和9年3月31日"}
    assert save(desk, "provisions", version=1, **given).status_code == 302
    assert draft()["provisions"][0] == {"service": "events", "body": "hibari-lab", "source": "both", "to": "2027-03-31"}
    assert draft()["provisions"][-1] == {
        "service": "events", "body": "hibari-bank", "source": "text", "from": "2027-04-01", "note": "協定による",
    }  # fmt: skip
    page = save(desk, "provisions", version=2, form="provision-end", which="1", until="明日").content.decode()
    assert "一覧から選び直してください。" in page  # the second has an end already


@pytest.mark.parametrize(
    ("form", "section"),
    [("representative", "parties"), ("provision", "provisions"), ("provision-end", "provisions"), ("contact", "outside_contacts")],
)
def test_an_empty_form_says_what_is_missing(people: dict[str, Client], form: str, section: str) -> None:
    page = save(people["hibari-desk"], section, form=form).content.decode()
    assert "直すところが" in page
    assert PlanDraft.objects.count() == 0


def test_clocks_are_set_by_numbers(people: dict[str, Client]) -> None:
    desk = people["hibari-desk"]
    numbers = {name: clock.get("business_days", clock.get("minutes")) for name, clock in region()["clocks"].items()}
    page = save(desk, "clocks", form="clocks", **(numbers | {"idle": "たくさん", "recall": 9999, "first_answer": -1}))
    for said in ("数字だけを入れてください。", "大きすぎます。1439以下にしてください。", "0以上の数を入れてください。"):
        assert said in page.content.decode()
    assert save(desk, "clocks", form="clocks", **(numbers | {"recall": 10, "idle": 30})).status_code == 302
    assert draft()["clocks"] == region()["clocks"] | {"recall": {"minutes": 10}, "idle": {"business_days": 30}}


@pytest.mark.covers("C38", "C40")
def test_targets_carry_their_total(people: dict[str, Client]) -> None:
    assert save(people["hibari-desk"], "targets", form="targets", t0=4, t1=2).status_code == 302
    assert [row["count"] for row in draft()["targets"]] == [4, 2]
    assert (draft()["targets_total"], PlanDraft.objects.get().version) == ({"count": 6}, 2)
    assert actions.publish_draft(Plan.objects.get(), by=_member(), version=2).number == 2


def _member() -> Any:
    person = Person.objects.get(email="hibari-desk@people.example")
    return staff(person.pk, "hibari-desk", person.name)


def test_an_outside_contact_is_added_and_changed(people: dict[str, Client]) -> None:
    desk = people["hibari-desk"]
    given = {"form": "contact", "which": "+", "code": "labour", "name": "労働局", "about": "労務", "phone": "０００-０００-０００１",
             "words": "残業代、就業規則, 労災"}  # fmt: skip
    assert save(desk, "outside_contacts", **given).status_code == 302
    wanted = {"code": "labour", "name": "労働局", "about": "労務", "phone": "000-000-0001", "words": ["残業代", "就業規則", "労災"]}
    assert draft()["outside_contacts"] == [wanted]
    page = desk.get(address("desk-plan-section", section="outside_contacts") + "?which=labour").content.decode()
    assert 'value="残業代、就業規則、労災"' in page
    assert save(desk, "outside_contacts", version=1, **(given | {"name": "別の局"})).status_code == 200  # code taken
    assert save(desk, "outside_contacts", version=1, **(given | {"code": "労働"})).status_code == 200
    assert save(desk, "outside_contacts", version=1, **(given | {"which": "labour", "code": "", "name": "ひばり労働局"})).status_code == 302
    assert draft()["outside_contacts"] == [wanted | {"name": "ひばり労働局"}]
    ends = given | {"which": "labour", "code": "", "until": "令和9年3月31日"}
    assert save(desk, "outside_contacts", version=2, **ends).status_code == 302
    assert draft()["outside_contacts"] == [wanted | {"to": "2027-03-31"}]
    page = desk.get(address("desk-plan-section", section="outside_contacts") + "?which=labour").content.decode()
    assert re.search(r'name="until" value="[^"]*3月31日', page)
    assert save(desk, "outside_contacts", version=3, **(ends | {"until": ""})).status_code == 302
    assert draft()["outside_contacts"] == [wanted | {"to": None}]


def test_the_page_of_a_section_is_the_same_twice(people: dict[str, Client]) -> None:
    desk = people["hibari-desk"]
    url = address("desk-plan-section", section="provisions")
    assert plain(desk.get(url)) == plain(desk.get(url))


def test_the_list_and_figure_ask_a_fixed_number_of_questions(
    figure_world: World, django_assert_max_num_queries: Any
) -> None:
    desk = client(figure_world, DESK)
    url = reverse("desk-plan", kwargs={"body": DESK})
    desk.get(url)
    asked(figure_world)
    with django_assert_max_num_queries(25):
        desk.get(url)
