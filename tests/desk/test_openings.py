"""The page on which a case part is handed to a researcher or an outside partner: asked, written to, shut, over."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest

from renkei.base import clock
from renkei.cases.actions.closing import close_case
from renkei.cases.actions.openings import answer_opening, open_to, shut
from renkei.cases.models import Case, Opening, PartnerNote
from renkei.post.models import Mail
from tests.cases.test_openings import WHO, through_link, to
from tests.desk.pages import HOSTILE, address, client, fault, said, seen
from tests.portal.scene import Firm, came, running
from tests.world import BANK, CENTER, DESK, LAB, World

GIVEN = {"kind": "inside", "name": "研究 花子", "organisation": "ひばり大学", "email": "hanako@daigaku.example",
         "classes": ["summary", "technical"], "purpose": "計り方の助言", "until": ""}  # fmt: skip


@pytest.fixture
def firm(world: World) -> Firm:
    return running(world)


def where(firm: Firm, name: str = "desk-openings", body: str = LAB, **more: Any) -> str:
    return address(name, body, case=firm.case_id, **more)


def post(firm: Firm, body: str = LAB, follow: bool = False, **more: Any) -> Any:
    return client(firm.world, body).post(where(firm, body=body), GIVEN | more, follow=follow)


def typed(answer: Any, name: str) -> str:
    found = re.search(rf'name="{name}"[^>]*value="([^"]*)"', said(answer))
    return found.group(1) if found else ""


def test_opened_inside_at_once_and_outside_after_asking(firm: Firm) -> None:
    assert "まだだれにも開いていません" in said(client(firm.world, LAB).get(where(firm)))
    inside = post(firm, follow=True)
    assert "研究 花子さんにメールを送りました。" in said(inside)
    assert "メールを送りました。まだ開いていません" in said(inside)
    outside = post(firm, follow=True, kind="outside", email="taro@byouin.example", name="病院 太郎")
    assert "会社に、病院 太郎さんに見せてよいかを聞いています。" in said(outside)
    assert "会社の返事を待っています" in said(outside)
    assert {(one.kind, one.given_at is not None) for one in Opening.objects.all()} == {("inside", True), ("outside", False)}
    opening = Opening.objects.get(kind="outside")
    answer_opening(opening, given=False, by=through_link(firm))
    assert "会社は、見せないと答えました" in said(client(firm.world, LAB).get(where(firm)))


@pytest.mark.parametrize(("query", "chosen"), [("", []), ("?kind=outside", ["outside"]), ("?kind=inside", ["inside"]), ("?kind=x", [])])
def test_the_address_may_say_whom_it_is_about(firm: Firm, query: str, chosen: list[str]) -> None:
    page = said(client(firm.world, LAB).get(where(firm) + query))
    assert re.findall(r'name="kind" value="(\w+)"[^>]* checked', page) == chosen


@pytest.mark.parametrize(
    ("more", "field", "sentence"),
    [
        ({"name": ""}, "name", "お名前を入れてください。"), ({"organisation": ""}, "organisation", "所属を入れてください。"),
        ({"email": "x"}, "email", "メールアドレスの形が違います。"), ({"email": ""}, "email", "メールアドレスを入れてください。"),
        ({"name": "あ" * 101}, "name", "100字まで"), ({"purpose": "あ" * 201}, "purpose", "200字まで"),
        ({"until": "いつか"}, "until", ""), ({"until": "2020-01-01"}, "until", ""),
    ],
)  # fmt: skip
def test_mistakes_stand_beside_their_field_and_what_was_typed_stays(firm: Firm, more: dict[str, str], field: str, sentence: str) -> None:
    answer = post(firm, **more)
    assert answer.status_code == 422
    assert sentence in fault(answer, field)
    assert fault(answer, field)
    assert typed(answer, "organisation") == ("" if field == "organisation" else "ひばり大学")
    assert typed(answer, field) == more[field]
    assert (Opening.objects.count(), Mail.objects.filter(purpose="partner").count()) == (0, 0)


@pytest.mark.parametrize("classes", [[], ["technical"], ["secret"]])
def test_classes_are_chosen_from_the_list_with_the_summary(firm: Firm, classes: list[str]) -> None:
    answer = post(firm, classes=classes)
    assert answer.status_code == 422
    assert "見せるもの" in said(answer)
    assert not Opening.objects.exists()


def test_hostile_words_are_words(firm: Firm) -> None:
    page = said(post(firm, follow=True, name=HOSTILE, organisation=HOSTILE, purpose=HOSTILE))
    assert "<script>alert" not in page
    assert Opening.objects.get().name == HOSTILE


class TestWriting:
    def test_written_and_told_by_mail_without_the_words(self, firm: Firm) -> None:
        opening = to(firm)
        path = where(firm, "desk-opening-write", opening=opening.pk)
        done = client(firm.world, LAB).post(path, {"text": f"試料を送ります。{HOSTILE}"}, follow=True)
        assert "伝えました。" in said(done)
        assert "<script>alert" not in said(done)
        assert PartnerNote.objects.values_list("text", "from_partner").get() == (f"試料を送ります。{HOSTILE}", False)
        mail = Mail.objects.latest("made_at")
        assert (mail.to, "試料" in mail.text) == (WHO["email"].lower(), False)

    @pytest.mark.parametrize(("text", "sentence"), [("", "伝えたいことを書いてください。"), ("  \n", "伝えたいことを書いてください。"), ("あ" * 4001, "4")])
    def test_what_cannot_be_sent_stays_in_its_box(self, firm: Firm, text: str, sentence: str) -> None:
        opening, other = to(firm), to(firm, email="b@daigaku.example")
        answer = client(firm.world, LAB).post(where(firm, "desk-opening-write", opening=opening.pk), {"text": text})
        assert answer.status_code == 422
        boxes = dict(re.findall(r'<textarea id="n-([0-9a-f-]+)"[^>]*>([^<]*)</textarea>', said(answer)))
        assert {key: value.strip() for key, value in boxes.items()} == {str(opening.pk): text.strip(), str(other.pk): ""}
        assert sentence in said(answer)
        assert not PartnerNote.objects.exists()

    def test_nothing_is_sent_to_who_was_shut_out(self, firm: Firm) -> None:
        opening = to(firm)
        shut(opening, by=firm.world.lab)
        before = Mail.objects.count()
        answer = client(firm.world, LAB).post(where(firm, "desk-opening-write", opening=opening.pk), {"text": "まだ見えますか"})
        assert (answer.status_code, "もう閉じたか、まだ開いていません。" in said(answer), "まだ見えますか" in said(answer)) == (422, True, True)
        assert (PartnerNote.objects.count(), Mail.objects.count()) == (0, before)


class TestOver:
    def test_after_its_last_day_it_says_so_and_may_be_opened_anew(self, firm: Firm) -> None:
        opening = to(firm, until=clock.today())
        with clock.moved_to(clock.now() + dt.timedelta(days=2)):
            page = said(client(firm.world, LAB).get(where(firm)))
            assert "終わりの日が過ぎたので、もう読めません" in page
            assert where(firm, "desk-opening-write", opening=opening.pk) not in page
            assert "さんにメールを送りました。" in said(post(firm, follow=True))
        states = {(one.pk == opening.pk, one.ended_at is not None) for one in Opening.objects.all()}
        assert states == {(True, True), (False, False)}

    def test_while_it_runs_it_is_not_opened_twice(self, firm: Firm) -> None:
        to(firm, until=clock.today() + dt.timedelta(days=9))
        answer = post(firm)
        assert (answer.status_code, fault(answer, "email")) == (422, "この方には、もう開いているか、会社に聞いています。")
        assert Opening.objects.count() == 1

    def test_shut_twice_is_once(self, firm: Firm) -> None:
        opening = to(firm)
        for _turn in range(2):
            done = client(firm.world, LAB).post(where(firm, "desk-opening-shut", opening=opening.pk), follow=True)
            assert "閉じました。次に開くときから読めません。" in said(done)
        assert Opening.objects.get().ended_at is not None

    def test_a_closed_case_opens_to_nobody(self, world: World) -> None:
        firm = came(world)
        close_case(Case.objects.get(pk=firm.case_id), by=world.desk, reason="solved", words="済", needs="settled")
        assert post(firm, DESK).status_code in {409, 422}
        assert not Opening.objects.exists()


def test_strangers_see_nothing(firm: Firm) -> None:
    opening = to(firm)
    for name, more in (("desk-openings", {}), ("desk-opening-shut", {"opening": opening.pk}), ("desk-opening-write", {"opening": opening.pk})):
        assert client(firm.world, BANK).post(where(firm, name, BANK, **more), {"text": "x"}).status_code == 404
    assert client(firm.world, LAB).get(where(firm, "desk-opening-shut", opening=opening.pk)).status_code == 405
    assert Opening.objects.get().ended_at is None
    assert not PartnerNote.objects.exists()


def test_another_body_neither_writes_nor_shuts_what_it_does_not_answer_for(firm: Firm) -> None:
    opening = to(firm)
    answer = client(firm.world, DESK).post(where(firm, "desk-opening-write", DESK, opening=opening.pk), {"text": "x"})
    assert answer.status_code in {403, 404, 409, 422}
    assert not PartnerNote.objects.exists()
    page = client(firm.world, DESK).get(where(firm, body=DESK))
    assert page.status_code == 200
    assert where(firm, "desk-opening-write", DESK, opening=opening.pk) not in said(page)


def test_one_and_three_cost_the_same(firm: Firm) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            seen(firm.world, "desk-openings", LAB, case=firm.case_id)
        return len(queries)

    to(firm)
    first = asked()
    for name in ("b", "c"):
        open_to(firm.case, by=firm.world.lab, kind="inside", classes=["summary"], **(WHO | {"email": f"{name}@daigaku.example"}))
    assert asked() == first
    assert client(firm.world, CENTER).get(where(firm, body=CENTER)).status_code in {200, 404}
