"""Register a firm and keep its profile."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import unicodedata
from dataclasses import dataclass, fields

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, connection, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from renkei.audit.record import record
from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.numbers import digits, is_corporate_number, is_municipality_code, parse_phone, parse_postal_code
from renkei.base.refusal import Refused
from renkei.base.text import clean_text, search_key
from renkei.companies.industries import class_of
from renkei.companies.models import Company, Former, FormerKind, Sight
from renkei.plan.models import Municipality
from renkei.plan.queries import front_desk

MOST_CAPITAL_YEN = 10**13
MOST_EMPLOYEES = 1_000_000
_OLDEST_FIRM = 578
_READ = {"corporate_number", "jsic_code", "postal_code", "phone", "email", "municipality"}  # read into one form below, however long as typed


@dataclass(frozen=True, slots=True)
class Profile:
    """What a firm says about itself (form A). Empty means not asked yet; ``municipality`` is a six-digit code."""

    name: str
    kana: str = ""
    is_sole_proprietor: bool = False
    corporate_number: str = ""
    postal_code: str = ""
    municipality: str = ""
    address: str = ""
    estate: str = ""
    phone: str = ""
    email: str = ""
    representative_title: str = ""
    representative: str = ""
    capital_yen: int | None = None
    employees: int | None = None
    is_deemed_large: bool | None = None
    jsic_revision: str = ""
    jsic_code: str = ""
    jsic_name: str = ""
    products: str = ""
    strengths: str = ""
    founded_year: int | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """A site as it is typed; ``municipality`` is a six-digit code, ``until`` the last day it was there."""

    name: str
    role: str = "factory"
    postal_code: str = ""
    municipality: str = ""
    address: str = ""
    phone: str = ""
    since: dt.date | None = None
    until: dt.date | None = None


@transaction.atomic
def register_company(profile: Profile, *, by: Actor) -> Company:
    """Write down a firm; the acting body knows it from now on.

    A firm that is registered already under this number and this name is not written twice: the body is made to know
    it, which the audit shows. Refused: ``duplicate_number`` when the number stands under another name.
    """
    values = checked(profile)
    require_staff(by)
    if met := _meet(values, by=by):
        return met
    body = by.body or front_desk().pk
    company = Company(**values, entered_by_id=body, entered_at=clock.now())
    try:
        _save(company)
    except Refused:  # another body may have registered it in this very moment
        if met := _meet(values, by=by):
            return met
        raise
    record(by, "company.register", company, name=company.name, number=company.corporate_number)
    open_sight(company, body)
    return company


@transaction.atomic
def update_company(company: Company, profile: Profile, *, by: Actor, seen: str = "") -> Company:
    """Replace the profile by what was asked now. Refused as for registering.

    ``seen`` is the ``profile_mark`` of what the editor began from: refused as ``changed_meanwhile`` when somebody else
    has saved since, so that nobody's words are overwritten unseen.
    """
    values = checked(profile)
    require_staff(by)
    locked = lock_company(company, by=by)
    if seen and seen != profile_mark(locked):
        raise Refused(
            _("ほかの人が先に直しました。下の「いまの記録」と見比べて、もう一度保存してください。入れた内容は残っています。"),
            "changed_meanwhile",
        )
    _remember(locked, values)
    changed = sorted(name for name, value in values.items() if getattr(locked, name) != value)
    for name, value in values.items():
        setattr(locked, name, value)
    _save(locked)
    record(by, "company.update", locked, changed=changed)
    return locked


@transaction.atomic
def change_own_profile(company: Company, changes: dict[str, object], *, by: Actor, seen: str = "") -> Company:
    """The firm changes its own record; bodies see that it did, and when. Name and corporate number stay.

    Refused: ``not_allowed``, ``changed_meanwhile``, and what a profile is refused for.
    """
    if not by.is_company:
        raise Refused(_("これは、会社の方だけができます。"), "not_allowed")
    locked = lock_company(company, by=by)
    if seen and seen != profile_mark(locked):
        raise Refused(_("ほかの人が先に直しました。いまの記録を確かめて、もう一度保存してください。"), "changed_meanwhile")
    known = {one.name: getattr(locked, one.name, None) for one in fields(Profile) if one.name != "municipality"}
    known |= {"municipality": locked.municipality_id or "", "corporate_number": locked.corporate_number or ""}
    kept = {"name": locked.name, "is_sole_proprietor": locked.is_sole_proprietor, "corporate_number": known["corporate_number"]}
    values = checked(Profile(**(known | changes | kept)))
    changed = sorted(name for name, value in values.items() if getattr(locked, name) != value)
    if not changed:
        return locked
    _remember(locked, values)
    for name in changed:
        setattr(locked, name, values[name])
    locked.changed_by_company_at = clock.now()
    _save(locked)
    record(by, "company.change_own", locked, changed=changed)
    return locked


def profile_mark(company: Company) -> str:
    """Return a mark that differs whenever the profile differs."""
    names = sorted("municipality_id" if one.name == "municipality" else one.name for one in fields(Profile))
    return hashlib.sha256(repr([(name, getattr(company, name)) for name in names]).encode()).hexdigest()[:32]


def require_staff(by: Actor) -> None:
    """Refuse ``not_allowed`` for everybody but staff and the system."""
    if not (by.is_staff or by.is_system):
        raise Refused(_("会社の登録は、機関の職員だけができます。"), "not_allowed")


def lock_company(company: Company, *, by: Actor) -> Company:
    """Return the firm, locked. Refused: ``not_visible``, ``merged`` (its successor is the one to change), ``withdrawn``."""
    seen = Company.objects.visible_to(by).select_for_update(of=("self",)).filter(pk=company.pk).first()
    if seen is None:
        raise Refused(_("この会社は、いまの機関では開けません。窓口にお尋ねください。"), "not_visible")
    if seen.merged_into_id is not None:
        raise Refused(_("この会社は、ほかの会社にまとめられています。まとめた先の会社を開いてください。"), "merged")
    if seen.withdrawn_at is not None:  # an import that was undone: nothing lists it, and its address must not revive it
        raise Refused(_("この会社の登録は、取り消してあります。必要なら、新しく登録してください。"), "withdrawn")
    return seen


def _meet(values: dict[str, object], *, by: Actor) -> Company | None:
    """Return the firm registered under this number and name, known to the acting body from now on."""
    number, key = str(values["corporate_number"] or ""), search_key(str(values["name"]))[:200]
    if not number:
        return None
    numbered = Company.objects.visible_to(by).standing().filter(corporate_number=number)
    if known := numbered.filter(Q(name_key=key) | Q(merged__name_key=key)).first():
        return known
    with connection.cursor() as cursor:
        cursor.execute("SELECT company_meet(%s, %s, %s)", [number, key, clock.today()])
        row = cursor.fetchone()
    company = Company.objects.visible_to(by).filter(pk=row[0]).first() if row and row[0] else None
    if company is not None:
        record(by, "company.meet", company)
    return company


def open_sight(company: Company, body: str) -> tuple[Sight, bool]:
    """Return the open sight of a body and whether it is new."""
    return Sight.objects.get_or_create(
        company=company, body_id=body, ended_on__isnull=True, defaults={"since": clock.today(), "ended_on": None}
    )


def _save(company: Company) -> None:
    try:
        with transaction.atomic():
            company.save()
    except IntegrityError as error:
        if "corporate_number" not in str(error):
            raise
        raise Refused(
            _("この法人番号は、別の名前の会社で登録されています。番号を確かめるか、窓口にお尋ねください。"),
            "duplicate_number",
            field="corporate_number",
        ) from error


def checked(profile: Profile, *, places: frozenset[str] | None = None) -> dict[str, object]:
    """Return the model's values, cleaned. Raises Refused with the field for the first thing that is wrong.

    ``places`` are the codes of the municipalities there are, where many profiles are checked in a row.
    """
    values: dict[str, object] = {
        one.name: _text(profile, one.name) for one in fields(Profile)
        if isinstance(getattr(profile, one.name), str) and one.name not in _READ
    }
    if not search_key(profile.name):
        raise Refused(_("会社名を入れてください。"), "name_empty", field="name")
    values |= {
        "is_sole_proprietor": profile.is_sole_proprietor,
        "is_deemed_large": profile.is_deemed_large,
        "jsic_code": _jsic(profile.jsic_code),
        "corporate_number": _corporate_number(profile),
        "postal_code": postal_code_of(profile.postal_code),
        "phone": phone_of(profile.phone),
        "email": email_of(profile.email),
        "capital_yen": _within(profile.capital_yen, 0, MOST_CAPITAL_YEN, "capital_yen", _("資本金")),
        "employees": _within(profile.employees, 0, MOST_EMPLOYEES, "employees", _("従業員数")),
        "founded_year": _within(profile.founded_year, _OLDEST_FIRM, clock.today().year, "founded_year", _("創業年")),
    }
    return values | {"municipality_id": municipality_of(profile.municipality, places=places)}


def _remember(company: Company, values: dict[str, object]) -> None:
    """Keep the name and the representative that are about to be replaced, until today."""
    led = f"{company.representative_title} {company.representative}".strip() if company.representative else ""
    for kind, before, is_other in (
        (FormerKind.NAME, company.name, search_key(company.name) != search_key(str(values["name"]))),
        (FormerKind.REPRESENTATIVE, led, search_key(company.representative) != search_key(str(values["representative"]))),
    ):
        if before and is_other:
            Former.objects.create(company=company, kind=kind, value=before, until=clock.today(), written_at=clock.now())


def _jsic(text: str) -> str:
    code = unicodedata.normalize("NFKC", text).strip().upper()
    if code and not re.fullmatch(r"[A-T]|[A-T]?[0-9]{2,4}", code):
        raise Refused(_("産業分類の番号は、A〜Tの1文字か、2〜4桁の数字で入れてください。例：27、2731"), "jsic_wrong", field="jsic_code")
    if code and class_of(code) is None:
        raise Refused(_("産業分類に「%(code)s」はありません。業種の言葉を入れて、一覧から選んでください。") % {"code": code}, "jsic_unknown",
                      field="jsic_code")
    return code


def _text(profile: Profile, name: str) -> str:
    most = getattr(Company._meta.get_field(name), "max_length", None) or 4000  # noqa: SLF001  Django's own way
    return short(getattr(profile, name), most, name)


def short(text: str, most: int, field: str) -> str:
    """Return the cleaned text. Refused: ``too_long``."""
    clean = clean_text(text)
    if len(clean) > most:
        raise Refused(
            _("%(most)s字までです（いま%(now)s字）。短くしてください。") % {"most": most, "now": len(clean)},
            "too_long",
            field=field,
        )
    return clean


def _corporate_number(profile: Profile) -> str | None:
    if not profile.corporate_number.strip():
        return None
    if profile.is_sole_proprietor:
        raise Refused(
            _("個人事業主には法人番号がありません。番号を消すか、個人事業主の印を外してください。"),
            "sole_proprietor_with_number",
            field="corporate_number",
        )
    number = digits(profile.corporate_number)
    if not is_corporate_number(number):
        raise Refused(
            _("法人番号が正しくありません。13桁の数字を、国税庁の公表サイトで確かめてください。"),
            "corporate_number_wrong",
            field="corporate_number",
        )
    return number


def postal_code_of(text: str) -> str:
    """Return a postal code or nothing. Refused: ``postal_code_wrong``."""
    try:
        return parse_postal_code(text) if text.strip() else ""
    except ValueError as error:
        raise Refused(str(error), "postal_code_wrong", field="postal_code") from error


def phone_of(text: str) -> str:
    """Return a telephone number or nothing. Refused: ``phone_wrong``."""
    try:
        return parse_phone(text) if text.strip() else ""
    except ValueError as error:
        raise Refused(str(error), "phone_wrong", field="phone") from error


def email_of(text: str) -> str:
    """Return a mail address or nothing. Refused: ``email_wrong``."""
    plain = short(text, 254, "email")
    try:
        if plain:
            validate_email(plain)
    except ValidationError as error:
        raise Refused(
            _("メールアドレスの形が違います。「名前@会社.example」のように入れてください。"), "email_wrong", field="email"
        ) from error
    return plain


def municipality_of(text: str, *, places: frozenset[str] | None = None) -> str | None:
    """Return a municipality code of the plan (or of ``places``) or nothing. Refused: ``municipality_unknown``."""
    if not text.strip():
        return None
    code = digits(text)
    known = code in places if places is not None else Municipality.objects.filter(pk=code).exists()
    if not is_municipality_code(code) or not known:
        raise Refused(_("市町村を一覧から選んでください。"), "municipality_unknown", field="municipality")
    return code


def _within(value: int | None, least: int, most: int, field: str, label: str) -> int | None:
    if value is not None and not least <= value <= most:
        raise Refused(
            _("%(label)sは%(least)sから%(most)sまでの数で入れてください。")
            % {"label": label, "least": least, "most": most if field == "founded_year" else f"{most:,}"},
            "out_of_range",
            field=field,
        )
    return value
