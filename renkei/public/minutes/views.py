"""A body confirms minutes from the link in its mail: GET shows, a POST answers (mail scanners open every link)."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render

from renkei.base.refusal import Refused
from renkei.meetings.actions.confirming import confirm
from renkei.meetings.models import Confirmation, Meeting, MeetingState, Minutes, MinutesItem, Stance
from renkei.plan.models import Body
from renkei.plan.queries import short_names
from renkei.post import limits
from renkei.post.models import LinkPurpose
from renkei.public.answer.views import LinkRequest
from renkei.public.minutes.forms import ConfirmForm


def answer(request: LinkRequest, token: str) -> HttpResponse:
    """Show the newest minutes of the meeting and take the body's word on them; the newest word counts until they are locked."""
    del token
    if request.link.purpose != LinkPurpose.MINUTES:
        raise Http404
    meeting = get_object_or_404(Meeting.objects.visible_to(request.actor).select_related("host"), pk=request.link.subject)
    sent = list(Minutes.objects.visible_to(request.actor).filter(meeting=meeting))
    if not sent:
        raise Http404
    newest = sent[0]
    own = Confirmation.objects.visible_to(request.actor).filter(minutes=newest).first()
    start = {"agrees": "yes" if own.agrees else "no", "words": own.words, "name": own.said_name} if own else None
    form = ConfirmForm(request.POST if request.method == "POST" else None, initial=start)
    page = {"meeting": meeting, "minutes": newest, "for_body": Body.objects.get(pk=request.link.body), "form": form, "own": own}
    if request.method == "POST" and form.is_valid() and _confirm(request, form, sent):
        return render(request, "public/minutes/done.html", page | {"said": form.cleaned_data})
    if meeting.state == MeetingState.CHECKING:
        page |= {"items": list(MinutesItem.objects.visible_to(request.actor).filter(minutes=newest)), "stances": dict(Stance.choices),
                 "bodies": short_names()}  # fmt: skip
    return render(request, "public/minutes/answer.html", page, status=422 if form.errors else 200)


def _confirm(request: LinkRequest, form: ConfirmForm, sent: list[Minutes]) -> bool:
    """Take the word on the minutes that were shown (``number``); False with the refusal beside its field."""
    shown = next((one for one in sent if str(one.number) == request.POST.get("number")), sent[0])
    data = form.cleaned_data
    try:
        limits.count_answer(request.link.id)
        confirm(shown, by=request.actor, agrees=data["agrees"] == "yes", words=data["words"], name=data["name"])
    except Refused as refusal:
        form.refuse(refusal)
        return False
    return True
