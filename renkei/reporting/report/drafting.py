"""Draft the sections of a report in the plan document's order, from figures, meetings and versions of the plan (form L)."""

from __future__ import annotations

import datetime as dt

from django.db.models import Q
from django.utils.translation import gettext as _

from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.era import wareki
from renkei.base.fiscal_year import FiscalYear
from renkei.cases.models import Case, RegionalProject
from renkei.plan.content import PlanContent
from renkei.plan.models import Body, PlanVersion, Service
from renkei.plan.queries import plan_content
from renkei.reporting.counting.parts import UNKNOWN
from renkei.reporting.figures import BY_CODE, MEETINGS, PROJECTS, TRENDS, Kind
from renkei.reporting.models import ClosedPeriod, Report, ReportKind
from renkei.reporting.report.numbers import Numbers
from renkei.reporting.report.parts import Cell, Section, Table
from renkei.reporting.words import split_words

_OF_BODIES = ("consultations", "supports", "declines", "silent", "open")  # each record has one body, so they add up
_OF_BANKS = ("consultations", "supports", "declines", "silent", TRENDS)
_PARTS = ("supports", "services", "consultations", "closed", "results", "areas", "pressures", "purposes")


def draft(report: Report, actor: Actor, *, as_of: dt.datetime, period: ClosedPeriod | None) -> list[Section]:
    """Return the sections of a report as they would be frozen now. The actor must be one that counts for every body."""
    made = Drafting(report, actor, as_of, period)
    if report.kind == ReportKind.TERM:
        return made.term()
    return made.lab() if report.kind == ReportKind.LAB else made.yearly()


class Drafting:
    """One report being drafted."""

    def __init__(self, report: Report, actor: Actor, as_of: dt.datetime, period: ClosedPeriod | None) -> None:
        self.plan, self.year, self.actor, self.as_of = report.plan, report.year, actor, as_of
        self.content: PlanContent = plan_content(report.plan)
        self.numbers = Numbers(actor, as_of, period)
        of_plan = Q(pk__in=[one["code"] for one in self.content.section("bodies")]) | Q(provisions__plan=self.plan) | Q(pk=self.plan.front_desk_id)
        self.bodies = list(Body.objects.filter(of_plan).distinct().order_by("order"))

    def yearly(self) -> list[Section]:
        """Return the report of a year."""
        years = (self.year.start_year,)
        found = [
            Section("targets", _("目標と実績"), (self._targets(), self._projects(years)), _("目標の達成と、事業のあらましを書きます。")),
            Section("work", _("相談と支援の内容"), self._work(years), _("段階や分野ごとの動きを書きます。")),
            Section("roles", _("機関ごとの役割と実績"), (self._roles(years), self._written_roles()), _("各機関の働きを書きます。")),
            Section("meetings", _("会議の開催"), (self._meetings(),), _("会議で話したこと、決まったことを書きます。")),
            Section("gaps", _("不足した機能と地域の外からの補完"), self._gaps(years), _("断った理由、足りなかった機能、地域の外に頼んだことを書きます。")),
            Section("changes", _("計画の変更"), (self._changes(),), _("者、代表者、役割、目標の変更を書きます。")),
        ]
        if self._banks():
            found.append(Section("banks", _("銀行の働き"), (self._of_banks(years),), _("資金の支援、会社の紹介、企業動向の情報提供を書きます。")))
        if self.content.section("designations"):
            found.append(Section("lab", _("指定を受けた事業"), self._designated(), _("指定を受けた事業の動きを書きます。")))
        return [*found, Section("next", _("課題と次の年度"), (), _("残った課題と、次の年度にすることを書きます。"))]

    def term(self) -> list[Section]:
        """Return the report at the end of a term: every year's figures beside the targets, and what is left open."""
        aimed = sorted({year for one in self.content.targets for year in one.fiscal_years})
        return [
            Section("targets", _("目標と実績"), (self._targets(), self._projects(tuple(aimed) or (self.year.start_year,))), _("期間を通した達成を書きます。")),
            Section("years", _("年度ごとの数字"), (self._years(aimed),), _("年度ごとの動きを書きます。")),
            Section("roles", _("機関ごとの役割と実績"), (self._written_roles(),), _("各機関の働きを書きます。")),
            Section("left", _("続いている案件"), (self._left(),), _("次の計画に引き継ぐことを書きます。")),
            Section("changes", _("計画の変更"), (self._changes(whole=True),), _("期間中の変更を書きます。")),
            Section("next", _("課題と次の計画"), (), _("残った課題と、次の計画に望むことを書きます。")),
        ]

    def lab(self) -> list[Section]:
        """Return what was done under the designations the plan names [C70]."""
        return [
            Section("lab", _("指定を受けた事業"), self._designated(), _("活動のあらましを書きます。")),
            Section("next", _("課題と次の年度"), (), _("残った課題と、次の年度にすることを書きます。")),
        ]

    def _targets(self) -> Table:
        """Targets against results, with the sum so far; several years may be one target [C39]."""
        rows: list[tuple[Cell, ...]] = []
        so_far: list[int] = []
        for one in self.content.targets:
            so_far += one.fiscal_years
            rows.append((one.written.replace(" ", ""), str(one.count), self.numbers.ref(PROJECTS, one.fiscal_years),
                         self.numbers.ref(PROJECTS, tuple(so_far))))  # fmt: skip
        total: tuple[Cell, ...] = ()
        if so_far:
            whole = self.numbers.ref(PROJECTS, tuple(so_far))
            total = (_("合計"), str(sum(one.count for one in self.content.targets)), whole, whole)
        heads = (_("年度"), _("目標（件）"), _("実績（件）"), _("累計（件）"))
        return Table(_("支援した地域経済牽引事業"), heads, tuple(rows), (1, 2), total, _("多くの機関が関わった事業も、1件と数えます。"))

    def _projects(self, years: tuple[int, ...]) -> Table:
        """The approved projects by number and date; without the firms, since the report goes to every body (P2)."""
        ids = {row.record for row in self.numbers.result(PROJECTS, years).rows}
        found = RegionalProject.objects.visible_to(self.actor).filter(pk__in=ids).select_related("field").prefetch_related("bodies")
        rows = tuple((one.number, wareki(one.approved_on), str(one.field), "、".join(body.short for body in one.bodies.all()))
                     for one in found.order_by("approved_on", "number"))  # fmt: skip
        return Table(_("承認された事業"), (_("承認番号"), _("承認日"), _("分野"), _("関わった機関")), rows)

    def _work(self, years: tuple[int, ...]) -> tuple[Table, ...]:
        return tuple(self._parts(code, years) for code in _PARTS)

    def _parts(self, code: str, years: tuple[int, ...]) -> Table:
        """A figure whole and by part. Parts that overlap have no total: they are never summed [C10]."""
        figure = self.numbers.figure(code)
        codes = self.numbers.result(code, years).splits
        rows: list[tuple[Cell, ...]] = [(name, self.numbers.ref(code, years, split=split))
                                        for split, name in split_words(figure, codes, self.year).items()]  # fmt: skip
        whole = self.numbers.ref(code, years)
        heads = (_("区分"), str(figure.unit))
        if figure.overlaps:
            return Table(str(figure.name), heads, ((_("全体"), whole), *rows), note=_("重なりがあるので、足し合わせられません。"))
        return Table(str(figure.name), heads, tuple(rows), (1,), (_("合計"), whole))

    def _roles(self, years: tuple[int, ...]) -> Table:
        """Every body with its numbers, nought too. Projects add up by agreed shares, with those that are not agreed on a row of their own."""
        codes = (*_OF_BODIES, PROJECTS)
        rows: tuple[tuple[Cell, ...], ...] = tuple((body.short, *(self.numbers.ref(code, years, body.pk) for code in codes)) for body in self.bodies)
        heads = (_("機関"), *(str(self.numbers.figure(code).name) for code in codes))
        total: tuple[Cell, ...] = (_("計画全体"), *(self.numbers.ref(code, years) for code in codes))
        if self.numbers.figure(PROJECTS).kind is not Kind.SHARED:  # a year that was closed before shares were agreed
            note = _("地域経済牽引事業は、関わった機関ごとに1件と数えるので、機関の数を足しても計画全体にはなりません。")
            return Table(_("機関ごとの件数"), heads, rows, tuple(range(1, len(_OF_BODIES) + 1)), total, note)
        unshared: tuple[Cell, ...] = (_("分け方がまだ"), *("―" for _code in _OF_BODIES), self.numbers.ref(PROJECTS, years, UNKNOWN))
        note = _("地域経済牽引事業は、関わった機関がみな同意した割合で分けます。同意がそろっていないものは、どの機関にも入れていません。")
        return Table(_("機関ごとの件数"), heads, (*rows, unshared), tuple(range(1, len(codes) + 1)), total, note)

    def _banks(self) -> list[Body]:
        """The banks of the plan, as it names the kinds of bodies."""
        return [body for body in self.bodies if body.kind == "bank"]

    def _of_banks(self, years: tuple[int, ...]) -> Table:
        """What each bank brought in, took on, declined, left unanswered, and how often it told a meeting of business trends [C86]."""
        heads = (_("銀行"), *(str(self.numbers.figure(code).name) for code in _OF_BANKS))
        rows: tuple[tuple[Cell, ...], ...] = tuple((body.short, *(self.numbers.ref(code, years, body.pk) for code in _OF_BANKS)) for body in self._banks())
        return Table(_("銀行ごとの件数"), heads, rows, note=_("企業動向は、出した数だけです。中身は会議の記録にあり、案件には写しません。"))

    def _written_roles(self) -> Table:
        """What the plan says each body does, as it held at the end of the year."""
        day = min(self.year.last_day, self.plan.term_to).isoformat()
        names = {body.pk: body.short for body in self.bodies}
        rows = tuple(
            (names.get(role["body"], ""), "、".join(role["items"]))
            for party in self.content.section("parties") for role in party["roles"]
            if (role.get("from") or "") <= day <= (role.get("to") or "9999")
        )  # fmt: skip
        return Table(_("計画での役割"), (_("機関"), _("役割")), rows)

    def _meetings(self) -> Table:
        rows = tuple((one.name, _("年%(n)s回") % {"n": one.per_year} if one.per_year else _("随時"), self.numbers.ref(MEETINGS, (self.year.start_year,), split=one.code))
                     for one in self.content.series)  # fmt: skip
        return Table(_("開いた回数"), (_("会議"), _("計画"), _("開催")), rows)

    def _gaps(self, years: tuple[int, ...]) -> tuple[Table, ...]:
        return tuple(self._parts(code, years) for code in ("declines", "silent", "climbs", "outside", "gaps") if code in BY_CODE)

    def _changes(self, *, whole: bool = False) -> Table:
        """The versions of the plan that were published in the year (in the whole term), after the first."""
        versions = PlanVersion.objects.filter(plan=self.plan, number__gt=1, published_at__lte=self.as_of).order_by("number")
        rows = tuple(
            (_("第%(n)s版") % {"n": one.number}, wareki(one.published_at.astimezone(clock.JST).date()), one.note)
            for one in versions if whole or self.year.contains(one.published_at.astimezone(clock.JST).date())
        )  # fmt: skip
        return Table(_("公開した版"), (_("版"), _("公開した日"), _("内容")), rows)

    def _years(self, aimed: list[int]) -> Table:
        """The figures that add up over years, a row a year."""
        codes = ("consultations", "supports", "closed", PROJECTS)
        rows: tuple[tuple[Cell, ...], ...] = tuple((str(FiscalYear(year)), *(self.numbers.ref(code, (year,)) for code in codes)) for year in aimed)
        heads = (_("年度"), *(str(self.numbers.figure(code).name) for code in codes))
        return Table(_("年度ごとの件数"), heads, rows, tuple(range(1, len(codes) + 1)))

    def _left(self) -> Table:
        """Cases that are still open, by number: who holds each, what is next and when; no firm's name (P2)."""
        cases = Case.objects.visible_to(self.actor).open().filter(plan=self.plan).select_related("holder").order_by("next_on", "number")
        rows = tuple((one.number, one.holder.short, one.next_step, wareki(one.next_on) if one.next_on else "") for one in cases)
        return Table(_("案件"), (_("受付番号"), _("主担当"), _("次の一手"), _("期日")), rows)

    def _designated(self) -> tuple[Table, ...]:
        """For each designation its meetings, and the supports of the services it stands for."""
        services = dict(Service.objects.values_list("pk", "short"))
        series = {one.code: one.name for one in self.content.series}
        years, found = (self.year.start_year,), []
        for one in self.content.section("designations"):
            rows: list[tuple[Cell, ...]] = [(series[code], self.numbers.ref(MEETINGS, years, split=code)) for code in one["meetings"]]
            rows += [(services[code], self.numbers.ref("services", years, split=code)) for code in one["services"]]
            found.append(Table(one["name"], (_("区分"), _("件数")), tuple(rows), note=one.get("note", "")))
        return tuple(found)
