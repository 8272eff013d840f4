"""A firm narrows and takes back its consent while a body has everything open: the very next request gives no more than is left."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Callable
from typing import Any

import openpyxl
import pytest

from tests.browser import test_main_job as job
from tests.browser.conftest import Site

FIRM = f"株式会社ひかえめ表面{os.getpid()}"
TYPED = "液の温度は、何度くらいで動かしていますか。"
NOTE = "電話で、温度の記録を送ると聞いた。"
FILE = "めっき液の配合.txt"


@pytest.mark.covers("C46")
def test_what_a_firm_takes_back_is_gone_at_the_next_request(
    site: Site, new_page: Callable[..., Any], sign_in: Callable[[Any, str], None], no_axe_faults: Callable[[Any], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(job, "FIRM", FIRM)
    firm, desk, lab = new_page(360, 780), new_page(), new_page()
    number, status_url = job._consult(site, firm, no_axe_faults)
    _send_file(firm)
    sign_in(desk, job.DESK)
    _ask_the_lab(site, desk)
    job._let_the_recall_window_pass(site)
    link = job._offer_link(site, desk, number, "千葉県産業支援技術研究所")
    _let_the_lab_read(firm, status_url, ["summary", "technical"])

    sign_in(lab, job.LAB)
    request_url = _open_request(site, lab)
    file_url = lab.get_attribute(f"main a:has-text('{FILE}')", "href")
    case_url = file_url.partition("files/")[0]
    assert lab.request.get(f"{site.address}{file_url}").text() == "配合は秘密です"
    by_mail = new_page(360, 780)
    by_mail.goto(link)
    answering = lab.context.new_page()
    answering.goto(request_url)
    noting = lab.context.new_page()
    noting.goto(f"{site.address}{case_url}")

    # Narrowed: the class that was taken back is gone everywhere, the rest stays.
    _let_the_lab_read(firm, status_url, ["summary"])
    assert lab.request.get(f"{site.address}{file_url}").status == 404
    fragment = lab.request.get(f"{site.address}{case_url}?all=1", headers={"HX-Request": "true"})
    assert (fragment.status, FILE in fragment.text(), job.SUMMARY in fragment.text()) == (200, False, True)
    lab.goto(request_url)
    assert FILE not in lab.inner_text("body")
    assert job.SUMMARY in lab.inner_text("main")
    assert _export(site, lab, number) == [number]

    # Withdrawn: what was open is sent after it. Nothing arrives, nothing is shown, and no typed word is lost.
    _let_the_lab_read(firm, status_url, [])
    answering.check("input[name=answer][value=ask]", force=True)
    answering.fill("[name=question]", TYPED)
    answering.click("button:has-text('質問する')")
    _is_told_and_keeps(answering, TYPED, no_axe_faults)
    assert "会社が同意を取り消しました" in answering.inner_text("main")
    noting.fill("textarea[name=text]", NOTE)
    noting.click("button:has-text('記録する')")
    _is_told_and_keeps(noting, NOTE, no_axe_faults)
    by_mail.check("input[name=answer][value=ask]", force=True)
    by_mail.fill("[name=question]", TYPED)
    by_mail.fill("[name=answered_by]", "小出 渉")
    by_mail.click("form.answer button.go")
    _is_told_and_keeps(by_mail, TYPED, no_axe_faults)
    assert "もう答えられません" in by_mail.inner_text("main")

    for path in (file_url, case_url, f"{case_url}?all=1", f"{case_url}sheet/"):
        assert lab.request.get(f"{site.address}{path}").status == 404, path
    for url in (request_url, f"{site.address}/d/sanken/search/?q={number.split()[1]}", f"{site.address}/d/sanken/requests/"):
        text = lab.request.get(url).text()
        assert (FIRM in text, job.SUMMARY in text, number in text, FILE in text) == (False, False, False, False), url
    assert _export(site, lab, number) == []
    firm.goto(status_url)
    assert TYPED not in firm.inner_text("main")
    assert TYPED not in _text_of_desk(site, desk, case_url)


def _send_file(firm: Any) -> None:
    firm.set_input_files("input[type=file]", {"name": FILE, "mimeType": "text/plain", "buffer": "配合は秘密です".encode()})
    firm.locator("form:has(input[type=file]) button").click()
    firm.wait_for_load_state()
    assert "ファイルを受け取りました" in firm.inner_text("body")


def _ask_the_lab(site: Site, desk: Any) -> None:
    desk.goto(f"{site.address}/d/pref/inbox/")
    desk.click(f"text={FIRM}")
    desk.wait_for_url("**/triage/")
    job._pick(desk, "tech-consultation|sanken")
    desk.click("button[name=do][value=send]")
    desk.wait_for_load_state()
    assert "取り消せます" in desk.inner_text("main")


def _let_the_lab_read(firm: Any, status_url: str, classes: list[str]) -> None:
    firm.goto(status_url)
    firm.click("a[href*='/share/sanken/']")
    for box in firm.locator("main input[type=checkbox]").all():
        box.set_checked(box.get_attribute("value") in classes)
    firm.click("main form button.go")
    firm.wait_for_load_state()
    assert "見せるものを変えました" in firm.inner_text("body")


def _open_request(site: Site, lab: Any) -> str:
    lab.goto(f"{site.address}/d/sanken/requests/?all")
    lab.locator(f"main a:has-text('{FIRM}')").first.click()
    lab.wait_for_url("**/requests/**-**/")
    return str(lab.url)


def _export(site: Site, lab: Any, number: str) -> list[str]:
    """The numbers in the sheet of cases that the lab can write out now, as far as they are this one's."""
    url = f"{site.address}/d/sanken/register/export/?q={number.split()[1]}"
    page = lab.request.get(url)
    assert page.ok
    form = re.search(r'method="post" novalidate>\s*<input type="hidden" name="csrfmiddlewaretoken" value="([^"]+)"', page.text())
    if form is None:  # nothing to write out
        return []
    answer = lab.request.post(url, form={"csrfmiddlewaretoken": form[1]})
    assert answer.ok
    sheet = openpyxl.load_workbook(io.BytesIO(answer.body())).worksheets[0]
    cells = [str(cell) for row in sheet.iter_rows(values_only=True) for cell in row if cell]
    assert not [cell for cell in cells if FILE in cell]
    return [cell for cell in cells if cell == number]


def _is_told_and_keeps(page: Any, words: str, no_axe_faults: Callable[[Any], None]) -> None:
    page.wait_for_load_state()
    said = page.inner_text("main")
    assert "書いた文は、送られていません" in said
    assert words in said
    assert (FIRM in said, job.SUMMARY in said, FILE in said) == (False, False, False)
    no_axe_faults(page)


def _text_of_desk(site: Site, desk: Any, case_url: str) -> str:
    desk.goto(f"{site.address}{case_url.replace('/d/sanken/', '/d/pref/')}")
    return str(desk.inner_text("main"))
