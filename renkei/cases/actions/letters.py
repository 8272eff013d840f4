"""Write a letter of a case, let it be decided, number it, and send it. What was decided stands; a correction is a new version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from renkei.audit.record import record
from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.era import wareki
from renkei.base.fiscal_year import FiscalYear
from renkei.base.refusal import Refused
from renkei.cases.actions.talk import add_file, write_to_company
from renkei.cases.letter_values import default_class, first_values, only_class
from renkei.cases.models import Case, Letter, LetterState, StepKind, StepState, Support, Verb, log_step
from renkei.cases.models.letters import LETTER_STEPS
from renkei.cases.nudges import settle_row
from renkei.cases.queries.letter_fields import DATE, NUMBER, SENDER, written_fields
from renkei.cases.rules import require, runs_case, signed, takes_part
from renkei.cases.states import DisclosureClass, check_step
from renkei.cases.steps import fit, lock_case
from renkei.documents.letters import fill_template
from renkei.documents.models import LetterTemplate
from renkei.documents.numbers import draw_letter_number
from renkei.documents.shipped import shipped_template
from renkei.documents.store import keep, path_of
from renkei.plan.content import LetterRule
from renkei.plan.models import Body
from renkei.plan.printing import sign_place
from renkei.plan.queries import content_now

MOST_LETTERS = 200
DRAFT_NUMBER = "（案）"
_OPEN_STEPS = [StepState.QUEUED, StepState.WAITING]


@dataclass(frozen=True, slots=True)
class Text:
    """What a person wrote over: the fields by name, and the class the letter is kept in."""

    values: Mapping[str, str]
    klass: str = ""


@transaction.atomic
def draft_letter(case: Case, kind: str, text: Text, *, by: Actor, support: Support | None = None) -> Letter:
    """Write a letter, filled from what is on record (P3). A closed case may still need its answer on paper.

    Refused: ``unknown_kind``, ``unknown_class``, ``title_empty``, ``too_long``, ``too_many``, ``not_allowed``.
    """
    body, person = signed(by)
    locked = lock_case(case)
    require(takes_part(by, locked))
    rule_of(kind)
    if support is not None:
        require(support.case_id == locked.pk)
    if locked.letters.count() >= MOST_LETTERS:
        raise Refused(_("1つの案件の文書は%(n)s件までです。") % {"n": MOST_LETTERS}, "too_many")
    klass = _class(text.klass or default_class(kind))
    values = first_values(locked, kind, by=by, support=support, klass=klass)
    letter = Letter(case=locked, support=support, kind=kind, klass=klass, author_body_id=body, author_id=person,
                    made_at=clock.now(), template=_template(body, kind))
    _write(letter, values, text)
    log_step(locked, Verb.LETTER, by=by, subject=letter, after=kind, about_body=support.body_id if support else "")
    record(by, "letter.draft", letter, locked, kind=kind, values=letter.values)
    return letter


@transaction.atomic
def change_letter(letter: Letter, text: Text, *, by: Actor, saves: int | None = None) -> Letter:
    """Write over a letter that is not decided. What was already asked starts again: nobody decides on words they did not read.

    Refused: ``locked``, ``changed_meanwhile``, ``title_empty``, ``too_long``, ``unknown_class``, ``not_allowed``.
    """
    locked = lock_letter(letter, by=by)
    _require_open(locked)
    if saves is not None and saves != locked.saves:
        raise Refused(_("ほかの人が先に保存しました。新しい内容を確かめて、もう一度保存してください。入力した文は残してあります。"),
                      "changed_meanwhile")
    before = (locked.values, locked.klass)
    locked.klass = _class(text.klass or locked.klass)
    _write(locked, locked.values, text, save=False)
    if (locked.values, locked.klass) != before and locked.state == LetterState.ASKED:
        void_steps(locked)
        move_letter(locked, LetterState.DRAFT)
    locked.saves += 1
    locked.save()
    record(by, "letter.change", locked, values=locked.values, klass=locked.klass)
    return locked


@transaction.atomic
def issue_letter(letter: Letter, *, by: Actor) -> Letter:
    """Decide on one's own a letter that the plan asks nobody else for. A second press finds it decided.

    Refused: ``needs_approval``, ``locked``, ``not_allowed``.
    """
    locked = lock_letter(letter, by=by)
    if locked.state == LetterState.DECIDED:
        return locked
    _require_open(locked)
    if rule_of(locked.kind).steps or locked.steps.filter(kind=StepKind.APPROVE, state__in=_OPEN_STEPS).exists():
        raise Refused(_("この文書には決裁が要ります。決裁する人を選んで回してください。"), "needs_approval")
    return decide(locked, by=by)


@transaction.atomic
def correct_letter(letter: Letter, *, by: Actor) -> Letter:
    """Begin a new version of a decided letter with the same words; the old one stays as it went out.

    Refused: ``not_decided``, ``corrected``, ``not_allowed``.
    """
    locked = lock_letter(letter, by=by)
    _body, person = signed(by)
    if locked.state != LetterState.DECIDED:
        raise Refused(_("決裁の前の文書は、そのまま直せます。"), "not_decided")
    if Letter.objects.filter(corrects=locked).exists():
        raise Refused(_("この文書の訂正版は、もう作られています。"), "corrected")
    values = locked.values | {NUMBER: "", DATE: ""}
    new = Letter.objects.create(
        case=locked.case, support=locked.support, kind=locked.kind, klass=locked.klass, title=locked.title, values=values,
        template=_template(locked.author_body_id, locked.kind), author_body_id=locked.author_body_id, author_id=person,
        version=locked.version + 1, corrects=locked, made_at=clock.now(),
    )  # fmt: skip
    log_step(new.case, Verb.LETTER, by=by, subject=new, before=str(locked.version), after=new.kind)
    record(by, "letter.correct", new, locked)
    return new


@transaction.atomic
def withdraw_letter(letter: Letter, *, by: Actor) -> Letter:
    """Give up a letter that was not decided; a second press changes nothing. Refused: ``locked``, ``not_allowed``."""
    locked = lock_letter(letter, by=by)
    if locked.state == LetterState.WITHDRAWN:
        return locked
    _require_open(locked)
    void_steps(locked)
    move_letter(locked, LetterState.WITHDRAWN)
    locked.save()
    record(by, "letter.withdraw", locked)
    return locked


@transaction.atomic
def send_letter(letter: Letter, *, by: Actor, words: str) -> Letter:
    """Send a decided letter to the firm: the file and a word stand on its status page. Once.

    Refused: ``not_decided``, ``already_sent``, and as for files and messages.
    """
    locked = lock_letter(letter, by=by)
    _require_to_send(locked)
    require(runs_case(by, locked.case))
    data = path_of(locked.sha256).read_bytes()
    add_file(locked.case, by=by, name=locked.file_name, data=data, klass=locked.klass)
    write_to_company(locked.case, by=by, text=words, klass=locked.klass)
    return _sent(locked, "message", by=by)


@transaction.atomic
def note_posted(letter: Letter, *, by: Actor) -> Letter:
    """Write down that a decided letter went out on paper. Refused: ``not_decided``, ``already_sent``, ``not_allowed``."""
    locked = lock_letter(letter, by=by)
    _require_to_send(locked)
    return _sent(locked, "paper", by=by)


def decide(letter: Letter, *, by: Actor) -> Letter:
    """Number, date and fill a locked letter for good. The number is drawn last and falls back if anything fails."""
    move_letter(letter, LetterState.DECIDED)
    today = clock.today()
    letter.number = drawn_number(letter.kind, letter.author_body)
    letter.fiscal_year = FiscalYear.of(today).start_year
    letter.dated_on, letter.decided_at = today, clock.now()
    letter.values = letter.values | {NUMBER: letter.number, DATE: wareki(today)}
    kept = keep(file_name(letter), letter_docx(letter))
    letter.file_name, letter.size, letter.sha256 = kept.name, kept.size, kept.sha256
    letter.save()
    log_step(letter.case, Verb.LETTER_DECIDED, by=by, subject=letter, after=letter.kind)
    record(by, "letter.decide", letter, letter.case, number=letter.number, sha256=letter.sha256)
    return letter


def letter_docx(letter: Letter) -> bytes:
    """Return the docx of a letter as it stands, with the place of seal or signature its day's rule wants [C97]; a draft says that it is one."""
    values = letter.values if letter.state == LetterState.DECIDED else letter.values | {NUMBER: DRAFT_NUMBER}
    values = values | {SENDER: values.get(SENDER, "") + sign_place(content_now(), letter.dated_on or clock.today(), letter.kind)}
    template = path_of(letter.template.sha256).read_bytes() if letter.template else shipped_template(letter.kind)
    return fill_template(template, values)


def file_name(letter: Letter) -> str:
    """Return the name the file of a letter is offered by."""
    parts = [rule_of(letter.kind).name, letter.number or letter.case.number, f"v{letter.version}" if letter.version > 1 else ""]
    return "_".join(part.replace(" ", "") for part in parts if part) + ".docx"


def drawn_number(kind: str, body: Body) -> str:
    """Return the next number of a body's register for a kind of letter, none where the plan numbers none; it falls back if anything fails."""
    pattern = rule_of(kind).pattern(body.pk, body.number_prefix)
    return draw_letter_number(body.pk, pattern, clock.today()) if pattern else ""


def rule_of(kind: str) -> LetterRule:
    """Return how the plan treats a kind of letter. Raises Refused (``unknown_kind``)."""
    found = content_now().letters.get(kind)
    if found is None:
        raise Refused(_("文書の種類を選んでください。"), "unknown_kind")
    return found


def lock_letter(letter: Letter, *, by: Actor) -> Letter:
    """Return the letter and its case, rows locked. Raises Refused for anybody but its body."""
    case = lock_case(letter.case)
    locked = Letter.objects.select_for_update().get(pk=letter.pk)
    locked.case = case
    require(by.is_staff and locked.author_body_id == by.body, _("文書を扱えるのは、作った機関の人だけです。"))
    return locked


def move_letter(letter: Letter, after: LetterState) -> None:
    """Move a letter to a state (unsaved). Raises Refused when the step is not allowed."""
    check_step(LETTER_STEPS, LetterState(letter.state), after)
    letter.state = after


def void_steps(letter: Letter) -> None:
    """Call back whoever has not decided yet; nobody is told of it any more."""
    for step in letter.steps.filter(state=StepState.WAITING):
        settle_row(letter.case_id, step.pk, "decide")
    letter.steps.filter(state__in=_OPEN_STEPS).update(state=StepState.VOID, done_at=clock.now())


def _write(letter: Letter, values: dict[str, str], text: Text, *, save: bool = True) -> None:
    for one in written_fields(letter.kind):
        if one.name in text.values:
            values = values | {one.name: fit(text.values[one.name], one.most, one.name)}
    letter.values = only_class(values, letter.klass)
    letter.title = letter.values["件名"]
    if not letter.title:
        raise Refused(_("件名を書いてください。"), "title_empty", field="件名")
    if save:
        letter.save()


def _template(body: str, kind: str) -> LetterTemplate | None:
    return LetterTemplate.objects.in_use().filter(body=body, kind=kind).first()


def _class(klass: str) -> str:
    if klass not in DisclosureClass.values:
        raise Refused(_("要約・技術・資金のどれかを選んでください。"), "unknown_class", field="klass")
    return klass


def _require_open(letter: Letter) -> None:
    if letter.is_locked:
        raise Refused(_("決裁された文書は変えられません。訂正版を作ってください。"), "locked")


def _require_to_send(letter: Letter) -> None:
    if letter.state != LetterState.DECIDED:
        raise Refused(_("決裁の前の文書は出せません。"), "not_decided")
    if letter.sent_at is not None:
        raise Refused(_("この文書は、もう出しています。"), "already_sent")


def _sent(letter: Letter, how: str, *, by: Actor) -> Letter:
    letter.sent_at, letter.sent_how = clock.now(), how
    letter.save(update_fields=["sent_at", "sent_how"])
    record(by, "letter.send", letter, letter.case, how=how)
    return letter
