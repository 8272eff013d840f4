"""The next plan is begun on screen, prepared by its editors alone, published, and takes over what is open [C01, C02, C75]."""

from __future__ import annotations

import copy
import datetime as dt
import re
from typing import Any

import pytest

from renkei.accounts.models import Membership, Person
from renkei.audit.models import Event
from renkei.base import clock
from renkei.base.actor import SYSTEM
from renkei.base.refusal import Refused
from renkei.plan import actions
from renkei.plan.checks import check_document
from renkei.plan.files import section_text
from renkei.plan.models import Body, Plan, PlanDraft, PlanVersion, Provision
from renkei.plan.queries import current_plan, published_plans
from renkei.plan.upcoming import Head, begin_next, carried_over, drop_next, may_be_followed, still_open, upcoming
from tests.cases.making import arrived
from tests.desk.pages import address, client, fault, said
from tests.plan.region import region
from tests.world import BANK, CONTENT, DESK, LAB, World

PLAN, NEXT = "hibari-files", "hibari-2027"
HEAD = Head(NEXT, "次のひばり県連携支援計画", dt.date(2027, 4, 1), dt.date(2030, 3, 31))
NOW = clock.at(dt.date(2027, 2, 10), 10)
APRIL = clock.at(dt.date(2027, 4, 1), 10)
GIVEN = {"title": HEAD.title, "begins": "令和9年4月1日", "ends": "2030-03-31", "code": NEXT}


@pytest.fixture
def house(db: None) -> World:
    """The region from its files, in the last February of its plan, one member of three bodies."""
    ours = region()
    ours["outside_contacts"] = [{"code": "gone", "name": "なくなる窓口", "about": "昔の相談", "phone": "", "words": [], "to": "2026-12-31"}]
    actions.publish({**ours, "vocabularies": CONTENT["vocabularies"]}, by=SYSTEM)
    world = World(Plan.objects.get())
    for body in (DESK, LAB, BANK):
        world.people[body] = Person.objects.create_user(f"{body}@people.example", "hibari-secret-1", name="相川 志保")
        Membership.objects.create(person=world.people[body], body_id=body, role="staff", is_admin=True, since=dt.date(2024, 4, 1))
    return world


def begun(house: World) -> Plan:
    with clock.moved_to(NOW):
        return begin_next(Plan.objects.get(pk=PLAN), HEAD, by=house.desk)


def section(house: World, name: str, text: Any, version: int, plan: str = NEXT) -> Any:
    given = {"version": version, "text": section_text(name, text)}
    return client(house).post(address("desk-plan-section", plan=plan, section=name), given)


def plain(answer: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", said(answer)))


@pytest.mark.covers("C01", "C02", "C75")
def test_begun_edited_and_published_on_screen_the_next_plan_takes_over_what_is_open(house: World) -> None:
    desk = client(house)
    with clock.moved_to(NOW):
        case = arrived(house).case
        page = desk.get(address("desk-plan"))
        assert address("desk-plan-next", plan=PLAN) in said(page)
        form = said(desk.get(address("desk-plan-next", plan=PLAN)))
        for words in ("ひばり県連携支援計画", "令和9年4月1日", "令和12年3月31日", "hibari-files-next"):  # three years like this one
            assert words in form, words
        answer = desk.post(address("desk-plan-next", plan=PLAN), GIVEN)
        assert answer.url == address("desk-plan-edit", plan=NEXT)
        edit = desk.get(answer.url)
        assert "承認の日がまだありません" in plain(edit)
        assert "目標の件数がまだ0件です" in plain(edit)
        assert "次のひばり県連携支援計画" in plain(edit)
        head = PlanDraft.objects.get(plan=NEXT).content["plan"]
        assert section(house, "plan", head | {"approval": {"date": "2027-03-20", "written": "令和9年3月20日"}}, 0).status_code == 302
        targets = {"form": "targets", "version": 1, "t0": 2, "t1": 3, "t2": 4}
        assert desk.post(address("desk-plan-section", plan=NEXT, section="targets"), targets).status_code == 302
        assert "公開する前に見るところ" not in plain(desk.get(address("desk-plan-edit", plan=NEXT)))
        compared = plain(desk.get(address("desk-plan-diff", plan=NEXT)))
        for words in ("前の計画との違い", "ひばり県連携支援計画 → 次のひばり県連携支援計画", "目標", "令和9年度"):
            assert words in compared.replace("　", " "), words
        # the draft's version: made, head saved, targets and their total saved
        answer = desk.post(address("desk-plan-diff", plan=NEXT), {"version": 3, "act": "publish", "note": "次の計画", "decided_on": "令和9年2月1日"})
        assert answer.status_code == 302, plain(answer)
        assert answer.url == address("desk-plan-of", plan=NEXT)
        assert current_plan().pk == PLAN
        assert address("desk-plan-succession", plan=NEXT) not in said(desk.get(answer.url))  # it has not begun
    new = Plan.objects.get(pk=NEXT)
    assert (new.title, new.term_from, new.term_to, new.predecessor_id) == (HEAD.title, HEAD.begins, HEAD.ends, PLAN)
    version = PlanVersion.objects.get(plan=NEXT)
    assert (version.number, version.note, version.decided_on) == (1, "次の計画", dt.date(2027, 2, 1))
    assert [row["count"] for row in version.content["targets"]] == [2, 3, 4]
    assert version.content["targets_total"]["count"] == 9
    assert set(Provision.objects.filter(plan=NEXT).values_list("service_id", "body_id")) == {
        ("events", LAB), ("loan", BANK), ("tech-consultation", LAB)}  # fmt: skip
    with clock.moved_to(APRIL):
        assert current_plan().pk == NEXT
        old = plain(desk.get(address("desk-plan-of", plan=PLAN)))
        assert "いまは動いていない計画（読むだけ）" in old
        assert "計画を直す" not in old
        assert "期間のまとめの報告" in old
        assert "期間のまとめの報告" not in plain(desk.get(address("desk-plan-of", plan=NEXT)))
        assert "期間のまとめの報告" not in plain(client(house, LAB).get(address("desk-plan-of", LAB, plan=PLAN)))
        page = said(desk.get(address("desk-plan-of", plan=NEXT)))
        assert "前の計画の案件を引き継ぐ（1件）" in page
        assert desk.post(address("desk-plan-succession", plan=NEXT)).status_code == 302
    case.refresh_from_db()
    assert (case.plan_id, case.holder_id) == (NEXT, DESK)
    verbs = Event.objects.filter(verb__startswith="plan.").order_by("pk").values_list("verb", flat=True)
    assert list(verbs) == ["plan.publish", "plan.begin_next", "plan.save_draft", "plan.save_draft", "plan.save_draft", "plan.publish", "plan.take_over"]


def test_nobody_but_its_editors_sees_a_plan_that_is_prepared(house: World) -> None:
    pages = [address("desk-plan", BANK), address("desk-plan-of", BANK, plan=PLAN), "/plan/"]
    bank = client(house, BANK)
    before = [plain(bank.get(page)) for page in pages]
    plan = begun(house)
    assert upcoming(Plan.objects.get(pk=PLAN)) == plan
    assert [one.pk for one in published_plans()] == [PLAN]
    assert current_plan(dt.date(2028, 1, 1)).pk == PLAN
    for name in ("desk-plan-edit", "desk-plan-diff"):
        assert bank.get(address(name, BANK, plan=NEXT)).status_code == 403
    for name in ("desk-plan-of", "desk-plan-versions", "desk-plan-supports", "desk-plan-succession"):
        assert client(house).get(address(name, plan=NEXT)).status_code == 404, name
    assert client(house).get(f"/plan/{NEXT}/").status_code == 404
    assert [plain(bank.get(page)) for page in pages] == before
    assert client(house, LAB).get(address("desk-plan-edit", LAB, plan=NEXT)).status_code == 200  # of the lead party, too


def test_the_running_plan_can_still_be_changed_and_words_what_all_share(house: World) -> None:
    """A plan in preparation ends later than the running one, but leads nothing before it is published."""
    begun(house)
    changed = region()
    changed["bodies"][1]["short"] = "試験所"
    with clock.moved_to(NOW):
        actions.publish(changed, by=SYSTEM)
    assert Body.objects.get(pk=LAB).short == "試験所"
    assert Body.objects.filter(closed_on__isnull=False).count() == 0


def test_one_next_plan_at_a_time_and_a_second_begin_leads_to_it(house: World) -> None:
    plan = begun(house)
    other = Head("hibari-other", "別の題", HEAD.begins, HEAD.ends)
    assert begin_next(Plan.objects.get(pk=PLAN), other, by=house.lab) == plan
    desk = client(house)
    for answer in (desk.get(address("desk-plan-next", plan=PLAN)), desk.post(address("desk-plan-next", plan=PLAN), GIVEN | {"code": "hibari-other"})):
        assert (answer.status_code, answer.url) == (302, address("desk-plan-edit", plan=NEXT))
    assert set(Plan.objects.values_list("pk", flat=True)) == {PLAN, NEXT}
    assert Event.objects.filter(verb="plan.begin_next").count() == 1
    page = said(desk.get(address("desk-plan")))
    assert "次の計画の下書き" in page
    assert address("desk-plan-next", plan=PLAN) not in page


def test_thrown_away_it_follows_nothing_and_the_same_code_begins_anew(house: World) -> None:
    begun(house)
    assert section(house, "fields", [{"code": "B", "name": "別", "definition": "別の分野"}], 0).status_code == 302
    desk = client(house)
    stale = desk.post(address("desk-plan-diff", plan=NEXT), {"version": 0, "act": "reset"})
    assert "ほかの人が先に保存しました" in plain(stale)
    answer = desk.post(address("desk-plan-diff", plan=NEXT), {"version": 1, "act": "reset"})
    assert (answer.status_code, answer.url) == (302, address("desk-plan-of", plan=PLAN))
    assert upcoming(Plan.objects.get(pk=PLAN)) is None
    assert desk.get(address("desk-plan-edit", plan=NEXT)).status_code == 404
    with pytest.raises(Refused) as refusal:  # neither through another door
        actions.publish(carried_over(region(), HEAD), by=house.desk)
    assert refusal.value.code == "not_allowed"
    again = begun(house)
    draft = PlanDraft.objects.get(plan=again)
    assert (again.pk, draft.version, [row["code"] for row in draft.content["fields"]]) == (NEXT, 2, ["A"])
    assert list(Event.objects.filter(verb__endswith="_next").order_by("pk").values_list("verb", flat=True)) == [
        "plan.begin_next", "plan.drop_next", "plan.begin_next"]  # fmt: skip


@pytest.mark.parametrize(("head", "by", "code", "field"), [
    (HEAD, BANK, "not_allowed", None),
    (Head(PLAN, "題", HEAD.begins, HEAD.ends), DESK, "code_taken", "code"),
    (Head(NEXT, "題", dt.date(2027, 3, 31), HEAD.ends), DESK, "term_begins", "begins"),
    (Head(NEXT, "題", HEAD.begins, HEAD.begins), DESK, "term_ends", "ends"),
    (Head(NEXT, "題", dt.date(2028, 2, 29), dt.date(2043, 3, 1)), DESK, "term_ends", "ends"),
])  # fmt: skip
def test_what_cannot_begin_says_why_and_leaves_nothing(house: World, head: Head, by: str, code: str, field: str | None) -> None:
    with pytest.raises(Refused) as refusal:
        begin_next(Plan.objects.get(pk=PLAN), head, by=house.actor(by))
    assert (refusal.value.code, refusal.value.field) == (code, field)
    assert (Plan.objects.count(), PlanDraft.objects.count()) == (1, 0)


def test_the_form_says_what_is_wrong_beside_the_field_and_keeps_what_was_typed(house: World) -> None:
    desk, url = client(house), address("desk-plan-next", plan=PLAN)
    for given, name, words in (
        ({"code": "Hibari 2027"}, "code", "半角の小文字"), ({"code": PLAN}, "code", "別の計画が使っています"), ({"title": ""}, "title", "書いてください"),
        ({"begins": "令和9年3月31日"}, "begins", "令和9年3月31日まで"), ({"ends": "令和8年3月31日"}, "ends", "15年以内"), ({"ends": "らいねん"}, "ends", "日"),
    ):  # fmt: skip
        answer = desk.post(url, GIVEN | given)
        assert answer.status_code == 422, given
        assert words in fault(answer, name), (given, fault(answer, name))
        assert next(iter(given.values())) in said(answer)
    assert client(house, BANK).get(address("desk-plan-next", BANK, plan=PLAN)).status_code == 403
    assert client(house, BANK).post(address("desk-plan-next", BANK, plan=PLAN), GIVEN).status_code == 403
    assert Plan.objects.count() == 1


def test_a_plan_that_is_followed_begins_no_other(house: World) -> None:
    plan = begun(house)
    draft = PlanDraft.objects.get(plan=plan)
    actions.publish_draft(plan, by=house.desk, version=draft.version)
    old = Plan.objects.get(pk=PLAN)
    assert (may_be_followed(old), may_be_followed(plan)) == (False, True)
    with pytest.raises(Refused) as refusal:
        begin_next(old, Head("third", "題", dt.date(2031, 4, 1), dt.date(2032, 3, 31)), by=house.desk)
    assert refusal.value.code == "not_last"
    assert "もう次の計画があります" in plain(client(house).get(address("desk-plan-next", plan=PLAN)))
    with pytest.raises(Refused) as refusal:
        drop_next(plan, by=house.desk, version=draft.version + 1)
    assert refusal.value.code == "published"


@pytest.mark.covers("C02")
def test_a_plan_that_is_over_and_followed_is_an_archive_that_only_the_system_corrects(house: World) -> None:
    new, old = begun(house), Plan.objects.get(pk=PLAN)
    draft = actions.open_draft(old, by=house.desk)
    doors = [address("desk-plan-edit", plan=PLAN), address("desk-plan-diff", plan=PLAN), address("desk-plan-section", plan=PLAN, section="fields")]
    with clock.moved_to(APRIL):  # over, but nothing published follows it yet
        assert [client(house).get(door).status_code for door in doors] == [200, 200, 200]
        draft = actions.save_draft(old, "second_person", ["close"], by=house.desk, version=draft.version)
        actions.publish_draft(new, by=house.desk, version=PlanDraft.objects.get(plan=new).version)
        events = Event.objects.count()
        for act, args in ((actions.save_draft, ("second_person", [])), (actions.publish_draft, ()), (actions.reset_draft, ())):
            with pytest.raises(Refused, match="読むだけで、直せません") as refusal:
                act(old, *args, by=house.desk, version=draft.version)  # type: ignore[operator]  three of one shape
            assert (refusal.value.code, refusal.value.field) == ("archived", None)
        with pytest.raises(Refused) as stranger:
            actions.open_draft(old, by=house.actor(BANK))
        assert stranger.value.code == "not_allowed"
        assert [client(house).get(door).status_code for door in doors] == [403, 403, 403]
        assert client(house).get(address("desk-plan-of", plan=PLAN)).status_code == 200
        assert (Event.objects.count(), PlanVersion.objects.filter(plan=PLAN).count()) == (events, 1)
        assert actions.publish({**region(), "areas_note": "正誤"}, by=SYSTEM).number == 2
    with clock.moved_to(NOW):  # before its last day is over it can still be changed
        assert client(house).get(doors[0]).status_code == 200


def test_the_draft_keeps_its_code_and_whom_it_follows(house: World) -> None:
    plan = begun(house)
    head = PlanDraft.objects.get(plan=plan).content["plan"]
    for key, words in (("code", "コードは変えられません"), ("predecessor", "前の計画（predecessor）を変えられません")):
        answer = section(house, "plan", head | {key: "another"}, 0)
        assert words in plain(answer)
    assert PlanDraft.objects.get(plan=plan).version == 0


def test_what_ended_before_the_new_term_is_left_out_with_what_names_it() -> None:
    ours, ended, last = region(), "2027-03-31", "2027-04-01"
    body, vocabularies = ours["bodies"][0]["code"], ours["vocabularies"]
    vocabularies["posts"] = [{"code": code, "name": code} for code in ("coordinator", "adviser", "engineer")]
    ours["posts"] = [{"post": "coordinator", "body": body, "to": ended}, {"post": "adviser", "body": body, "to": last}, {"post": "engineer", "body": body}]
    ours["form_rules"] = [{"code": code, "name": "押印", "written": "押す。", "from": None, **day} for code, day in (("old", {"to": ended}), ("seal", {}))]
    member = {"name": "試験所", "place": "となり県", "from": "2020-04-01"}
    ours["networks"] = [{"code": "gone", "name": "終わった網", "through": body, "to": ended, "members": [member | {"code": "a"}]},
                        {"code": "wind", "name": "風の網", "through": body, "members": [member | {"code": "b", "to": ended}, member | {"code": "c"}]}]  # fmt: skip
    ours["ladder"] = [{"code": "outside", "name": "県外", "lead": body, "networks": ["gone", "wind"]}]
    ours["routing"] = {**ours.get("routing", {}), "outside_region": {"after": "in_region_declined", "lead": body, "network": "gone"}}
    made, before = carried_over(ours, HEAD), copy.deepcopy(ours)
    assert check_document(made) == check_document(ours) == []
    assert [row["post"] for row in made["posts"]] == ["adviser", "engineer"]
    assert [row["code"] for row in made["form_rules"]] == ["seal"]
    assert [(row["code"], [one["code"] for one in row["members"]]) for row in made["networks"]] == [("wind", ["c"])]
    assert (made["ladder"][0]["networks"], made["routing"]["outside_region"]) == (["wind"], {"after": "in_region_declined", "lead": body})
    assert ours == before, "the plan it comes from stays as it is"


def test_what_is_carried_over_fits_the_new_term() -> None:
    ours = region()
    ours["notes"] = [{"code": "n", "title": "違い", "note": "本文と図"}]
    ours["targets_total"]["count_written"] = "3件"
    ours["provisions"][0]["to"] = "2027-03-31"
    ours["provisions"][2]["to"] = "2027-04-01"
    made = carried_over(ours, Head(NEXT, "題", dt.date(2027, 4, 1), dt.date(2029, 9, 30)))
    assert check_document(made) == []
    assert [(row["fiscal_years"], row["written"], row["count"]) for row in made["targets"]] == [
        ([2027], "令和9年度", 0), ([2028], "令和10年度", 0), ([2029], "令和11年度", 0)]  # fmt: skip
    assert (made["targets_total"], made["notes"]) == ({"count": 0, "count_written": "0件"}, [])
    assert [(row["service"], row.get("from")) for row in made["provisions"]] == [("loan", "2025-04-01"), ("tech-consultation", None)]
    assert made["plan"]["term"] == {"from": "2027-04-01", "from_written": "令和9年4月1日", "to": "2029-09-30", "to_written": "令和11年9月30日",
                                    "written": "本計画の期間は、令和9年4月1日から令和11年9月30日までとする。"}  # fmt: skip
    assert carried_over(ours, HEAD)["plan"]["term"]["to_written"] == "令和11年度末日"
    same = {key for key in ours if made[key] == ours[key]}
    assert set(ours) - same == {"plan", "targets", "targets_total", "provisions", "notes"}
    assert [code for code, _words in still_open(made, ours)] == ["plan", "targets"]
