"""The firm decides of its words without a name, reads what a body says it can do, and keeps files for secrecy [C46]."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from renkei.base import clock
from renkei.cases.actions.circulation import circulate
from renkei.cases.actions.disclosable import write_public
from renkei.cases.actions.inquiries import show_interest
from renkei.cases.actions.matching import ask_firm, record_outcome
from renkei.cases.actions.ndas import record_nda
from renkei.cases.actions.talk import add_file
from renkei.cases.jobs import run_clocks
from renkei.cases.models import Asked, Attachment, Case, ConsentRequest, Inquiry, Match, Need
from renkei.plan.models import Body
from tests.portal.scene import CENTER, LAB, Firm, asked, came
from tests.portal.test_status import page, said
from tests.world import World

TITLE, TEXT = "揺れに耐えるかを試したい", "小さな計器の揺れの試験をしたい。"
CONFIRMED = "お名前を出さずに尋ねます"


@pytest.fixture(autouse=True)
def _files(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


def written(world: World) -> tuple[Firm, Need]:
    firm = asked(world)
    need = firm.case.needs.order_by("order").first()
    assert need is not None
    return firm, write_public(need, title=TITLE, summary=TEXT, by=world.desk)


def now(need: Need) -> Need:
    return Need.objects.get(pk=need.pk)


def test_the_firm_reads_and_confirms_the_words(world: World) -> None:
    firm, need = written(world)
    shown = page(firm)
    assert f"<b>{TITLE}</b>" in shown
    assert "押すまでは、どこにも送りません" in shown
    said(firm, "public", {"answer": "yes", "title": TITLE, "summary": TEXT}, need=need.pk)
    assert now(need).public_confirmed_at is not None
    after = page(firm)
    assert CONFIRMED not in after
    assert "やはり送らない" in after
    assert page(firm).count("この文でよい") == 0


def test_other_words_than_shown_are_not_confirmed(world: World) -> None:
    firm, need = written(world)
    write_public(need, title=TITLE, summary="新しい文", by=world.desk)
    answer = Client().post(firm.url("public", need=need.pk), {"answer": "yes", "title": TITLE, "summary": TEXT})
    assert answer.status_code == 409
    assert "もう一度押してください" in answer.content.decode()
    assert now(need).public_confirmed_at is None


def test_taking_back_ends_what_is_asked(world: World) -> None:
    firm, need = written(world)
    said(firm, "public", {"answer": "yes", "title": TITLE, "summary": TEXT}, need=need.pk)
    circulate(now(need), by=world.desk, place="", sure=True)
    shown = page(firm)
    assert "「ひばり県の会社」として尋ねています" in shown
    assert "お名前を伏せて、3の機関に尋ねました。" in shown
    said(firm, "public", {"answer": "no"}, need=need.pk)
    assert (now(need).public_confirmed_at, Inquiry.objects.open().count()) == (None, 0)
    assert "お名前を伏せて尋ねることを、やめました。" in page(firm)
    said(firm, "public", {"answer": "no"}, need=need.pk)


def test_another_firms_link_and_a_get_change_nothing(world: World) -> None:
    firm, need = written(world)
    other = came(world)
    assert Client().post(other.url("public", need=need.pk), {"answer": "yes", "title": TITLE, "summary": TEXT}).status_code == 404
    assert Client().get(firm.url("public", need=need.pk)).status_code == 405
    assert now(need).public_confirmed_at is None


def test_the_firm_reads_what_the_body_says_before_it_answers(world: World) -> None:
    firm, need = written(world)
    said(firm, "public", {"answer": "yes", "title": TITLE, "summary": TEXT}, need=need.pk)
    circulate(now(need), by=world.desk, place="", sure=True)
    show_interest(Asked.objects.get(body_id=CENTER), by=world.center, offer="揺れの台で試せる<b>", who="露崎")
    run_clocks()
    match = Match.objects.get(need=need, body_id=CENTER)
    ask_firm(match, by=world.desk, classes=["technical"])
    request = ConsentRequest.objects.get()
    shown = Client().get(firm.url("request", asked=request.pk), {"of": firm.case.pk}).content.decode()
    assert "揺れの台で試せる&lt;b&gt;" in shown
    assert "担当：露崎" in shown
    assert "ひばり産業センターから、関心があるとの返事がありました（お名前は伝えていません）。" in page(firm)
    record_outcome(match, by=world.desk, outcome="none", text="内輪の理由")
    history = page(firm)
    assert "ひばり産業センターとは、契約に至りませんでした。" in history
    assert "内輪の理由" not in history


def test_a_file_is_kept_for_secrecy_and_opened_again(world: World) -> None:
    firm = asked(world)
    file = add_file(firm.case, by=world.desk, name="図面.txt", data="図面".encode())
    assert "秘密保持の約束をした機関にだけ見せる" in page(firm)
    said(firm, "file-secrecy", {"keep": "yes"}, file=file.pk)
    assert Attachment.objects.get().needs_nda
    assert "秘密保持の約束をした機関だけ" in page(firm)
    lab = Client()
    lab.force_login(world.people[LAB])
    path = reverse("desk-case-file-open", kwargs={"body": LAB, "case": firm.case.pk, "file": file.pk})
    assert lab.get(path).status_code == 404  # consent to the class alone no longer opens it
    record_nda(firm.case, by=world.desk, body=Body.objects.get(pk=LAB), signed_on=firm.case.arrived_at.date(), known="paper")
    assert b"".join(lab.get(path)).decode() == "図面"  # type: ignore[arg-type]  # a stream
    assert "ひばり県工業試験所との秘密保持の約束を記録しました。" in page(firm)
    said(firm, "file-secrecy", {"keep": "no"}, file=file.pk)
    assert not Attachment.objects.get().needs_nda
    other = came(world)
    assert Client().post(other.url("file-secrecy", file=file.pk), {"keep": "yes"}).status_code == 404


def test_the_firm_lets_the_words_be_found_and_takes_them_out_also_after_the_end(world: World) -> None:
    firm, need = written(world)
    assert 'name="listed"' in page(firm)
    said(firm, "public", {"answer": "yes", "title": TITLE, "summary": TEXT, "listed": "yes"}, need=need.pk)
    run_clocks()
    assert now(need).entry_id is not None
    assert "名を伏せて載せてよいと、" in page(firm)
    said(firm, "public", {"answer": "unlist"}, need=need.pk)
    assert (now(need).listed_at, now(need).entry_id) == (None, None)
    assert "検索には載せていません" in page(firm)
    said(firm, "public", {"answer": "list"}, need=need.pk)
    run_clocks()
    Case.objects.filter(pk=firm.case.pk).update(state="closed", closed_at=clock.now(), close_reason="solved", next_on=None)
    closed = page(firm)
    assert closed.count('value="unlist"') == 1
    assert "やはり送らない" not in closed
    said(firm, "public", {"answer": "unlist"}, need=need.pk)
    assert (now(need).listed_at, page(firm).count("検索から外す")) == (None, 0)
    assert Client().post(firm.url("public", need=need.pk), {"answer": "list"}).status_code == 409


def test_confirming_alone_lists_nothing(world: World) -> None:
    firm, need = written(world)
    said(firm, "public", {"answer": "yes", "title": TITLE, "summary": TEXT}, need=need.pk)
    assert (run_clocks().listed, now(need).listed_at) == (0, None)
    assert Client().post(came(world).url("public", need=need.pk), {"answer": "unlist"}).status_code == 404
