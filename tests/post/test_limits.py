"""What a guest may begin, and how often: counted per place, told in words, and free again after the hour."""

from __future__ import annotations

import uuid

import pytest
from django.core.cache import cache
from django.http import Http404, HttpRequest
from django.test import RequestFactory

from renkei.base.refusal import Refused
from renkei.post import limits
from renkei.post.limits import DRAFTS_AN_HOUR, LINKS_AN_HOUR, count_draft, count_link
from renkei.post.links import OpenLink
from renkei.post.models import LinkPurpose
from renkei.post.requests import LinkRequest, require_purpose

HERE, THERE = "192.0.2.1", "192.0.2.2"


def asked_from(address: str) -> HttpRequest:
    return RequestFactory(REMOTE_ADDR=address).post("/consult/")


def used_up(address: str = HERE) -> None:
    for _number in range(DRAFTS_AN_HOUR):
        count_draft(asked_from(address))


def test_the_last_that_fits_is_taken_and_the_next_is_told_the_number() -> None:
    used_up()
    for _press in range(3):
        with pytest.raises(Refused) as told:
            count_draft(asked_from(HERE))
        assert told.value.code == "too_many_drafts"
        assert f"{DRAFTS_AN_HOUR}件" in told.value.message
        assert "残っています。" in told.value.message


def test_one_place_does_not_use_up_what_another_may() -> None:
    used_up()
    count_draft(asked_from(THERE))
    count_draft(asked_from("2001:db8::1"))


def test_what_the_sender_says_of_himself_makes_him_no_other() -> None:
    used_up()
    forged = RequestFactory(REMOTE_ADDR=HERE, HTTP_X_FORWARDED_FOR=THERE, HTTP_X_REAL_IP=THERE, HTTP_FORWARDED=f"for={THERE}").post("/consult/")
    with pytest.raises(Refused):
        count_draft(forged)


def test_without_an_address_all_are_counted_as_one() -> None:
    nowhere = HttpRequest()
    for _number in range(DRAFTS_AN_HOUR):
        count_draft(nowhere)
    with pytest.raises(Refused):
        count_draft(HttpRequest())


def test_after_the_hour_it_begins_at_nought(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "_HOUR", 0)  # each count runs out at once
    for _number in range(DRAFTS_AN_HOUR + 5):
        count_draft(asked_from(HERE))


def test_a_count_that_runs_out_between_two_calls_is_the_first_of_the_next_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    used_up()

    def gone(key: str) -> int:
        raise ValueError(key)

    monkeypatch.setattr(cache, "incr", gone)
    count_draft(asked_from(HERE))


def test_a_link_is_mailed_so_often_and_each_for_itself() -> None:
    link, other = uuid.uuid4(), uuid.uuid4()
    for _number in range(LINKS_AN_HOUR):
        count_link(link)
    with pytest.raises(Refused) as told:
        count_link(link)
    assert (told.value.code, "1時間" in told.value.message) == ("too_many_links", True)
    count_link(other)


def test_drafts_and_links_are_counted_apart() -> None:
    used_up()
    count_link(uuid.uuid4())


@pytest.mark.parametrize("made_for", LinkPurpose.values)
def test_a_page_opens_for_the_purposes_it_was_made_for(made_for: str) -> None:
    request = LinkRequest()
    request.link = OpenLink(uuid.uuid4(), made_for, uuid.uuid4(), None, None, "", "", [])
    require_purpose(request, made_for)
    require_purpose(request, *LinkPurpose.values)
    others = [one for one in LinkPurpose.values if one != made_for]
    for wanted in (others, []):
        with pytest.raises(Http404):
            require_purpose(request, *wanted)
