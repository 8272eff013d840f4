"""The list of synonyms: looked through, tried on a text, changed group by group."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from renkei.base.numbers import whole_number
from renkei.base.refusal import Refused
from renkei.base.text import clean_text, search_key
from renkei.desk.request import StaffRequest
from renkei.desk.wordlist.forms import GroupForm
from renkei.matching import synonyms
from renkei.matching.sitewords import STATES, SiteGroup, all_groups, find_group, words_of
from renkei.matching.wordactions import add_group, change_group, end_group, resume_group, undo_step
from renkei.matching.wordmodels import SynonymStep
from renkei.matching.wordrules import codes_by_word, edits_words, shared_with

PER_PAGE = 50
MOST_TRIED = 2_000
_DEEDS = {"end": end_group, "resume": resume_group, "undo": undo_step}


@require_safe
def word_list(request: StaffRequest, body: str) -> HttpResponse:
    """Show the groups, found by a word and by state; with ``try`` what a text would be searched by."""
    find, state = clean_text(request.GET.get("q", ""))[:100], request.GET.get("state", "")
    listed = all_groups()
    counts = {code: sum(one.state == code for one in listed) for code in STATES}
    key = search_key(find)
    found = [one for one in listed if (not key or one.matches(key)) and (state not in STATES or one.state == state)]
    tried = clean_text(request.GET.get("try", ""))[:MOST_TRIED]
    context = {
        "body": body, "q": find, "state": state, "page": Paginator(found, PER_PAGE).get_page(request.GET.get("page")),
        "total": len(listed), "states": [(code, STATES[code], count) for code, count in counts.items() if count],
        "tried": tried, "used": synonyms.current().expanded_by(tried) if tried else {}, "may_edit": edits_words(request.actor),
    }  # fmt: skip
    return render(request, "desk/wordlist/list.html", context)


def new_group(request: StaffRequest, body: str) -> HttpResponse:
    """Add a group of the site's own."""
    _only_editors(request)
    form = GroupForm(request.POST if request.method == "POST" else None, initial={"alike": request.GET.get("word", "")[:100]})
    if request.method == "POST" and form.is_valid():
        try:
            made = add_group(form.words(), by=request.actor)
        except Refused as refusal:
            form.add_error("alike", refusal.message)
        else:
            messages.success(request, _("加えました。いまから、この組の言葉でも探します。") + _elsewhere(made.code))
            return redirect("desk-words-group", body=body, code=made.code)
    return render(request, "desk/wordlist/new.html", {"form": form, "body": body}, status=422 if form.errors else 200)


def group(request: StaffRequest, body: str, code: str) -> HttpResponse:
    """Show a group with its history, and change its words."""
    found = _found(code)
    form = GroupForm(request.POST if request.method == "POST" else None, initial=GroupForm.first(found))
    may_edit = edits_words(request.actor)
    if request.method == "POST":
        _only_editors(request)
        if form.is_valid():
            try:
                version = form.cleaned_data["version"]
                change_group(code, form.words(), version=found.version if version is None else version, by=request.actor)
            except Refused as refusal:
                form.add_error("alike" if refusal.field else None, refusal.message)
                if refusal.code == "changed_meanwhile":  # what was read just now may be overwritten knowingly
                    form.data = {**request.POST.dict(), "version": str(_found(code).version)}
            else:
                messages.success(request, _("直しました。いまから、新しい言葉で探します。") + _elsewhere(code))
                return redirect("desk-words-group", body=body, code=code)
    context = {
        "body": body, "form": form, "found": found, "may_edit": may_edit, "elsewhere": _shared(found),
        "steps": _steps(SynonymStep.objects.visible_to(request.actor).filter(group=code)[:50]),
    }  # fmt: skip
    return render(request, "desk/wordlist/group.html", context, status=422 if form.errors else 200)


@require_POST
def act(request: StaffRequest, body: str, code: str) -> HttpResponse:
    """End a group, use it again, or take its last change back (``deed``)."""
    found = _found(code)
    _only_editors(request)
    deed, version = _DEEDS.get(request.POST.get("deed", "")), whole_number(request.POST.get("version", ""))
    if deed is None:
        messages.error(request, _("ボタンから選んでください。"))
        return redirect("desk-words-group", body=body, code=code)
    try:
        deed(code, version=found.version if version is None else version, by=request.actor)
    except Refused as refusal:
        messages.error(request, refusal.message)
    else:
        done = {"end": _("この組を使うのをやめました。"), "resume": _("この組をまた使います。"), "undo": _("前の形に戻しました。")}
        messages.success(request, done[request.POST["deed"]])
    return redirect("desk-words-group", body=body, code=code)


@require_safe
def history(request: StaffRequest, body: str) -> HttpResponse:
    """Show every change of the list, newest first."""
    found = SynonymStep.objects.visible_to(request.actor).select_related("done_by", "body")
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "desk/wordlist/history.html", {"page": page, "steps": _steps(page.object_list), "body": body})


def _steps(found: Any) -> list[dict[str, Any]]:
    """Return steps with what each added and took away."""
    rows = []
    for step in found:
        before = {one.word for one in words_of(step.before)} if step.before else set()
        after = [one.word for one in words_of(step.after)]
        gone = [one.word for one in words_of(step.before) if one.word not in after] if step.before else []
        rows.append({"step": step, "added": [word for word in after if word not in before], "removed": gone, "title": "、".join(after[:3])})
    return rows


def _only_editors(request: StaffRequest) -> None:
    if not edits_words(request.actor):
        raise PermissionDenied


def _found(code: str) -> SiteGroup:
    found = find_group(code[:20])
    if found is None or found.code != code:
        raise Http404
    return found


def _shared(found: SiteGroup) -> dict[str, list[str]]:
    alive = [one.group for one in all_groups() if one.state != "ended"]
    return shared_with(found.code, found.group.words, codes_by_word(alive))


def _elsewhere(code: str) -> str:
    """Return a sentence when words of a group stand in others, too."""
    if not (shared := _shared(_found(code))):
        return ""
    return _("ほかの組にもある言葉（両方の意味で探します）：%(words)s。") % {"words": "、".join(shared)}
