"""What happened, in the words of the firm: from typed steps only, never from notes between bodies."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from renkei.base import clock
from renkei.base.actor import Actor, ActorKind
from renkei.base.language import shown_day, shown_list
from renkei.cases.models import Case, Support, Transition, Verb
from renkei.cases.states import CaseState, DisclosureClass, SupportState
from renkei.plan.models import Body, Service

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

CLASS_WORDS = {
    DisclosureClass.SUMMARY: gettext_lazy("要約"),
    DisclosureClass.TECHNICAL: gettext_lazy("技術の内容"),
    DisclosureClass.FINANCIAL: gettext_lazy("お金のこと"),
}
_KINDS = {
    "answer": gettext_lazy("お返事をします。"),
    "call": gettext_lazy("お電話します。"),
    "visit": gettext_lazy("お会いして、お話をうかがいます。"),
    "choose": gettext_lazy("どこにお願いするかを決めます。"),
    "wait": gettext_lazy("お願いした機関の返事を確かめます。"),
    "confirm": gettext_lazy("終わりにしてよいかを確かめます。"),
    "work": gettext_lazy("担当の機関が、ここまで進めます。"),
}
_CONSENTS = {Verb.CONSENT_GIVEN, Verb.CONSENT_CONFIRMED, Verb.CONSENT_WITHDRAWN}
_LIVE = {SupportState.OFFERED, SupportState.ACCEPTED, SupportState.UNDER_WAY}


@dataclass(frozen=True, slots=True)
class Asked:
    """One body that was asked: for what, in which state, what the firm should know about it."""

    title: str
    code: str
    state: str
    body: Body
    words: str


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the history."""

    on: dt.date
    text: str


def class_words(classes: list[str]) -> str:
    """Return 要約、技術の内容 in the order of the classes."""
    return shown_list([str(word) for klass, word in CLASS_WORDS.items() if klass in classes])


def next_words(case: Case, *, firm_is_asked: bool) -> str:
    """Return what happens at the next date. The desk's own words stay inside: they may be notes."""
    if case.next_kind == "wait" and firm_is_asked:
        return _("会社からのお返事をお待ちしています。")
    if case.next_kind == "answer" and case.state == CaseState.ARRIVED:
        return _("最初のお返事をします。")
    return str(_KINDS.get(case.next_kind, _KINDS["work"]))


def asked_of(case: Case, actor: Actor, desk: Body | None) -> list[Asked]:
    """Return what bodies are asked for, open ones first. An offer that can still be recalled is not told yet."""
    supports = (
        Support.objects.visible_to(actor)
        .filter(case=case)
        .exclude(state__in=[SupportState.PROPOSED, SupportState.RECALLED])
        .select_related("body", "service", "need")
        .order_by("made_at")
    )
    told = [one for one in supports if one.has_left or one.state != SupportState.OFFERED]
    told.sort(key=lambda one: one.state not in _LIVE)
    return [_asked(one, desk) for one in told]


def _asked(support: Support, desk: Body | None) -> Asked:
    body = support.body.name
    watcher = desk.name if desk else _("窓口")
    due = shown_day(support.due_on, clock.today()) if support.due_on else ""
    words: dict[str, tuple[str, str, str]] = {
        SupportState.OFFERED: ("offered", _("返事を待っています"), _("%(body)s。%(due)sまでに返事が来ます") % {"body": body, "due": due}),
        SupportState.ACCEPTED: ("accepted", _("対応中"), _("%(body)sが引き受けました") % {"body": body}),
        SupportState.UNDER_WAY: ("under_way", _("対応中"), body),
        SupportState.DONE: ("done", _("終わりました"), body),
        SupportState.WITHDRAWN: ("withdrawn", _("取りやめました"), body),
        SupportState.DECLINED: (
            "declined", _("今回は見送り"),
            _("%(body)sでは、今回お受けできませんでした。%(desk)sが次の方法を考えます") % {"body": body, "desk": watcher},
        ),
        SupportState.EXPIRED: (
            "declined", _("返事がありませんでした"),
            _("%(body)sから返事がありませんでした。%(desk)sが次の方法を考えます") % {"body": body, "desk": watcher},
        ),
    }  # fmt: skip
    code, label, text = words[support.state]
    if support.is_late:
        text = _("%(body)sの返事が、予定の%(due)sより遅れています。%(desk)sが確かめています") % {
            "body": body, "due": due, "desk": watcher,
        }  # fmt: skip
    return Asked(support.service.name, code, label, support.body, text)


def history(case: Case, actor: Actor) -> list[Step]:
    """Return the steps of a case, newest first. What is alike on one day is told once, the classes of a consent together."""
    rows = Transition.objects.visible_to(actor).filter(case=case).order_by("-happened_on", "-recorded_at")
    names = dict(Body.objects.values_list("code", "name"))
    services = dict(Service.objects.values_list("code", "name"))
    hidden = _not_yet_told(case, actor)
    told = [row for row in rows if Verb(row.verb) in _SAY and row.subject not in hidden]
    steps = []
    for (day, *_rest), group in groupby(told, key=_alike):
        row, *others = group
        row.to_state = ",".join([row.to_state, *(other.to_state for other in others)])
        row.from_state = ",".join([row.from_state, *(other.from_state for other in others)])
        who = names.get(row.about_body) or names.get(row.body) or ""
        if text := _SAY[Verb(row.verb)](row, who, services.get(row.service, "")):
            steps.append(Step(day, str(text)))
    return steps


def _alike(row: Transition) -> tuple[dt.date, str, str, str, str, str]:
    """Return what makes two neighbouring steps one: the classes of a consent may differ, another kind of word not."""
    differs = "" if row.verb in _CONSENTS else row.to_state
    return row.happened_on, row.verb, row.about_body, row.service, row.actor_kind, differs


def _not_yet_told(case: Case, actor: Actor) -> set[object]:
    """Return the supports the firm is not told of: still recallable, or recalled in time."""
    supports = Support.objects.visible_to(actor).filter(case=case)
    return {one.pk for one in supports if one.state == SupportState.RECALLED or not one.has_left}


_WROTE: dict[str, str | _StrPromise] = {
    "answer": gettext_lazy("おたずねに、お返事をいただきました。"),
    "other_way": gettext_lazy("ほかの方法で解決したと、お知らせいただきました。"),
    "did_not_help": gettext_lazy("まだ解決していないと、お知らせいただきました。"),
    "feedback": "",
}
_TOLD: dict[str, str | _StrPromise] = {"question": gettext_lazy("おたずねをお送りしました。"), "closing": ""}
_Say = Callable[[Transition, str, str], "str | _StrPromise"]
_MATCHED: dict[str, str | _StrPromise] = {
    "interested": gettext_lazy("%(who)sから、関心があるとの返事がありました（お名前は伝えていません）。"),
    "meeting": gettext_lazy("%(who)sとお会いする日が決まりました。"), "met": gettext_lazy("%(who)sとお会いしました。"),
    "studying": gettext_lazy("%(who)sとの検討が始まりました。"), "contract": gettext_lazy("%(who)sとの契約を記録しました。"),
    "none": gettext_lazy("%(who)sとは、契約に至りませんでした。"),
}  # fmt: skip
_PROMISED: dict[str, str | _StrPromise] = {
    "signed": gettext_lazy("%(who)sとの秘密保持の約束を記録しました。"), "ended": gettext_lazy("%(who)sとの秘密保持の約束が終わりました。"),
    "kept": gettext_lazy("秘密保持の約束をした機関にだけ見せるものを決めました。"),
    "free": gettext_lazy("秘密保持の約束がなくても見せるものに戻しました。"),
}  # fmt: skip


_AFTERWARDS: dict[str, str | _StrPromise] = {
    "asked_mail": gettext_lazy("その後の様子をおたずねしました。"), "asked_account": gettext_lazy("その後の様子をおたずねしました。"),
    "answered": gettext_lazy("その後の様子をお聞かせいただきました。"), "telephone": gettext_lazy("その後の様子をお聞かせいただきました。"),
    "corrected": gettext_lazy("その後の様子のお返事を直していただきました。"), "unwanted": gettext_lazy("もうおたずねしないことにしました。"),
}  # fmt: skip


_ROUTED: dict[str, str | _StrPromise] = {
    "sent": gettext_lazy("支援ルート（これからの進め方）をお送りしました。"),
    "agreed": gettext_lazy("支援ルートで進めてよいと、お返事をいただきました。"),
    "asked": gettext_lazy("支援ルートについて、おたずねをいただきました。"),
}  # fmt: skip


_CLIMBED: dict[str, str | _StrPromise] = {
    "2": gettext_lazy("地域の機関だけでは難しいため、会議で相談することになりました。会社のお名前を、お断りなく会議に出すことはありません。"),
    "3": gettext_lazy("地域の外の機関に、支援を求めることになりました。お見せする前に、お返事をいただきます。"),
}  # fmt: skip
_RUNG_ENDED: dict[str, str | _StrPromise] = {
    "helped": gettext_lazy("支援できる所が見つかりました。"), "dropped": gettext_lazy("会議や地域の外での相談は終わりました。"),
}  # fmt: skip


_OUTSIDE: dict[str, str | _StrPromise] = {
    "asked": gettext_lazy("地域の外の機関にお願いする用意をしました。お見せする前に、お返事をいただきます。"),
    "accepted": gettext_lazy("地域の外の機関が引き受けました。"), "declined": gettext_lazy("地域の外の機関では、今回は引き受けられないとのことです。"),
    "ended": gettext_lazy("地域の外の機関の支援が終わりました。"),
}  # fmt: skip


def _of(words: dict[str, str | _StrPromise], row: Transition, who: str) -> str:
    return str(words.get(row.to_state.split(",")[0], "")) % {"who": who}


def _circulated(row: Transition, _who: str, _what: str) -> str:
    if row.to_state.startswith("ended"):
        return _("お名前を伏せて尋ねることを、やめました。")
    return _("お名前を伏せて、%(n)sの機関に尋ねました。") % {"n": row.to_state.split(",")[0]}


_SAY: dict[Verb, _Say] = {
    Verb.CIRCULATED: _circulated,
    Verb.INTEREST: lambda row, who, _what: _of(_MATCHED, row, who),
    Verb.NDA: lambda row, who, _what: _of(_PROMISED, row, who),
    Verb.ROUTE: lambda row, who, _what: _of(_ROUTED, row, who),
    Verb.CLIMBED: lambda row, who, _what: _of(_CLIMBED, row, who),
    Verb.RUNG_ENDED: lambda row, who, _what: _of(_RUNG_ENDED, row, who),
    Verb.ASKED_OUTSIDE: lambda row, who, _what: _of(_OUTSIDE, row, who),
    Verb.RECEIVED: lambda _row, _who, _what: _("ご相談をお受けしました。"),
    Verb.TRIAGED: lambda _row, _who, _what: _("内容を読み、進め方を決めました。"),
    Verb.REFERRED: lambda _row, _who, _what: _("窓口が担当になりました。"),
    Verb.OFFERED: lambda _row, who, what: _("%(who)sに「%(what)s」をお願いしました。") % {"who": who, "what": what},
    Verb.ACCEPTED: lambda _row, who, what: _("%(who)sが「%(what)s」を引き受けました。") % {"who": who, "what": what},
    Verb.DECLINED: lambda _row, who, what: _("%(who)sは「%(what)s」を今回お受けできませんでした。") % {"who": who, "what": what},
    Verb.SILENT: lambda _row, who, what: (
        _("%(who)sからの返事が遅れています。") % {"who": who} if what else _("最初のお返事が遅れています。")
    ),
    Verb.CORRECTED: lambda *said: _corrected(*said),  # noqa: PLW0108  the function stands below
    Verb.EXPIRED: lambda _row, who, what: _("%(who)sから「%(what)s」の返事がありませんでした。") % {"who": who, "what": what},
    Verb.STARTED: lambda _row, who, what: _("%(who)sの「%(what)s」が始まりました。") % {"who": who, "what": what},
    Verb.DONE: lambda _row, who, what: _("%(who)sの「%(what)s」が終わりました。") % {"who": who, "what": what},
    Verb.WITHDRAWN: lambda _row, who, what: _("%(who)sの「%(what)s」を取りやめました。") % {"who": who, "what": what},
    Verb.HANDOVER_ACCEPTED: lambda _row, who, _what: _("%(who)sが担当になりました。") % {"who": who} if who else _("担当が替わりました。"),
    Verb.HOLDER_BACK: lambda _row, _who, _what: _("窓口が担当になりました。"),
    Verb.CONSENT_GIVEN: lambda row, who, _what: _consent(row, who, _("見せてよい")),
    Verb.CONSENT_CONFIRMED: lambda row, who, _what: _consent(row, who, _("見せてよい（確かめました）")),
    Verb.CONSENT_WITHDRAWN: lambda row, who, _what: _consent(row, who, _("見せない")),
    Verb.SUMMARY_SEEN: lambda _row, _who, _what: _("要約を確かめていただきました。"),
    Verb.COMPANY_WROTE: lambda row, _who, _what: _WROTE.get(_first(row), _("ご連絡をいただきました。")),
    Verb.STAFF_WROTE: lambda row, _who, _what: _TOLD.get(_first(row), _("お知らせをお送りしました。")),
    Verb.FILE_ADDED: lambda _row, _who, _what: _("ファイルが加わりました。"),
    Verb.SUMMARY_CHANGED: lambda _row, _who, _what: _("ほかの機関が読む要約を直しました。"),
    Verb.MERGED: lambda _row, _who, _what: _("ほかのご相談と、まとめて進めることにしました。"),
    Verb.UNMERGED: lambda _row, _who, _what: _("まとめていたご相談を、別々に戻しました。"),
    Verb.SPLIT: lambda _row, _who, _what: _("ご相談を、内容ごとに分けました。"),
    Verb.CLOSED: lambda _row, _who, _what: _("ご相談を終えました。"),
    Verb.REOPENED: lambda _row, _who, _what: _("ご相談を再開しました。"),
    Verb.FEEDBACK: lambda _row, _who, _what: _("結果をお聞かせいただきました。"),
    Verb.FOLLOW_UP: lambda row, _who, _what: _AFTERWARDS.get(_first(row), ""),
    Verb.OPENED_OUT: lambda row, who, _what: _("%(who)sを通して、お名前の分かる方に%(what)sを開きました。") % {
        "who": who, "what": class_words(row.to_state.split(","))},
    Verb.SHUT_OUT: lambda _row, who, _what: _("%(who)sを通して開いたものを閉じました。") % {"who": who},
    Verb.INCIDENT: lambda _row, who, _what: _("%(who)sへのお願いを取り消しました。見えていた内容は、窓口からご説明します。") % {"who": who},
}


def _first(row: Transition) -> str:
    return row.to_state.split(",")[0]


def _corrected(row: Transition, who: str, what: str) -> str:
    if _first(row) == SupportState.ACCEPTED:
        return _("%(who)sが「%(what)s」を引き受けることになりました。") % {"who": who, "what": what}
    return _("%(who)sは「%(what)s」をお受けできないことになりました。") % {"who": who, "what": what}


def _consent(row: Transition, who: str, answer: str) -> str:
    if row.reason == "standing":
        return _("お願いする機関に見せてよいものを変えました。")
    if not row.about_body:
        return ""
    what = class_words([*row.to_state.split(","), *row.from_state.split(",")]) or _("内容")
    if row.reason == "ran_out":
        return _("%(who)sに%(what)sを見せる期限が過ぎました。") % {"who": who, "what": what}
    if row.actor_kind not in {ActorKind.LINK, ActorKind.COMPANY} and row.verb == Verb.CONSENT_GIVEN:
        return _("%(who)sに%(what)sを見せることにしました。") % {"who": who, "what": what}
    return _("%(who)sに%(what)sを%(answer)s、とお返事をいただきました。") % {"who": who, "what": what, "answer": answer}


def state_words(case: Case) -> str:
    """Return the case's state as the firm reads it."""
    if case.state == CaseState.CLOSED:
        return _("終わりました")
    return _("内容を読んでいます") if case.state == CaseState.ARRIVED else _("対応中")
