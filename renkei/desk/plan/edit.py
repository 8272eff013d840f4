"""Change the plan's draft section by section, see the difference, publish. Lead party only [C75]."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from renkei.base import clock
from renkei.base.era import parse_date
from renkei.base.numbers import whole_number
from renkei.base.refusal import Refused
from renkei.desk.plan.forms import FORMS, PlanForm
from renkei.desk.plan.views import find_plan
from renkei.desk.request import StaffRequest
from renkei.plan.actions import Decided, publish_draft, reset_draft, save_draft
from renkei.plan.changes import Change, diff
from renkei.plan.checks import check, check_document, check_shape
from renkei.plan.files import SECTIONS, Fault, Source, read_text, section_text
from renkei.plan.models import Plan, PlanDraft
from renkei.plan.queries import newest_version
from renkei.plan.rules import edits_plan
from renkei.plan.upcoming import drop_next, still_open, upcoming_called

NAMES = {
    "plan": gettext_lazy("頭書（題名・期間・窓口）"), "fields": gettext_lazy("支援する分野"), "targets": gettext_lazy("目標"),
    "targets_total": gettext_lazy("目標の合計"), "optional_sections": gettext_lazy("任意の記載"),
    "form_rules": gettext_lazy("書面の決まり"), "parties": gettext_lazy("者と代表者"), "bodies": gettext_lazy("機関"),
    "posts": gettext_lazy("専門人材などの配置"), "units": gettext_lazy("研究拠点"), "universities": gettext_lazy("大学など"),
    "medical_partners": gettext_lazy("医療側の相手"), "stages": gettext_lazy("段階"), "services": gettext_lazy("支援"),
    "provisions": gettext_lazy("だれが何を担うか"), "areas": gettext_lazy("地域"), "areas_note": gettext_lazy("地域の注"),
    "estates": gettext_lazy("工業団地"), "indicators": gettext_lazy("地域の指標"), "municipalities": gettext_lazy("市町村"),
    "front_desk": gettext_lazy("窓口の案内"), "meetings": gettext_lazy("会議"), "designations": gettext_lazy("指定を受けた事業"), "ladder": gettext_lazy("難しい相談の進め方"),
    "clocks": gettext_lazy("期限"), "calendar": gettext_lazy("休みの日"), "networks": gettext_lazy("地域の外とのつながり"),
    "outside_contacts": gettext_lazy("担当の外の行き先"), "sharing": gettext_lazy("見せる範囲"),
    "second_person": gettext_lazy("もう一人の確認が要ること"), "letters": gettext_lazy("文書の決まり"), "follow_up": gettext_lazy("終わったあとの伺い"), "catalogue": gettext_lazy("台帳の決まり"),
    "accounts": gettext_lazy("アカウントの決まり"), "industry": gettext_lazy("業種と中小企業の範囲"), "routing": gettext_lazy("振り分けの決まり"),
    "precedence": gettext_lazy("順番の決まり"), "queues": gettext_lazy("コーディネーターの仕事台の列"), "notes": gettext_lazy("食い違いと読み方"),
    "vocabularies": gettext_lazy("言葉の一覧"), "cues": gettext_lazy("支援を見分ける言葉"), "document": gettext_lazy("計画書の本文"),
}  # fmt: skip


KEYS = {
    "from": gettext_lazy("始まり"), "to": gettext_lazy("終わり"), "note": gettext_lazy("覚え"), "name": gettext_lazy("名前"),
    "business_days": gettext_lazy("営業日"), "minutes": gettext_lazy("分"), "count": gettext_lazy("件数"),
    "count_written": gettext_lazy("件数の書きぶり"), "written": gettext_lazy("計画書の言葉"), "title": gettext_lazy("題・役職"),
    "representatives": gettext_lazy("代表者"), "addresses": gettext_lazy("住所"), "names": gettext_lazy("名称"),
    "roles": gettext_lazy("役割"), "phone": gettext_lazy("電話番号"), "mail": gettext_lazy("メール"), "about": gettext_lazy("説明"),
    "words": gettext_lazy("言葉"), "short": gettext_lazy("略称"), "source": gettext_lazy("どこにあるか"),
    "invitation_days": gettext_lazy("招待のリンクが開く日数"), "dormant_days": gettext_lazy("長く使っていないと示すまでの日数"),
    "months": gettext_lazy("何か月後に聞くか"), "remind_after_days": gettext_lazy("うながすまでの日数"), "wait_days": gettext_lazy("返事を待つ日数"),
    "review_months": gettext_lazy("人の見直しを始める月"), "members": gettext_lazy("加わる機関"), "public_name": gettext_lazy("公の名"), "order": gettext_lazy("順番"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Work:
    """The draft as it stands; the newest version where nobody has begun one (a GET writes nothing).

    ``published`` is what the draft is compared with: the newest version, or the plan before when this is the next one.
    """

    plan: Plan
    content: dict[str, Any]
    published: dict[str, Any]
    version: int
    draft: PlanDraft | None
    before: Plan | None = None

    @property
    def home(self) -> Plan:
        """Return the published plan to go back to."""
        return self.before or self.plan

    @property
    def title(self) -> str:
        """Return the title as the draft has it."""
        return str(self.content["plan"]["title"])

    @property
    def still_open(self) -> list[tuple[str, str, str]]:
        """Return what a next plan still lacks: section, its name, a sentence."""
        return [(code, str(NAMES[code]), words) for code, words in still_open(self.content, self.published)] if self.before else []

    @property
    def changes(self) -> list[Change]:
        """Return what differs from the newest version."""
        return diff(self.published, self.content)


def draft(request: StaffRequest, body: str, plan: str) -> HttpResponse:
    """Show the sections, which of them differ, and what is wrong in which section and line."""
    work = _work(request, plan)
    changed = {change.section for change in work.changes}
    rows = [(name, NAMES[name], name in changed) for name in SECTIONS]
    lists = [
        (_("毎年変わるもの（入力欄で直せます）"), [row for row in rows if row[0] in FORMS]),
        (_("そのほか（ファイルの形で直します）"), [row for row in rows if row[0] not in FORMS]),
    ]
    context = {"plan": work.plan, "work": work, "lists": lists, "faults": _faults(work.content), "body": body}
    return render(request, "desk/plan/edit.html", context | {"changed": len(changed)})


def section(request: StaffRequest, body: str, plan: str, section: str) -> HttpResponse:
    """Change one section: by a form where one fits, else as text. Text that does not fit is given back with its lines."""
    work = _work(request, plan)
    if section not in SECTIONS:
        raise Http404
    text = section_text(section, work.content[section]) if section in work.content else ""
    faults: list[Fault] = []
    chosen = request.GET.get("which", "")
    forms = [form(_given(request, form), document=work.content, chosen=chosen) for form in FORMS.get(section, [])]
    problem = ""
    if request.method == "POST":
        values, faults = _values(request, section, forms)
        text = request.POST.get("text", text)
        if values:
            problem = _save(request, work, values)
            if not problem:
                messages.success(request, _("下書きに入れました。公開するまで、使われている計画は変わりません。"))
                return redirect("desk-plan-edit", body=body, plan=plan)
            work = _work(request, plan)
    context = {
        "plan": work.plan, "work": work, "section": section, "name": NAMES[section], "text": text, "faults": faults,
        "forms": forms, "problem": problem, "body": body, "rows": min(max(text.count("\n") + 2, 8), 40),
        "theirs": section_text(section, work.content.get(section)) if problem else "", "chosen": chosen,
    }  # fmt: skip
    return render(request, "desk/plan/section.html", context)


def compare(request: StaffRequest, body: str, plan: str) -> HttpResponse:
    """Show what would change; a POST publishes it with a note, or throws it away."""
    work = _work(request, plan)
    problem = ""
    if request.method == "POST":
        try:
            words, home = _decide(request, work)
        except Refused as refusal:
            problem = refusal.message
        else:
            messages.success(request, words)
            return redirect("desk-plan-of", body=body, plan=home.pk)
    context = {"plan": work.plan, "work": work, "changes": said_changes(work.published, work.content), "days": request.POST, "faults": _faults(work.content), "problem": problem,
               "note": request.POST.get("note", "")[:200], "body": body}  # fmt: skip
    return render(request, "desk/plan/diff.html", context)


def _work(request: StaffRequest, code: str) -> Work:
    plan = upcoming_called(code) or find_plan(code)
    if not edits_plan(request.actor, plan):
        raise PermissionDenied
    newest = newest_version(plan)
    before = None if newest else plan.predecessor
    beside = newest_version(before) if before else newest
    assert beside is not None  # noqa: S101  a plan is published, or follows one that is
    draft = PlanDraft.objects.filter(plan=plan).first()
    return Work(plan, draft.content if draft else beside.content, beside.content, draft.version if draft else 0, draft, before)


def _given(request: StaffRequest, form: type[PlanForm]) -> Any:
    return request.POST if request.method == "POST" and request.POST.get("form") == form.slug else None


def _values(request: StaffRequest, section: str, forms: list[PlanForm]) -> tuple[dict[str, Any], list[Fault]]:
    """Return the new values of sections, or what is wrong with the text."""
    for form in forms:
        if form.is_bound:
            return (form.values() if form.is_valid() else {}), []
    text = request.POST.get("text", "")
    source = read_text(text.replace("\r\n", "\n"), str(NAMES[section]), (section,))
    faults = source.faults or sorted(set(check_shape(source, (section,))))
    return ({} if faults else {section: source.document}), faults


def _version(request: StaffRequest) -> int:
    version = whole_number(request.POST.get("version", ""))
    return -1 if version is None else version


def _save(request: StaffRequest, work: Work, values: dict[str, Any]) -> str:
    version = _version(request)
    try:
        for name, value in values.items():
            version = save_draft(work.plan, name, value, by=request.actor, version=version).version
    except Refused as refusal:
        return refusal.message
    return ""


def _given_day(text: str) -> dt.date | None:
    """Return the day that was typed. Raises Refused (``no_day``) for what is none."""
    try:
        return parse_date(text, clock.today()) if text.strip() else None
    except ValueError as error:
        raise Refused(str(error), "no_day") from error


def _decide(request: StaffRequest, work: Work) -> tuple[str, Plan]:
    """Publish or throw away, and return what to say and the plan to show."""
    version = _version(request)
    if request.POST.get("act") == "reset":
        if work.before:
            drop_next(work.plan, by=request.actor, version=version)
        else:
            reset_draft(work.plan, by=request.actor, version=version)
        return _("下書きを捨てました。計画は変わっていません。"), work.home
    decided = Decided(_given_day(request.POST.get("decided_on", "")), _given_day(request.POST.get("effective_from", "")))
    published = publish_draft(work.plan, by=request.actor, version=version, note=request.POST.get("note", "").strip(), decided=decided)
    return _("第%(n)s版を公開しました。") % {"n": published.number}, work.plan


def said_changes(old: dict[str, Any], new: dict[str, Any]) -> list[tuple[str, str, Change]]:
    """Return what differs between two documents: the section's name, the place in people's words, the change."""
    names = _names(old, new)
    return [(str(NAMES.get(change.section, change.section)), " › ".join(_part(part, names) for part in change.path[1:]), change)
            for change in _with_words(diff(old, new))]  # fmt: skip


def _with_words(changes: list[Change]) -> list[Change]:
    """Return the changes, a value and how the plan writes it (``count``, ``count_written``) as one where both changed."""
    at = {change.path: change for change in changes}
    found = []
    for change in changes:
        *row, key = change.path
        written = at.get((*row, f"{key}_written"))
        if written is not None:
            found.append(Change(change.path, _worded(change.before, written.before), _worded(change.after, written.after)))
        elif (*row, key.removesuffix("_written")) not in at or not key.endswith("_written"):
            found.append(change)
    return found


def _worded(value: Any, words: Any) -> Any:
    """Return the plan's words for a value, the value before them where they do not hold it."""
    if value is None or not words or str(value) in str(words):
        return words or value
    return f"{value}（{words}）"


def _names(*documents: dict[str, Any]) -> dict[str, str]:
    """Return the names people know codes by."""
    names: dict[str, str] = {}
    for document in documents:
        names |= {row["code"]: row["names"][-1]["value"] for row in document.get("parties") or []}
        for section in ("services", "bodies", "stages", "outside_contacts", "networks", "areas"):
            names |= {row["code"]: row.get("short", row["name"]) for row in document.get(section) or []}
        names |= {name: clock["note"] for name, clock in (document.get("clocks") or {}).items() if clock.get("note")}
    return names


def _part(part: str, names: dict[str, str]) -> str:
    return " ".join(str(KEYS.get(word) or names.get(word, word)) for word in part.split(" "))


def _faults(document: dict[str, Any]) -> list[tuple[str, Any, Fault]]:
    """Return the faults of a draft with code and name of their section; lines are looked up only where something is wrong."""
    if not check_document(document):
        return []
    whole = Source(document)
    for name, value in document.items():
        whole.marks |= read_text(section_text(name, value), name, (name,)).marks
    return [(code, NAMES[code], fault) for fault in check(whole) for code in [fault.file or "plan"]]
