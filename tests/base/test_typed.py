"""What was typed into a page that answers no more is given back, and nothing else of the form."""

from __future__ import annotations

from typing import Any

import pytest
from django.http import QueryDict
from django.test import Client
from django.urls import reverse

from renkei.base.typed import typed_words
from renkei.cases.actions.consents import withdraw_consent
from renkei.cases.models import Consent
from tests.desk.scene import asked
from tests.world import LAB, World


def says(answer: Any) -> str:
    return str(answer.content.decode())


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("text=電話した。", ["電話した。"]),
        ("text=call+them+back", ["call them back"]),
        ("a=一つ&b=二つ&a=三つ", ["一つ", "三つ", "二つ"]),
        ("answer=ask&subject=0b5c-9&next_on=2026-11-27&mail=a%40b.example", []),
        ("csrfmiddlewaretoken=あ&password=い&old_password=う&code=え&login=お", []),
        ("text=%20%0A&note=", []),
    ],
)  # fmt: skip
def test_only_words_are_kept(sent: str, kept: list[str]) -> None:
    assert typed_words(QueryDict(sent)) == kept


def test_a_body_whose_consent_is_gone_keeps_what_it_typed(world: World) -> None:
    scene = asked(world)
    for consent in Consent.objects.filter(case=scene.case, body_id=LAB):
        withdraw_consent(consent, by=world.desk, how="oral")
    lab, support, case = scene.client(LAB), scene.supports[0].pk, scene.case.pk
    answer = lab.post(reverse("desk-request", kwargs={"body": LAB, "support": support}), {"answer": "ask", "question": "何度ですか。<b>"})
    assert answer.status_code == 200
    assert "会社が同意を取り消しました" in says(answer)
    assert "書いた文は、送られていません" in says(answer)
    assert "何度ですか。&lt;b&gt;" in answer.content.decode()
    note = lab.post(reverse("desk-case-contact", kwargs={"body": LAB, "case": case}), {"text": "温度を聞いた。", "channel": "phone"})
    assert note.status_code == 404
    assert "温度を聞いた。" in says(note)
    assert lab.get(reverse("desk-request", kwargs={"body": LAB, "support": support})).content.decode().count("送られていません") == 0


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_page_that_never_was_gives_back_a_sent_form_only(world: World, client: Client, method: str) -> None:
    client.force_login(world.people[LAB])
    answer: Any = getattr(client, method)(f"/d/{LAB}/no-such/", {"text": "ひとこと。"})
    assert answer.status_code == 404
    assert ("ひとこと。" in says(answer)) is (method == "post")
