"""The guide: short pages of what to press, searchable, with pictures of the example region."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from renkei.public.guide.topics import BY_SLUG, TOPICS

LONGEST_SEARCH = 60


def guide(request: HttpRequest) -> HttpResponse:
    """List the topics, or those that speak of the words."""
    words = request.GET.get("q", "").strip()[:LONGEST_SEARCH]
    found = [topic for topic in TOPICS if topic.has(words)] if words else list(TOPICS)
    return render(request, "public/guide/list.html", {"topics": found, "words": words})


def guide_topic(request: HttpRequest, topic: str) -> HttpResponse:
    """Show one topic, with the others for the same readers."""
    shown = BY_SLUG.get(topic)
    if shown is None:
        raise Http404
    others = [one for one in TOPICS if one is not shown and one.reader == shown.reader]
    return render(request, "public/guide/topic.html", {"topic": shown, "others": others})
