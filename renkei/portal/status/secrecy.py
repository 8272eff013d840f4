"""What a firm decides of its words without a name and of files that are shown only under a promise of secrecy [C46]."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from renkei.cases.actions.disclosable import confirm_public, take_back_public
from renkei.cases.actions.listing import list_need, unlist_need
from renkei.cases.actions.ndas import keep_for_secrecy
from renkei.cases.models import Attachment, Need
from renkei.portal.status.door import DoorRequest, door_of


@require_POST
def public_seen(request: DoorRequest, need: uuid.UUID, **where: Any) -> HttpResponseBase:
    """Let the words without a name stand as they were shown and be found, or take either back: what is asked with them ends."""
    door = door_of(request, where)
    found = get_object_or_404(Need.objects.visible_to(request.actor), pk=need, case=door.case)
    answer = request.POST.get("answer")
    if answer == "list":
        list_need(found, by=request.actor)
        messages.success(request, _("ありがとうございます。名を伏せて、検索に載せます。"))
    elif answer == "unlist":
        unlist_need(found, by=request.actor)
        messages.success(request, _("検索から外しました。文はもう読めません。"))
    elif answer == "no":
        take_back_public(found, by=request.actor)
        messages.success(request, _("取り消しました。どこにも尋ねていません。"))
    else:
        words = {name: request.POST.get(name, "").replace("\r\n", "\n") for name in ("title", "summary")}
        confirm_public(found, by=request.actor, title=words["title"], summary=words["summary"], listed=request.POST.get("listed") == "yes")
        messages.success(request, _("確かめていただきました。お名前を出さずに尋ねます。"))
    return redirect(f"{door.url()}#sight")


@require_POST
def keep_file(request: DoorRequest, file: uuid.UUID, **where: Any) -> HttpResponseBase:
    """Show a file only under a promise of secrecy, or to every body with consent again. It acts at the next request."""
    door = door_of(request, where)
    found = get_object_or_404(Attachment.objects.visible_to(request.actor), pk=file, case=door.case)
    keep_for_secrecy(found, by=request.actor, needs_nda=request.POST.get("keep") == "yes")
    messages.success(request, _("見せ方を変えました。次に開くときから効きます。"))
    return redirect(f"{door.url()}#files")
