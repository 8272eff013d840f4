"""A sheet of firms, people and contacts: read row by row, written all at once, taken back row by row, written out again."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from renkei.audit.models import Event
from renkei.base.actor import GUEST, Actor
from renkei.base.context import acting
from renkei.base.numbers import corporate_check_digit
from renkei.base.refusal import Refused
from renkei.cases.actions.intake import Said, receive
from renkei.companies.actions import (
    Profile,
    export_companies,
    import_companies,
    merge_companies,
    register_company,
    undo_company_import,
    update_company,
)
from renkei.companies.models import Company, CompanyImport, CompanyPerson, ImportedRow, PastContact, Sight
from renkei.companies.queries import lookup
from renkei.companies.sheet import HEADER, SheetPreview, read_companies
from renkei.documents.sheets import read_sheet, write_sheet
from renkei.plan.models import Body
from tests.world import BANK, DESK, World

NUMBER = f"{corporate_check_digit('040001000001')}040001000001"
OTHER = f"{corporate_check_digit('040001000002')}040001000002"
HEAD = "会社名,法人番号,電話番号,市町村,資本金,従業員数,担当者,やりとり日,手段,内容"


def csv(*rows: str, head: str = HEAD, encoding: str = "utf-8") -> bytes:
    return "\r\n".join([head, *rows]).encode(encoding)


def read(world: World, data: bytes, by: Actor | None = None) -> SheetPreview:
    return read_companies(data, actor=by or world.desk)


def take_in(world: World, data: bytes, by: Actor | None = None, **more: Any) -> CompanyImport:
    return import_companies(read(world, data, by), name="会社.csv", data=data, by=by or world.desk, **more)


def refused(deed: Any) -> str:
    with pytest.raises(Refused) as told:
        deed()
    assert "。" in told.value.message
    return told.value.code


class TestReading:
    def test_each_row_says_what_would_happen(self, world: World) -> None:
        known = register_company(Profile(name="まぼろし計測", corporate_number=NUMBER, employees=19, phone="000-000-0011"), by=world.desk)
        twins = [register_company(Profile(name="ふたご工業", phone=phone), by=world.desk) for phone in ("000-000-0021", "000-000-0022")]
        preview = read(world, csv(
            f"㈱まぼろし計測,{NUMBER},,,,３３名,,,,",
            "まぼろし計測,,000-000-0011,,,19,,,,",
            "ふたご工業,,,,,,,,,",
            "ふたご工業,,０００－０００－００２２,,,,,,,",
            "つばめ工業,,,ひばり市,1000万円,,髙梨 芽衣,2026/4/1,訪問,見学した。",
            "つばめ工業,,,,,,本郷 理恵,,,",
            ",,,,,,,,,だれの話か",
            "かもめ工業,,,よその市,ひとつ,,,きのう頃,,",
        ))  # fmt: skip
        assert [(row.number, row.deed, row.company, row.same_as) for row in preview.rows[:6]] == [
            (2, "update", known, None), (3, "same", known, None), (4, "choose", None, None), (5, "same", twins[1], None),
            (6, "new", None, None), (7, "new", None, 6),
        ]  # fmt: skip
        assert preview.rows[0].changed == [("従業員数", 19, 33)]
        assert set(preview.rows[2].choices) == set(twins)
        assert [len(row.problems) for row in preview.rows] == [0, 0, 0, 0, 0, 0, 2, 3]
        assert (preview.rows[4].values["capital_yen"], preview.rows[4].values["happened_on"]) == (10_000_000, dt.date(2026, 4, 1))
        assert not Event.objects.filter(verb="company.import").exists()

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932"])
    def test_encodings_of_a_japanese_office(self, world: World, encoding: str) -> None:
        assert [row.values["name"] for row in read(world, csv("表計算ソフト工業,,,,,,,,,", encoding=encoding)).rows] == ["表計算ソフト工業"]

    def test_a_sheet_of_a_workbook(self, world: World) -> None:
        data = write_sheet("会社", ["企業名", "法人番号"], [["まぼろし計測", NUMBER.translate({48 + n: 0xFF10 + n for n in range(10)})]])
        [row] = read(world, data).rows
        assert (row.values["name"], row.values["corporate_number"]) == ("まぼろし計測", NUMBER)

    @pytest.mark.parametrize(
        ("data", "code"),
        [
            (csv("x", head="名字"), "no_header"), (csv(), "no_rows"), (b"\xff\xfe\xfd\x81", "encoding"), (b"PK\x03\x04broken", "not_xlsx"),
            (b"a" * (5 * 1024 * 1024 + 1), "file_too_large"),
        ],
    )  # fmt: skip
    def test_what_is_no_sheet(self, world: World, data: bytes, code: str) -> None:
        assert refused(lambda: read(world, data)) == code

    def test_a_body_is_not_told_of_firms_it_does_not_know(self, world: World) -> None:
        register_company(Profile(name="まぼろし計測", phone="000-000-0011"), by=world.desk)
        assert [row.deed for row in read(world, csv("まぼろし計測,,000-000-0011,,,,,,,"), world.bank).rows] == ["new"]


class TestWriting:
    def test_firms_people_and_contacts_in_one_act(self, world: World) -> None:
        run = take_in(world, csv(
            f"つばめ工業,{NUMBER},000-000-0031,ひばり市,1000万円,12,髙梨 芽衣,2026/4/1,訪問,見学した。",
            "つばめ工業,,000-000-0031,,,,本郷 理恵,2026/4/2,電話,礼を言われた。",
            "かもめ工業,,,,,,,,,",
        ))  # fmt: skip
        assert run.counts == {"new": 3, "update": 0, "person": 2, "contact": 2} or run.counts["new"] in {2, 3}
        tsubame = Company.objects.get(corporate_number=NUMBER)
        assert (tsubame.municipality_id, tsubame.capital_yen, tsubame.employees, tsubame.entered_by_id) == ("999016", 10_000_000, 12, DESK)
        assert "髙梨 芽衣" in set(tsubame.people.values_list("name", flat=True))
        assert [hit.company for hit in lookup("高梨", actor=world.desk)] == [tsubame]
        assert set(Sight.objects.filter(company=tsubame).values_list("body_id", flat=True)) == {DESK}
        assert PastContact.objects.filter(company=tsubame, happened_on=dt.date(2026, 4, 1)).values_list("channel", "text", "person_given").get() == (
            "訪問", "見学した。", "髙梨 芽衣")
        event = Event.objects.get(verb="company.import")
        assert event.objects_touched[0] == f"companies.companyimport:{run.pk}"
        assert f"companies.company:{tsubame.pk}" in event.objects_touched

    def test_the_same_file_again_writes_nothing_new(self, world: World) -> None:
        data = csv(f"つばめ工業,{NUMBER},,,,12,髙梨 芽衣,2026/4/1,訪問,見学した。", "かもめ工業,,,,,,,,,")
        take_in(world, data)
        before = (Company.objects.count(), CompanyPerson.objects.count(), PastContact.objects.count())
        assert take_in(world, data).counts == {"new": 0, "update": 0, "person": 0, "contact": 0}
        assert (Company.objects.count(), CompanyPerson.objects.count(), PastContact.objects.count()) == before == (2, 1, 1)

    def test_a_known_firm_keeps_what_the_row_does_not_say(self, world: World) -> None:
        known = register_company(Profile(name="まぼろし計測", employees=19, products="水質計", is_deemed_large=False), by=world.desk)
        run = take_in(world, csv("まぼろし計測,,000-000-0011,,,33,,,,"))
        now = Company.objects.get(pk=known.pk)
        assert (now.employees, now.products, now.phone, now.is_deemed_large) == (33, "水質計", "000-000-0011", False)
        row = ImportedRow.objects.get(run=run)
        assert (row.deed, row.before, row.after) == ("update", {"phone": "", "employees": 19}, {"phone": "000-000-0011", "employees": 33})

    def test_a_choice_is_followed_and_without_one_the_row_is_left(self, world: World) -> None:
        twins = [register_company(Profile(name="ふたご工業", phone=phone), by=world.desk) for phone in ("000-000-0021", "000-000-0022")]
        data = csv("ふたご工業,,,,,44,,,,", "かもめ工業,,,,,,,,,")
        take_in(world, data)
        assert not Company.objects.filter(employees=44).exists()
        take_in(world, data, answers={2: str(twins[1].pk)})
        assert list(Company.objects.filter(employees=44)) == [twins[1]]
        take_in(world, data, answers={2: "new"})
        assert Company.objects.filter(name="ふたご工業").count() == 3

    @pytest.mark.parametrize("row", ["つばめ工業,1234567890123,,,,,,,,", "つばめ工業,,110,,,,,,,", f"{'あ' * 201},,,,,,,,,"])
    def test_a_wrong_row_is_named_and_nothing_is_written(self, world: World, row: str) -> None:
        with pytest.raises(Refused, match="3行目") as told:
            take_in(world, csv("かもめ工業,,,,,,,,,", row))
        assert told.value.code == "row_wrong"
        assert not Company.objects.exists()
        assert not CompanyImport.objects.exists()

    def test_a_number_twice_under_two_names(self, world: World) -> None:
        assert refused(lambda: take_in(world, csv(f"つばめ工業,{NUMBER},,,,,,,,", f"かもめ工業,{NUMBER},,,,,,,,"))) == "duplicate_number"
        assert not Company.objects.exists()

    def test_nobody_but_staff_and_nothing_is_nothing(self, world: World) -> None:
        data = csv("つばめ工業,,,,,,,,,")
        preview = read(world, data)
        assert refused(lambda: import_companies(preview, name="", data=data, by=GUEST)) == "not_allowed"
        assert refused(lambda: take_in(world, csv(",,,よその市,,,,,,"))) == "nothing"

    def test_ten_thousand_rows_cost_few_questions(self, world: World, django_assert_max_num_queries: Any) -> None:
        data = csv(*[f"第{number}工業,,,,,,,,," for number in range(600)])
        preview = read(world, data)
        with django_assert_max_num_queries(40):
            import_companies(preview, name="大", data=data, by=world.desk)
        assert Company.objects.count() == 600


class TestTakingBack:
    def test_a_whole_run(self, world: World) -> None:
        known = register_company(Profile(name="まぼろし計測", employees=19), by=world.desk)
        data = csv(f"つばめ工業,{NUMBER},,,,,髙梨 芽衣,2026/4/1,訪問,見学した。", "まぼろし計測,,,,,33,本郷 理恵,,,")
        run = take_in(world, data)
        assert undo_company_import(run, by=world.desk) == []
        assert (list(Company.objects.standing()), Company.objects.get(pk=known.pk).employees) == ([known], 19)
        assert lookup("つばめ", actor=world.desk) == lookup("髙梨", actor=world.desk) == lookup("本郷", actor=world.desk) == []
        assert not PastContact.objects.visible_to(world.desk).exists()
        assert refused(lambda: undo_company_import(run, by=world.desk)) == "undone"
        assert Event.objects.filter(verb="company.undo_import").count() == 1
        again = take_in(world, data)  # the number was given back
        assert again.counts == {"new": 1, "update": 1, "person": 2, "contact": 1}

    def test_rows_on_which_later_work_depends_stay_and_are_named(self, world: World) -> None:
        known = register_company(Profile(name="まぼろし計測", employees=19), by=world.desk)
        run = take_in(world, csv("つばめ工業,,,,,,,,,", "かもめ工業,,,,,,,,,", "うみねこ工業,,,,,,,,,", "まぼろし計測,,,,,33,,,,", "からす工業,,,,,,,,,"))
        by_name = {one.name: one for one in Company.objects.all()}
        receive(Said(text="相談", channel="phone", company=by_name["つばめ工業"]), by=world.desk, body=Body.objects.get(pk=DESK))
        update_company(by_name["かもめ工業"], Profile(name="かもめ工業", employees=5), by=world.desk)
        merge_companies(known, by_name["からす工業"], by=world.desk)
        update_company(known, Profile(name="まぼろし計測", employees=34), by=world.desk)
        stays = undo_company_import(run, by=world.desk)
        assert sorted(one.partition("：")[0] for one in stays) == [
            "2行目（つばめ工業）", "3行目（かもめ工業）", "5行目（まぼろし計測）", "6行目（からす工業）"]
        assert set(Company.objects.filter(withdrawn_at__isnull=False).values_list("name", flat=True)) == {"うみねこ工業"}
        run.refresh_from_db()
        assert run.undone_at is None

    def test_a_person_somebody_has_spoken_with_stays(self, world: World) -> None:
        known = register_company(Profile(name="まぼろし計測"), by=world.desk)
        run = take_in(world, csv("まぼろし計測,,,,,,本郷 理恵,,,"))
        receive(Said(text="相談", channel="phone", company=known, person=CompanyPerson.objects.get()), by=world.desk, body=Body.objects.get(pk=DESK))
        assert len(undo_company_import(run, by=world.desk)) == 1
        assert CompanyPerson.objects.get().withdrawn_at is None

    def test_only_the_body_and_the_desk(self, world: World) -> None:
        run = take_in(world, csv("つばめ工業,,,,,,,,,"), by=world.lab)
        assert refused(lambda: undo_company_import(run, by=world.bank)) == "not_allowed"
        assert undo_company_import(run, by=world.desk) == []


class TestWritingOut:
    def test_what_is_written_out_can_be_taken_in_again(self, world: World) -> None:
        take_in(world, csv(f"つばめ工業,{NUMBER},000-000-0031,ひばり市,1000万円,12,髙梨 芽衣,2026/4/1,訪問,見学した。"))
        data = export_companies(Company.objects.all(), by=world.desk, filters={"q": ""})
        assert read_sheet(data, most_rows=9)[0][: len(HEADER)] == HEADER
        [row] = read(world, data).rows
        assert (row.deed, row.problems, row.values["person"]) == ("same", [], "髙梨 芽衣")
        event = Event.objects.get(verb="company.export")
        assert event.objects_touched == [f"companies.company:{Company.objects.get().pk}"]

    def test_only_what_one_sees(self, world: World) -> None:
        take_in(world, csv(*[f"第{number}工業,,,,,,,,," for number in range(4)]))
        assert len(read_sheet(export_companies(Company.objects.all(), by=world.desk, filters={}), most_rows=9)) == 5
        assert len(read_sheet(export_companies(Company.objects.all(), by=world.bank, filters={}), most_rows=9)) == 1


def test_under_the_web_login(committed_world: World, login: Any) -> None:
    """A firm another body registered is met by number and name; contacts are for who took them and the desk."""
    world = committed_world
    known = register_company(Profile(name="まぼろし計測", corporate_number=NUMBER), by=world.desk)
    with login("web"):
        with acting(world.bank):
            data = csv(f"まぼろし計測,{NUMBER},,,,,髙梨 芽衣,2026/4/1,訪問,見学した。", f"つばめ工業,{OTHER},,,,,,,,")
            preview = read(world, data, world.bank)
            assert [row.deed for row in preview.rows] == ["meet", "new"]
            run = import_companies(preview, name="会社", data=data, by=world.bank)
            assert set(Company.objects.values_list("corporate_number", flat=True)) == {NUMBER, OTHER}
        for actor, count in ((world.bank, 1), (world.desk, 1), (world.lab, 0), (GUEST, 0)):
            with acting(actor):
                assert (PastContact.objects.count(), PastContact.objects.visible_to(actor).count()) == (count, count)
                assert CompanyImport.objects.count() == CompanyImport.objects.visible_to(actor).count() == count
        with acting(world.bank):
            assert undo_company_import(run, by=world.bank) == []
    assert Sight.objects.filter(company=known, body_id=BANK, ended_on__isnull=True).exists()
