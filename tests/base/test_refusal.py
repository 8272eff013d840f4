"""The one way an action says no."""

from __future__ import annotations

from django.utils.translation import gettext_lazy

from renkei.base.refusal import Refused


def test_a_refusal_carries_sentence_code_and_field() -> None:
    refused = Refused(gettext_lazy("短くしてください。"), "too_long", field="text")
    assert (refused.message, refused.code, refused.field, str(refused)) == (
        "短くしてください。", "too_long", "text", "短くしてください。",
    )  # fmt: skip
    assert type(refused.message) is str
    assert Refused("だめです。", "no").field is None
