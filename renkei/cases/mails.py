"""What the case engine writes to people: plain text, the number and what to do. Never a word of what the firm said.

A receipt and a request leave as mails of their own; staff are told everything else on their list (知らせ), which goes with
the one mail of the day. Each reads well with its link stripped, because every act it offers is in the inbox as well.
"""

from __future__ import annotations

import datetime as dt
import uuid

from django.conf import settings
from django.db import connection
from django.urls import reverse

from renkei.accounts.models import Membership, Person
from renkei.accounts.queries import away_in, standing_in
from renkei.base import clock
from renkei.base.actor import Actor, ActorKind
from renkei.base.era import screen_date, wareki
from renkei.base.language import written
from renkei.cases.models import (
    Asked,
    Case,
    FollowUp,
    Letter,
    LetterStep,
    Move,
    Opening,
    Support,
    Transition,
    Verb,
    log_step,
)
from renkei.plan.models import Body
from renkei.plan.queries import front_desk
from renkei.post.models import Mail
from renkei.post.nudges import News, Reader, put_nudge
from renkei.post.outbox import put_mail

MOST_NAMED = 10
OFFER = "offer"
PARTNER = "partner"  # a researcher or partner wrote: settled when the body answers, or shuts the opening
SECOND = "close_asked"  # asks for a second person: everybody in the body but the one who asked


def receipt(case: Case, to: str, token: str, *, by: Actor) -> None:
    """Tell the firm its number, who answers by when, and the private link to its status."""
    text = (
        f"ご相談を受け付けました。\n\n受付番号　{case.number}\n受け付けた機関　{case.received_by.name}\n"
        f"{_day(case.next_on)}までに、{case.holder.name}（電話 {case.holder.phone}）からお返事します。\n\n"
        f"どこまで進んだかは、次のページで見られます。このアドレスは、ほかの人に見せないでください。\n"
        f"{_address('status', token)}\n\n"
        "心当たりのないときは、このメールを消してください。\n"
    )
    put_mail(by=by, to=to, subject=f"ご相談を受け付けました（{case.number}）", text=text, purpose="receipt",
             about=case.pk, case=case.pk)


def offer(  # noqa: PLR0913  keyword-only: each is a part of the mail
    support: Support, to: str, token: str, *, by: Actor, not_before: dt.datetime, words: str = ""
) -> None:
    """Ask a body for an answer by the due day; leaves when the recall window is over."""
    text = (
        f"{support.body.name} 御中\n\n{support.asked_by_body.name}から、支援のお願いが届いています。\n{words}\n"
        f"受付番号　{support.case.number}\nお願い　{support.service.name}\n返事の期限　{_day(support.due_on)}\n\n"
        "内容を見て、引き受ける・断る・質問する・同僚に渡す、のどれかでお答えください。"
        "連携の画面の「依頼」か、次のページから答えられます。\n"
        f"{_address('answer', token)}\n\n"
        f"お急ぎのときは、{support.asked_by_body.name}（電話 {support.asked_by_body.phone}）へお電話ください。\n"
        "共用のアドレスで受け取った方は、答えるときにお名前を入れてください。\n"
    )
    put_mail(by=by, to=to, subject=f"支援のお願い（{support.case.number}、返事は{_day(support.due_on)}まで）", text=text,
             purpose=OFFER, about=support.pk, case=support.case_id, to_body=support.body_id, not_before=not_before,
             daily=True)


def reminder(support: Support, *, by: Actor, said: str = "") -> None:
    """Ask once more, after the due day or, by hand with a word (``said``), before it. The earlier mail's link still works."""
    late = support.due_on is not None and support.due_on < clock.today()
    asked = "までにお願いしていたお返事が、まだ届いていません。" if late else "までに、お返事をお願いしています。"
    tell_body(
        support.body, support, by=by, purpose="reminder", subject="お返事をお待ちしています",
        words=f"{_day(support.due_on)}{asked}\n" + (f"{said}\n" if said else "") +
        "引き受けるのが難しいときは、断っていただければ、ほかの機関を探します。"
        "先にお送りしたメールのページか、連携の画面の「依頼」からお答えください。",
    )  # fmt: skip


def inquiry(asked: Asked, *, by: Actor, again: bool) -> None:
    """Ask a body about a need without a name, once more, or tell it that its question is answered.

    No number, no holder, no case: the only address is that of the front desk, for every inquiry alike.
    """
    desk = front_desk()
    subject, words = "名を伏せたお尋ね", "会社の名を伏せて、協力できるところを探しています。"
    if asked.reply:
        subject, words = "ご質問の答え", "名を伏せたお尋ねへのご質問に、答えが届きました。"
    elif asked.inquiry.asks_around and not again:
        subject, words = "お心当たりのお尋ね", "会社の名を伏せて、力になれる人や所を探しています。県の外でもかまいません。"
    elif again:
        subject, words = "お返事をお待ちしています", "会社の名を伏せたお尋ねに、まだお返事をいただいていません。"
    text = (
        f"{asked.body.name} 御中\n\n{words}\n返事の期限　{_day(asked.inquiry.due_on)}\n\n"
        f"内容は、連携の画面の「依頼」で読めます。{'できる、心当たりがある・ない、質問' if asked.inquiry.asks_around else '関心がある・ない、質問'}のどれかでお答えください。\n"
        f"お急ぎのときは、{desk.name}（電話 {desk.phone}）へお電話ください。\n"
    )
    put_mail(by=by, to=asked.body.mail, subject=subject, text=text, purpose="inquiry", about=asked.pk, to_body=asked.body_id,
             daily=True)


def tell_body(  # noqa: PLR0913  keyword-only: each is a part of the news
    body: Body, support: Support, *, by: Actor, purpose: str, subject: str, words: str
) -> None:
    """Tell a body about one support: the person it was asked of, or who asked; else the body's queue."""
    person = support.person if body.pk == support.body_id else None
    if body.pk == support.asked_by_body_id and body.pk != support.body_id:
        person = support.asked_by
    text = written("お願い「%(service)s」：%(words)s") % {"service": support.service.name, "words": words}
    _tell(support.case, body, person, by=by, subject=subject, words=text, purpose=purpose, about=support.pk)


def tell_holder(  # noqa: PLR0913  keyword-only: each is a part of the news
    case: Case, *, by: Actor, subject: str, words: str, purpose: str = "told", about: uuid.UUID | None = None
) -> None:
    """Tell whoever holds the case: the person who took it, else the body's queue."""
    person = None if purpose == SECOND else case.holder_person
    _tell(case, case.holder, person, by=by, subject=subject, words=words, purpose=purpose, about=about)


def tell_desk(case: Case, *, by: Actor, subject: str, words: str, purpose: str = "told") -> None:
    """Tell the front desk; nothing when the desk itself holds the case and was told already."""
    desk = front_desk()
    if desk.pk != case.holder_id:
        _tell(case, desk, None, by=by, subject=subject, words=words, purpose=purpose)


def tell_other(  # noqa: PLR0913  keyword-only: each is a part of the news
    body: Body,
    case: Case,
    *,
    by: Actor,
    subject: str,
    words: str,
    purpose: str = "told",
    person: Person | None = None,
    about: uuid.UUID | None = None,
) -> None:
    """Tell a body that held the case or is asked to hold it: ``person`` if one was asked, else its queue."""
    _tell(case, body, person, by=by, subject=subject, words=words, purpose=purpose, about=about)


def tell_company(
    case: Case, *, by: Actor, subject: str, words: str, about: uuid.UUID | None = None  # noqa: ARG001  nobody may be named
) -> bool:
    """Write to the firm, at the address it gave; False when it gave none (then somebody has to call).

    ``about`` is the question or request it speaks of: once that is answered, the mail does not leave any more.

    The address is looked up inside the database: a body that was only asked never reads it.
    """
    text = (
        f"受付番号　{case.number}\n\n{words}\n\n"
        "くわしいことは、受付のときにお送りした「状況」のページで見られます。"
        f"お電話でも承ります（{case.holder.name}、{case.holder.phone}）。\n"
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT case_tell_company(%s, %s, %s, %s, %s)",
            [case.pk, f"{subject}（{case.number}）", text, clock.now(), about],
        )
        row = cursor.fetchone()
    return bool(row and row[0])


def follow_up(  # noqa: PLR0913  keyword-only: each is a part of the mail
    asked: FollowUp, to: str, address: str, *, by: Actor, last: dt.date, again: bool, by_account: bool
) -> None:
    """Ask the firm what became of it, or gently once more. No title, no name: only the number and where to answer."""
    holder = asked.case.holder
    phone = f"（電話 {holder.phone}）" if holder.phone else ""
    first = "先日おたずねした、その後の様子について、もう一度だけお願いします。" if again else "その後の様子を、お聞かせください。"
    where = "会社のアカウントで入って、次のページからお答えください。" if by_account else "次のページからお答えください。"
    own = "" if by_account else "このアドレスは、ほかの人に見せないでください。\n"
    text = (
        f"受付番号　{asked.case.number}\n\nご相談が終わってから、{asked.months}か月ほどたちました。{first}数分で済みます。\n"
        f"{where}{_day(last)}までお待ちします。\n{settings.RENKEI_ADDRESS}{address}\n\n"
        f"もうおたずねしないほうがよいとき、また相談したいときも、同じページから知らせていただけます。"
        f"お電話でも承ります：{holder.name}{phone}。\n{own}"
    )
    put_mail(by=by, to=to, subject=f"その後の様子をお聞かせください（{asked.case.number}）", text=text, purpose="company",
             about=asked.pk, case=asked.case_id, daily=True)


def packs_offered(move: Move, body: str, person: uuid.UUID | None, count: int, *, by: Actor) -> None:
    """Tell the successor (or the body's mailbox) once about all cases of a move; no case is named in the mail."""
    to, name = _address_of(body, person)
    words = (
        f"{name}\n\n{move.person.name}さん（{_day(move.on)}まで）の案件{count}件について、担当の引継ぎのお願いが届いています。\n"
        "いまの状態、約束したこと、残っていることが案件ごとにまとまっています。"
        f"{_day(move.on)}までに、連携の画面の「担当替え」で、引き受けるか断るかをお答えください。\n"
        "引き受けるまで、担当は変わりません。\n"
    )
    put_mail(by=by, to=to, subject=f"担当の引継ぎのお願い（{count}件）", text=words, purpose="move", about=move.pk, to_body=body,
             daily=True)


def packs_answered(move: Move, count: int, *, by: Actor, said: str) -> None:
    """Tell the giver, while still there, what became of some packs; else the body's mailbox."""
    to, name = _address_of(move.body_id, move.person_id)
    words = f"{name}\n\n{by.name}さんが、案件{count}件の担当を{said}。連携の画面の「担当替え」で確かめてください。\n"
    put_mail(by=by, to=to, subject=f"担当の引継ぎの返事（{count}件）", text=words, purpose="move", about=move.pk,
             to_body=move.body_id, daily=True)


def letter_waits(step: LetterStep, *, by: Actor) -> None:
    """Tell the named approver (who stands in, while away) that a letter waits; nothing of the letter stands in it."""
    letter = step.letter
    _tell(letter.case, letter.author_body, step.person, by=by, subject=written("決裁をお願いします"), words=written(
        "文書の決裁を待っています。案件の「文書」を開いて、決裁か差戻しをしてください。"), purpose="decide", about=step.pk)


def letter_answered(letter: Letter, *, by: Actor, subject: str) -> None:
    """Tell the writer of a letter what became of it."""
    _tell(letter.case, letter.author_body, letter.author, by=by, subject=subject,
          words=written("案件の「文書」で確かめてください。"), purpose="told", about=letter.pk)


def partner_wrote(opening: Opening, *, by: Actor) -> None:
    """Tell who opened the case to a partner that the partner wrote or sent a file; not a word of it stands here."""
    _tell(opening.case, opening.body, opening.asked_by, by=by, subject=written("渡した相手から連絡がありました"), words=written(
        "%(where)sの%(name)sさんから、連絡がありました。「依頼」か、案件の「研究者に渡す」で読んで答えてください。")
        % {"where": opening.organisation, "name": opening.name}, purpose=PARTNER, about=opening.pk)


def firm_searches(person: Person, company: uuid.UUID, found: list[tuple[str, list[str]]], *, by: Actor) -> None:
    """Tell a person of a firm what came into the searches it saved: public names only, inside the one mail of the day."""
    lines = [f"{person.name} 様", "", "保存した検索に、新しく当てはまるものが入りました。"]
    for name, entries in found:
        lines += ["", f"■ {name}（{len(entries)}件）", *(f"・{one}" for one in entries[:MOST_NAMED])]
        if len(entries) > MOST_NAMED:
            lines.append(f"　ほか{len(entries) - MOST_NAMED}件")
    url = f"{settings.RENKEI_ADDRESS}{reverse('portal-searches', kwargs={'company': company})}"
    lines += ["", "次のページで見られます。このお知らせも、そこで止められます。", url, ""]
    put_mail(by=by, to=person.email, subject=f"保存した検索に新しく{sum(len(entries) for _name, entries in found)}件入りました",
             text="\n".join(lines), purpose="firm_search", about=person.pk, daily=True)


def leave_announced(move: Move, *, by: Actor) -> None:
    """Tell the administrators that somebody announced a last day: they end the membership."""
    words = (
        f"{move.person.name}さんが、{_day(move.on)}を最後の日として、担当替えを始めました。"
        "連携の画面の「機関」で、離任日を入れてください。それまで、この人は機関の人のままです。\n"
    )
    for one in Membership.objects.current().filter(body_id=move.body_id, is_admin=True).exclude(person_id=move.person_id):
        put_mail(by=by, to=one.person.email, subject=f"離任の知らせ（{move.person.name}さん）",
                 text=f"{one.body.name}　{one.person.name} 様\n\n{words}", purpose="move", about=move.pk, to_body=move.body_id,
                 daily=True)


def term_ends(membership: Membership, *, by: Actor) -> bool:
    """Tell the person and the administrators that a post ends soon and its cases need successors; once a last day."""
    subject = f"担当替えの準備（{membership.person.name}さん、{_day(membership.until)}まで）"[:200]
    if Mail.objects.filter(about=membership.pk, purpose="term", subject=subject).exists():
        return False
    words = (
        f"{membership.person.name}さんの{membership.body.name}での任期は、{_day(membership.until)}までです。担当している案件が"
        "あります。連携の画面の「担当替え」で、引き継ぐ人を選んでください。案件ごとの引継ぎの下書きは、記録からできます。\n"
    )
    admins = Membership.objects.current().filter(body_id=membership.body_id, is_admin=True)
    for to in dict.fromkeys([membership.person.email, *(one.person.email for one in admins)]):
        put_mail(by=by, to=to, subject=subject, text=f"{membership.body.name}\n\n{words}", purpose="term", about=membership.pk,
                 to_body=membership.body_id, daily=True)
    return True


def caseload_fell(body: Body, name: str, count: int, *, by: Actor) -> None:
    """Tell the body and each of its administrators that cases lie in its queue because ``name`` has left."""
    words = (
        f"{name}さんがこの機関を離れ、担当していた案件{count}件が、引き受けられないまま{body.name}の未担当になりました。\n"
        "どの案件にも「担当を決める」という次の一手を置いてあります。今日中に担当を決めてください。"
        "引継ぎの包みはそのまま残っていて、いまからでも引き受けられます。\n"
    )
    admins = Membership.objects.current().filter(body=body, is_admin=True)
    for to in dict.fromkeys([body.mail, *(one.person.email for one in admins)]):
        put_mail(by=by, to=to, subject=f"担当を決めてください（{count}件）", text=f"{body.name}\n\n{words}", purpose="fell",
                 to_body=body.pk, daily=True)


def _address_of(body: str, person: uuid.UUID | None) -> tuple[str, str]:
    """Return address and greeting: the person, who stands in while the person is away, else the body's mailbox."""
    who = standing_in(Person.objects.get(pk=person), body) if person else None
    found = Body.objects.get(pk=body)
    return (who.email, f"{found.name}　{who.name} 様") if who else (found.mail, f"{found.name} 御中")


def _tell(  # noqa: PLR0913  keyword-only: each is a part of the news
    case: Case, body: Body, person: Person | None, *, by: Actor, subject: str, words: str, purpose: str,
    about: uuid.UUID | None = None,
) -> None:  # fmt: skip
    """Put it on the reader's list at once; by mail it goes with the one mail of the day."""
    who = who_answers(case, body.pk, person, by=by)
    if person and who and who != person:
        words = written("（%(name)sさんが不在のため、代わりの方にお送りします。）%(words)s") % {"name": person.name, "words": words}
    reader = Reader(body.pk, who.pk, who.email, who.name) if who else Reader(body.pk, None, body.mail, "")
    put_nudge(News(purpose, subject, words, case.pk, case.number, about), reader, by=by)


def who_answers(case: Case, body: str, person: Person | None, *, by: Actor) -> Person | None:
    """Return who is written to for a person of a body today: who stands in while the person is away, nobody when gone.

    That something went to a substitute is on record once a case and absence; the case itself stays with the person.
    """
    who = standing_in(person, body) if person is not None else None
    if person is None or who is None or who == person or by.kind is ActorKind.PARTNER:  # a partner writes no step of a case
        return who
    absence = away_in(body)[person.pk]
    if not Transition.objects.filter(case=case, verb=Verb.SUBSTITUTED, subject=absence.pk).exists():
        log_step(case, Verb.SUBSTITUTED, by=by, subject=absence, before=str(person.pk), after=str(who.pk), about_body=body)
    return who


def _day(day: dt.date | None) -> str:
    """Return a day in words that stay right whenever the mail is read: never 来年, which is another year in January."""
    if day is None:
        return ""
    return screen_date(day, day) if abs((day - clock.today()).days) < 180 else wareki(day)


def _address(place: str, token: str) -> str:
    """Return the full address of a link page. The paths are part of every mail ever sent, so they never change."""
    return f"{settings.RENKEI_ADDRESS}/{place}/{token}/"
