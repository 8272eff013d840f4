"""The one mail a draft sends: where to go on."""

from __future__ import annotations

from django.conf import settings
from django.urls import reverse

from renkei.base.actor import Actor
from renkei.post.outbox import put_mail


def draft_link(to: str, token: str, *, by: Actor) -> bool:
    """Send the draft's own link; nothing of what was written stands in it."""
    address = settings.RENKEI_ADDRESS + reverse("public-draft", kwargs={"token": token, "step": 1})
    text = (
        "書きかけのご相談の続きは、次のページから書けます（30日間）。まだ送られていません。\n"
        "このアドレスは、ほかの人に見せないでください。\n\n"
        f"{address}\n\n心当たりのないときは、このメールを消してください。\n"
    )
    return put_mail(by=by, to=to, subject="書きかけのご相談の続き", text=text, purpose="draft", about=by.link) is not None
