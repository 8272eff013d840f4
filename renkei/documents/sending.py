"""Give a file to the browser: its type by its ending, its name as written, Japanese ones too."""

from __future__ import annotations

from django.http import HttpResponse
from django.utils.http import content_disposition_header

from renkei.documents.store import KINDS


def sent_file(data: bytes, name: str, *, is_shown: bool = False) -> HttpResponse:
    """Return a file that is kept under ``name``, or with ``is_shown`` opened in the browser. Raises KeyError for an ending we do not send."""
    header = content_disposition_header(as_attachment=not is_shown, filename=name) or "attachment"
    return HttpResponse(data, KINDS[name.rpartition(".")[2]], headers={"Content-Disposition": header})
