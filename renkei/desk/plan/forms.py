"""Forms for what changes every year in a plan; each returns the new value of its section."""

from __future__ import annotations

import copy
import datetime as dt
import re
import unicodedata
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from renkei.base.fiscal_year import FiscalYear
from renkei.base.forms import JapaneseDateField, PhoneField, Refusing, TextField
from renkei.base.numbers import whole_number
from renkei.plan.content import PlanContent
from renkei.plan.models import Plan
from renkei.plan.upcoming import Head

Document = dict[str, Any]
Rows = list[dict[str, Any]]


class PlanForm(forms.Form):
    """A form over the draft's document. ``slug`` names it in the POST; ``title`` stands above it."""

    use_required_attribute = False
    slug = ""
    title: Any = ""
    links: list[tuple[str, str]] = []  # rows that can be taken into the form by ``?which=``
    button: Any = _("下書きに入れる")

    def __init__(self, data: Any, *, document: Document, chosen: str = "") -> None:
        super().__init__(data, auto_id=f"{self.slug}_%s")
        self.document, self.chosen = document, chosen
        self.fill(document)

    def fill(self, document: Document) -> None:
        """Put choices and first values from the document into the fields."""

    def choose(self, name: str, choices: list[tuple[str, str]]) -> None:
        """Set the choices of a field."""
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101  narrows the declared type
        field.choices = choices

    def values(self) -> dict[str, Any]:
        """Return section and new value for each section the form changes."""
        raise NotImplementedError


def _pick(label: Any) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, error_messages={"required": _("選んでください。"), "invalid_choice": _("一覧から選び直してください。")})


def _number(label: Any, least: int, most: int) -> forms.IntegerField:
    return forms.IntegerField(
        label=label, min_value=least, max_value=most, widget=forms.TextInput(attrs={"inputmode": "numeric"}),
        error_messages={
            "required": _("数を入れてください。"), "invalid": _("数字だけを入れてください。"),
            "min_value": _("%(limit_value)s以上の数を入れてください。"), "max_value": _("大きすぎます。%(limit_value)s以下にしてください。"),
        },
    )  # fmt: skip


def _codes(document: Document, section: str, name: str = "short") -> list[tuple[str, str]]:
    return [("", gettext("選んでください")), *((row["code"], str(row.get("number", "")) + row[name]) for row in document.get(section) or [])]


class RepresentativeForm(PlanForm):
    """A new representative from a day on; the old one stays on record [C74]."""

    slug = "representative"
    title = _("代表者が変わった")
    party = _pick(_("者"))
    since = JapaneseDateField(label=_("いつから"))
    post = TextField(label=_("役職"), max_length=60, help_text=_("例：理事長"))
    name = TextField(label=_("氏名"), max_length=60)
    public_name = TextField(label=_("公の名（氏名と違うとき）"), max_length=60, required=False)

    def fill(self, document: Document) -> None:
        """Offer the parties."""
        parties = [(row["code"], row["names"][-1]["value"]) for row in document.get("parties") or []]
        self.choose("party", [("", gettext("選んでください")), *parties])

    def clean(self) -> dict[str, Any]:
        """The new one begins after the last one."""
        cleaned = super().clean() or {}
        party = next((row for row in self.document.get("parties") or [] if row["code"] == cleaned.get("party")), None)
        last = party["representatives"][-1]["from"] if party else None
        if last and cleaned.get("since") and cleaned["since"].isoformat() <= last:
            self.add_error("since", _("いまの代表者は%(day)sからです。それより後の日を入れてください。") % {"day": last})
        return cleaned

    def values(self) -> dict[str, Any]:
        """Return the parties with the new representative."""
        given, parties = self.cleaned_data, copy.deepcopy(self.document["parties"])
        fresh = {"from": given["since"].isoformat(), "title": given["post"], "name": given["name"]}
        if given["public_name"]:
            fresh["public_name"] = given["public_name"]
        next(row for row in parties if row["code"] == given["party"])["representatives"].append(fresh)
        return {"parties": parties}


class ProvisionForm(PlanForm):
    """A body begins to offer a service."""

    slug = "provision"
    title = _("担い手を加える")
    service = _pick(_("支援"))
    provider = _pick(_("機関"))
    since = JapaneseDateField(label=_("いつから（決まっていれば）"), required=False)
    source = forms.ChoiceField(
        label=_("計画のどこにあるか"), choices=[("both", _("図と本文")), ("figure", _("図")), ("text", _("本文"))]
    )
    note = TextField(label=_("覚え"), max_length=300, required=False)

    def fill(self, document: Document) -> None:
        """Offer services and bodies."""
        self.choose("service", _codes(document, "services"))
        self.choose("provider", _codes(document, "bodies"))

    def values(self) -> dict[str, Any]:
        """Return the provisions with the new one."""
        given = self.cleaned_data
        row = {"service": given["service"], "body": given["provider"], "source": given["source"]}
        if given["since"]:
            row["from"] = given["since"].isoformat()
        if given["note"]:
            row["note"] = given["note"]
        return {"provisions": [*(self.document.get("provisions") or []), row]}


class ProvisionEndForm(PlanForm):
    """A body stops offering a service."""

    slug = "provision-end"
    title = _("担い手が終わる")
    which = _pick(_("組合せ"))
    until = JapaneseDateField(label=_("いつまで"))

    def fill(self, document: Document) -> None:
        """Offer the provisions that have no end."""
        names = {row["code"]: row["short"] for section in ("services", "bodies") for row in document.get(section) or []}
        open_ones = [
            (str(index), f"{names.get(row['service'], row['service'])}　{names.get(row['body'], row['body'])}")
            for index, row in enumerate(document.get("provisions") or []) if not row.get("to")
        ]  # fmt: skip
        self.choose("which", [("", gettext("選んでください")), *open_ones])

    def values(self) -> dict[str, Any]:
        """Return the provisions, one of them with its end."""
        rows = copy.deepcopy(self.document["provisions"])
        rows[int(self.cleaned_data["which"])]["to"] = self.cleaned_data["until"].isoformat()
        return {"provisions": rows}


class ClocksForm(PlanForm):
    """Every clock of the plan."""

    slug = "clocks"
    title = _("期限を決める")

    def fill(self, document: Document) -> None:
        """Add one field a clock."""
        for name, clock in (document.get("clocks") or {}).items():
            unit = "minutes" if "minutes" in clock else "business_days"
            words = _("分") if unit == "minutes" else _("営業日")
            self.fields[name] = forms.IntegerField(
                label=f"{clock.get('note') or name}（{words}）",
                initial=clock[unit],
                min_value=0,
                max_value=1439 if unit == "minutes" else 400,
                widget=forms.TextInput(attrs={"inputmode": "numeric"}),
                error_messages={
                    "required": _("数を入れてください。"), "invalid": _("数字だけを入れてください。"),
                    "min_value": _("0以上の数を入れてください。"), "max_value": _("大きすぎます。%(limit_value)s以下にしてください。"),
                },
            )  # fmt: skip

    def values(self) -> dict[str, Any]:
        """Return the clocks with the new numbers."""
        clocks = copy.deepcopy(self.document["clocks"])
        for name, clock in clocks.items():
            clock["minutes" if "minutes" in clock else "business_days"] = self.cleaned_data[name]
        return {"clocks": clocks}


class FollowUpForm(PlanForm):
    """When firms are asked again after the end."""

    slug = "follow_up"
    title = _("終わったあとの伺いを決める")
    months = TextField(label=_("終わってから何か月後に聞くか"), max_length=60, required=False,
                       help_text=_("「、」で区切ります。例：6、12、24。聞かないときは空けてください。"))
    remind_after_days = _number(_("返事がないとき、何日後に一度だけうながすか"), 1, 180)
    wait_days = _number(_("返事を何日待つか"), 2, 365)

    def fill(self, document: Document) -> None:
        """Show the months as people write them."""
        rule = PlanContent(document).follow_up
        self.initial = {"months": "、".join(map(str, rule.months)), "remind_after_days": rule.remind_after_days,
                        "wait_days": rule.wait_days}

    def clean_months(self) -> list[int]:
        """Read the months; they are put in order and each stands once."""
        words = re.split(r"[、,，\s]+", unicodedata.normalize("NFKC", self.cleaned_data["months"]).replace("か月", ""))
        found = [whole_number(word) or 0 for word in words if word]
        if not all(0 < month <= 60 for month in found) or len(set(found)) > 10:
            raise forms.ValidationError(_("1から60までの月を、10個まで「、」で区切って入れてください。例：6、12、24"), code="months_wrong")
        return sorted(set(found))

    def clean(self) -> dict[str, Any]:
        """The reminder leaves while answers are still waited for."""
        cleaned = super().clean() or {}
        if cleaned.get("remind_after_days", 0) >= cleaned.get("wait_days", 366):
            self.add_error("remind_after_days", _("返事を待つ日数より短くしてください。"))
        return cleaned

    def values(self) -> dict[str, Any]:
        """Return the rule; a note that stood there stays."""
        return {"follow_up": (self.document.get("follow_up") or {}) | self.cleaned_data}


class TargetsForm(PlanForm):
    """How many projects in each set of years; the total follows."""

    slug = "targets"
    title = _("目標の件数を決める")

    def fill(self, document: Document) -> None:
        """Add one field a set of years."""
        for index, row in enumerate(document.get("targets", [])):
            self.fields[f"t{index}"] = forms.IntegerField(
                label=row["written"].replace(" ", ""),
                initial=row["count"],
                min_value=0,
                max_value=9999,
                widget=forms.TextInput(attrs={"inputmode": "numeric"}),
                error_messages={
                    "required": _("数を入れてください。"), "invalid": _("数字だけを入れてください。"),
                    "min_value": _("0以上の数を入れてください。"), "max_value": _("大きすぎます。%(limit_value)s以下にしてください。"),
                },
            )  # fmt: skip

    def values(self) -> dict[str, Any]:
        """Return the targets and their total; the wording of a count that changed is written anew."""
        rows: Rows = copy.deepcopy(self.document.get("targets") or [])
        for index, row in enumerate(rows):
            _count(row, self.cleaned_data[f"t{index}"])
        total = copy.deepcopy(self.document.get("targets_total") or {"count": 0})
        _count(total, sum(row["count"] for row in rows))
        return {"targets": rows, "targets_total": total}


def _count(row: dict[str, Any], count: int) -> None:
    if row["count"] != count:
        row["count"] = count
        if "count_written" in row:
            row["count_written"] = f"{count}件"


class OutsideContactForm(PlanForm):
    """Who helps with what is not ours."""

    slug = "contact"
    title = _("担当の外の行き先を加える・直す")
    which = _pick(_("行き先"))
    name = TextField(label=_("名前"), max_length=100)
    about = TextField(label=_("何の相談先か"), max_length=200)
    phone = PhoneField(label=_("電話番号"), required=False)
    until = JapaneseDateField(label=_("いつまで（なくなるときだけ）"), required=False, help_text=_(
        "この日のあとは選べません。これまでの記録には名前が残ります。"))
    words = TextField(
        label=_("相談の文に出やすい言葉"), max_length=500, required=False, help_text=_("「、」で区切ります。例：残業代、就業規則")
    )
    code = TextField(
        label=_("新しいコード（新しく加えるときだけ）"), max_length=40, required=False, help_text=_("半角の英字・数字・ハイフン。例：labour")
    )

    def fill(self, document: Document) -> None:
        """Offer the contacts and a new one."""
        rows: Rows = document.get("outside_contacts") or []
        self.links = [(row["code"], row["name"]) for row in rows]
        self.choose("which", [("+", gettext("新しく加える")), *self.links])
        for row in rows:
            if row["code"] == self.chosen:
                self.initial = row | {"which": row["code"], "words": "、".join(row.get("words", [])), "code": "",
                                      "until": dt.date.fromisoformat(row["to"]) if row.get("to") else None}

    def clean(self) -> dict[str, Any]:
        """A new contact needs a code of its own."""
        cleaned = super().clean() or {}
        codes = {row["code"] for row in self.document.get("outside_contacts") or []}
        code = cleaned.get("code", "")
        if cleaned.get("which") == "+":
            if not code or not code.isascii() or not code.replace("-", "").replace("_", "").isalnum():
                self.add_error("code", _("新しいコードを、半角の英字・数字・ハイフンで入れてください。"))
            elif code in codes:
                self.add_error("code", _("そのコードはもう使われています。別のコードにしてください。"))
        return cleaned

    def values(self) -> dict[str, Any]:
        """Return the contacts with the one that changed."""
        given, rows = self.cleaned_data, copy.deepcopy(self.document.get("outside_contacts") or [])
        words = [word.strip() for word in given["words"].replace(",", "、").split("、") if word.strip()]
        fresh = {"name": given["name"], "about": given["about"], "phone": given["phone"], "words": words}
        if given["until"] or any(row.get("to") for row in rows if row["code"] == given["which"]):
            fresh["to"] = given["until"].isoformat() if given["until"] else None
        if given["which"] == "+":
            return {"outside_contacts": [*rows, {"code": given["code"], **fresh}]}
        return {"outside_contacts": [row | fresh if row["code"] == given["which"] else row for row in rows]}


class NextPlanForm(Refusing):
    """What the next plan is called, and its term; as long as the one before unless somebody says otherwise."""

    title = TextField(label=_("題名"), max_length=200)
    begins = JapaneseDateField(label=_("始まりの日"), help_text=_("例：令和11年4月1日"))
    ends = JapaneseDateField(label=_("終わりの日"), help_text=_("例：令和16年3月31日"))
    code = TextField(label=_("コード"), max_length=40, help_text=_(
        "半角の小文字の英字・数字・ハイフン。画面の住所とファイルの名に使います。あとから変えられません。"))

    def __init__(self, data: Any, *, plan: Plan) -> None:
        begins = plan.term_to + dt.timedelta(days=1)
        years = FiscalYear.of(plan.term_to).start_year - FiscalYear.of(plan.term_from).start_year if plan.term_from else None
        ends = FiscalYear(FiscalYear.of(begins).start_year + years).last_day if years is not None else None
        super().__init__(data, initial={"title": plan.title, "begins": begins, "ends": ends, "code": f"{plan.pk[:35]}-next"})

    def clean_code(self) -> str:
        """A code as files and addresses have it."""
        code: str = self.cleaned_data["code"]
        if re.fullmatch(r"[a-z0-9][a-z0-9-]*", code) is None:
            raise forms.ValidationError(_("半角の小文字の英字・数字・ハイフンだけで入れてください。例：plan-2029"), code="code_wrong")
        return code

    def head(self) -> Head:
        """Return what was given."""
        given = self.cleaned_data
        return Head(given["code"], given["title"], given["begins"], given["ends"])


FORMS: dict[str, list[type[PlanForm]]] = {
    "parties": [RepresentativeForm],
    "provisions": [ProvisionForm, ProvisionEndForm],
    "clocks": [ClocksForm],
    "follow_up": [FollowUpForm],
    "targets": [TargetsForm],
    "outside_contacts": [OutsideContactForm],
}
