"""A body's page of a question without a name, and the matching sheet on screen and as a file [C46]."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from django.urls import reverse

from renkei.audit.models import Event
from renkei.base import clock
from renkei.cases.actions.circulation import circulate, end_circulation
from renkei.cases.actions.consents import give_consent
from renkei.cases.actions.disclosable import write_public
from renkei.cases.actions.inquiries import show_interest
from renkei.cases.actions.ndas import record_nda
from renkei.cases.models import Asked, Circulation, Inquiry
from renkei.plan.models import Body
from tests.desk.deeds import NOW, TODAY, circulating
from tests.desk.scene import Scene, running
from tests.world import BANK, CENTER, DESK, LAB, World


@pytest.fixture(autouse=True)
def _morning() -> Any:
    with clock.moved_to(NOW):
        yield


def where(body: str = BANK) -> str:
    return reverse("desk-inquiry", kwargs={"body": body, "inquiry": Asked.objects.get(body_id=body).pk})


def asked(body: str = BANK) -> Asked:
    return Asked.objects.get(body_id=body)


def sheet(scene: Scene, body: str = LAB, kind: str = "") -> str:
    return reverse(f"desk-case-match{kind}", kwargs={"body": body, "case": scene.case.pk, "need": scene.needs[0].pk})


class TestAnswering:
    def test_it_stands_among_the_requests_without_a_name(self, world: World) -> None:
        scene = circulating(world)
        page = scene.client(BANK).get(reverse("desk-requests", kwargs={"body": BANK})).content.decode()
        assert page.count("揺れに耐えるかを試したい") == 1
        own = scene.client(BANK).get(where()).content.decode()
        assert "小さな計器の揺れの試験をしたい。" in own
        assert "ひばり県の会社" in own
        for secret in (scene.case.number, scene.case.title, "まぼろし", str(scene.case.pk), "産業課", "小出"):
            assert secret not in page + own

    @pytest.mark.parametrize(
        ("given", "answer"),
        [
            ({"answer": "interested", "offer": "融資の話ができる", "who": "古川", "conditions": "決算書"}, "interested"),
            ({"answer": "no", "reason": "busy", "offer": "途中まで書いた"}, "no"), ({"answer": "question", "question": "いくらですか。"}, "question"),
        ],
    )  # fmt: skip
    def test_each_answer_is_taken(self, world: World, given: dict[str, str], answer: str) -> None:
        scene = circulating(world)
        sent = scene.client(BANK).post(where(), given)
        assert (sent.status_code, sent["Location"]) == (302, reverse("desk-requests", kwargs={"body": BANK}))
        assert asked().answer == answer
        assert Event.objects.filter(verb="inquiry.answer", body=BANK).count() == 1
        again = scene.client(BANK).get(where()).content.decode()
        assert ("この答えを送る" in again) is (answer == "question")

    @pytest.mark.parametrize(
        ("given", "field"),
        [
            ({}, "answer"), ({"answer": "interested", "who": "古川です"}, "offer"), ({"answer": "no", "offer": "古川です"}, "reason"),
            ({"answer": "no", "reason": "lazy", "offer": "古川です"}, "reason"), ({"answer": "question", "offer": "古川です"}, "question"),
            ({"answer": "interested", "offer": "長" * 1001, "who": "古川です"}, "offer"),
        ],
    )  # fmt: skip
    def test_what_is_missing_is_said_and_the_rest_kept(self, world: World, given: dict[str, str], field: str) -> None:
        scene = circulating(world)
        answer = scene.client(BANK).post(where(), given)
        page = answer.content.decode()
        assert (answer.status_code, f'id="id_{field}_error"' in page) == (200, True)
        assert given == {} or "古川です" in page
        assert asked().answer == ""

    def test_a_second_press_and_an_ended_question(self, world: World) -> None:
        scene = circulating(world)
        client, path = scene.client(BANK), where()
        show_interest(asked(), by=world.bank, offer="融資")
        page = client.post(path, {"answer": "no", "reason": "busy"})
        assert page.status_code == 200
        assert "返事はもう届いています" in page.content.decode()
        end_circulation(Circulation.objects.get(), by=world.lab)
        assert client.get(path).status_code == 404
        gone = client.post(path, {"answer": "question", "question": "いくらですか。"})
        assert gone.status_code == 404
        assert "いくらですか。" in gone.content.decode()  # what was typed meanwhile is not lost
        assert asked().offer == "融資"

    @pytest.mark.parametrize("other", [DESK, LAB, CENTER])
    def test_nobody_elses(self, world: World, other: str) -> None:
        scene = circulating(world)
        path = reverse("desk-inquiry", kwargs={"body": other, "inquiry": asked().pk})
        client = scene.client(other)
        assert (client.get(path).status_code, client.post(path, {"answer": "no", "reason": "busy"}).status_code) == (404, 404)


class TestTheFieldsOfAnAnswer:
    @pytest.mark.parametrize("asks_around", [False, True])
    def test_each_answer_has_its_own_part_and_a_rule_that_shows_it(self, world: World, asks_around: bool) -> None:
        scene = circulating(world)
        Inquiry.objects.update(asks_around=asks_around)
        form = scene.client(BANK).get(where()).content.decode().split('<form class="answer ')[1].split("</form>")[0]
        parts = {name: set(re.findall(r'name="([a-z]+)[1-3]?"', part)) for name, part in re.findall(r'class="[^"]*pan-(\w+)"(.*?)(?=class="[^"]*pan-|class="btns)', form, re.DOTALL)}
        other = {"knows": {"organisation", "name", "contact", "note"}} if asks_around else {"no": {"reason"}}
        assert parts == {"interested": {"offer", "who", "conditions"}, "question": {"question"}} | other
        sheet = (Path(__file__).parents[2] / "renkei/base/static/renkei/renkei.css").read_text(encoding="utf-8")
        for name in parts:
            assert f".answer:has([name=answer][value={name}]:checked) .pan-{name}" in sheet
        assert ".answer .pan:has(.err) { display: block; }" in sheet  # also a fault of an answer that was not chosen is seen


class TestTheSheet:
    def full(self, world: World) -> Scene:
        scene = circulating(world)
        show_interest(Asked.objects.get(body_id=CENTER), by=world.center, offer="=揺れの台で試せる", who="露崎", conditions="現物")
        center = Body.objects.get(pk=CENTER)
        give_consent(scene.case, body=center, klass="summary", by=world.lab, how="oral", given_by="髙梨")
        record_nda(scene.case, by=world.lab, body=center, signed_on=TODAY, known="paper")
        return scene

    def test_each_candidate_with_where_it_stands_and_what_comes_next(self, world: World) -> None:
        scene = self.full(world)
        page = scene.client(LAB).get(sheet(scene)).content.decode()
        for word in ("秘密保持を結んだ", "揺れの台で試せる", "露崎", "条件：現物", "尋ねている", "支援を頼む", "会社に同意を聞く", "尋ねるのをやめる"):
            assert word in page
        read = Event.objects.filter(verb="read", body=LAB)
        assert [one.stream for one in read] == [f"cases.need:{scene.needs[0].pk}"]

    def test_an_empty_sheet_says_what_to_do(self, world: World) -> None:
        scene = running(world)
        page = scene.client(LAB).get(sheet(scene)).content.decode()
        assert "候補はまだありません" in page
        assert "まだ書いていません" in page

    def test_it_is_for_the_inside_only(self, world: World) -> None:
        scene = self.full(world)
        for body, code in ((LAB, 200), (DESK, 200), (CENTER, 404), (BANK, 404)):
            assert scene.client(body).get(sheet(scene, body)).status_code == code
            assert scene.client(body).get(sheet(scene, body, "-xlsx")).status_code == code

    def test_the_file_has_the_same_rows_and_no_formula(self, world: World) -> None:
        scene = self.full(world)
        answer = scene.client(LAB).get(sheet(scene, kind="-xlsx"))
        assert "filename*=UTF-8''match-" in answer["Content-Disposition"]
        rows = list(openpyxl.load_workbook(io.BytesIO(answer.content)).worksheets[0].iter_rows(values_only=True))
        assert rows[0][:4] == ("機関", "いまの段階", "返事", "できること")
        assert [tuple(cell or "" for cell in row[:4]) for row in rows[1:]] == [
            ("ひばり産業センター", "秘密保持を結んだ", "関心あり", "=揺れの台で試せる"), ("ひばり銀行", "尋ねている", "", "")]

    def test_the_case_page_leads_there_from_inside(self, world: World) -> None:
        scene = self.full(world)
        link = f'href="{sheet(scene)}"'
        case = reverse("desk-case", kwargs={"body": LAB, "case": scene.case.pk})
        assert scene.client(LAB).get(case).content.decode().count(link) == 1
        outside = scene.client(CENTER).get(reverse("desk-case", kwargs={"body": CENTER, "case": scene.case.pk})).content.decode()
        assert "組合せの表" not in outside

    def test_a_warning_of_too_few_firms_keeps_what_was_chosen(self, world: World) -> None:
        scene = running(world)
        need = write_public(scene.needs[0], title="揺れ", summary="揺れの試験", by=world.lab, seen=True)
        path = reverse("desk-case-need-circulate", kwargs={"body": LAB, "case": scene.case.pk, "subject": need.pk})
        page = scene.client(LAB).post(path, {"place": "north", "to": "all", "due_on": "12月1日"}).content.decode()
        assert "1社だけで" in page
        assert '<option value="north" selected>' in page
        assert Circulation.objects.count() == 0
        circulate(need, by=world.lab, place="north", sure=True)
