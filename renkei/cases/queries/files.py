"""Files of a case, for an actor who has been let through to the row."""

from __future__ import annotations

from pathlib import Path

from django.utils.translation import gettext as _

from renkei.base.refusal import Refused
from renkei.cases.models import Attachment, PartnerFile
from renkei.documents.store import path_of


def open_file(attachment: Attachment | PartnerFile) -> Path:
    """Return where the bytes lie. The caller fetched the row with ``visible_to``. Raises Refused when they are gone."""
    path = path_of(attachment.sha256)
    if not path.is_file():
        raise Refused(_("ファイルが見つかりません。送った方に、もう一度付けてもらってください。"), "file_missing")
    return path
