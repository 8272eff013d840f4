"""What a step says in words: a title, and the text it carries where the reader may see it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from renkei.cases.models import Transition, Verb
from renkei.cases.states import DisclosureClass

if TYPE_CHECKING:
    from renkei.cases.queries.timeline import Known


@dataclass(frozen=True, slots=True)
class Said:
    """A title and a text."""

    title: str
    text: str = ""


def phrase(step: Transition, verb: Verb, known: Known) -> Said | None:
    """Return the words of a step; None when what it is about is not for this reader."""
    teller = _TELLERS.get(verb)
    return teller(step, known) if teller else Said(str(verb.label))


def _about(step: Transition, known: Known) -> str:
    """Return the body with the service in brackets, or the body alone."""
    support = known.supports.get(step.subject)
    name = known.body_name(step.about_body or (support.body_id if support else ""))
    return _("%(body)s（%(service)s）") % {"body": name, "service": support.service.name} if support else name


def _support(text: Promise) -> Callable[[Transition, Known], Said]:
    return lambda step, known: Said(str(text) % {"body": _about(step, known)})


def _answer(text: Promise) -> Callable[[Transition, Known], Said]:
    """Tell an answer; its words are between bodies, a reason reaches the firm in the desk's words only."""

    def tell(step: Transition, known: Known) -> Said:
        support = known.supports.get(step.subject)
        title = str(text) % {"body": _about(step, known)}
        if support is None or known.for_company:
            return Said(title)
        reason = known.word("decline_reasons", step.reason) if step.reason else ""
        return Said(title, "：".join(part for part in (reason, support.answer_text) if part))

    return tell


def _done(step: Transition, known: Known) -> Said:
    support = known.supports.get(step.subject)
    title = _("%(body)sの支援が終わりました") % {"body": _about(step, known)}
    return Said(title, support.done_text if support else "")


def _contact(step: Transition, known: Known) -> Said | None:
    contact = known.contacts.get(step.subject)
    if contact is None:
        return None
    channel = known.word("channels", contact.channel)
    outcome = known.word("contact_outcomes", contact.outcome) if contact.outcome not in {"", "talked"} else ""
    title = _("メモ") if contact.channel == "note" else "、".join(part for part in (channel, outcome) if part)
    corrected = _("（前の記録を直したもの）") if contact.corrects_id else ""
    return Said(title + corrected, contact.text)


def _message(step: Transition, known: Known) -> Said | None:
    message = known.messages.get(step.subject)
    if message is None:
        return None
    titles = {
        "question": _("会社へ質問しました"), "closing": _("終わりのお知らせをしました"), "feedback": _("結果についての声"),
        "other_way": _("ほかの方法で解決したとの連絡"), "did_not_help": _("まだ解決していないとの連絡"),
    }  # fmt: skip
    plain = _("会社から連絡がありました") if message.from_company else _("会社へ連絡しました")
    return Said("" if known.for_company and message.from_company else titles.get(message.kind, plain), message.text)


def _file(step: Transition, known: Known) -> Said | None:
    kept = known.files.get(step.subject)
    return Said(_("書類を足しました"), kept.name) if kept is not None else None


def _consent(given: Promise) -> Callable[[Transition, Known], Said]:
    def tell(step: Transition, known: Known) -> Said:
        before, after = step.from_state.split(","), step.to_state.split(",")
        # A step back from the general consent names what is left; what it took away is told.
        codes = set(before) - set(after) if step.verb == Verb.CONSENT_WITHDRAWN else set(after)
        what = "・".join(str(klass.label) for klass in DisclosureClass if klass in codes) or _("なし")
        body = known.body_name(step.about_body) if step.about_body else _("窓口が頼む機関")
        consent = known.consents.get(step.subject)
        heard = _("口頭で：%(name)s様") % {"name": consent.given_by} if consent and consent.how == "oral" else ""
        return Said(str(given) % {"body": body, "what": what}, heard)

    return tell


def _ended(step: Transition, known: Known) -> Said:
    ran_out = gettext_lazy("%(body)sに見せる同意の期限が過ぎました：%(what)s")
    withdrawn = gettext_lazy("%(body)sに見せる同意を取り消しました：%(what)s")
    return _consent(ran_out if step.reason == "ran_out" else withdrawn)(step, known)


def _asked(step: Transition, known: Known) -> Said:
    asked, answered = gettext_lazy("%(body)sから質問がありました"), gettext_lazy("%(body)sの質問に答えました")
    return _support(answered if step.to_state == "answered" else asked)(step, known)


def _handover(text: Promise) -> Callable[[Transition, Known], Said]:
    def tell(step: Transition, known: Known) -> Said:
        handover = known.handovers.get(step.subject)
        words = "" if handover is None or known.for_company else handover.answer_text or handover.reason
        return Said(str(text) % {"body": known.body_name(step.about_body)}, words)

    return tell


def _pack(text: Promise) -> Callable[[Transition, Known], Said]:
    return lambda step, known: Said(str(text) % {"body": known.body_name(step.about_body)})


def _pack_offered(step: Transition, known: Known) -> Said:
    sent, back = gettext_lazy("%(body)sの中で担当の引継ぎを頼みました"), gettext_lazy("担当の引継ぎの頼みを取り消しました")
    return _pack(back if step.reason == "recalled" else sent)(step, known)


def _noted(text: Promise) -> Callable[[Transition, Known], Said]:
    """Tell a step that may carry a note between bodies."""

    def tell(step: Transition, known: Known) -> Said:
        note = known.contacts.get(step.subject)
        return Said(str(text) % {"body": known.body_name(step.about_body)}, note.text if note else "")

    return tell


def _need(text: Promise) -> Callable[[Transition, Known], Said | None]:
    def tell(step: Transition, known: Known) -> Said | None:
        need = known.needs.get(step.subject)
        return Said(str(text), f"{need.stage.short}：{need.title}") if need is not None else None

    return tell


_CHANGED = {"listed": gettext_lazy("名を伏せた文を検索に載せてよいと、会社が言いました"), "unlisted": gettext_lazy("名を伏せた文を検索から外しました")}


def _need_changed(step: Transition, known: Known) -> Said | None:
    return _need(_CHANGED.get(step.to_state, gettext_lazy("課題を直しました")))(step, known)


def _closed(step: Transition, known: Known) -> Said:
    return Said(_("相談を終えました"), known.word("close_reasons", step.reason))


def _feedback(step: Transition, known: Known) -> Said:
    return Said(_("結果をうかがいました"), known.word("results", step.to_state))


_AFTERWARDS = {
    "asked_mail": gettext_lazy("終わって%(n)sか月の様子を、会社にメールでたずねました"),
    "asked_account": gettext_lazy("終わって%(n)sか月の様子を、会社のアカウントにたずねました"),
    "asked_phone": gettext_lazy("終わって%(n)sか月の様子を、電話で聞く時期になりました"),
    "reminded": gettext_lazy("終わって%(n)sか月の様子を、もう一度たずねました"),
    "answered": gettext_lazy("会社から、終わって%(n)sか月の様子の返事がありました"),
    "telephone": gettext_lazy("会社に、終わって%(n)sか月の様子を聞きました"),
    "corrected": gettext_lazy("終わって%(n)sか月の様子の返事が直されました"),
    "unwanted": gettext_lazy("会社が、その後はもう聞かないでほしいと言いました"),
    "silent": gettext_lazy("終わって%(n)sか月の様子は、返事がありませんでした"),
}  # fmt: skip


def _follow_up(step: Transition, known: Known) -> Said | None:
    """Tell that the firm was asked and that it answered; what it answered is for who runs the case, and stands there."""
    if known.for_company and step.to_state in {"asked_phone", "silent"}:
        return None
    words = _AFTERWARDS.get(step.to_state)
    return Said(str(words) % {"n": step.reason}) if words else None


def _circulated(step: Transition, _known: Known) -> Said:
    if step.to_state == "ended":
        return Said(_("名を伏せて尋ねるのをやめました"))
    return Said(_("会社の名を伏せて、%(n)s機関に尋ねました") % {"n": step.to_state})


_MATCHED = {
    "candidate": gettext_lazy("%(body)sを候補に足しました"), "interested": gettext_lazy("%(body)sから関心があるとの返事がありました"),
    "no": gettext_lazy("%(body)sから関心がないとの返事がありました"), "question": gettext_lazy("%(body)sから、名を伏せた尋ねへの質問がありました"),
    "knows": gettext_lazy("%(body)sから心当たりが届きました"), "nobody": gettext_lazy("%(body)sから心当たりがないとの返事がありました"),
    "replied": gettext_lazy("%(body)sの質問に、名を伏せたまま答えました"), "meeting": gettext_lazy("%(body)sと会う日を決めました"),
    "met": gettext_lazy("%(body)sと会いました"), "studying": gettext_lazy("%(body)sと検討を始めました"),
    "contract": gettext_lazy("%(body)sと契約しました"), "none": gettext_lazy("%(body)sとは契約に至りませんでした"),
}  # fmt: skip


def _matched(step: Transition, known: Known) -> Said | None:
    """Tell a step of the matching sheet. The firm is told of interest, meetings and outcomes, not of candidates and doubts."""
    if known.for_company and step.to_state in {"candidate", "no", "question", "replied", "knows", "nobody"}:
        return None
    words = _MATCHED.get(step.to_state)
    reason = known.word("decline_reasons", step.reason) if step.reason else ""
    return Said(str(words) % {"body": known.body_name(step.about_body)}, reason) if words else None


_SECRECY = {
    "signed": gettext_lazy("%(body)sとの秘密保持の約束を記録しました"), "ended": gettext_lazy("%(body)sとの秘密保持の約束が終わりました"),
    "kept": gettext_lazy("秘密保持の約束のあとでだけ見せるものにしました"), "free": gettext_lazy("秘密保持の約束がなくても見せるものに戻しました"),
}  # fmt: skip


def _secrecy(step: Transition, known: Known) -> Said | None:
    words = _SECRECY.get(step.to_state)
    kept = known.files.get(step.subject)
    return Said(str(words) % {"body": known.body_name(step.about_body)}, kept.name if kept else "") if words else None


_ROUTED = {
    "made": gettext_lazy("支援ルートを作りました"), "changed": gettext_lazy("支援ルートを直しました"),
    "added": gettext_lazy("支援ルートに段取りを足しました"), "removed": gettext_lazy("支援ルートから段取りを外しました"),
    "replanned": gettext_lazy("支援ルートを組み直しました"), "undone": gettext_lazy("支援ルートを前の版に戻しました"),
    "sent": gettext_lazy("支援ルートを会社に送りました"), "agreed": gettext_lazy("会社が、支援ルートで進めてよいと答えました"),
    "asked": gettext_lazy("会社が、支援ルートについてたずねました"),
}  # fmt: skip


def _routed(step: Transition, known: Known) -> Said | None:
    """Tell a step of the route. The firm is told what it was sent and what it said, not of drafts."""
    if known.for_company and step.to_state not in {"sent", "agreed", "asked"}:
        return None
    words = _ROUTED.get(step.to_state)
    return Said(str(words)) if words else None


_RUNGS = {
    "2": gettext_lazy("地域の機関だけでは難しいため、会議で相談することになりました"),
    "3": gettext_lazy("地域の外の機関に、支援を求めることになりました"),
}  # fmt: skip
_RUNG_ENDS = {
    "2 helped": gettext_lazy("会議で、支援できる所が見つかりました"), "3 helped": gettext_lazy("地域の外で、支援できる所が見つかりました"),
    "2 dropped": gettext_lazy("会議での相談は終わりました"), "3 dropped": gettext_lazy("地域の外への依頼は終わりました"),
}  # fmt: skip


def _climbed(step: Transition, _known: Known) -> Said | None:
    words = _RUNGS.get(step.to_state)
    return Said(str(words)) if words else None


def _rung_ended(step: Transition, _known: Known) -> Said | None:
    words = _RUNG_ENDS.get(f"{step.from_state} {step.to_state}")  # going higher is told by the step that climbs
    return Said(str(words)) if words else None


_OUTSIDE = {
    "asked": gettext_lazy("地域の外の機関に頼みました"), "accepted": gettext_lazy("地域の外の機関が引き受けました"),
    "declined": gettext_lazy("地域の外の機関では引き受けられないとのことです"), "ended": gettext_lazy("地域の外の機関の支援が終わりました"),
}  # fmt: skip


def _outside(step: Transition, _known: Known) -> Said | None:
    words = _OUTSIDE.get(step.to_state)
    return Said(str(words)) if words else None


def _merged(text: Promise) -> Callable[[Transition, Known], Said]:
    return lambda step, _known: Said(str(text), step.from_state if step.subject_kind == "case" and not step.reason else "")


def _next_step(step: Transition, known: Known) -> Said:
    note = known.contacts.get(step.subject)
    return Said(_("次の一手を決めました"), note.text if note else "")


def _letter(text: Promise) -> Callable[[Transition, Known], Said | None]:
    def tell(step: Transition, known: Known) -> Said | None:
        letter = known.letters.get(step.subject)
        return Said(str(text), f"{letter.number}　{letter.title}".strip()) if letter is not None else None

    return tell


_TELLERS: dict[Verb, Callable[[Transition, Known], Said | None]] = {
    Verb.RECEIVED: lambda _step, _known: Said(_("ご相談を受け付けました")),
    Verb.TRIAGED: lambda _step, _known: Said(_("振り分けました")),
    Verb.REFERRED: _noted(gettext_lazy("%(body)sに回しました")),
    Verb.HOLDER_BACK: _noted(gettext_lazy("主担当が%(body)sに戻りました")),
    Verb.NEXT_STEP: _next_step,
    Verb.NEED_ADDED: _need(gettext_lazy("課題を足しました")),
    Verb.NEED_CHANGED: _need_changed,
    Verb.STAGE_MOVED: _need(gettext_lazy("段階が変わりました")),
    Verb.NEED_SETTLED: _need(gettext_lazy("課題が片づきました")),
    Verb.OFFERED: _support(gettext_lazy("%(body)sにお願いしました")),
    Verb.RECALLED: _support(gettext_lazy("%(body)sへのお願いを取り消しました")),
    Verb.ACCEPTED: _answer(gettext_lazy("%(body)sが引き受けました")),
    Verb.DECLINED: _answer(gettext_lazy("%(body)sでは今回は引き受けられないとのことです")),
    Verb.ASKED: _asked,
    Verb.PASSED_ON: _support(gettext_lazy("%(body)sの中で担当が変わりました")),
    Verb.REMINDED: _support(gettext_lazy("%(body)sに返事をうながしました")),
    Verb.SILENT: _support(gettext_lazy("%(body)sの返事が予定より遅れています")),
    Verb.EXPIRED: _support(gettext_lazy("%(body)sから返事がなく、期限が過ぎました")),
    Verb.CORRECTED: _support(gettext_lazy("%(body)sが返事を直しました")),
    Verb.STARTED: _support(gettext_lazy("%(body)sが支援を始めました")),
    Verb.DONE: _done,
    Verb.WITHDRAWN: _support(gettext_lazy("%(body)sへのお願いは取りやめになりました")),
    Verb.HANDOVER_OFFERED: _handover(gettext_lazy("%(body)sに引継ぎを頼みました")),
    Verb.HANDOVER_ACCEPTED: _handover(gettext_lazy("%(body)sが担当になりました")),
    Verb.HANDOVER_DECLINED: _handover(gettext_lazy("%(body)sは引継ぎを受けられないとのことです")),
    Verb.SUBSTITUTED: _pack(gettext_lazy("%(body)sの担当者が不在のため、代わりの人に回しました")),
    Verb.PACK_OFFERED: _pack_offered,
    Verb.PACK_ACCEPTED: _pack(gettext_lazy("%(body)sの担当者が替わりました")),
    Verb.PACK_DECLINED: _pack(gettext_lazy("担当の引継ぎが断られました")),
    Verb.CONSENT_GIVEN: _consent(gettext_lazy("%(body)sに見せることに同意：%(what)s")),
    Verb.CONSENT_CONFIRMED: _consent(gettext_lazy("%(body)sに見せる同意を会社が確かめました：%(what)s")),
    Verb.CONSENT_WITHDRAWN: _ended,
    Verb.CONTACT: _contact,
    Verb.COMPANY_WROTE: _message,
    Verb.STAFF_WROTE: _message,
    Verb.FILE_ADDED: _file,
    Verb.MERGED: _merged(gettext_lazy("案件をまとめました")),
    Verb.UNMERGED: _merged(gettext_lazy("まとめた案件を分け直しました")),
    Verb.SPLIT: _merged(gettext_lazy("案件を分けました")),
    Verb.CLOSED: _closed,
    Verb.REOPENED: _noted(gettext_lazy("相談を再開しました")),
    Verb.FEEDBACK: _feedback,
    Verb.FOLLOW_UP: _follow_up,
    Verb.ROUTE: _routed,
    Verb.CLIMBED: _climbed,
    Verb.RUNG_ENDED: _rung_ended,
    Verb.ASKED_OUTSIDE: _outside,
    Verb.CIRCULATED: _circulated,
    Verb.INTEREST: _matched,
    Verb.NDA: _secrecy,
    Verb.OPENED_OUT: lambda step, known: Said(_("%(body)sを通して人に開きました") % {"body": known.body_name(step.about_body)}, ""),
    Verb.SHUT_OUT: lambda step, known: Said(_("%(body)sを通して開いたものを閉じました") % {"body": known.body_name(step.about_body)}, ""),
    Verb.LETTER: _letter(gettext_lazy("文書を作りました")),
    Verb.LETTER_DECIDED: _letter(gettext_lazy("文書を決裁しました")),
    Verb.INCIDENT: lambda step, known: Said(
        _("%(body)sへのお願いを、届いたあとに取り消しました") % {"body": known.body_name(step.about_body)}
    ),
}
