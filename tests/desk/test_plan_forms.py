"""The forms of the plan's editor by themselves: what they offer, what they refuse, and the section they give back."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renkei.base import clock
from renkei.desk.plan.forms import (
    FORMS,
    ClocksForm,
    FollowUpForm,
    OutsideContactForm,
    PlanForm,
    ProvisionEndForm,
    ProvisionForm,
    RepresentativeForm,
    TargetsForm,
)
from renkei.plan.files import SECTIONS

DOCUMENT: dict[str, Any] = {
    "parties": [
        {"code": "ken", "names": [{"value": "旧県"}, {"value": "ひばり県"}], "representatives": [{"from": None, "title": "知事", "name": "一"}]},
        {"code": "bank", "names": [{"value": "ひばり銀行"}], "representatives": [
            {"from": "2024-04-01", "title": "頭取", "name": "二"}, {"from": "2026-06-25", "title": "頭取", "name": "三"}]},
    ],
    "services": [{"code": "tests", "short": "試験", "number": "①"}, {"code": "loans", "short": "融資"}],
    "bodies": [{"code": "lab", "short": "工業試験所", "number": "②"}, {"code": "bank", "short": "ひばり銀"}],
    "provisions": [
        {"service": "tests", "body": "lab", "source": "both"},
        {"service": "loans", "body": "bank", "source": "text", "to": "2026-03-31"},
        {"service": "gone", "body": "nobody", "source": "figure"},
    ],
    "clocks": {"recall": {"minutes": 5, "note": "送信の取消し"}, "idle": {"business_days": 20}},
    "targets": [
        {"years": [2024, 2025], "count": 2, "written": "令和６年度 ＋ 令和７年度", "count_written": "２件"},
        {"years": [2026], "count": 1, "written": "令和８年度"},
    ],
    "targets_total": {"count": 3, "count_written": "３件"},
    "outside_contacts": [
        {"code": "labour", "name": "労働局", "about": "労務", "phone": "", "words": ["残業代"]},
        {"code": "tax", "name": "税務署", "about": "税", "phone": "043-000-0001", "words": []},
    ],
}  # fmt: skip


def filled(form: type[PlanForm], document: dict[str, Any] = DOCUMENT, **given: Any) -> PlanForm:
    return form({name: str(value) for name, value in given.items()}, document=document)


def wrong(form: PlanForm) -> dict[str, list[str]]:
    assert not form.is_valid()
    return {name: [str(one) for one in found] for name, found in form.errors.items()}


def choices(form: PlanForm, name: str) -> dict[str, str]:
    return {str(code): str(label) for code, label in form.fields[name].choices}  # type: ignore[attr-defined]  # a choice field


@pytest.fixture(autouse=True)
def _day() -> Any:
    import datetime as dt

    with clock.moved_to(clock.at(dt.date(2026, 11, 25), 9)):
        yield


class TestEveryForm:
    @pytest.mark.parametrize("section", sorted(FORMS))
    def test_belongs_to_a_section_of_the_plan(self, section: str) -> None:
        assert section in SECTIONS

    @pytest.mark.parametrize("form", [one for forms in FORMS.values() for one in forms])
    def test_opens_over_an_empty_document(self, form: type[PlanForm]) -> None:
        assert not form(None, document={}).is_bound

    @pytest.mark.parametrize("form", [one for forms in FORMS.values() for one in forms])
    def test_leaves_the_document_it_was_given_alone(self, form: type[PlanForm]) -> None:
        before = copy.deepcopy(DOCUMENT)
        made = filled(form, party="ken", since="令和9年4月1日", post="知事", name="四", service="tests", provider="bank", source="text", which={"contact": "labour"}.get(form.slug, "0"), until="令和9年3月31日", recall=3, idle=9, t0=8, t1=9, months="6", remind_after_days=7, wait_days=30, about="労務", words="賃金")  # fmt: skip
        assert made.is_valid(), made.errors
        made.values()
        assert before == DOCUMENT

    def test_slugs_tell_forms_apart(self) -> None:
        slugs = [form.slug for forms in FORMS.values() for form in forms]
        assert sorted(set(slugs)) == sorted(slugs)

    @pytest.mark.parametrize("forms", FORMS.values())
    def test_ids_of_fields_do_not_meet_on_one_page(self, forms: list[type[PlanForm]]) -> None:
        ids = [field.id_for_label for form in forms for field in form(None, document=DOCUMENT)]
        assert len(set(ids)) == len(ids)


class TestRepresentative:
    GIVEN = {"party": "bank", "since": "令和9年4月1日", "post": "頭取", "name": "鳥居 四"}

    def test_parties_are_offered_by_the_name_of_today(self) -> None:
        assert choices(RepresentativeForm(None, document=DOCUMENT), "party") == {"": "選んでください", "ken": "ひばり県", "bank": "ひばり銀行"}

    def test_the_new_one_stands_last_and_the_others_stay(self) -> None:
        form = filled(RepresentativeForm, **self.GIVEN)
        assert form.is_valid(), form.errors
        rows = form.values()["parties"]
        assert rows[0] == DOCUMENT["parties"][0]
        assert rows[1]["representatives"][:2] == DOCUMENT["parties"][1]["representatives"]
        assert rows[1]["representatives"][2] == {"from": "2027-04-01", "title": "頭取", "name": "鳥居 四"}

    def test_a_public_name_is_kept_only_when_given(self) -> None:
        form = filled(RepresentativeForm, **self.GIVEN, public_name="とりい よん")
        assert form.is_valid(), form.errors
        assert form.values()["parties"][1]["representatives"][-1]["public_name"] == "とりい よん"

    @pytest.mark.parametrize(
        ("party", "since", "ok"),
        [
            ("bank", "令和8年6月24日", False), ("bank", "令和8年6月25日", False), ("bank", "令和8年6月26日", True),
            ("ken", "令和元年5月1日", True),  # nobody wrote since when the first one holds the post
        ],
    )  # fmt: skip
    def test_begins_after_the_last_one(self, party: str, since: str, ok: bool) -> None:
        form = filled(RepresentativeForm, **(self.GIVEN | {"party": party, "since": since}))
        assert form.is_valid() is ok
        if not ok:
            assert wrong(form) == {"since": ["いまの代表者は2026-06-25からです。それより後の日を入れてください。"]}

    @pytest.mark.parametrize(
        ("field", "value", "sentence"),
        [
            ("party", "", "選んでください。"), ("party", "nowhere", "一覧から選び直してください。"),
            ("since", "いつか", "日付"), ("since", "令和9年2月29日", "という日はありません。"), ("post", "", "書いてください"),
            ("name", "あ" * 61, "60字まで"), ("public_name", "あ" * 61, "60字まで"),
        ],
    )  # fmt: skip
    def test_each_fault_stands_at_its_field(self, field: str, value: str, sentence: str) -> None:
        found = wrong(filled(RepresentativeForm, **(self.GIVEN | {field: value})))
        assert list(found) == [field]
        assert sentence in found[field][0]


class TestProvision:
    def test_offers_services_and_bodies_with_their_numbers(self) -> None:
        form = ProvisionForm(None, document=DOCUMENT)
        assert choices(form, "service") == {"": "選んでください", "tests": "①試験", "loans": "融資"}
        assert choices(form, "provider") == {"": "選んでください", "lab": "②工業試験所", "bank": "ひばり銀"}

    @pytest.mark.parametrize(
        ("more", "row"),
        [
            ({}, {}), ({"since": "令和9年4月1日"}, {"from": "2027-04-01"}), ({"note": "　協定による "}, {"note": "協定による"}),
            ({"since": "R9.4.1", "note": "協定"}, {"from": "2027-04-01", "note": "協定"}),
        ],
    )  # fmt: skip
    def test_is_added_behind_the_others_with_what_was_said(self, more: dict[str, str], row: dict[str, str]) -> None:
        form = filled(ProvisionForm, service="loans", provider="lab", source="figure", **more)
        assert form.is_valid(), form.errors
        assert form.values() == {
            "provisions": [*DOCUMENT["provisions"], {"service": "loans", "body": "lab", "source": "figure"} | row]
        }

    @pytest.mark.parametrize("field", ["service", "provider"])
    def test_codes_of_no_list_are_refused(self, field: str) -> None:
        found = wrong(filled(ProvisionForm, **({"service": "tests", "provider": "lab", "source": "text"} | {field: "'; drop"})))
        assert found == {field: ["一覧から選び直してください。"]}

    def test_a_plan_without_provisions_gets_its_first(self) -> None:
        document = {key: value for key, value in DOCUMENT.items() if key != "provisions"}
        form = filled(ProvisionForm, document, service="tests", provider="lab", source="both")
        assert form.is_valid(), form.errors
        assert form.values()["provisions"] == [{"service": "tests", "body": "lab", "source": "both"}]


class TestProvisionEnd:
    def test_only_those_without_an_end_are_offered_unknown_names_by_their_code(self) -> None:
        offered = choices(ProvisionEndForm(None, document=DOCUMENT), "which")
        assert offered == {"": "選んでください", "0": "試験　工業試験所", "2": "gone　nobody"}

    def test_the_end_stands_at_the_chosen_row(self) -> None:
        form = filled(ProvisionEndForm, which="2", until="令和9年3月31日")
        assert form.is_valid(), form.errors
        rows = form.values()["provisions"]
        assert [row.get("to") for row in rows] == [None, "2026-03-31", "2027-03-31"]

    @pytest.mark.parametrize("which", ["1", "3", "-1", "x", "0.5", "９"])
    def test_a_row_that_is_not_offered_is_refused(self, which: str) -> None:
        assert "which" in wrong(filled(ProvisionEndForm, which=which, until="令和9年3月31日"))


class TestClocks:
    def test_each_clock_has_a_field_with_its_unit(self) -> None:
        form = ClocksForm(None, document=DOCUMENT)
        assert {name: str(field.label) for name, field in form.fields.items()} == {"recall": "送信の取消し（分）", "idle": "idle（営業日）"}
        assert [field.initial for field in form.fields.values()] == [5, 20]

    @pytest.mark.parametrize(
        ("name", "value", "ok"),
        [("recall", 0, True), ("recall", 1439, True), ("recall", 1440, False), ("idle", 400, True), ("idle", 401, False), ("idle", -1, False),
         ("idle", "", False), ("idle", "2.5", False), ("idle", "二十", False)],
    )  # fmt: skip
    def test_the_edges_of_a_number(self, name: str, value: Any, ok: bool) -> None:
        form = filled(ClocksForm, **({"recall": 5, "idle": 20} | {name: value}))
        assert form.is_valid() is ok
        assert ok or list(form.errors) == [name]

    @given(st.integers(0, 1439), st.integers(0, 400))
    def test_the_numbers_arrive_and_nothing_else_changes(self, minutes: int, days: int) -> None:
        form = filled(ClocksForm, recall=minutes, idle=days)
        assert form.is_valid()
        assert form.values()["clocks"] == {"recall": {"minutes": minutes, "note": "送信の取消し"}, "idle": {"business_days": days}}


class TestFollowUp:
    GIVEN = {"months": "6、12、24", "remind_after_days": 14, "wait_days": 60}

    def test_what_the_plan_leaves_out_is_shown_as_it_works(self) -> None:
        form = FollowUpForm(None, document=DOCUMENT)
        assert {name: form[name].value() for name in form.fields} == self.GIVEN
        ours = FollowUpForm(None, document={"follow_up": {"months": [3], "wait_days": 20, "note": "試し"}})
        assert {name: ours[name].value() for name in ours.fields} == {"months": "3", "remind_after_days": 14, "wait_days": 20}

    @pytest.mark.parametrize(
        ("typed", "months"),
        [("6、12、24", [6, 12, 24]), ("２４か月, 6 6", [6, 24]), ("", []), ("、", []), ("60", [60]), ("0", None), ("61", None), ("半年", None),
         ("-6", None), ("6.5", None), ("、".join(map(str, range(1, 12))), None)],
    )  # fmt: skip
    def test_months_are_read_as_people_write_them(self, typed: str, months: list[int] | None) -> None:
        form = filled(FollowUpForm, **(self.GIVEN | {"months": typed}))
        if months is None:
            assert wrong(form) == {"months": ["1から60までの月を、10個まで「、」で区切って入れてください。例：6、12、24"]}
        else:
            assert form.is_valid(), form.errors
            assert form.values() == {"follow_up": {"months": months, "remind_after_days": 14, "wait_days": 60}}

    def test_a_note_stays_and_the_reminder_leaves_inside_the_waiting(self) -> None:
        form = filled(FollowUpForm, {"follow_up": {"months": [6], "note": "試し"}}, **self.GIVEN)
        assert form.is_valid()
        assert form.values()["follow_up"]["note"] == "試し"
        assert wrong(filled(FollowUpForm, **(self.GIVEN | {"remind_after_days": 60}))) == {"remind_after_days": ["返事を待つ日数より短くしてください。"]}
        assert list(wrong(filled(FollowUpForm, **(self.GIVEN | {"wait_days": 366})))) == ["wait_days"]


class TestTargets:
    def test_fields_are_named_by_the_years_as_written(self) -> None:
        form = TargetsForm(None, document=DOCUMENT)
        assert [str(field.label) for field in form.fields.values()] == ["令和６年度＋令和７年度", "令和８年度"]

    def test_the_wording_of_a_count_follows_only_where_it_changed(self) -> None:
        form = filled(TargetsForm, t0=2, t1=4)
        assert form.is_valid(), form.errors
        values = form.values()
        assert [row["count"] for row in values["targets"]] == [2, 4]
        assert values["targets"][0]["count_written"] == "２件"  # as the document writes it
        assert "count_written" not in values["targets"][1]
        assert values["targets_total"] == {"count": 6, "count_written": "6件"}

    @given(st.integers(0, 9999), st.integers(0, 9999))
    def test_the_total_is_the_sum(self, first: int, second: int) -> None:
        form = filled(TargetsForm, t0=first, t1=second)
        assert form.is_valid()
        assert form.values()["targets_total"]["count"] == first + second

    def test_a_plan_without_targets_has_no_field_and_a_total_of_nothing(self) -> None:
        form = filled(TargetsForm, {})
        assert form.is_valid()
        assert form.values() == {"targets": [], "targets_total": {"count": 0}}

    @pytest.mark.parametrize("value", ["", "-1", "10000", "たくさん"])
    def test_a_count_that_is_none_is_refused_at_its_field(self, value: str) -> None:
        assert list(wrong(filled(TargetsForm, t0=value, t1=1))) == ["t0"]


class TestOutsideContact:
    GIVEN = {"which": "+", "code": "fair-trade", "name": "公取の窓口", "about": "下請の取引"}

    def test_a_chosen_contact_fills_the_form(self) -> None:
        form = OutsideContactForm(None, document=DOCUMENT, chosen="labour")
        assert (form["which"].value(), form["name"].value(), form["words"].value(), form["code"].value()) == ("labour", "労働局", "残業代", "")

    @pytest.mark.parametrize("chosen", ["", "nobody", "<b>"])
    def test_an_unknown_choice_leaves_the_form_empty(self, chosen: str) -> None:
        assert OutsideContactForm(None, document=DOCUMENT, chosen=chosen)["name"].value() is None

    @pytest.mark.parametrize(
        ("typed", "words"),
        [("", []), ("賃金", ["賃金"]), ("賃金、 賃金台帳 ,残業", ["賃金", "賃金台帳", "残業"]), ("、、,", []), ("賃金、", ["賃金"])],
    )
    def test_words_are_split_at_commas_of_both_kinds(self, typed: str, words: list[str]) -> None:
        form = filled(OutsideContactForm, **self.GIVEN, words=typed)
        assert form.is_valid(), form.errors
        assert form.values()["outside_contacts"][-1]["words"] == words

    @pytest.mark.parametrize("code", ["", "労働", "a b", "a/b", "-", "tax", "labour"])
    def test_a_new_contact_needs_a_code_of_its_own(self, code: str) -> None:
        found = wrong(filled(OutsideContactForm, **(self.GIVEN | {"code": code})))
        assert list(found) == ["code"]
        assert ("もう使われています" in found["code"][0]) is (code in {"tax", "labour"})

    def test_changing_one_keeps_its_code_its_place_and_the_others(self) -> None:
        form = filled(OutsideContactForm, which="labour", code="other", name="ひばり労働局", about="労務", phone="043-000-0002", words="賃金")
        assert form.is_valid(), form.errors
        rows = form.values()["outside_contacts"]
        assert rows[0] == {"code": "labour", "name": "ひばり労働局", "about": "労務", "phone": "043-000-0002", "words": ["賃金"]}
        assert rows[1] == DOCUMENT["outside_contacts"][1]

    @pytest.mark.parametrize(
        ("field", "value", "sentence"),
        [("name", "", "書いてください"), ("about", "", "書いてください"), ("name", "あ" * 101, "100字まで"), ("phone", "でんわ", "電話番号"),
         ("which", "nobody", "一覧から選び直してください。")],
    )  # fmt: skip
    def test_each_fault_stands_at_its_field(self, field: str, value: str, sentence: str) -> None:
        found = wrong(filled(OutsideContactForm, **(self.GIVEN | {field: value})))
        assert list(found) == [field]
        assert sentence in found[field][0]
