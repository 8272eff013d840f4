"""Where a mail about a case is answered to: an address bound to that mail, so to one case and one recipient.

The token is the mail's id with a keyed digest over id and recipient. It opens nothing in a browser: all it can do is
bring a letter to one case, and only from the address the mail went to.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import uuid

from django.conf import settings

from renkei.post.models import Mail

_PREFIX = "case+"
_SEAL = 10  # bytes: 2^80 guesses, each of them a mail


def _seal(pk: uuid.UUID, to: str) -> bytes:
    key = hashlib.sha256(b"renkei reply" + settings.SECRET_KEY.encode()).digest()
    return hmac.digest(key, pk.bytes + to.lower().encode(), "sha256")[:_SEAL]


def reply_address(mail: Mail) -> str:
    """Return the address that answers this mail; "" when mail is not received here, or the mail is about no case."""
    if not settings.RENKEI_MAIL_DOMAIN or mail.case is None:
        return ""
    token = base64.b32encode(mail.pk.bytes + _seal(mail.pk, mail.to)).decode().rstrip("=").lower()
    return f"{_PREFIX}{token}@{settings.RENKEI_MAIL_DOMAIN}"


def is_ours(address: str) -> bool:
    """Tell whether a letter to this address is for us at all."""
    domain = settings.RENKEI_MAIL_DOMAIN.lower()
    return bool(domain) and address.strip("<>").lower().endswith(f"@{domain}")


def mail_answered(address: str) -> Mail | None:
    """Return the mail that a letter to this address answers; None for any other address. Asked as the worker."""
    local = address.strip("<>").lower().partition("@")[0]
    if not local.startswith(_PREFIX) or not is_ours(address):
        return None
    token = local.removeprefix(_PREFIX).upper()
    try:
        raw = base64.b32decode(token + "=" * (-len(token) % 8))
    except (binascii.Error, ValueError):
        return None
    if len(raw) != 16 + _SEAL:
        return None
    mail = Mail.objects.filter(pk=uuid.UUID(bytes=raw[:16])).first()
    return mail if mail is not None and hmac.compare_digest(_seal(mail.pk, mail.to), raw[16:]) else None
