"""People who sign in, and in which body they act."""

from __future__ import annotations

import datetime as dt
from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.db import models
from django.utils.translation import gettext_lazy as _

from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.models import Row


class People(BaseUserManager["Person"]):
    """Create and find people by mail address."""

    def create_user(self, email: str, password: str | None = None, **fields: str) -> Person:
        """Create a person who can sign in (with ``password``), or not yet (without)."""
        person = self.model(email=self.normalize_email(email).lower(), **fields)
        person.set_password(password)
        person.save(using=self._db)
        return person

    def get_by_natural_key(self, username: str | None) -> Person:
        """Find by address, ignoring case."""
        return self.get(email__iexact=username)


def surname(name: str) -> str:
    """Return the part of a full name before the first space."""
    return name.replace("\u3000", " ").split(" ")[0]


class Person(Row, AbstractBaseUser):
    """A person who works for one or several bodies. What they may do follows from memberships, never from flags."""

    email = models.EmailField(_("メールアドレス"), unique=True)
    name = models.CharField(_("氏名"), max_length=100)
    kana = models.CharField(_("フリガナ"), max_length=100, blank=True)
    phone = models.CharField(_("電話番号"), max_length=20, blank=True)
    is_active = models.BooleanField(default=True)

    objects: ClassVar[People] = People()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        """People are never deleted: their acts keep their name."""

        ordering = ["kana", "name"]

    def __str__(self) -> str:
        return self.name

    @property
    def surname(self) -> str:
        """Return what staff are named by on screen."""
        return surname(self.name)


class MembershipQuerySet(models.QuerySet["Membership"]):
    """Memberships on a day."""

    def current(self, on: dt.date | None = None) -> MembershipQuerySet:
        """Return those that hold on ``on`` (today), with person and body."""
        return self.holding(on).select_related("person", "body")

    def holding(self, on: dt.date | None = None) -> MembershipQuerySet:
        """Return those that hold on ``on`` (today), bare: what is locked must not be joined."""
        day = on or clock.today()
        return self.filter(
            models.Q(until__isnull=True) | models.Q(until__gte=day), since__lte=day, person__is_active=True
        )

    def lasting(self) -> MembershipQuerySet:
        """Return those that have not ended: holding today or beginning later."""
        return self.filter(models.Q(until__isnull=True) | models.Q(until__gte=clock.today()), person__is_active=True)


class Membership(Row):
    """Person x body x role, from and to. ``role`` is a code of the plan's posts and roles."""

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="memberships")
    body = models.ForeignKey("plan.Body", on_delete=models.PROTECT, related_name="memberships")
    role = models.CharField(_("役割"), max_length=40)
    title = models.CharField(_("肩書"), max_length=100, blank=True)
    is_admin = models.BooleanField(_("機関の管理者"), default=False)
    since = models.DateField(_("着任日"))
    until = models.DateField(_("離任日"), null=True, blank=True)
    specialities = models.JSONField(_("得意分野"), default=list)
    team = models.CharField(_("課・チーム"), max_length=60, blank=True)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        """One role at a time in a body."""

        ordering = ["body__order", "person__kana"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(until__isnull=True) | models.Q(until__gte=models.F("since")),
                name="membership_ends_after_start",
            ),
            models.UniqueConstraint(
                fields=["person", "body"], condition=models.Q(until__isnull=True), name="membership_one_open_per_body"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person} ({self.body})"


class InvitationQuerySet(models.QuerySet["Invitation"]):
    """Invitations as those who may act on them see them."""

    def visible_to(self, actor: Actor) -> InvitationQuerySet:
        """Return the invitations of the body the actor administers; the invited person's own, through the link."""
        if actor.is_system:
            return self
        if actor.link is not None:
            return self.filter(pk=actor.link)
        if not actor.is_staff or actor.person is None:
            return self.none()
        admin = Membership.objects.filter(person_id=actor.person, body_id=actor.body, is_admin=True)
        return self.filter(body_id=actor.body) if admin.holding().exists() else self.none()

    def waiting(self) -> InvitationQuerySet:
        """Return those that were neither accepted nor withdrawn, expired or not."""
        return self.filter(accepted_at__isnull=True, withdrawn_at__isnull=True)


class Invitation(Row):
    """A body asks a person in, by mail. Only the hash of the link's token is kept; it opens while it waits and is in time."""

    body = models.ForeignKey("plan.Body", on_delete=models.PROTECT, related_name="invitations")
    email = models.EmailField(_("メールアドレス"))
    name = models.CharField(_("氏名"), max_length=100)
    role = models.CharField(_("役割"), max_length=40)
    title = models.CharField(_("肩書"), max_length=100, blank=True)
    is_admin = models.BooleanField(_("機関の管理者"), default=False)
    since = models.DateField(_("着任日"))
    token_hash = models.CharField(max_length=64, unique=True)
    made_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    made_at = models.DateTimeField()
    sent_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    accepted_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    withdrawn_at = models.DateTimeField(null=True)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        """One open invitation a body and address; accepted by somebody or not at all, and never withdrawn as well."""

        ordering = ["-made_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["body", "email"],
                condition=models.Q(accepted_at__isnull=True, withdrawn_at__isnull=True),
                name="invitation_one_open_per_address",
            ),
            models.CheckConstraint(
                condition=models.Q(accepted_at__isnull=True, accepted_by__isnull=True)
                | models.Q(accepted_at__isnull=False, accepted_by__isnull=False, withdrawn_at__isnull=True),
                name="invitation_accepted_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.email} ({self.body_id})"

    @property
    def is_expired(self) -> bool:
        """Tell whether its time is over."""
        return self.expires_at <= clock.now()


class AbsenceQuerySet(models.QuerySet["Absence"]):
    """Absences that were not called off."""

    def standing(self) -> AbsenceQuerySet:
        """Return those that were not called off."""
        return self.filter(cancelled_at__isnull=True)

    def on(self, day: dt.date) -> AbsenceQuerySet:
        """Return those that hold on a day."""
        return self.standing().filter(since__lte=day, until__gte=day)

    def meeting(self, since: dt.date, until: dt.date) -> AbsenceQuerySet:
        """Return those that share a day with a span, both ends included."""
        return self.standing().filter(since__lte=until, until__gte=since)


class Absence(Row):
    """A member of a body is away, first and last day included. Why stands in a note that nobody else reads."""

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="absences")
    body = models.ForeignKey("plan.Body", on_delete=models.PROTECT, related_name="+")
    since = models.DateField(_("いつから"))
    until = models.DateField(_("いつまで"))
    substitute = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    made_at = models.DateTimeField()
    made_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    cancelled_at = models.DateTimeField(null=True)

    objects = AbsenceQuerySet.as_manager()

    class Meta:
        """Nobody is away twice on one day in a body, or stands in for themself."""

        ordering = ["since", "until"]
        constraints = [
            models.CheckConstraint(condition=models.Q(until__gte=models.F("since")), name="absence_ends_after_start"),
            models.CheckConstraint(
                condition=~models.Q(substitute=models.F("person")), name="absence_substitute_is_somebody_else"
            ),
            ExclusionConstraint(
                name="absence_no_overlap",
                expressions=[
                    ("person", RangeOperators.EQUAL),
                    ("body", RangeOperators.EQUAL),
                    (
                        models.Func(
                            "since", "until", models.Value("[]"), function="daterange", output_field=DateRangeField()
                        ),
                        RangeOperators.OVERLAPS,
                    ),
                ],
                condition=models.Q(cancelled_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} {self.since} - {self.until}"


class AbsenceNoteQuerySet(models.QuerySet["AbsenceNote"]):
    """One's own notes."""

    def visible_to(self, actor: Actor) -> AbsenceNoteQuerySet:
        """Return the notes the person wrote; nobody else reads them, the system neither."""
        return self.filter(person=actor.person) if actor.is_staff and actor.person else self.none()


class AbsenceNote(Row):
    """What a person wrote down for themself about an absence."""

    absence = models.OneToOneField(Absence, on_delete=models.PROTECT, related_name="note")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    text = models.CharField(_("自分だけの覚え"), max_length=200)

    objects = AbsenceNoteQuerySet.as_manager()

    def __str__(self) -> str:
        return str(self.absence_id)


class MemberReviewQuerySet(models.QuerySet["MemberReview"]):
    """Reviews as bodies see them."""

    def visible_to(self, actor: Actor, *, is_desk: bool = False) -> MemberReviewQuerySet:
        """Return the body's own; all of them for the front desk (``is_desk``) and the system."""
        if actor.is_system or (actor.is_staff and is_desk):
            return self
        return self.filter(body_id=actor.body) if actor.is_staff else self.none()


class MemberReview(Row):
    """A body's half-yearly look at who still works for it, signed once. ``half`` is the first day of the half-year."""

    body = models.ForeignKey("plan.Body", on_delete=models.PROTECT, related_name="member_reviews")
    half = models.DateField()
    signed_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    signed_at = models.DateTimeField()
    verdicts = models.JSONField()

    objects = MemberReviewQuerySet.as_manager()

    class Meta:
        """One a body and half-year, never changed afterwards."""

        ordering = ["-half", "body__order"]
        constraints = [models.UniqueConstraint(fields=["body", "half"], name="member_review_once_a_half_year")]

    def __str__(self) -> str:
        return f"{self.body_id} {self.half}"
