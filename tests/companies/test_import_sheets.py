"""Sheets of firms as offices really send them: any program, any width, broken, huge; and what a large one costs."""

from __future__ import annotations

import datetime as dt
import io
from typing import Any

import openpyxl
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from renkei.audit.models import Event
from renkei.base import clock
from renkei.base.actor import SYSTEM
from renkei.base.context import acting
from renkei.base.numbers import corporate_check_digit
from renkei.base.refusal import Refused
from renkei.cases.actions.intake import Said, receive
from renkei.cases.models import Case
from renkei.companies.actions import (
    Profile,
    add_person,
    change_person,
    import_companies,
    know_company,
    mark_distinct,
    merge_companies,
    register_company,
    undo_company_import,
    update_company,
)
from renkei.companies.actions.imports import AT_ONCE
from renkei.companies.models import Company, CompanyImport, CompanyPerson, ImportedRow, PastContact, Sight
from renkei.companies.queries import lookup
from renkei.companies.sheet import HEADER, MOST_ROWS, SheetPreview, read_companies
from renkei.plan.models import Body, PlanVersion
from tests.cases.making import refuses
from tests.companies.test_imports import csv, read, take_in
from tests.world import BANK, CONTENT, DESK, LAB, World

WIDE = str.maketrans("0123456789-/,", "０１２３４５６７８９－／，")


def number(n: int) -> str:
    base = f"0400{n:08d}"
    return f"{corporate_check_digit(base)}{base}"


def book(*rows: list[Any], head: list[str] | None = None, change: Any = None) -> bytes:
    made, memory = openpyxl.Workbook(), io.BytesIO()
    sheet: Any = made.active
    for row in ([head or ["会社名", "法人番号", "電話番号", "資本金", "従業員数", "担当者", "やりとり日", "内容"]], *[[one] for one in rows]):
        sheet.append(row[0])
    if change is not None:
        change(made, sheet)
    made.save(memory)
    return memory.getvalue()


def one_row(world: World, data: bytes) -> dict[str, Any]:
    [row] = read(world, data).rows
    assert row.problems == []
    return row.values


class TestAsOfficesWriteThem:
    def test_numbers_dates_and_digits_of_any_kind_are_one_thing(self, world: World) -> None:
        plain = one_row(world, csv(f'つばめ工業,{number(1)},047-000-0001,ひばり市,"10,000,000",33,髙梨 芽衣,2026-04-01,訪問,見学した。'))
        for text in (
            f"つばめ工業,{number(1)},047-000-0001,ひばり市,1000万円,33名,髙梨 芽衣,令和8年4月1日,訪問,見学した。",
            f"つばめ工業,{number(1).translate(WIDE)},047-000-0001,999016,１０００万円,３３,髙梨 芽衣,Ｒ８．４．１,訪問,見学した。",
            f"  つばめ工業　,{number(1)[:4]} {number(1)[4:]},047-000-0001, ひばり市 ,1千万円,33人,髙梨 芽衣,2026/4/1,訪問,見学した。",
        ):  # fmt: skip
            assert one_row(world, csv(text)) == plain
        in_cells = one_row(world, book(["つばめ工業", int(number(1)), "047-000-0001", 10_000_000.0, 33, "髙梨 芽衣", dt.date(2026, 4, 1), "見学した。"]))
        assert {name: in_cells[name] for name in ("corporate_number", "capital_yen", "employees", "happened_on")} == {
            "corporate_number": number(1), "capital_yen": 10_000_000, "employees": 33, "happened_on": dt.date(2026, 4, 1)}  # fmt: skip

    @pytest.mark.parametrize("encoding", ["cp932", "utf-8-sig", "utf-16"])
    def test_a_mark_of_byte_order_is_no_letter_of_the_first_name(self, world: World, encoding: str) -> None:
        data = csv("つばめ工業,,,,,,,,,", encoding=encoding)
        if encoding == "utf-16":  # what Excel calls “Unicode text”: said, not guessed
            with pytest.raises(Refused) as told:
                read(world, data)
            assert (told.value.code, told.value.field) in {("encoding", "file"), ("not_xlsx", "file")}
        else:
            assert one_row(world, data)["name"] == "つばめ工業"

    def test_tabs_titles_aliases_and_columns_of_ones_own(self, world: World) -> None:
        data = '会員名簿\t\t\n\t\t\n企業名※\tひみつ\tTEL\n"つばめ\n工業"\tx\t047-000-0001\n'.encode()
        values = one_row(world, data)
        assert (values["name"].replace("\n", ""), values["phone"]) == ("つばめ工業", "047-000-0001")
        assert "ひみつ" not in values

    def test_formulas_without_values_are_named_and_merged_cells_are_read_once(self, world: World) -> None:
        with pytest.raises(Refused, match="（C2、F2）") as refused:
            read(world, book(["つばめ工業", None, '=HYPERLINK("http://x.example")', None, None, "=1+1", None, None]))
        assert (refused.value.code, refused.value.field) == ("no_value", "file")
        merged = book(["つばめ工業", None, None], ["かもめ工業", None, None], change=lambda _book, sheet: sheet.merge_cells("A2:A3"))
        assert [row.values["name"] for row in read(world, merged).rows] == ["つばめ工業"]

    def test_only_the_first_sheet_is_read_and_hidden_rows_too(self, world: World) -> None:
        def change(made: Any, sheet: Any) -> None:
            made.create_sheet("ほか").append(["会社名"])
            sheet.row_dimensions[2].hidden = True

        assert one_row(world, book(["つばめ工業"], head=["会社名"], change=change))["name"] == "つばめ工業"

    def test_hostile_and_rare_words_are_kept_as_words(self, world: World) -> None:
        names = ["<script>alert(1)</script>", "'; DROP TABLE companies_company; --", "{{ 7*7 }}", "𠮷野家\u202eevil", "é" * 200, "％s %s {0}"]
        take_in(world, csv(*[f'"{name}",,,,,,,,,' for name in names]))
        assert set(Company.objects.values_list("name", flat=True)) == {name.replace("\u202e", "") for name in names}

    @pytest.mark.parametrize(
        ("cell", "label"), [("1,5", "従業員数"), ("三十三", "従業員数"), ("-3名", ""), ("99999999999", ""), ("3.5", "従業員数")]
    )
    def test_a_count_that_is_none(self, world: World, cell: str, label: str) -> None:
        data = csv(f'つばめ工業,,,,,"{cell}",,,,')
        [row] = read(world, data).rows
        if row.problems:
            assert row.problems == [f"{label}「{cell}」を数として読めません。"]
        else:  # a number, but none a firm can have: said with the row when it is written
            with refuses("row_wrong"):
                take_in(world, data)
        assert not CompanyImport.objects.exists()


def test_a_firm_in_two_rows_is_counted_once(world: World) -> None:
    preview = read(world, csv("つばめ工業,,,,,,髙梨 芽衣,,,", "つばめ工業,,,,,,本郷 理恵,,,", "かもめ工業,,,,,,,,,"))
    assert (preview.count("new"), len(preview.rows)) == (2, 3)
    run = import_companies(preview, name="", data=b"", by=world.desk)
    assert run.counts == {"new": 2, "update": 0, "person": 2, "contact": 0}


def test_an_industry_is_named_by_its_code_when_nothing_else_is_said(world: World) -> None:
    head = "会社名,産業分類,業種"
    take_in(world, csv("甲,27,", "乙,27,水質計の製造", "丙,,", head=head))
    assert set(Company.objects.values_list("name", "jsic_code", "jsic_name")) == {
        ("甲", "27", "業務用機械器具製造業"), ("乙", "27", "水質計の製造"), ("丙", "", "")}  # fmt: skip
    run = take_in(world, csv("甲,24,", "乙,24,", head=head))
    assert undo_company_import(run, by=world.desk) == []
    assert set(Company.objects.exclude(name="丙").values_list("jsic_code", flat=True)) == {"27"}


class TestFiles:
    @pytest.mark.parametrize("cut", [10, 100, -200, -20])
    def test_a_broken_workbook_is_said(self, world: World, cut: int) -> None:
        with pytest.raises(Refused) as told:
            read(world, book(["つばめ工業"])[:cut])
        assert (told.value.code, told.value.field, told.value.message[-1]) == ("not_xlsx", "file", "。")

    def test_one_row_more_than_there_may_be(self, world: World) -> None:
        rows = ["つばめ工業"] * (MOST_ROWS + 20)
        with refuses("too_many_rows", "file"):
            read(world, csv(*rows, head="会社名"))

    def test_an_empty_file_and_one_of_commas(self, world: World) -> None:
        for data in (b"", b",,,\n,,,\n", "　\n".encode()):
            with refuses("no_header", "file"):
                read(world, data)

    def test_the_columns_of_the_export_are_the_first_aliases(self) -> None:
        assert HEADER[:3] == ["会社名", "フリガナ", "法人番号"]
        assert len(set(HEADER)) == len(HEADER)


def counted(deed: Any) -> int:
    with CaptureQueriesContext(connection) as queries:
        deed()
    return len(queries)


def many(start: int, count: int) -> list[str]:
    """New firms with number, place, person and contact."""
    return [f"第{n}工業,{number(n)},,ひばり市,,{n % 90 + 1},担当{n},2026/4/1,訪問,見学{n}" for n in range(start, start + count)]


class TestWhatItCosts:
    def test_reading_writing_and_taking_back_cost_the_same_for_three_and_thirty(self, world: World) -> None:
        read(world, csv("つばめ工業,,,,,,,,,"))  # the plan is read once a process
        assert self.costs(world, 100, 3) == self.costs(world, 200, 30)

    def costs(self, world: World, start: int, count: int) -> tuple[int, ...]:
        made: list[CompanyImport] = []

        def write(preview: SheetPreview) -> None:
            made.append(import_companies(preview, name="", data=data, by=world.desk))

        data = csv(*many(start, count))
        reading = counted(lambda: read(world, data))
        fresh = read(world, data)
        writing = counted(lambda: write(fresh))
        changed = read(world, data.decode().replace("ひばり市,,", "ひばり市,5000万円,").encode())
        changing = counted(lambda: write(changed))
        assert [run.counts for run in made] == [{"new": count, "update": 0, "person": count, "contact": count},
                                                {"new": 0, "update": count, "person": 0, "contact": 0}]  # fmt: skip
        back = counted(lambda: [undo_company_import(run, by=world.desk) for run in reversed(made)])
        assert not Company.objects.standing().exists()
        return reading, writing, changing, back

    def test_numbers_others_registered_cost_the_same_for_three_and_thirty(self, world: World) -> None:
        costs = []
        for start, count in ((100, 3), (200, 30)):
            for n in range(start, start + count):
                register_company(Profile(name=f"第{n}工業", corporate_number=number(n)), by=world.desk)
            data = csv(*[f"第{n}工業,{number(n)},,,,,,,," for n in range(start, start + count)])
            preview = read_companies(data, actor=world.desk)
            assert preview.count("same") == count
            Sight.objects.all().delete()
            Company.objects.filter(entered_by_id=DESK).update(entered_by_id=LAB)
            before = Event.objects.filter(verb="company.meet").count()
            preview = read_companies(data, actor=world.bank)
            assert [row.deed for row in preview.rows] == ["meet"] * count
            with acting(world.bank):
                costs.append(counted(lambda p=preview, d=data: import_companies(p, name="", data=d, by=world.bank)))
            assert Sight.objects.filter(body_id=BANK, ended_on=None, company__corporate_number__isnull=False).count() >= count
            assert Event.objects.filter(verb="company.meet").count() == before + 1  # one event names them all
        assert costs[0] == costs[1]

    def test_more_rows_than_are_written_at_once(self, world: World) -> None:
        count = AT_ONCE + 20
        head, made = "会社名,法人番号,従業員数,担当者", []
        for people in (3, 4):
            data = csv(*[f"第{n}工業,{number(n)},{people},担当{people}" for n in range(count)], head=head)
            made.append(take_in(world, data))
        assert made[1].counts == {"new": 0, "update": count, "person": count, "contact": 0}
        assert set(Company.objects.values_list("employees", flat=True)) == {4}
        assert Company.objects.filter(find_text__contains="担当4").count() == count
        assert Event.objects.filter(verb="company.import").count() == 4  # two for each: an event names five hundred
        assert undo_company_import(made[1], by=world.desk) == []
        assert set(Company.objects.values_list("employees", flat=True)) == {3}
        assert CompanyPerson.objects.filter(withdrawn_at__isnull=True).count() == count
        assert not Company.objects.filter(find_text__contains="担当4").exists()


class TestWhatIsFound:
    def test_firms_are_found_by_new_words_and_not_by_old_ones_after_the_undo(self, world: World) -> None:
        known = register_company(Profile(name="まぼろし計測", phone="047-000-0001"), by=world.desk)
        add_person(known, name="本郷 理恵", by=world.desk)
        other = register_company(Profile(name="昔の名前"), by=world.desk)
        merge_companies(known, other, by=world.desk)
        data = csv("まぼろし計測,,047-000-0099,,,,髙梨 芽衣,,,")
        run = take_in(world, data, answers={})
        assert [hit.company for hit in lookup("高梨", actor=world.desk)] == [known]
        for words in ("本郷", "昔の名前", "0470000099"):  # what it was found by before is not lost in the crowd
            assert [hit.company for hit in lookup(words, actor=world.desk)] == [known]
        assert lookup("0470000001", actor=world.desk) == []
        assert undo_company_import(run, by=world.desk) == []
        assert [hit.company for hit in lookup("0470000001", actor=world.desk)] == [known]
        assert lookup("高梨", actor=world.desk) == lookup("0470000099", actor=world.desk) == []

    def test_two_rows_of_one_firm_go_back_to_where_they_began(self, world: World) -> None:
        known = register_company(Profile(name="まぼろし計測", employees=1), by=world.desk)
        run = take_in(world, csv("まぼろし計測,,,,,2,,,,", "まぼろし計測,,,,1000万円,3,,,,"))
        now = Company.objects.get(pk=known.pk)
        assert (now.employees, now.capital_yen) == (3, 10_000_000)
        assert list(ImportedRow.objects.filter(run=run).values_list("row", "before", "after")) == [
            (2, {"employees": 1}, {"employees": 2}), (3, {"employees": 2, "capital_yen": None}, {"employees": 3, "capital_yen": 10_000_000})]  # fmt: skip
        assert undo_company_import(run, by=world.desk) == []
        now = Company.objects.get(pk=known.pk)
        assert (now.employees, now.capital_yen) == (1, None)

    def test_a_number_that_another_firm_has_is_said_not_thrown(self, world: World) -> None:
        register_company(Profile(name="つばめ工業", corporate_number=number(1)), by=world.lab)
        register_company(Profile(name="かもめ工業"), by=world.desk)
        with acting(world.center):
            register_company(Profile(name="かもめ工業", phone="047-000-0001"), by=world.center)
            data = csv(f"かもめ工業,{number(1)},047-000-0001,,,,,,,")
            preview = read_companies(data, actor=world.center)
            assert [row.deed for row in preview.rows] == ["update"]
            with refuses("duplicate_number"):
                import_companies(preview, name="", data=data, by=world.center)
        assert not CompanyImport.objects.exists()


class TestSecondEditor:
    def test_a_firm_that_went_meanwhile_stops_the_whole_sheet(self, world: World) -> None:
        known, other = (register_company(Profile(name=name), by=world.desk) for name in ("まぼろし計測", "つばめ工業"))
        data = csv("まぼろし計測,,,,,33,,,,", "かもめ工業,,,,,,,,,")
        preview = read(world, data)
        merge_companies(other, known, by=world.desk)
        with pytest.raises(Refused, match="^2行目：会社が変わりました。") as told:
            import_companies(preview, name="", data=data, by=world.desk)
        assert (told.value.code, Company.objects.filter(name="かもめ工業").exists()) == ("row_wrong", False)

    def test_a_value_somebody_wrote_meanwhile_is_kept_where_the_sheet_says_nothing(self, world: World) -> None:
        known = register_company(Profile(name="まぼろし計測", employees=1), by=world.desk)
        data = csv("まぼろし計測,,,,,33,,,,")
        preview = read(world, data)
        update_company(known, Profile(name="まぼろし計測", employees=2, products="水質計"), by=world.desk)
        run = import_companies(preview, name="", data=data, by=world.desk)
        now = Company.objects.get(pk=known.pk)
        assert (now.employees, now.products) == (33, "水質計")
        assert undo_company_import(run, by=world.desk) == []
        assert Company.objects.get(pk=known.pk).employees == 2


class TestTakingBackInPart:
    def test_each_kind_of_later_work_keeps_its_row_and_the_rest_goes(self, world: World) -> None:
        names = [f"第{n}工業" for n in range(6)]
        run = take_in(world, csv(*[f"{name},,,,,{n + 1},担当{n},2026/4/1,訪問,見学{n}" for n, name in enumerate(names)]))
        firms = {one.name: one for one in Company.objects.all()}
        know_company(firms["第1工業"], Body.objects.get(pk=LAB), by=world.desk)
        add_person(firms["第2工業"], name="あとの人", by=world.desk)
        change_person(firms["第3工業"].people.get(), name="担当3", title="部長", by=world.desk)
        take_in(world, csv("第4工業,,,,,,,2026/5/1,電話,あとの電話"))
        mark_distinct(firms["第5工業"], firms["第0工業"], by=world.desk)  # said of it, not worked with: no reason to stay
        stays = undo_company_import(run, by=world.desk)
        assert [one.partition("：")[0] for one in stays] == ["3行目（第1工業）", "4行目（第2工業）", "6行目（第4工業）"]
        assert {one.name for one in Company.objects.standing()} == {"第1工業", "第2工業", "第4工業"}
        assert not PastContact.objects.visible_to(world.desk).filter(text__startswith="見学").exists()
        assert set(CompanyPerson.objects.filter(withdrawn_at=None).values_list("name", flat=True)) == {"あとの人"}
        run.refresh_from_db()
        assert run.undone_at is None
        assert Event.objects.filter(verb="company.undo_import").count() == 1
        again = undo_company_import(run, by=SYSTEM)  # the rest is tried again, what went stays gone
        assert [one.partition("：")[0] for one in again] == [one.partition("：")[0] for one in stays]

    def test_a_withdrawn_firm_is_changed_no_more(self, world: World) -> None:
        run = take_in(world, csv("つばめ工業,,,,,,髙梨,,,"))
        made, person = Company.objects.get(), CompanyPerson.objects.get()
        undo_company_import(run, by=world.desk)
        for deed in (
            lambda: update_company(made, Profile(name="つばめ工業"), by=world.desk),
            lambda: add_person(made, name="人", by=world.desk),
            lambda: change_person(person, name="人", by=world.desk),
            lambda: know_company(made, Body.objects.get(pk=LAB), by=world.desk),
        ):
            with refuses("withdrawn"):
                deed()


def test_estates_and_industries_are_brought_into_the_plans_words(world: World) -> None:
    PlanVersion.objects.create(plan=world.plan, number=2, published_at=clock.now(), content=CONTENT | {
        "estates": [{"code": "a", "name": "ひばり第一工業団地", "area": "north"}]})  # fmt: skip
    rows: SheetPreview = read(world, csv("甲,ﾋﾊﾞﾘ 第一工業団地,27 業務用機械器具製造業", "乙,ひばり第一　工業団地,食料品製造業", "丙,よその団地,2731",
                                         head="会社名,工業団地,産業分類"))  # fmt: skip
    assert [(row.values["estate"], row.values["jsic_code"]) for row in rows.rows] == [
        ("ひばり第一工業団地", "27"), ("ひばり第一工業団地", "09"), ("よその団地", "2731")]  # fmt: skip


def test_later_work_of_others_counts_though_it_is_out_of_sight(committed_world: World, login: Any) -> None:
    """Under the real login: the body that imported learns that a row stays, and nothing of the case it stays for."""
    world = committed_world
    with login("web"):
        with acting(world.lab):
            data = csv("つばめ工業,,,,,,髙梨 芽衣,,,", "かもめ工業,,,,,,,,,")
            run = take_in(world, data, world.lab)
            firm = Company.objects.get(name="つばめ工業")
        with acting(world.desk):
            said = Said(text="相談", channel="phone", company=firm)
            receive(said, by=world.desk, body=Body.objects.get(pk=DESK))
        for actor, count in ((world.lab, 1), (world.desk, 1), (world.bank, 0)):
            with acting(actor), connection.cursor() as cursor:
                cursor.execute("SELECT company_import_used(%s)", [run.pk])
                assert len(set(cursor.fetchall())) == count  # a row stays for one relation or for several
        with acting(world.bank):
            assert not CompanyImport.objects.exists()
            with refuses("not_allowed"):
                undo_company_import(run, by=world.bank)
        with acting(world.lab):
            assert not Case.objects.exists()
            stays = undo_company_import(run, by=world.lab)
            assert stays == ["2行目（つばめ工業）：取り込んだあとの仕事（案件など）があります。"]
            assert {one.name for one in Company.objects.standing()} == {"つばめ工業"}
            assert not CompanyPerson.objects.filter(withdrawn_at=None).exists()
