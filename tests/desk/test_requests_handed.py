"""A liaison hands a request to a researcher, reads what comes back and answers, all from the page of requests."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from renkei.accounts.models import Absence
from renkei.audit.models import Event
from renkei.base import clock
from renkei.base.actor import Actor
from renkei.base.context import acting
from renkei.base.refusal import Refused
from renkei.cases.actions.consents import withdraw_consent
from renkei.cases.actions.openings import accept_terms, answer_opening, open_to, send_partner_file, shut, write_note
from renkei.cases.digest import sweep
from renkei.cases.models import Case, Consent, Opening, PartnerFile, PartnerNote, Support
from renkei.cases.queries.handed import handed_by_case
from renkei.post.models import Mail, Nudge
from tests.cases.lettering import colleague
from tests.cases.test_openings import WHO, partner, through_link, to
from tests.desk.pages import HOSTILE, address, client, fault, said
from tests.desk.test_company_accounts import PASSWORD, stale
from tests.portal.scene import Firm, asked, running
from tests.world import BANK, CENTER, DESK, LAB, World

GIVEN = {"name": "研究 花子", "organisation": "ひばり大学", "email": "hanako@daigaku.example",
         "classes": ["summary", "technical"], "purpose": "計り方の助言", "until": ""}  # fmt: skip


@pytest.fixture(autouse=True)
def _files(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def firm(world: World) -> Firm:
    return asked(world)


def where(firm: Firm, name: str = "desk-request", body: str = LAB, whose: str = "", **more: Any) -> str:
    return address(name, body, support=firm.supports[whose or body].pk, **more)


def hand(firm: Firm, body: str = LAB, follow: bool = False, **more: Any) -> Any:
    return client(firm.world, body).post(where(firm, "desk-request-hand", body), GIVEN | more, follow=follow)


def read(firm: Firm, body: str = LAB) -> str:
    return said(client(firm.world, body).get(where(firm, body=body)))


def listed(firm: Firm, who: str = "", body: str = LAB) -> tuple[bool, str]:
    """Whether the request of the body stands in the list, and what is said of whom it is with."""
    page = said(client(firm.world, body).get(address("desk-requests", body), {"who": who}))
    line = re.search(rf'<li><a href="{re.escape(where(firm, body=body))}".*?</li>', page, re.DOTALL)
    if line is None:
        return False, ""
    lines = re.findall(r'<span class="sub block">([^<]*さんに渡しました.*?)</span>', line[0], re.DOTALL)
    return True, " ".join(" ".join(re.sub(r"<[^>]+>", "", one) for one in lines).split())


def accepted() -> Actor:
    """The researcher of the latest opening, who has accepted the terms."""
    actor = partner()
    accept_terms(Opening.objects.latest("asked_at"), by=actor)
    return actor


def news() -> list[tuple[str, Any, bool]]:
    rows = Nudge.objects.filter(kind="partner").order_by("made_at")
    return [(one.body, one.person, one.settled_at is None) for one in rows]


@pytest.mark.covers("C85")
def test_a_liaison_hands_a_request_on_reads_the_answer_and_answers(firm: Firm) -> None:
    me = firm.world.people[LAB].pk
    assert ("まだだれにも渡していません" in read(firm), where(firm, "desk-request-hand") in read(firm)) == (True, True)
    assert listed(firm) == (True, "")
    done = hand(firm, follow=True)
    assert done.redirect_chain == [(f"{where(firm)}#h-handed", 302)]
    assert ("研究 花子さんに渡しました。メールが届きます。" in said(done), "メールを送りました。まだ開いていません" in said(done)) == (True, True)
    opening = Opening.objects.get()
    assert (opening.kind, opening.classes, opening.body_id, opening.case_id, opening.asked_by_id) == (
        "inside", ["summary", "technical"], LAB, firm.case_id, me)  # fmt: skip
    assert Event.objects.filter(verb="opening.ask").count() == 1
    assert re.fullmatch(r"研究 花子さんに渡しました（.+から） 返事待ち", listed(firm)[1])
    who = accepted()
    write_note(Opening.objects.get(), text="温度の幅を教えてください", by=who)
    send_partner_file(Opening.objects.get(), name="測り方.txt", data=b"x", by=who)
    assert news() == [(LAB, me, True), (LAB, me, True)]
    assert not Mail.objects.filter(to_body=LAB, purpose="partner").exists()  # staff are told on their list
    assert re.fullmatch(r"研究 花子さんに渡しました（.+から） 返事が来ました .+", listed(firm)[1])
    page = read(firm)
    every = address("desk-openings", LAB, case=firm.case_id)
    assert [page.count(f'href="{every}{more}"') for more in ("", "?kind=outside#h-new")] == [1, 1]
    assert {one in page for one in ("温度の幅を教えてください", "測り方.txt", "返事が来ました", "約束をして読んでいます")} == {True}
    path = where(firm, "desk-request-handed", opening=opening.pk)
    answer = client(firm.world, LAB).post(path, {"text": "10度から40度です", "file": SimpleUploadedFile("条件.txt", b"y")}, follow=True)
    assert (answer.redirect_chain, "研究 花子さんに伝えました。" in said(answer)) == ([(f"{where(firm)}#h-handed", 302)], True)
    assert [(one.text, one.from_partner) for one in PartnerNote.objects.order_by("written_at")] == [
        ("温度の幅を教えてください", True), ("10度から40度です", False)]  # fmt: skip
    assert sorted(PartnerFile.objects.values_list("name", "from_partner")) == [("条件.txt", False), ("測り方.txt", True)]
    assert news() == [(LAB, me, False), (LAB, me, False)]
    assert re.fullmatch(r"研究 花子さんに渡しました（.+から） 返事待ち（最後の返事 .+）", listed(firm)[1])


class TestHanding:
    @pytest.mark.covers("C18", "C85")
    def test_only_what_the_firm_lets_the_body_read_and_only_to_its_own(self, firm: Firm) -> None:
        form = client(firm.world, CENTER).get(where(firm, "desk-request-hand", CENTER))
        assert re.findall(r'name="classes" value="(\w+)"', said(form)) == ["summary"]
        assert ('name="kind"' in said(form), 'value="' + firm.supports[CENTER].body.name + '"' in said(form)) == (False, True)
        assert address("desk-openings", CENTER, case=firm.case_id) in said(form)  # a partner outside is asked about there
        refused = hand(firm, CENTER)
        assert (refused.status_code, Opening.objects.exists()) == (422, False)
        hand(firm, LAB, kind="outside", classes=["summary"])
        assert Opening.objects.get().kind == "inside"

    @pytest.mark.parametrize(
        ("more", "field"),
        [({"name": ""}, "name"), ({"email": "x"}, "email"), ({"until": "2020-01-01"}, "until"), ({"purpose": "あ" * 201}, "purpose")],
    )
    def test_what_is_wrong_stands_at_its_field_and_is_kept(self, firm: Firm, more: dict[str, Any], field: str) -> None:
        answer = hand(firm, **more)
        assert (answer.status_code, fault(answer, field) != "", 'value="ひばり大学"' in said(answer)) == (422, True, True)
        assert (Opening.objects.exists(), Mail.objects.filter(purpose="partner").exists()) == (False, False)

    def test_twice_is_once(self, firm: Firm) -> None:
        hand(firm)
        assert fault(hand(firm), "email") == "この方には、もう開いているか、会社に聞いています。"
        assert Opening.objects.count() == 1

    def test_looking_is_free_and_handing_asks_who_is_there(self, firm: Firm) -> None:
        one = stale(firm.world.people[LAB])
        assert one.get(where(firm, "desk-request-hand")).status_code == 200
        asked_again = one.post(where(firm, "desk-request-hand"), GIVEN)
        assert ('name="name" value="研究 花子"' in said(asked_again), Opening.objects.exists()) == (True, False)
        one.post(where(firm, "desk-request-hand"), GIVEN | {"again": "1", "again-password": PASSWORD})
        assert Opening.objects.count() == 1

    def test_what_is_over_or_taken_back_is_handed_to_nobody(self, world: World) -> None:
        firm = running(world)  # the centre has declined
        answer = hand(firm, CENTER, follow=True, classes=["summary"])
        assert ("いまは研究者に渡せません" in said(answer), Opening.objects.exists()) == (True, False)
        assert where(firm, "desk-request-hand", CENTER) not in read(firm, CENTER)
        for consent in Consent.objects.live().filter(case=firm.case_id, body_id=LAB):
            withdraw_consent(consent, by=through_link(firm), how="link")
        assert (hand(firm).status_code, Opening.objects.exists()) in {(302, False), (404, False)}

    def test_strangers_and_other_bodies_find_nothing(self, firm: Firm) -> None:
        opening = to(firm)
        for body in (BANK, DESK, CENTER):
            assert client(firm.world, body).get(where(firm, "desk-request-hand", body, whose=LAB)).status_code == 404
            path = where(firm, "desk-request-handed", body, whose=LAB, opening=opening.pk)
            assert client(firm.world, body).post(path, {"text": "x"}).status_code == 404
        own = where(firm, "desk-request-handed", CENTER, opening=opening.pk)  # its own request, another body's opening
        assert client(firm.world, CENTER).post(own, {"deed": "shut"}).status_code == 404
        assert client(firm.world, LAB).get(where(firm, "desk-request-handed", opening=opening.pk)).status_code == 405
        assert (PartnerNote.objects.exists(), Opening.objects.get().ended_at) == (False, None)
        assert "研究 花子" not in read(firm, CENTER)
        assert listed(firm, body=CENTER) == (True, "")


class TestAnswering:
    @pytest.mark.parametrize(("text", "words"), [("", "伝えたいことを書いてください。"), ("あ" * 4001, "4")])
    def test_what_cannot_be_sent_stays_where_it_was_typed(self, firm: Firm, text: str, words: str) -> None:
        opening, other = to(firm), to(firm, email="b@daigaku.example")
        answer = client(firm.world, LAB).post(where(firm, "desk-request-handed", opening=opening.pk), {"text": text})
        boxes = dict(re.findall(r'<textarea id="n-([0-9a-f-]+)"[^>]*>([^<]*)</textarea>', said(answer)))
        assert (answer.status_code, {key: value.strip() for key, value in boxes.items()}) == (422, {str(opening.pk): text, str(other.pk): ""})
        assert words in re.search(rf'id="n-{opening.pk}-error">([^<]*)<', said(answer))[1]  # type: ignore[index]
        assert not PartnerNote.objects.exists()

    def test_a_file_that_is_refused_takes_the_words_back_too(self, firm: Firm) -> None:
        opening = to(firm)
        sent = {"text": "見てください", "file": SimpleUploadedFile("空.txt", b"")}
        answer = client(firm.world, LAB).post(where(firm, "desk-request-handed", opening=opening.pk), sent)
        assert (answer.status_code, f'id="f-{opening.pk}-error"' in said(answer), "見てください" in said(answer)) == (422, True, True)
        assert (PartnerNote.objects.exists(), PartnerFile.objects.exists()) == (False, False)

    def test_shut_from_the_request_and_gone_from_it(self, firm: Firm) -> None:
        opening = to(firm)
        write_note(Opening.objects.get(), text="質問です", by=accepted())
        for _turn in range(2):
            done = client(firm.world, LAB).post(where(firm, "desk-request-handed", opening=opening.pk), {"deed": "shut"}, follow=True)
            assert "閉じました。次に開くときから読めません。" in said(done)
        assert (Opening.objects.get().ended_at is not None, "研究 花子" in read(firm), listed(firm)) == (True, False, (True, ""))
        assert [open_now for *_who, open_now in news()] == [False]

    def test_hostile_words_are_words(self, firm: Firm) -> None:
        hand(firm, name=HOSTILE, organisation=HOSTILE)
        write_note(Opening.objects.get(), text=HOSTILE, by=accepted())
        pages = [read(firm), said(client(firm.world, LAB).get(address("desk-requests", LAB))), said(client(firm.world, LAB).get(address("desk-nudges", LAB)))]
        assert [("<script>alert" in page, "&lt;script&gt;alert" in page) for page in pages] == [(False, True)] * 3


class TestList:
    def test_handed_and_awaited_are_found(self, firm: Firm) -> None:
        def found() -> tuple[bool, bool, bool]:
            return listed(firm)[0], listed(firm, "handed")[0], listed(firm, "awaited")[0]

        assert found() == (True, False, False)
        opening = to(firm)
        assert found() == (True, True, True)
        assert (listed(firm, "handed", CENTER)[0], listed(firm, "awaited", CENTER)[0]) == (False, False)
        who = accepted()
        send_partner_file(Opening.objects.get(), name="測り方.txt", data=b"x", by=who)
        assert found() == (True, True, False)
        write_note(opening, text="ありがとう", by=firm.world.lab)
        assert found() == (True, True, True)
        write_note(Opening.objects.get(), text="どうも", by=who)
        assert found() == (True, True, False)
        with clock.moved_to(clock.now() + dt.timedelta(minutes=1)):
            send_partner_file(opening, name="条件.txt", data=b"y", by=firm.world.lab)
        assert found() == (True, True, True)
        shut(opening, by=firm.world.lab)
        assert found() == (True, False, False)

    @pytest.mark.covers("C18")
    def test_while_the_firm_is_asked_nobody_elses_word_is_awaited(self, firm: Firm) -> None:
        opening = to(firm, "outside")
        assert (listed(firm, "handed")[1].endswith("会社の返事を待っています"), listed(firm, "awaited")[0]) == (True, False)
        assert "会社の返事を待っています" in read(firm)
        answer_opening(opening, given=True, by=through_link(firm))
        told = Nudge.objects.filter(title="機関の外の方に見せてよいかのお返事がありました").get()
        assert (told.body, told.person) == (LAB, firm.world.people[LAB].pk)
        assert listed(firm, "awaited")[0]

    def test_what_ran_out_is_with_nobody(self, firm: Firm) -> None:
        to(firm, until=clock.today())
        assert listed(firm, "handed")[0]
        with clock.moved_to(clock.now() + dt.timedelta(days=2)):
            assert handed_by_case([firm.case_id], actor=firm.world.lab) == {}

    def test_one_and_three_cost_the_same(self, firm: Firm) -> None:
        def cost(path: str) -> int:
            with CaptureQueriesContext(connection) as queries:
                assert client(firm.world, LAB).get(path).status_code == 200
            return len(queries)

        pages = [where(firm), address("desk-requests", LAB)]
        to(firm)
        first = [cost(path) for path in pages]
        for name in ("b", "c"):
            open_to(firm.case, by=firm.world.lab, kind="inside", classes=["summary"], until=None, **(WHO | {"email": f"{name}@daigaku.example"}))
        assert [cost(path) for path in pages] == first


class TestNews:
    def test_opening_it_leads_to_the_request(self, firm: Firm) -> None:
        to(firm)
        write_note(Opening.objects.get(), text="質問です", by=accepted())
        page = said(client(firm.world, LAB).get(address("desk-nudges", LAB)))
        assert ("渡した相手から連絡がありました" in page, "質問です" in page) == (True, False)
        Nudge.objects.exclude(kind="partner").update(read_at=clock.now())
        led = client(firm.world, LAB).post(address("desk-nudges-read", LAB), {"case": firm.case_id, "open": "1"})
        assert led["Location"] == f"{where(firm)}#h-handed"
        assert Nudge.objects.get(kind="partner").read_at is not None

    def test_without_a_request_it_leads_to_the_case(self, firm: Firm) -> None:
        to(firm, by=firm.world.desk)
        write_note(Opening.objects.get(), text="質問です", by=accepted())
        Nudge.objects.exclude(kind="partner").update(read_at=clock.now())
        led = client(firm.world).post(address("desk-nudges-read"), {"case": firm.case_id, "open": "1"})
        assert led["Location"] == address("desk-case", case=firm.case_id)

    def test_another_act_of_the_body_leaves_it_and_the_end_of_the_case_does_not_sweep_it(self, firm: Firm) -> None:
        to(firm)
        write_note(Opening.objects.get(), text="質問です", by=accepted())
        client(firm.world, LAB).post(where(firm), {"answer": "ask", "question": "いつまでですか"})
        assert Support.objects.get(pk=firm.supports[LAB].pk).question
        assert [open_now for *_who, open_now in news()] == [True]
        Case.objects.update(state="closed", closed_at=clock.now(), close_reason="solved")
        sweep()
        assert [open_now for *_who, open_now in news()] == [True]

    def test_who_stands_in_is_told_and_the_queue_when_nobody_is(self, firm: Firm) -> None:
        other = colleague("代 理", LAB)
        to(firm)
        who = accepted()
        Absence.objects.create(person=firm.world.people[LAB], body_id=LAB, since=clock.today(), until=clock.today(), substitute_id=other.person,
                               made_at=clock.now())
        write_note(Opening.objects.get(), text="質問です", by=who)
        Absence.objects.update(substitute=None)
        write_note(Opening.objects.get(), text="もう一つ", by=who)
        assert [one[:2] for one in news()] == [(LAB, other.person), (LAB, None)]

    def test_after_the_firm_took_back_its_consent_nothing_more_is_written(self, firm: Firm) -> None:
        to(firm)
        who = accepted()
        for consent in Consent.objects.live().filter(case=firm.case_id, body_id=LAB):
            withdraw_consent(consent, by=through_link(firm), how="link")
        with pytest.raises(Refused) as refusal:
            write_note(Opening.objects.get(), text="まだ見えますか", by=who)
        assert (refusal.value.code, PartnerNote.objects.exists(), news()) == ("not_allowed", False, [])


@pytest.mark.covers("C85")
def test_under_the_web_login_a_partner_tells_its_own_body_and_nobody_else(committed_world: World, login: Any) -> None:
    firm = asked(committed_world)
    world = firm.world
    with login("web"), acting(world.lab):
        opening = open_to(firm.case, by=world.lab, kind="inside", classes=["summary"], until=None, **WHO)
    with acting(world.lab):
        actor = partner()
    with login("web"):
        with acting(actor):
            accept_terms(Opening.objects.get(), by=actor)
        with acting(actor):
            write_note(Opening.objects.get(), text="質問です", by=actor)
            send_partner_file(Opening.objects.get(), name="測り方.txt", data=b"x", by=actor)
            assert not Nudge.objects.exists()  # written, and never read
        with acting(world.lab):
            assert [(one.person, one.about) for one in Nudge.objects.filter(kind="partner")] == [(world.people[LAB].pk, opening.pk)] * 2
            (one,) = handed_by_case([firm.case_id], actor=world.lab)[firm.case_id]
            assert (one.has_news, one.is_awaited) == (True, False)
            write_note(opening, text="どうぞ", by=world.lab)
            assert not Nudge.objects.open().filter(kind="partner").exists()
        with acting(world.center):
            assert handed_by_case([firm.case_id], actor=world.center) == {}
    url = reverse("desk-request", kwargs={"body": LAB, "support": firm.supports[LAB].pk})
    with login("web"):
        page = said(client(world, LAB).get(url))
    assert ("質問です" in page, "測り方.txt" in page, "どうぞ" in page) == (True, True, True)


@pytest.mark.parametrize("change", [{"kind": "told"}, {"body": CENTER}, {"about": "case"}])
def test_the_database_refuses_other_news_of_a_partner(committed_world: World, login: Any, change: dict[str, str]) -> None:
    firm = asked(committed_world)
    opening = to(firm)
    actor = accepted()
    row = {"kind": "partner", "body": LAB, "about": opening.pk, "case": firm.case_id, "number": "x", "title": "x", "made_at": clock.now()}
    if "about" in change:
        change = {"about": firm.case_id}
    with login("web"), acting(actor):
        Nudge.objects.create(**row)
        with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
            Nudge.objects.create(**row | change)
