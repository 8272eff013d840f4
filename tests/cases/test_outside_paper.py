"""The request outside the region on paper: what stands in it, what must not, who takes it and when [C36, C95, C98]."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import docx
import pytest
from django.test import Client
from django.urls import reverse
from django.utils.translation import override
from pypdf import PdfReader

from renkei.audit.models import Event
from renkei.base import clock
from renkei.base.context import acting
from renkei.cases.actions.consents import give_consent
from renkei.cases.actions.openings import answer_opening, shut
from renkei.cases.models import Case, Consultation, Need, OutsideRequest, Passage, Support
from renkei.cases.outside_paper import outside_docx
from renkei.documents.models import LetterTemplate
from renkei.documents.numbers import draw_letter_number
from renkei.documents.papers import paper_template
from renkei.documents.store import keep
from renkei.plan.models import Body, PlanVersion
from tests.cases.linking import firm
from tests.cases.making import fresh, refuses
from tests.cases.test_outside import asked, outside
from tests.meetings.making import NOON, WITH_MEETINGS, with_meetings
from tests.world import CENTER, DESK, LAB, World

pytestmark = pytest.mark.covers("C36", "C95", "C98")
Login = Callable[[str], AbstractContextManager[None]]
SECRETS = {"technical": "釜の温度は812度。", "financial": "借入れは3千万円。", "promised": "秘密の配合。", "sent": "センターだけに送った文。", "other need": "別の課題の細部。"}


@pytest.fixture(autouse=True)
def noon() -> Iterator[None]:
    with clock.moved_to(NOON):
        yield


@pytest.fixture
def region(world: World) -> World:
    return with_meetings(world)


def ready(region: World, classes: tuple[str, ...] = ("summary",)) -> OutsideRequest:
    """Asked and opened, in a case full of what must not leave."""
    need = outside(region)
    case = Case.objects.get(pk=need.case_id)
    for klass in ("technical", "financial"):  # to the lab; to the person outside goes what is opened
        give_consent(case, body=Body.objects.get(pk=LAB), klass=klass, by=region.desk, how="oral", given_by="齋藤 亘")
    made = asked(region, fresh(need), classes=list(classes))
    other = Need.objects.create(case=case, title="別の課題", stage_id="3", added_at=clock.now())
    support = Support.objects.filter(case=case).first()
    row: dict[str, Any] = {"case": case, "written_at": clock.now(), "author_body_id": LAB}
    Passage.objects.create(**row, need=need, klass="technical", text=SECRETS["technical"])
    Passage.objects.create(**row, klass="financial", text=SECRETS["financial"])
    Passage.objects.create(**row, need=need, klass="technical", needs_nda=True, text=SECRETS["promised"])
    Passage.objects.create(**row, need=need, support=support, klass="technical", text=SECRETS["sent"])
    Passage.objects.create(**row, need=other, klass="technical", text=SECRETS["other need"])
    answer_opening(made.opening, given=True, by=firm(fresh(case)))
    return OutsideRequest.objects.select_related("case", "opening", "asked_body", "escalation__need").get(pk=made.pk)


def words(data: bytes) -> str:
    document = docx.Document(io.BytesIO(data))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return "\n".join([*(one.text for one in document.paragraphs), *cells])


def told(text: str) -> set[str]:
    return {name for name, secret in SECRETS.items() if secret in text}


def test_the_paper_says_what_is_asked_and_only_what_the_firm_opened(region: World) -> None:
    made = ready(region)
    text = words(outside_docx(made, by=region.lab))
    lab, case = Body.objects.get(pk=LAB), made.case
    here = ["となり県試験所", "隣 花子　様", lab.name, region.lab.name, lab.mail, "薄い板の反り", case.summary, "反りを測ってほしい。", "令和8年11月25日", "令和8年12月9日",
            "地域の中の1機関に頼みましたが、引き受けられませんでした（設備がない）。会議に諮ったうえでお願いしています。"]  # fmt: skip
    assert [one for one in here if one not in text] == []
    assert (told(text), "{{" in text) == (set(), False)
    firm_words = Consultation.objects.filter(case=case).values_list("text", flat=True)
    company = case.company.name if case.company else case.company_given
    away = [*firm_words, company, case.number, "測る幅が足りない。", Body.objects.get(pk=CENTER).name, "会議を経た", "地域の外に求める"]
    assert [one for one in away if one and one in text] == [], "neither the firm's words and name, nor which body declined in which words"


def test_it_bears_a_number_of_the_register_and_the_day_of_the_firms_yes_whenever_it_is_taken(region: World) -> None:
    """The numbers are those of the body's letters that ask: none is given twice, none is lost to a refusal, and a plan may have none."""
    members = [{"code": code, "name": name, "place": "となり県", "from": "2020-04-01"} for code, name in (("tonari", "となり県試験所"), ("kita", "北の試験所"), ("minami", "南の試験所"))]
    content = WITH_MEETINGS | {"networks": [{"code": "kazenet", "name": "風の網", "through": LAB, "members": members}]}
    PlanVersion.objects.create(plan=region.plan, number=3, content=content, published_at=clock.now())
    assert draw_letter_number(LAB, "試依第{n}号", NOON.date()) == "試依第1号", "a letter of the lab was there before"
    first = ready(region)
    assert first.number == "試依第2号"
    with refuses("asked_already", "member"):
        asked(region, first.escalation.need, email="other@outside.example")
    second = asked(region, first.escalation.need, member="kita", email="kita@outside.example")
    with clock.moved_to(NOON + dt.timedelta(days=9)):
        taken = [words(outside_docx(first, by=region.lab)) for _time in range(2)]
    assert [second.number, *("試依第2号" in text and "令和8年11月25日" in text and "令和8年12月4日" not in text for text in taken)] == ["試依第3号", True, True]
    PlanVersion.objects.create(plan=region.plan, number=4, content=content | {"letters": [{"code": "request", "number": ""}]}, published_at=clock.now())
    assert asked(region, first.escalation.need, member="minami", email="minami@outside.example").number == ""


def test_what_more_was_opened_stands_in_it_and_nothing_beyond(region: World) -> None:
    assert told(words(outside_docx(ready(region, ("summary", "technical")), by=region.lab))) == {"technical"}


def test_without_words_the_firm_confirmed_it_bears_the_title_the_person_reads(region: World) -> None:
    made = ready(region)
    Need.objects.filter(pk=made.escalation.need_id).update(public_confirmed_at=None)
    made.escalation.tried = []
    made.escalation.need.refresh_from_db()
    text = words(outside_docx(made, by=region.lab))
    assert ("薄い板の反り" in text, made.case.title in text, "地域の中で頼める機関がなく、会議に諮ったうえでお願いしています。" in text) == (False, True, True)


def test_there_is_no_paper_before_the_yes_nor_after_it_is_taken_back(region: World) -> None:
    made = asked(region, outside(region))
    with refuses("not_opened"):
        outside_docx(made, by=region.lab)
    answer_opening(made.opening, given=True, by=firm(fresh(made.case)))
    assert outside_docx(fresh(made), by=region.lab)[:2] == b"PK"
    shut(made.opening, by=firm(fresh(made.case)))
    with refuses("not_opened"):
        outside_docx(fresh(made), by=region.lab)


def test_a_body_uses_its_own_template_and_the_language_is_that_of_the_house(region: World) -> None:
    made = ready(region)
    with override("en"):
        assert "地域の中の1機関に頼みましたが" in words(outside_docx(made, by=region.lab))
    document = docx.Document(io.BytesIO(paper_template("outside")))
    document.add_paragraph("試験所の様式　{{ 件名 }}")
    data = io.BytesIO()
    document.save(data)
    kept = keep("様式.docx", data.getvalue())
    LetterTemplate.objects.create(body=LAB, kind="outside", version=1, name=kept.name, sha256=kept.sha256, size=kept.size, made_at=clock.now(),
                                  made_by=region.people[LAB].pk, made_by_name="小出 渉")
    assert "試験所の様式　薄い板の反り" in words(outside_docx(made, by=region.lab))


def test_who_leads_takes_it_in_word_and_on_a4_from_the_case(region: World) -> None:
    made = ready(region)
    clients = {}
    for body in (LAB, DESK, CENTER):
        clients[body] = Client()
        clients[body].force_login(region.people[body])

    def page(body: str, form: str) -> str:
        return reverse("desk-case-outside-paper", kwargs={"body": body, "case": made.case_id, "subject": made.pk, "form": form})

    got = {(body, form): clients[body].get(page(body, form)).status_code for body in clients for form in ("docx", "pdf", "odd")}
    assert got == {(LAB, "docx"): 200, (LAB, "pdf"): 200, (LAB, "odd"): 404, **{(DESK, form): 403 for form in ("docx", "pdf", "odd")},
                   **{(CENTER, form): 404 for form in ("docx", "pdf", "odd")}}  # fmt: skip
    pdf = clients[LAB].get(page(LAB, "pdf"))
    (sheet, *_more) = PdfReader(io.BytesIO(pdf.content)).pages
    assert (round(sheet.mediabox.width), round(sheet.mediabox.height), pdf["Content-Type"]) == (595, 842, "application/pdf")
    assert ("反りを測ってほしい。" in sheet.extract_text(), told(sheet.extract_text()), made.case.number in sheet.extract_text()) == (True, set(), False)
    assert "%E5%9F%9F%E5%A4%96%E3%81%B8%E3%81%AE%E4%BE%9D%E9%A0%BC_" in pdf["Content-Disposition"]
    reads = [one.objects_touched for one in Event.objects.filter(verb="read", stream=f"cases.outsiderequest:{made.pk}")]
    assert reads == [[f"cases.outsiderequest:{made.pk}", f"cases.case:{made.case_id}", "class:summary"]] * 3, "each reading is written down"
    case = {body: clients[body].get(reverse("desk-case", kwargs={"body": body, "case": made.case_id})).content.decode() for body in (LAB, DESK)}
    assert {body: page(body, "pdf") in shown for body, shown in case.items()} == {LAB: True, DESK: False}
    shut(made.opening, by=firm(fresh(made.case)))
    late = clients[LAB].get(page(LAB, "pdf"), follow=True)
    assert (late.redirect_chain[0][0], "見せるのをやめました" in late.content.decode()) == (reverse("desk-case", kwargs={"body": LAB, "case": made.case_id}), True)
    assert page(LAB, "pdf") not in late.content.decode()


@pytest.mark.django_db(transaction=True)
def test_the_paper_under_the_real_login(committed_world: World, login: Login) -> None:
    region = with_meetings(committed_world)
    made = ready(region, ("summary", "technical"))
    with login("web"), acting(region.lab):
        found = OutsideRequest.objects.visible_to(region.lab).select_related("case", "opening", "asked_body", "escalation__need").get()
        assert told(words(outside_docx(found, by=region.lab))) <= {"technical"}
    with login("web"), acting(region.center):
        assert list(OutsideRequest.objects.all()) == []
    assert Case.objects.get(pk=made.case_id).holder_id == LAB
