"""What was shown is written down with the reading, and told to the firm in plain words, whatever is allowed later."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from renkei.audit.models import Event
from renkei.audit.record import record_read
from renkei.cases.actions.consents import withdraw_consent
from renkei.cases.actions.reading import read_case, read_words, shown_classes
from renkei.cases.actions.talk import add_file
from renkei.cases.models import Case, Consent
from renkei.cases.queries.readers import readings
from tests.portal.firms import account, client, registered
from tests.portal.scene import BANK, LAB, Firm, running
from tests.world import World


@pytest.fixture
def firm(world: World) -> Firm:
    return running(world)


def told(firm: Firm) -> list[tuple[str, list[str], bool]]:
    return [(one.body, one.classes, one.was_recorded) for one in readings(firm.case, actor=firm.world.desk)]


def page(firm: Firm, body: str = LAB) -> None:
    one = Client()
    one.force_login(firm.world.people[body])
    assert one.get(reverse("desk-case", kwargs={"body": body, "case": firm.case_id})).status_code == 200


def test_a_page_records_what_it_shows_and_later_consents_change_nothing(firm: Firm) -> None:
    Event.objects.all()
    page(firm)
    first = told(firm)[0]
    assert (first[0], first[2]) == (firm.case.holder.name, True)
    assert set(first[1]) == shown_classes(firm.case, firm.world.lab)
    for one in Consent.objects.live().filter(case=firm.case_id, body_id=LAB, klass="technical"):
        withdraw_consent(one, by=firm.world.desk, how="oral")
    assert told(firm)[0] == first
    page(firm)
    assert set(told(firm)[0][1]) == shown_classes(firm.case, firm.world.lab)


def test_a_file_records_its_own_class_only(firm: Firm, settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path
    file = add_file(firm.case, by=firm.world.lab, name="資金.txt", data=b"x", klass="financial")
    one = Client()
    one.force_login(firm.world.people[LAB])
    answer = one.get(reverse("desk-case-file-open", kwargs={"body": LAB, "case": firm.case_id, "file": file.pk}))
    assert b"".join(answer.streaming_content) == b"x"
    assert told(firm)[0] == (firm.case.holder.name, ["financial"], True)


def test_a_list_tells_every_case_it_shows(firm: Firm, world: World) -> None:
    second = running(world)

    class Line:
        def __init__(self, case: Case) -> None:
            self.id, self.text = case.pk, "文"

    read_words(world.lab, [Line(firm.case), Line(second.case)])
    assert Event.objects.filter(verb="read", objects_touched__contains=["class:technical"]).count() == 1
    assert [told(one)[0][1:] for one in (firm, second)] == [(["technical"], True), (["technical"], True)]


def test_older_readings_are_told_by_what_was_allowed_then(firm: Firm) -> None:
    record_read(firm.world.lab, firm.case)
    assert (told(firm)[0][2], "summary" in told(firm)[0][1]) == (False, True)
    record_read(firm.world.lab, firm.case, classes=[])
    assert told(firm)[0][1:] == ([], True)


def test_what_may_not_be_read_is_not_recorded_as_shown(committed_world: World, login: Any) -> None:
    from renkei.base.context import acting

    firm = running(committed_world)
    with login("web"), acting(committed_world.lab):
        shown = shown_classes(firm.case, committed_world.lab)
        read_case(firm.case, by=committed_world.lab)
    with login("web"), acting(committed_world.desk):
        assert [set(one.classes) for one in readings(firm.case, actor=committed_world.desk)][:1] == [shown]
    assert "financial" not in shown


def test_the_firm_reads_it_in_words(firm: Firm) -> None:
    access = account(registered(firm))
    record_read(firm.world.lab, firm.case, classes=["technical"])
    record_read(firm.world.lab, firm.case, classes=[])
    record_read(firm.world.lab, firm.case)
    shown = client(access).get(reverse("portal-sight", kwargs={"company": access.company_id})).content.decode()
    assert [words in shown for words in ("を表示", "件名と進み具合だけ", "（そのとき見られたもの）")] == [True, True, True]
    assert BANK not in shown
