"""A body answers a circulation from the link in its mail: GET shows, a POST answers (mail scanners open every link)."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render

from renkei.base.refusal import Refused
from renkei.meetings.actions.going_round import cast_votes
from renkei.meetings.ballot import STANCES, ballot, read_ballot
from renkei.meetings.models import Meeting
from renkei.meetings.telling import meeting_name
from renkei.plan.models import Body
from renkei.post import limits
from renkei.post.models import LinkPurpose
from renkei.public.answer.views import LinkRequest


def answer(request: LinkRequest, token: str) -> HttpResponse:
    """Show what goes round and take the body's word on each item; the newest counts, so the link works until the end."""
    del token
    if request.link.purpose != LinkPurpose.ROUND:
        raise Http404
    found = get_object_or_404(Meeting.objects.visible_to(request.actor).select_related("host"), pk=request.link.subject)
    typed = request.POST if request.method == "POST" else None
    lines = ballot(found, request.actor, typed)
    page = {"meeting": found, "name": meeting_name(found), "for_body": Body.objects.get(pk=request.link.body), "lines": lines, "stances": STANCES,
            "answered_by": typed.get("answered_by", "") if typed is not None else ""}  # fmt: skip
    if typed is not None:
        try:
            limits.count_answer(request.link.id)
            cast_votes(found, read_ballot(typed, lines), by=request.actor, name=str(page["answered_by"]))
        except Refused as refusal:
            return render(request, "public/rounds/answer.html", page | {"refusal": refusal}, status=422)
        return render(request, "public/rounds/done.html", page)
    return render(request, "public/rounds/answer.html", page)
