"""The main job, from a firm's first word to the end, in a real browser against a real instance."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from renkei.run.postgres import Server
from tests.browser.conftest import Site

DESK, LAB, CENTER = "aikawa@pref.example", "inou@sanken.example", "ookido@ccjc.example"
WORDS = "めっきの色むらが週に一度出ます。原因を見てほしいです。直せたら、試作費の補助も使って新しい処理液を試したいです。"
FIRM = f"株式会社ためし表面{os.getpid()}"
SUMMARY = "めっきの色むらが週に一度出ます"


def _owner(site: Site) -> psycopg.Connection:
    server = Server(Path(site.home))
    server.state = server.running()
    return psycopg.connect(server.dsn("owner", "renkei"), autocommit=True)


def _let_the_recall_window_pass(site: Site) -> None:
    """Five minutes (and, for the one mail a day, a night) go by: all that this test does that no person does."""
    with _owner(site) as connection:
        connection.execute("UPDATE cases_support SET leaves_at = now() - interval '1 second' WHERE leaves_at > now()")
        connection.execute("UPDATE post_mail SET sent_at = sent_at - interval '1 day' WHERE daily")  # nobody had today's mail
        connection.execute("UPDATE post_mail SET not_before = now() WHERE state = 'waiting' AND not_before > now()")


def _offer_link(site: Site, page: Any, number: str, body: str) -> str:
    """Wait until the worker has sent the offer to ``body``, and return its link from the on-screen mailbox."""
    for _turn in range(40):
        page.goto(f"{site.address}/mailbox/")
        for mail in page.locator("article.mail pre").all():
            text = mail.inner_text()
            found = re.search(r"http://\S+/answer/\S+/", text)
            if found and number in text and text.startswith(body):
                return str(found[0])
        page.wait_for_timeout(1000)
    raise AssertionError(f"no offer about {number} to {body} in the mailbox")


def _status(page: Any) -> str:
    page.reload()
    return str(page.inner_text("main"))


def _pick(page: Any, provision: str) -> None:
    """Add a body for the first need, as the desk does when it knows better than the proposal, unless it is there."""
    box = page.locator(f"input[name=pick][data-body='{provision.split('|')[1]}']")
    if box.count() == 0:
        page.click("summary:has-text('ほかの候補を探して足す')")
        page.select_option("#add_provision", provision)
        page.click("button[name=do][value=add]")
        page.wait_for_load_state()
    box = page.locator(f"input[name=pick][data-body='{provision.split('|')[1]}']").first
    box.check()


@pytest.mark.covers("C26", "C31", "C32", "C36", "C92")
def test_a_consultation_goes_from_its_first_word_to_its_end(
    site: Site, new_page: Callable[..., Any], sign_in: Callable[[Any, str], None], no_axe_faults: Callable[[Any], None]
) -> None:
    firm = new_page(360, 780)
    number, status_url = _consult(site, firm, no_axe_faults)

    desk = new_page()
    sign_in(desk, DESK)
    case_url = _triage(site, desk, number, no_axe_faults)
    assert "まだ、ほかの機関にはお願いしていません" in _status(firm)  # the desk can still take it back
    _let_the_recall_window_pass(site)
    assert "返事を待っています" in _status(firm)

    lab = new_page()
    sign_in(lab, LAB)
    _accept_by_link(site, new_page, number, no_axe_faults)
    assert "対応中" in _status(firm)
    _decline_by_telephone(desk, case_url, no_axe_faults)
    _offer_the_next_best(desk, case_url)
    _let_the_recall_window_pass(site)
    center = new_page()
    sign_in(center, CENTER)
    _accept_on_screen(site, center, no_axe_faults)

    lab_case = _lab_reads(site, lab, number)
    _log_contact(lab, lab_case, no_axe_faults)
    _withdraw(firm, status_url, lab, lab_case, no_axe_faults)
    _finish_and_close(desk, case_url, no_axe_faults)
    ended = _status(firm)
    assert "終わりました" in ended
    no_axe_faults(firm)


def _consult(site: Site, firm: Any, no_axe_faults: Callable[[Any], None]) -> tuple[str, str]:
    firm.goto(f"{site.address}/")
    no_axe_faults(firm)
    firm.fill("textarea[name=text]", WORDS)
    firm.click("form.tell button.go")
    no_axe_faults(firm)
    firm.fill("[name=company_given]", FIRM)
    firm.fill("[name=person_given]", "試野 一郎")
    firm.fill("[name=phone]", "04-7199-0001")
    firm.fill("[name=email]", "ichiro@tameshi.example")
    firm.click("form.tell button.go")
    no_axe_faults(firm)
    for box in firm.locator("input[name=standing]").all():
        box.check()
    firm.click("form.tell button.go")
    no_axe_faults(firm)
    firm.click("form.tell button.go")
    firm.wait_for_url("**/receipt/")
    no_axe_faults(firm)
    number = firm.inner_text(".receipt-no").strip()
    firm.click("text=状況の画面を開く")
    firm.wait_for_url("**/status/**")
    no_axe_faults(firm)
    return number, firm.url


def _triage(site: Site, desk: Any, number: str, no_axe_faults: Callable[[Any], None]) -> str:
    desk.goto(f"{site.address}/d/pref/inbox/")
    no_axe_faults(desk)
    desk.click(f"text={FIRM}")
    desk.wait_for_url("**/triage/")
    no_axe_faults(desk)
    assert number in desk.inner_text("main")
    assert desk.locator("blockquote.words mark").count() > 0
    case_url = desk.url.removesuffix("triage/")
    _pick(desk, "tech-consultation|sanken")
    _pick(desk, "rd-subsidy|ccjc")
    desk.click("button[name=do][value=send]")
    desk.wait_for_load_state()
    assert "取り消せます" in desk.inner_text("main")
    no_axe_faults(desk)
    return case_url


def _accept_by_link(site: Site, new_page: Callable[..., Any], number: str, no_axe_faults: Callable[[Any], None]) -> None:
    reader = new_page(360, 780)
    link = _offer_link(site, reader, number, "千葉県産業支援技術研究所")
    reader.goto(link)
    no_axe_faults(reader)
    reader.check("input[name=answer][value=accept]", force=True)
    reader.fill("[name=answered_by]", "小出 渉")
    reader.click("form.answer button.go")
    reader.wait_for_load_state()
    no_axe_faults(reader)
    reader.goto(link)
    assert "もう答えられません" in reader.inner_text("main")  # the link died with the answer


def _decline_by_telephone(desk: Any, case_url: str, no_axe_faults: Callable[[Any], None]) -> None:
    desk.goto(case_url)
    no_axe_faults(desk)
    desk.click("a[href*='/answer-record/']")
    no_axe_faults(desk)
    desk.check("input[name=answer][value=decline]", force=True)
    desk.fill("[name=answered_by]", "露崎 遥")
    desk.check("input[name=reason][value=busy]", force=True) if desk.locator(
        "input[name=reason]").count() else desk.select_option("select[name=reason]", "busy")
    desk.click("main form button.go")
    desk.wait_for_load_state()
    assert "辞退" in desk.inner_text("main")


def _offer_the_next_best(desk: Any, case_url: str) -> None:
    desk.goto(f"{case_url}triage/")
    _pick(desk, "coordinator|ccjc")
    desk.click("button[name=do][value=send]")
    desk.wait_for_load_state()
    assert "取り消せます" in desk.inner_text("main")


def _accept_on_screen(site: Site, center: Any, no_axe_faults: Callable[[Any], None]) -> None:
    center.goto(f"{site.address}/d/ccjc/requests/")
    no_axe_faults(center)
    center.locator(f"main a:has-text('{FIRM}')").first.click()
    center.wait_for_url("**/requests/**-**/")
    no_axe_faults(center)
    center.check("input[name=answer][value=accept]", force=True)
    center.click("main form button.go")
    center.wait_for_load_state()
    assert "引き受け" in center.inner_text("main")


def _lab_reads(site: Site, lab: Any, number: str) -> str:
    lab.goto(f"{site.address}/d/sanken/cases/?q={number.split()[1]}")
    lab.click(f"a[href*='/d/sanken/case/']:near(:text('{number}'))")
    lab.wait_for_load_state()
    return str(lab.url)


def _log_contact(lab: Any, url: str, no_axe_faults: Callable[[Any], None]) -> None:
    lab.goto(url)
    lab.fill("textarea[name=text]", "電話。不良の板を3枚送ってもらう。")
    lab.click("button:has-text('記録する')")
    lab.wait_for_load_state()
    assert "不良の板を3枚" in lab.inner_text("main")
    no_axe_faults(lab)


def _withdraw(firm: Any, status_url: str, lab: Any, lab_case: str, no_axe_faults: Callable[[Any], None]) -> None:
    """The firm takes the summary back while the lab has the page open: at the lab's next request the text is gone."""
    lab.goto(lab_case)
    assert SUMMARY in lab.inner_text("main")
    firm.goto(status_url)
    no_axe_faults(firm)
    firm.click("a[href*='/share/sanken/']")
    no_axe_faults(firm)
    for box in firm.locator("main input[type=checkbox]").all():
        box.uncheck()
    firm.click("main form button.go")
    firm.wait_for_load_state()
    lab.goto(lab_case)
    assert SUMMARY not in lab.inner_text("body")


def _finish_and_close(desk: Any, case_url: str, no_axe_faults: Callable[[Any], None]) -> None:
    for _turn in range(2):
        desk.goto(case_url)
        desk.locator("a[href*='/support-finish/']").first.click()
        no_axe_faults(desk)
        desk.fill("[name=text]", "結果を会社と確かめた。")
        desk.click("main form button.go")
        desk.wait_for_load_state()
    desk.goto(f"{case_url}close/")
    no_axe_faults(desk)
    desk.click("main form button.go")
    assert "1つ選んでください" in desk.inner_text("main")  # nothing was chosen: a sentence beside the field
    desk.check("input[name=reason][value=solved]", force=True)
    desk.fill("[name=words]", "原因が分かり、会社が自分で直せた。")
    desk.check("input[name=needs][value=settled]", force=True)
    desk.fill("[name=answer_to_company]", "お役に立ててうれしいです。")
    desk.click("main form button.go")
    desk.wait_for_load_state()
    assert "案件を終えました" in desk.inner_text("main")
