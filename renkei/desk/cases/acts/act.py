"""The shape of a deed on a case, and the one view that serves them all."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from renkei.base.actor import Actor
from renkei.base.forms import Options
from renkei.base.refusal import Refused
from renkei.cases.actions.reading import read_cases
from renkei.cases.models import Case, Contact, Passage
from renkei.cases.rules import runs_case
from renkei.cases.states import DisclosureClass
from renkei.desk.colleagues import people_choices
from renkei.desk.request import StaffRequest

RELATED = ("company", "company__municipality", "holder", "holder_person", "next_body", "next_person", "received_by")
Pairs = Iterable[tuple[str, Any]]


def choice(label: Any, choices: Pairs = (), **more: Any) -> forms.ChoiceField:
    """Return a field to choose one from, with our sentences."""
    more.setdefault("widget", Options)
    sentences = {"required": _("1つ選んでください。"), "invalid_choice": _("一覧にないものです。選び直してください。")}
    return forms.ChoiceField(label=label, choices=choices, error_messages=sentences, **more)


def klass_choice(**more: Any) -> forms.ChoiceField:
    """Return the choice of a disclosure class."""
    more.setdefault("initial", DisclosureClass.TECHNICAL)
    more.setdefault("help_text", _("同意のある機関だけが、その区分を読めます。"))
    return choice(_("内容の区分"), DisclosureClass.choices, **more)


def people_of(case: Case, actor: Actor, *, nobody: Any = None) -> list[tuple[str, Any]]:
    """Return the holder's people to choose from, who fits and carries least first; "nobody yet" before them when given."""
    first = [("", nobody)] if nobody is not None else []
    return first + people_choices(case.holder_id, actor, case=case)


def person_id(value: str) -> uuid.UUID | None:
    """Return the id chosen from ``people_of``."""
    return uuid.UUID(value) if value else None


class ActForm(forms.Form):
    """A deed: its words, who may do it, and the action it calls. ``subject`` is what in the case it is about."""

    do_not_call_in_templates = True  # pages list deeds by their class
    use_required_attribute = False  # the browser's own sentences are not ours

    slug: ClassVar[str]
    heading: ClassVar[Any]
    button: ClassVar[Any]
    done: ClassVar[Any]
    say: ClassVar[Any] = ""
    rule: ClassVar[str] = "cases the body runs"
    subject_model: ClassVar[type[models.Model] | None] = None
    template: ClassVar[str] = "desk/cases/act.html"

    def __init__(self, *args: Any, case: Case, actor: Actor, subject: Any = None, **kwargs: Any) -> None:
        self.case, self.actor, self.subject = case, actor, subject
        super().__init__(*args, **kwargs)
        self.prepare()

    def prepare(self) -> None:
        """Fill choices and first values from the case."""

    @classmethod
    def allowed(cls, actor: Actor, case: Case, subject: Any) -> bool:
        """Tell whether the actor may do this; ``subject`` is None where there is none."""
        del subject
        return runs_case(actor, case)

    def hint(self, given: QueryDict) -> None:
        """Take first values from the address of the page."""

    def run(self) -> Any:
        """Call the action. Raises Refused."""
        raise NotImplementedError

    def after(self, result: Any) -> str:
        """Return where to go afterwards: the case page, or the list when the deed took the case out of sight."""
        del result
        if not Case.objects.visible_to(self.actor).filter(pk=self.case.pk).exists():
            return reverse("desk-cases", kwargs={"body": self.actor.body})
        return reverse("desk-case", kwargs={"body": self.actor.body, "case": self.case.pk})

    def pick(self, name: str) -> forms.ChoiceField:
        """Return a field of choices of this form."""
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101  narrows the declared type
        return field

    def refuse(self, refusal: Refused) -> None:
        """Put the sentence beside the field it belongs to; what was typed stays."""
        field = refusal.field if refusal.field in self.fields else None
        self.add_error(field, forms.ValidationError(refusal.message, code=refusal.code))
        if refusal.code == "changed_meanwhile" and "version" in self.fields:
            self.case.refresh_from_db()
            again = {self.add_prefix("version"): str(self.case.version)}  # the second try saves over what is shown
            self.data = {**self.data.dict(), **again} if isinstance(self.data, QueryDict) else {**self.data, **again}

    @property
    def is_changed_meanwhile(self) -> bool:
        """Tell whether somebody saved in between: the page then shows what stands now."""
        return any(error.code == "changed_meanwhile" for error in self.non_field_errors().as_data())


def act_view(form_class: type[ActForm]) -> Callable[..., HttpResponse]:
    """Return the view of a deed: GET shows the form, POST does it and goes back to the case."""

    def view(request: StaffRequest, body: str, case: uuid.UUID, subject: uuid.UUID | None = None) -> HttpResponse:
        visible = Case.objects.visible_to(request.actor).select_related(*RELATED)
        found = get_object_or_404(visible, pk=case)
        thing = _subject(form_class, request.actor, found, subject)
        if not form_class.allowed(request.actor, found, thing):
            raise PermissionDenied
        sent = (request.POST, request.FILES) if request.method == "POST" else (None, None)
        form = form_class(*sent, case=found, actor=request.actor, subject=thing)
        form.hint(request.GET)
        if request.method == "POST" and form.is_valid():
            try:
                result = form.run()
            except Refused as refusal:
                form.refuse(refusal)
            else:
                messages.success(request, form.done)
                return redirect(form.after(result))
        if isinstance(thing, (Contact, Passage)):  # its words stand on the page
            read_cases([found.pk], by=request.actor, classes=[thing.klass])
        return render(request, form.template, {"form": form, "case": found, "subject": thing, "body": body})

    view.__doc__ = form_class.__doc__
    view.__name__ = f"act_{form_class.slug.replace('-', '_')}"
    return view


def _subject(form_class: type[ActForm], actor: Actor, case: Case, subject: uuid.UUID | None) -> Any:
    model = form_class.subject_model
    if model is None:
        return None
    visible = model.objects.visible_to(actor)  # type: ignore[attr-defined]  # every model named here has it
    return get_object_or_404(visible.filter(case=case), pk=subject)
