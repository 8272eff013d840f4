"""Share a regional project among the bodies that helped: proposed by who runs a case of it, agreed by each body [C38, C40].

No share is invented: until every body named has agreed, the project counts for the plan and for no body. The rows are never
changed and say who said what when, so no step of the case repeats them: a project may have several cases.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping

from django.db import connection, transaction
from django.utils.translation import gettext as _

from renkei.audit.record import record
from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.language import written
from renkei.base.refusal import Refused
from renkei.cases.models import ProjectShares, RegionalProject, ShareAnswer
from renkei.cases.rules import require, runs_case, signed
from renkei.cases.steps import fit
from renkei.plan.models import Body
from renkei.post.notices import Words, send_notice

WHOLE = 100


def may_propose(project: RegionalProject, actor: Actor) -> bool:
    """Tell whether the actor runs a case of the project."""
    return actor.is_staff and any(runs_case(actor, case) for case in project.cases.all())


@transaction.atomic
def propose_shares(project: RegionalProject, parts: Mapping[str, int], *, by: Actor) -> ProjectShares:
    """Propose the per cent of each body that helped; the proposer's own body agrees by proposing, the others are told.

    Refused: ``not_allowed``, ``other_bodies`` (not exactly those that helped), ``not_positive``, ``not_whole`` (the sum is not 100),
    ``same_again`` (what is proposed or holds already).
    """
    body, person = signed(by)
    _one_at_a_time(project.pk)
    require(may_propose(project, by), _("分け方を提案できるのは、この事業の案件の主担当だけです。"))
    _check(project, parts)
    last = ProjectShares.objects.visible_to(by).filter(project=project).order_by("-number").first()
    if last is not None and last.parts == dict(parts) and not last.answers.filter(agreed=False).exists():
        raise Refused(_("同じ分け方を、もう提案しています。"), "same_again")
    made = ProjectShares.objects.create(
        project=project, number=last.number + 1 if last else 1, bodies=list(parts), percents=list(parts.values()), proposed_at=clock.now(),
        proposed_body_id=body, proposed_by_id=person,
    )  # fmt: skip
    record(by, "project.propose_shares", project, made, parts=dict(parts))
    if body in parts:
        _say(made, by=by, agreed=True, words="")
    text = written("承認番号%(number)sの地域経済牽引事業を、支援した機関でどう分けて数えるかの提案です。「数字」の「機関の分け方」で、同意するかどうかを答えてください。")
    _tell(parts, text % {"number": project.number}, by=by)
    return made


@transaction.atomic
def answer_shares(shares: ProjectShares, *, agreed: bool, words: str = "", by: Actor) -> ShareAnswer:
    """Answer a proposal for the actor's body, once; a no says what is wanted. The proposer is told of a no, and when all have agreed.

    Refused: ``not_allowed``, ``replaced`` (another was proposed since), ``answered_already``, ``words_empty``.
    """
    signed(by)
    _one_at_a_time(shares.project_id)
    require(by.body in shares.bodies, _("答えられるのは、提案に名前のある機関だけです。"))
    if ProjectShares.objects.visible_to(by).filter(project=shares.project_id, number__gt=shares.number).exists():
        raise Refused(_("新しい提案が出ています。そちらに答えてください。"), "replaced")
    if shares.answers.filter(body=by.body).exists():
        raise Refused(_("この機関からは、もう答えています。変えるときは、提案した機関に新しい提案を頼んでください。"), "answered_already")
    said = fit(words, 400, "words")
    if not agreed and not said:
        raise Refused(_("同意しないときは、理由と望む分け方を書いてください。"), "words_empty", field="words")
    made = _say(shares, by=by, agreed=agreed, words="" if agreed else said)
    if not agreed:
        _tell([shares.proposed_body_id], written("提案した分け方に、同意しない機関があります。「数字」の「機関の分け方」で理由を確かめてください。"), by=by)
    elif shares.answers.filter(agreed=True).count() == len(shares.bodies):
        _tell([shares.proposed_body_id], written("提案した分け方に、すべての機関が同意しました。これからは、この分け方で数えます。"), by=by)
    return made


def _check(project: RegionalProject, parts: Mapping[str, int]) -> None:
    if set(parts) != {body.pk for body in project.bodies.all()}:
        raise Refused(_("支援した機関が変わりました。画面を開き直してください。"), "other_bodies")
    if any(part < 1 for part in parts.values()):
        raise Refused(_("割合は、機関ごとに1以上の整数で入れてください。"), "not_positive")
    total = sum(parts.values())
    if total != WHOLE:
        raise Refused(_("割合の合計を100%%にしてください。いまは%(total)s%%です。") % {"total": total}, "not_whole")


def _say(shares: ProjectShares, *, by: Actor, agreed: bool, words: str) -> ShareAnswer:
    body, person = signed(by)
    made = ShareAnswer.objects.create(shares=shares, body_id=body, agreed=agreed, words=words, answered_at=clock.now(), answered_by_id=person)
    record(by, "project.answer_shares", shares, made, agreed=agreed, words=words)
    return made


def _tell(bodies: Iterable[str], text: str, *, by: Actor) -> None:
    """Send a notice to the other bodies; of a project it says the number, no firm and no title (P2)."""
    to = {one.pk: one.mail for one in Body.objects.filter(pk__in=[code for code in bodies if code != by.body])}
    if to:
        send_notice(Words(written("地域経済牽引事業の分け方"), text), by=by, to=to, sender=Body.objects.get(pk=by.body).name)


def _one_at_a_time(project: uuid.UUID) -> None:
    """Let proposals and answers of a project wait for each other: who is named may not lock a project it does not see."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"shares {project}"])
