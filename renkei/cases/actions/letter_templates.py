"""A body's own templates: checked when they come, numbered by version, taken back into use at will."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from renkei.accounts.models import Membership
from renkei.audit.record import record
from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.refusal import Refused
from renkei.cases.actions.letters import rule_of
from renkei.cases.queries.letter_fields import EXAMPLES
from renkei.cases.rules import require, signed
from renkei.documents.letters import Checked, check_template
from renkei.documents.models import LetterTemplate
from renkei.documents.papers import PAPERS
from renkei.documents.store import keep
from renkei.plan.models import Body


def keeps_templates(actor: Actor) -> bool:
    """Tell whether the actor looks after the body's templates: its administrators."""
    if not actor.is_staff or actor.person is None:
        return False
    return Membership.objects.current().filter(person_id=actor.person, body_id=actor.body, is_admin=True).exists()


@transaction.atomic
def add_template(kind: str, *, by: Actor, name: str, data: bytes) -> LetterTemplate:
    """Put a body's own docx in the place of the one in use. The same file again brings that version back.

    Refused: ``not_allowed``, ``unknown_kind``, ``not_docx``, ``file_too_large``, ``template_faults`` (one a line).
    """
    body, person = signed(by)
    require(keeps_templates(by), _("ひな形を変えられるのは、機関の管理者だけです。"))
    checked = _checked(kind, data)
    if checked.faults:
        raise Refused("\n".join(checked.faults), "template_faults", field="file")
    kept = keep(name, data)
    Body.objects.select_for_update(no_key=True).get(pk=body)  # two uploads at once take two numbers
    own = LetterTemplate.objects.filter(body=body, kind=kind)
    again = own.filter(sha256=kept.sha256).first()
    if again is not None:
        return use_template(again, by=by)
    newest = own.order_by("-version").values_list("version", flat=True).first()
    own.filter(is_used=True).update(is_used=False)
    made = LetterTemplate.objects.create(
        body=body, kind=kind, version=(newest or 0) + 1, name=kept.name, size=kept.size, sha256=kept.sha256,
        fields=checked.fields, made_at=clock.now(), made_by=person, made_by_name=by.name[:100],
    )  # fmt: skip
    record(by, "template.add", made, sha256=kept.sha256, kind=kind)
    return made


def _checked(kind: str, data: bytes) -> Checked:
    if kind in PAPERS:
        return check_template(data, known=PAPERS[kind].fields, lists=PAPERS[kind].lists)
    rule_of(kind)
    return check_template(data, known=EXAMPLES)


@transaction.atomic
def use_template(template: LetterTemplate, *, by: Actor) -> LetterTemplate:
    """Take an old version into use again; twice changes nothing. Refused: ``not_allowed``."""
    body, _person = signed(by)
    require(keeps_templates(by) and template.body == body, _("ひな形を変えられるのは、機関の管理者だけです。"))
    own = LetterTemplate.objects.select_for_update().filter(body=body, kind=template.kind)
    locked = next(one for one in own if one.pk == template.pk)
    if not locked.is_used:
        own.filter(is_used=True).update(is_used=False)
        locked.is_used = True
        locked.save(update_fields=["is_used"])
        record(by, "template.use", locked)
    return locked


@transaction.atomic
def use_shipped(kind: str, *, by: Actor) -> None:
    """Make letters with the template that comes with the program; one's own versions stay. Refused: ``not_allowed``."""
    body, _person = signed(by)
    require(keeps_templates(by), _("ひな形を変えられるのは、機関の管理者だけです。"))
    used = LetterTemplate.objects.select_for_update().filter(body=body, kind=kind, is_used=True).first()
    if used is not None:
        used.is_used = False
        used.save(update_fields=["is_used"])
        record(by, "template.use_shipped", used)
