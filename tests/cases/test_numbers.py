"""Receipt numbers: a body, a fiscal year, a serial; no gaps, no doubles, whoever draws and whatever fails."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from renkei.base import clock
from renkei.base.refusal import Refused
from renkei.cases.actions.intake import receive
from renkei.cases.actions.merging import split_case
from renkei.cases.actions.register import import_register, read_register, undo_import
from renkei.cases.models import Case, Consultation, Register
from renkei.cases.numbers import draw_number
from renkei.plan.models import Body
from tests.cases.making import NOON, arrived, need_of, refuses, said
from tests.cases.test_register import OPEN, run, sheet
from tests.storm.racing import at_once, codes
from tests.world import BANK, CENTER, DESK, LAB, World

NEW_YEAR = dt.datetime(2027, 3, 31, 15, 0, tzinfo=dt.UTC)  # midnight in Tokyo: 1 April


@pytest.fixture(autouse=True)
def _noon() -> Any:
    with clock.moved_to(NOON):
        yield


def body(code: str = DESK) -> Body:
    return Body.objects.get(pk=code)


def draw(*days: dt.date, code: str = DESK) -> list[str]:
    return [draw_number(body(code), day) for day in days]


class TestYears:
    def test_the_last_moment_of_march_and_the_first_of_april_in_tokyo(self, world: World) -> None:
        numbers = []
        for moment in (NEW_YEAR - dt.timedelta(seconds=1), NEW_YEAR, NEW_YEAR + dt.timedelta(hours=9)):
            with clock.moved_to(moment):
                numbers.append(arrived(world).case.number)
        assert numbers == ["県 8-0001", "県 9-0001", "県 9-0002"]

    @pytest.mark.parametrize(
        ("day", "number"),
        [
            (dt.date(2026, 3, 31), "県 7-0001"), (dt.date(2026, 4, 1), "県 8-0001"), (dt.date(2026, 12, 31), "県 8-0001"),
            (dt.date(2027, 1, 1), "県 8-0001"), (dt.date(2028, 2, 29), "県 9-0001"), (dt.date(2019, 4, 1), "県 1-0001"),
            (dt.date(2020, 3, 31), "県 1-0001"),
        ],
    )  # fmt: skip
    def test_a_day_belongs_to_the_year_its_april_lies_in(self, world: World, day: dt.date, number: str) -> None:
        assert draw(day) == [number]

    def test_years_of_former_eras_do_not_meet_those_of_this_one(self, world: World) -> None:
        """平成8年度 and 令和8年度 have the same count; their numbers differ."""
        days = [dt.date(1996, 4, 1), dt.date(2026, 4, 1), dt.date(1933, 4, 1), dt.date(2019, 3, 31)]
        assert draw(*days) == ["県 H8-0001", "県 8-0001", "県 S8-0001", "県 H30-0001"]

    def test_going_back_to_an_old_year_goes_on_with_its_own_count(self, world: World) -> None:
        old, new = dt.date(2026, 3, 31), dt.date(2026, 4, 1)
        assert draw(old, new, old, new, new) == ["県 7-0001", "県 8-0001", "県 7-0002", "県 8-0002", "県 8-0003"]
        assert list(Register.objects.order_by("fiscal_year").values_list("fiscal_year", "last")) == [(2025, 2), (2026, 3)]


class TestSerials:
    def test_each_body_counts_for_itself(self, world: World) -> None:
        day = clock.today()
        assert [draw(day, day, code=code)[-1] for code in (DESK, LAB, CENTER, BANK)] == [
            "県 8-0002", "試 8-0002", "セ 8-0002", "銀 8-0002"]

    @pytest.mark.parametrize(("last", "number"), [(0, "県 8-0001"), (8, "県 8-0009"), (998, "県 8-0999"), (9998, "県 8-9999"),
                                                  (9999, "県 8-10000")])  # fmt: skip
    def test_four_digits_and_more_when_they_do_not_suffice(self, world: World, last: int, number: str) -> None:
        Register.objects.create(body=body(), fiscal_year=2026, last=last)
        assert draw(clock.today()) == [number]

    @settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.lists(st.tuples(st.sampled_from([DESK, LAB, CENTER]), st.dates(dt.date(2024, 1, 1), dt.date(2029, 12, 31)),
                              st.booleans()), max_size=25))  # fmt: skip
    def test_no_gap_and_no_double_in_any_order_and_whatever_is_rolled_back(
        self, world: World, draws: list[tuple[str, dt.date, bool]]
    ) -> None:
        with transaction.atomic():
            kept: dict[str, list[int]] = defaultdict(list)
            for code, day, fails in draws:
                with transaction.atomic():
                    prefix, serial = draw_number(body(code), day).rsplit("-", 1)
                    transaction.set_rollback(fails)
                if not fails:
                    kept[prefix].append(int(serial))
            assert all(serials == list(range(1, len(serials) + 1)) for serials in kept.values())
            transaction.set_rollback(True)

    def test_a_split_case_draws_in_the_register_of_who_took_the_words(self, world: World) -> None:
        case = receive(said(), by=world.lab, body=body(LAB)).case
        first, _second = need_of(case, world), need_of(case, world, title="もう1つ")
        assert split_case(case, needs=[first], title="分けた", by=world.desk).number == "試 8-0002"
        assert not Register.objects.filter(body=DESK).exists()

    def test_the_database_keeps_one_register_a_body_and_year(self, world: World) -> None:
        draw(clock.today())
        with pytest.raises(IntegrityError, match="register_once"), transaction.atomic():
            Register.objects.create(body=body(), fiscal_year=2026)
        with pytest.raises(IntegrityError, match="last"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("UPDATE cases_register SET last = -1")

    @pytest.mark.parametrize("table", [Case, Consultation])
    def test_the_database_gives_a_number_once(self, world: World, table: Any) -> None:
        one, two = arrived(world), arrived(world)
        with pytest.raises(IntegrityError, match="number"), transaction.atomic():
            table.objects.filter(number=two.case.number).update(number=one.case.number)


class TestNumbersFromElsewhere:
    """A register may bring numbers that look like ours: the count goes on behind them and never runs into one."""

    def test_the_count_goes_on_behind_an_imported_number(self, world: World) -> None:
        run(world, {**OPEN, "受付番号": "県 8-0003"})
        assert [arrived(world).case.number for _turn in range(2)] == ["県 8-0004", "県 8-0005"]

    @pytest.mark.parametrize(
        ("number", "next_number"),
        [
            ("県 8-0001", "県 8-0002"), ("県 7-0500", "県 8-0001"), ("県 8-500", "県 8-0001"), ("試 8-0009", "県 8-0001"),
            ("県 8-0000", "県 8-0001"), ("県8-0001", "県 8-0001"), ("県 8-0001の2", "県 8-0001"), ("県 H8-0001", "県 8-0001"), ("県 X8-0001", "県 8-0001"), ("県 0-0001", "県 8-0001"),
            ("県 8-99999999999999999999", "県 8-0001"), ("県 8-１２３４", "県 8-0001"),
        ],
    )  # fmt: skip
    def test_only_numbers_of_our_own_form_move_it(self, world: World, number: str, next_number: str) -> None:
        run(world, {**OPEN, "受付番号": number})
        assert arrived(world).case.number == next_number

    def test_a_lower_number_does_not_take_the_count_back(self, world: World) -> None:
        Register.objects.create(body=body(), fiscal_year=2026, last=9)
        run(world, {**OPEN, "受付番号": "県 8-0004"})
        assert arrived(world).case.number == "県 8-0010"

    def test_another_bodys_number_moves_that_bodys_count(self, world: World) -> None:
        run(world, {**OPEN, "受付番号": "試 8-0009"})
        assert draw(clock.today(), code=LAB) == ["試 8-0010"]

    def test_rows_with_and_without_numbers_in_one_sheet_do_not_meet(self, world: World) -> None:
        bare = {**OPEN, "受付番号": ""}
        run(world, bare, {**OPEN, "受付番号": "県 8-0001"}, {**OPEN, "受付番号": "県 8-0004"}, bare)
        assert list(Case.objects.order_by("imported__row").values_list("number", flat=True)) == [
            "県 8-0005", "県 8-0001", "県 8-0004", "県 8-0006"]

    def test_an_undone_import_gives_its_numbers_back_and_the_count_stays(self, world: World) -> None:
        preview = read_register(sheet({**OPEN, "受付番号": "県 8-0003"}))
        undo_import(import_register(preview, by=world.desk, body=body()), by=world.desk)
        import_register(preview, by=world.desk, body=body())
        assert Case.objects.get(number="県 8-0003").is_open
        assert arrived(world).case.number == "県 8-0004"

    def test_a_refused_import_moves_no_count(self, world: World) -> None:
        preview = read_register(sheet({**OPEN, "受付番号": "県 8-0050"}, {**OPEN, "受付番号": "x"}))
        run(world, {**OPEN, "受付番号": "x"})
        with refuses("number_taken"):
            import_register(preview, by=world.desk, body=body())
        assert arrived(world).case.number == "県 8-0001"


@pytest.mark.storm
def test_many_at_once_and_one_that_fails_leave_no_gap(committed_world: World, login: Any) -> None:
    world, desk = committed_world, body()

    def fail_after_drawing() -> None:
        receive(said(), by=world.desk, body=desk)
        raise Refused("取り消し", "changed_my_mind")

    with login("web"):
        deeds = [lambda: receive(said(), by=world.desk, body=desk)] * 4
        got = at_once(*[(world.desk, deed) for deed in (deeds[0], fail_after_drawing, *deeds[1:])])
    assert codes(got) == ["changed_my_mind", "ok", "ok", "ok", "ok"]
    assert sorted(Case.objects.values_list("number", flat=True)) == [f"県 8-{n:04d}" for n in range(1, 5)]
    assert Register.objects.get().last == 4
