"""The catalogue, the word list and learning take whatever a browser, a robot or an office sends them, and answer in words."""

from __future__ import annotations

import base64
import datetime as dt
import html
import re
import uuid
from collections.abc import Iterator
from dataclasses import replace

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from renkei.base import clock
from renkei.base.actor import SYSTEM
from renkei.desk.companies.imports import ANSWER
from renkei.matching.actions import EntryRow, WindowRow, put_entries
from renkei.matching.actions_keeping import change_entry
from renkei.matching.entry_words import row_of
from renkei.matching.learnactions import Outcome, ask_learning, keep_learned, switch_on
from renkei.matching.learnmodels import LearnedModel
from renkei.matching.models import CatalogueRun, Entry, Harvest, Revision
from renkei.matching.wordactions import add_group, change_group
from renkei.matching.wordfile import Group, Listed, written
from renkei.matching.wordmodels import SynonymGroup, SynonymImport, SynonymStep
from tests.desk.pages import HOSTILE, address, client, said, seen
from tests.world import BANK, CENTER, DESK, LAB, World

pytestmark = pytest.mark.django_db
TODAY = dt.date(2026, 11, 25)
ODD = ["", "\x00", "a\x00b", "🔥", "あ" * 5_000, "' OR 1=1 --", "%_\\", HOSTILE, "-1", "99999999999999999999", "[]", "\u202e"]
SECRET = "だれにも見せない言葉"


@pytest.fixture(autouse=True)
def _day() -> Iterator[None]:
    with clock.moved_to(clock.at(TODAY, 9)):
        yield


@pytest.fixture
def kept(world: World) -> World:
    put_entries(
        [
            EntryRow(id="EQ1", kind="equipment", name="膜厚計", body=LAB, facts={"hourly_yen": 1540}), EntryRow(id="PG1", kind="programme", name="補助金", body=LAB, windows=(WindowRow("call", None, TODAY),)),
            EntryRow(id="EX1", kind="outside", name="域外の炉", owner_name="となりの県"),
        ],
        kept_by="screen", by=SYSTEM,
    )  # fmt: skip
    return world


def shaky(world: World, body: str = DESK) -> Client:
    """A client that tells a fault of ours as 500 instead of raising it."""
    one = client(world, body)
    one.raise_request_exception = False
    return one


class TestAsking:
    @pytest.mark.parametrize(
        ("name", "keys", "more"),
        [
            ("desk-catalogue", ("q", "kind", "of", "state", "page"), {}), ("desk-catalogue-check", ("page",), {}), ("desk-catalogue-entry", ("page",), {"entry": "EQ1"}),
            ("desk-catalogue-edit", ("seen",), {"entry": "EQ1"}), ("desk-words", ("q", "state", "page", "try"), {}), ("desk-words-history", ("page",), {}), ("desk-learning", ("page",), {}),
            ("desk-catalogue-import", ("page",), {}), ("desk-words-import", ("page",), {}), ("desk-words-new", ("word",), {}),
        ],
    )  # fmt: skip
    def test_any_filter_is_answered_with_a_page(self, kept: World, name: str, keys: tuple[str, ...], more: dict[str, str]) -> None:
        one, path = shaky(kept, LAB if more else DESK), address(name, LAB if more else DESK, **more)
        answers = {(key, odd[:12]): one.get(path, {key: odd}) for key in keys for odd in ODD[1:9:2]}
        assert {asked: answer.status_code for asked, answer in answers.items() if answer.status_code != 200} == {}
        assert not [asked for asked, answer in answers.items() if "<script>alert" in said(answer)]

    def test_names_that_nothing_has_are_not_there(self, kept: World) -> None:
        one = shaky(kept, LAB)
        paths = [address(name, LAB, entry="@@") for name in ("desk-catalogue-entry", "desk-catalogue-edit", "desk-catalogue-withdraw")] + [address("desk-words-group", LAB, code="@@")]
        for odd in ("%00", "a%00b", "%F0%9F%94%A5", "%27%20OR%201=1%20--", "%25", "x" * 400, "%5C", "..", "%E2%80%AE"):
            assert {path: one.get(path.replace("@@", odd)).status_code for path in paths} == dict.fromkeys(paths, 404), odd


class TestSending:
    TEXTS = ("name", "kana", "owner_name", "summary", "text", "url", "source")
    FIELDS = ("service", "tech_fields", "source_on", "is_public", "seen", "hourly_yen", "training_level", "external_use", "eligible__municipalities",
              "w-TOTAL_FORMS", "w-0-closes", "w-0-kind", "owner")  # fmt: skip
    FORM = {"name": "膜厚計", "w-TOTAL_FORMS": "1", "w-INITIAL_FORMS": "0"}

    def test_any_field_is_kept_or_refused_beside_it(self, kept: World) -> None:
        one, path = shaky(kept, LAB), address("desk-catalogue-edit", LAB, entry="EQ1")
        sent = [dict.fromkeys(self.TEXTS, odd) for odd in ODD] + [{"name": odd} for odd in ODD[1:8:2]] + [{field: odd} for field in self.FIELDS for odd in ODD[1:8:3]]
        wrong = {}
        for given in sent:
            answer = one.post(path, self.FORM | given)
            if answer.status_code not in {302, 422} or (answer.status_code == 422 and "<script>alert" in said(answer)):
                wrong[str(given)[:40]] = answer.status_code
        assert wrong == {}
        entry = Entry.objects.get(pk="EQ1")
        assert "\x00" not in f"{entry.name}{entry.summary}{entry.text}{entry.facts}{entry.url}"

    def test_buttons_with_anything_behind_them(self, kept: World) -> None:
        one, desk = shaky(kept, LAB), shaky(kept)
        group = add_group([Listed("磁気"), Listed("渦電流")], by=kept.desk)
        posts = {
            "check": (one, address("desk-catalogue-check", LAB), "entry"), "withdraw-on": (one, address("desk-catalogue-withdraw", LAB, entry="EQ1"), "on"),
            "deed": (desk, address("desk-words-act", code=group.code), "deed"), "version": (desk, address("desk-words-act", code=group.code), "version"),
            "alike": (desk, address("desk-words-group", code=group.code), "alike"), "group-version": (desk, address("desk-words-group", code=group.code), "version"),
            "learn": (desk, address("desk-learning-act"), "deed"), "model": (desk, address("desk-learning-act"), "model"),
            "kind": (one, address("desk-catalogue-import", LAB), "kind"), "sheet": (one, address("desk-catalogue-import", LAB), "sheet"), "sheet2": (one, address("desk-catalogue-import-confirm", LAB), "sheet"),
            "words": (desk, address("desk-words-import"), "sheet"), "mode": (desk, address("desk-words-import-confirm"), "mode"), "firms": (desk, address("desk-companies-import-confirm"), "sheet"),
        }  # fmt: skip
        fixed = {"version": {"deed": "end"}, "model": {"deed": "use"}, "mode": {"sheet": "eA=="}, "group-version": {"alike": "磁気、渦"}}
        wrong = {}
        for name, (sender, path, field) in posts.items():
            for odd in ODD[1:9:2]:
                answer = sender.post(path, fixed.get(name, {}) | {field: odd})
                if answer.status_code not in {302, 422}:
                    wrong[name, odd[:12]] = answer.status_code
        assert wrong == {}
        assert not LearnedModel.objects.exists()

    def test_numbers_that_a_page_sends_back_may_be_anything(self, kept: World) -> None:
        desk, group = shaky(kept), add_group([Listed("磁気"), Listed("渦電流")], by=kept.desk)
        wrong = {}
        for odd in ("²", "１", "-1", "1.5", "99999999999999999999", "9" * 5_000):
            sent = {
                "words": desk.post(address("desk-words-act", code=group.code), {"deed": "nothing", "version": odd}),
                "ended": desk.post(address("desk-words-act", code=group.code), {"deed": "resume", "version": odd}),
                "bulk": desk.post(address("desk-bulk"), {"deed": "close", "version": f"{uuid.uuid4()}:{odd}"}),
                "firms": desk.post(address("desk-companies-import-confirm"), {"sheet": "eA==", f"{ANSWER}{odd[:400]}": "x"}),
            }
            wrong |= {(name, odd[:12]): answer.status_code for name, answer in sent.items() if answer.status_code not in {200, 302, 422}}
        assert wrong == {}

    def test_files_of_every_sort(self, kept: World) -> None:
        gif, zipped = b"GIF89a\x01\x00\x01\x00", b"PK\x05\x06" + b"\x00" * 18
        files = {"空.csv": b"", "絵.gif": gif, "束.zip": zipped, "書類.pdf": b"%PDF-1.7\n%\xe2\xe3", "古い.xls": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600, "長い.csv": b"a" * 200_000, "nul.csv": b"\x00" * 99,
                 "utf16.csv": "種類,名前".encode("utf-16"), "🔥" * 200 + ".csv": b"x,y\n1,2\n", "../../x.csv": b"x", HOSTILE + ".csv": b"x,y\n"}  # fmt: skip
        for name in ("desk-catalogue-import", "desk-words-import", "desk-companies-import", "desk-register-import"):
            answers = {file: shaky(kept).post(address(name), {"file": SimpleUploadedFile(file, data), "kind": "", "mode": "replace"}) for file, data in files.items()}
            assert (name, {file: answer.status_code for file, answer in answers.items() if answer.status_code != 422}) == (name, {})
            assert all('class="err' in said(answer) and "<script>alert" not in said(answer) for answer in answers.values())
        assert not CatalogueRun.objects.exists()
        assert not SynonymImport.objects.exists()

    def test_a_file_as_large_as_allowed_is_carried_to_its_button(self, kept: World) -> None:
        rows = "".join(f"機器,炉{n},熱い,{'備' * 2_200}\n" for n in range(310))
        data = f"種類,名前,説明,備考\n{rows}".encode()
        assert 2_000_000 < len(data) < 3 * 1024 * 1024
        page = said(client(kept, LAB).post(address("desk-catalogue-import", LAB), {"file": SimpleUploadedFile("大.csv", data), "kind": ""}))
        found = re.search(r'name="sheet" value="([^"]*)"', page)
        assert found is not None
        assert base64.b64decode(html.unescape(found.group(1))) == data
        answer = client(kept, LAB).post(address("desk-catalogue-import", LAB), {"sheet": found.group(1), "name": "大.csv", "kind": "", "page": "9"})
        assert re.findall(r"<b>(炉\d+)</b>", said(answer))[-1] == "炉309"


class TestSecondEditor:
    SHEET = "番号,名前,説明\nEQ1,,表で直した\n"

    def carried(self, page: str) -> dict[str, str]:
        return {name: html.unescape(value) for name, value in re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page) if name != "csrfmiddlewaretoken"}

    def test_a_sheet_looked_at_before_somebody_else_saved_is_shown_anew(self, kept: World) -> None:
        one = client(kept, LAB)
        page = said(one.post(address("desk-catalogue-import", LAB), {"file": SimpleUploadedFile("表.csv", self.SHEET.encode()), "kind": ""}))
        entry = Entry.objects.get(pk="EQ1")
        change_entry(entry, replace(row_of(entry), summary="画面で直した"), by=kept.lab)
        answer = one.post(address("desk-catalogue-import-confirm", LAB), self.carried(page))
        assert answer.status_code == 200
        assert "見ているあいだに、記録が変わりました" in said(answer)
        assert "画面で直した → 表で直した" in re.sub(r"<[^>]+>", "", said(answer))
        assert Entry.objects.get(pk="EQ1").summary == "画面で直した"
        done = one.post(address("desk-catalogue-import-confirm", LAB), self.carried(said(answer)), follow=True)  # looked at now: it is meant
        assert "直したもの1件" in said(done)
        assert Entry.objects.get(pk="EQ1").summary == "表で直した"

    def test_a_word_file_looked_at_before_somebody_else_saved_is_shown_anew(self, kept: World) -> None:
        group = add_group([Listed("磁気"), Listed("渦電流")], by=kept.desk)
        data = written([Group(group.code, (Listed("磁気"), Listed("磁力線")))]).encode()
        one = client(kept)
        page = said(one.post(address("desk-words-import"), {"file": SimpleUploadedFile("語.txt", data), "mode": "replace"}))
        change_group(group.code, [Listed("磁気"), Listed("渦電流"), Listed("磁場")], version=1, by=kept.desk)
        answer = one.post(address("desk-words-import-confirm"), self.carried(page))
        assert "見ているあいだに、記録が変わりました" in said(answer)
        assert not SynonymImport.objects.exists()
        one.post(address("desk-words-import-confirm"), self.carried(said(answer)))
        assert SynonymGroup.objects.get().words == [["磁気", "alike"], ["磁力線", "alike"]]

    def test_pressed_twice_writes_once(self, kept: World) -> None:
        one = client(kept, LAB)
        page = said(one.post(address("desk-catalogue-import", LAB), {"file": SimpleUploadedFile("表.csv", self.SHEET.encode()), "kind": ""}))
        given = self.carried(page)
        answers = [one.post(address("desk-catalogue-import-confirm", LAB), given, follow=True) for _press in range(2)]
        assert "直したもの1件" in said(answers[0])
        assert CatalogueRun.objects.count() == 1
        assert Revision.objects.count() == 1


class TestWho:
    def test_each_body_reads_all_and_changes_its_own(self, kept: World) -> None:
        edits = {body: {pk: client(kept, body).get(address("desk-catalogue-edit", body, entry=pk)).status_code for pk in ("EQ1", "PG1", "EX1")} for body in (DESK, LAB, CENTER, BANK)}
        assert edits == {DESK: {"EQ1": 302, "PG1": 302, "EX1": 200}, LAB: {"EQ1": 200, "PG1": 200, "EX1": 302}, CENTER: dict.fromkeys(("EQ1", "PG1", "EX1"), 302), BANK: dict.fromkeys(("EQ1", "PG1", "EX1"), 302)}
        for body in (CENTER, BANK):
            one = client(kept, body)
            one.post(address("desk-catalogue-edit", body, entry="EQ1"), TestSending.FORM | {"name": "のっとり"})
            one.post(address("desk-catalogue-withdraw", body, entry="EQ1"), {"on": "2026/11/25", "reason": "のっとり"})
            one.post(address("desk-catalogue-return", body, entry="EQ1"))
            one.post(address("desk-catalogue-check", body), {"entry": "EQ1"})
        assert list(Entry.objects.filter(pk="EQ1").values_list("name", "withdrawn_on", "last_checked")) == [("膜厚計", None, None)]
        assert not Revision.objects.exists()

    def test_no_page_of_another_body_is_there(self, kept: World) -> None:
        names = ["desk-catalogue", "desk-catalogue-check", "desk-catalogue-import", "desk-words", "desk-words-import", "desk-words-export", "desk-learning", "desk-catalogue-lists"]
        assert {client(kept, BANK).get(address(name, LAB)).status_code for name in names} == {404}
        assert {Client().get(address(name, LAB)).status_code for name in names} == {302}

    def test_a_list_of_another_is_read_by_all_and_named_by_the_desk(self, kept: World) -> None:
        harvest = Harvest.objects.create(name="一覧", way="folder", place="list.csv", kind="outside", owner_name="となりの県", columns={"name": "装置名"}, is_on=True, next_on=TODAY)
        for body in (LAB, BANK):
            one = client(kept, body)
            assert one.get(address("desk-catalogue-list", body, harvest=harvest.pk)).status_code == 200
            for name in ("desk-catalogue-list-now", "desk-catalogue-list-end"):
                one.post(address(name, body, harvest=harvest.pk))
            one.post(address("desk-catalogue-list-edit", body, harvest=harvest.pk), {"name": "のっとり", "owner_name": "x", "way": "folder", "place": "x", "every_days": "1", "col__name": "x"})
        harvest.refresh_from_db()
        assert (harvest.name, harvest.ended_on, harvest.is_on) == ("一覧", None, True)
        missing = client(kept).get(address("desk-catalogue-list", harvest=uuid.uuid4()))
        assert missing.status_code == 404

    def test_a_run_of_another_body_is_not_told_apart_from_none(self, kept: World) -> None:
        one = client(kept, LAB)
        page = said(one.post(address("desk-catalogue-import", LAB), {"file": SimpleUploadedFile(f"{SECRET}.csv", "種類,名前\n機器,炉\n".encode()), "kind": ""}))
        one.post(address("desk-catalogue-import-confirm", LAB), TestSecondEditor().carried(page))
        run = CatalogueRun.objects.get()
        assert SECRET in seen(kept, "desk-catalogue-import", LAB)
        answers = [client(kept, BANK).post(address("desk-catalogue-undo", BANK, run=pk)) for pk in (run.pk, uuid.uuid4())]
        assert [answer.status_code for answer in answers] == [404, 404]
        assert said(answers[0]).replace(str(run.pk), "") == said(answers[1]) or SECRET not in said(answers[0])
        assert SECRET not in seen(kept, "desk-catalogue-import", BANK)


class TestLearningPage:
    def test_weights_in_use_are_told_however_old(self, world: World) -> None:
        better = Outcome({"name": "learned", "weights": {"words": [1, 0, 0]}}, 40, 0.5, 0.6, 0.02, 0.18)
        switch_on(keep_learned(ask_learning(by=world.desk), better, by=SYSTEM), by=world.desk)
        for day in range(1, 23):
            with clock.moved_to(clock.at(TODAY + dt.timedelta(days=day), 9)):
                keep_learned(ask_learning(by=world.desk), None, by=SYSTEM, why_not="答えが足りません。")
        page = seen(world, "desk-learning")
        assert "学んだ重みを使っています" in page
        assert "標準の重みを使っています" not in page
        assert "標準の重みに戻しました。" in said(client(world).post(address("desk-learning-act"), {"deed": "back"}, follow=True))

    def test_a_model_of_nobody_changes_nothing(self, world: World) -> None:
        for model in ("", "x", str(uuid.uuid4()), "\x00", "1" * 400):
            answer = client(world).post(address("desk-learning-act"), {"deed": "use", "model": model}, follow=True)
            assert "ボタンから選んでください。" in said(answer)
        for deed in ("ask", "use", "back"):
            assert client(world).get(address("desk-learning-act"), {"deed": deed}).status_code == 405
        assert not LearnedModel.objects.exists()
        assert not SynonymStep.objects.exists()


@pytest.mark.parametrize("given", [{"service": "\x00"}, {"by": "\x00"}, {"service": "長" * 3000, "by": HOSTILE}])
def test_the_supports_of_the_plan_are_shown_whatever_the_address_asks_for(world: World, given: dict[str, str]) -> None:
    answer = client(world).get(address("desk-plan-supports", plan=world.plan.pk), given)
    assert (answer.status_code, "<script>alert" in said(answer)) == (200, False)
