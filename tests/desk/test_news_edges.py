"""News, wishes and mails to firms at their edges: many rows, strange ids, people of other bodies, odd words, twice."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from renkei.audit.models import Event
from renkei.base import clock
from renkei.base.actor import SYSTEM
from renkei.base.context import acting
from renkei.cases.actions.mail_in import take_letter
from renkei.cases.actions.mail_out import send_again, tell_of_failed
from renkei.cases.actions.talk import write_to_company
from renkei.cases.mails import tell_holder
from renkei.cases.models import Case, Incoming
from renkei.post.models import Mail, Nudge, Wishes
from renkei.post.nudges import KINDS
from tests.cases.making import arrived, company, refuses
from tests.cases.trying import tried
from tests.desk.pages import HOSTILE, client
from tests.world import BANK, DESK, LAB, World

NEWS, READ, WISHES, MAILS = f"/d/{DESK}/nudges/", f"/d/{DESK}/nudges/read/", "/me/nudges/", f"/d/{DESK}/mails/"


@pytest.fixture(autouse=True)
def _mail(settings: Any, tmp_path: Any) -> None:
    settings.RENKEI_MAIL_DOMAIN, settings.MEDIA_ROOT = "in.hibari.example", tmp_path


def told(world: World, words: str = "読んで答えてください。") -> Case:
    made = arrived(world, company=company(name=f"狐火{Case.objects.count()}株式会社")).case
    tell_holder(made, by=SYSTEM, subject="会社から連絡がありました", words=words, purpose="company")
    return made


def words(answer: Any) -> str:
    assert answer.status_code == 200
    return str(answer.content.decode())


class TestNews:
    def test_the_same_queries_for_one_and_three(self, world: World) -> None:
        told(world)
        desk = client(world)
        desk.get(NEWS)
        with CaptureQueriesContext(connection) as one:
            desk.get(NEWS)
        told(world)
        told(world)
        with CaptureQueriesContext(connection) as three:
            shown = words(desk.get(NEWS))
        assert len(three) == len(one), [row["sql"][:120] for row in three.captured_queries]
        assert shown.count("会社から連絡がありました") == 3

    def test_many_are_shown_in_pages_and_no_made_up_page_breaks(self, world: World) -> None:
        case = told(world)
        row = Nudge.objects.get()
        Nudge.objects.bulk_create([
            Nudge(person=row.person, body=DESK, kind="told", about=case.pk, case=case.pk, number=case.number, title=f"第{n}報", words="", address="", name="", made_at=clock.now())
            for n in range(60)])  # fmt: skip
        desk = client(world)
        assert [len(desk.get(NEWS, {"page": page}).context["page"].object_list) for page in ("1", "2")] == [50, 11]
        for page in ("0", "-1", "x", "9" * 5000, "\x00"):
            assert desk.get(NEWS, {"page": page}).status_code == 200

    def test_hostile_words_stay_words(self, world: World) -> None:
        told(world, HOSTILE)
        assert "<script>alert" not in words(client(world).get(NEWS))

    @pytest.mark.parametrize("case", ["x", "x" * 5000, "0", "{}", "00000000-0000-0000-0000-00000000000g", "6f0b61d2-5f0c-4a52-9c59-0d6b4f6b7a11"])
    def test_a_strange_case_reads_nothing(self, world: World, case: str) -> None:
        told(world)
        assert client(world).post(READ, {"case": case, "open": "1"})["Location"] == NEWS
        assert Nudge.objects.open().count() == 1

    def test_nobody_reads_for_another_body(self, world: World) -> None:
        case = told(world)
        for body in (LAB, BANK):
            one = client(world, body)
            assert one.post(READ, {"case": str(case.pk)}).status_code == 404
            one.post(f"/d/{body}/nudges/read/", {"case": str(case.pk)})
            one.post(f"/d/{body}/nudges/read/")
        assert Nudge.objects.open().count() == 1
        assert not Event.objects.filter(verb="nudge.read").exists()

    def test_one_case_is_read_and_the_other_stays(self, world: World) -> None:
        first, second = told(world), told(world)
        client(world).post(READ, {"case": str(first.pk)})
        assert [one.case for one in Nudge.objects.open()] == [second.pk]
        assert {one.read_by for one in Nudge.objects.exclude(read_at=None)} == {world.desk.person}


class TestWishes:
    def test_everything_off_is_kept_as_everything_off(self, world: World) -> None:
        desk = client(world)
        assert desk.post(WISHES, {}).status_code == 302
        kept = Wishes.objects.get()
        assert (kept.by_mail, kept.minute, kept.days, set(kept.without)) == (False, None, [], set(KINDS))
        form = desk.get(WISHES).context["form"]
        assert (form["by_mail"].value(), form["kinds"].value()) == ("", [])

    def test_twice_leaves_one_row_and_the_second_stands(self, world: World) -> None:
        desk = client(world)
        for minute in ("540", "570"):
            desk.post(WISHES, {"by_mail": "1", "minute": minute, "kinds": list(KINDS)})
        assert [(one.minute, one.without) for one in Wishes.objects.all()] == [(570, [])]

    @pytest.mark.parametrize("more", [{"minute": "541"}, {"minute": "-30"}, {"minute": "９"}, {"days": ["7"]}, {"days": ["0", "x"]},
                                      {"kinds": ["company", HOSTILE]}, {"by_mail": "2"}])  # fmt: skip
    def test_what_is_no_choice_keeps_the_rest(self, world: World, more: dict[str, Any]) -> None:
        given = {"by_mail": "1", "minute": "540", "days": ["1"], "kinds": ["late"]} | more
        answer = client(world).post(WISHES, given)
        assert list(answer.context["form"].errors) == list(more)
        assert {name: answer.context["form"][name].value() for name in given} == given
        assert "<script>alert" not in words(answer)
        assert not Wishes.objects.exists()

    def test_wishes_are_each_persons_own(self, world: World) -> None:
        client(world).post(WISHES, {"minute": "540"})
        assert client(world, LAB).get(WISHES).context["form"]["minute"].value() == ""


class TestMailsOut:
    def _lost(self, world: World, state: str = "bounced") -> tuple[Case, Mail]:
        case = arrived(world, company=company()).case
        write_to_company(case, by=world.desk, text="大きさは？")
        mail = Mail.objects.get(purpose="company", case=case.pk)
        sent = {"sent_at": clock.now()} if state in {"bounced", "sent"} else {}
        Mail.objects.filter(pk=mail.pk).update(state=state, error="550", **sent)
        return case, Mail.objects.get(pk=mail.pk)

    def test_only_what_is_lost_is_sent_again_and_once(self, world: World) -> None:
        for state, expected in (("bounced", "ok"), ("failed", "ok"), ("sent", "not_lost"), ("waiting", "not_lost"), ("cancelled", "not_lost")):
            case, mail = self._lost(world, state)
            with acting(world.desk):
                assert (state, tried(lambda case=case, mail=mail: send_again(case, mail.pk, by=world.desk), Mail)) == (state, expected)
        case, mail = self._lost(world)
        with acting(world.desk):
            send_again(case, mail.pk, by=world.desk)
            with refuses("not_lost"):
                send_again(case, mail.pk, by=world.desk)

    @pytest.mark.parametrize("address", ["x", "a@b", "a b@c.example", "a@c.example\nBcc: d@e.example", "é@c.example", "@c.example", "a@c.example, b@c.example"])
    def test_a_wrong_address_is_said_beside_it(self, world: World, address: str) -> None:
        _case, mail = self._lost(world)
        answer = client(world).post(f"{MAILS}{mail.pk}/again/", {"address": address})
        assert answer.context["form"].errors["address"]
        assert answer.context["form"]["address"].value() == address
        assert Mail.objects.filter(state="waiting", purpose="company").count() == 0

    def test_nobody_else_sends_another_cases_mail(self, world: World) -> None:
        case, mail = self._lost(world)
        other, _theirs = self._lost(world)
        for by, which, code in ((world.lab, case, "not_allowed"), (world.bank, case, "not_allowed"), (world.desk, other, "not_lost")):
            with acting(by):
                assert tried(lambda by=by, which=which: send_again(which, mail.pk, by=by), Mail) == code
        assert client(world, LAB).post(f"/d/{LAB}/mails/{mail.pk}/again/").status_code == 404
        assert client(world).get(f"{MAILS}{uuid.uuid4()}/again/").status_code == 404

    def test_the_same_queries_for_one_lost_mail_and_three(self, world: World) -> None:
        self._lost(world)
        desk = client(world)
        desk.get(MAILS)
        with CaptureQueriesContext(connection) as one:
            desk.get(MAILS)
        self._lost(world)
        self._lost(world, "sent")
        with CaptureQueriesContext(connection) as three:
            desk.get(MAILS)
        assert len(three) == len(one)

    def test_a_failed_mail_to_staff_or_about_nothing_calls_nobody(self, world: World) -> None:
        _case, mail = self._lost(world, "failed")
        Mail.objects.filter(pk=mail.pk).update(to_body=LAB)
        assert tell_of_failed() == 0
        Mail.objects.filter(pk=mail.pk).update(to_body="", case=None)
        assert tell_of_failed() == 0
        assert not Nudge.objects.filter(kind="undelivered").exists()


class TestMailsIn:
    def _stray(self, number: int = 1, text: str = "30センチ角です。") -> Incoming:
        raw = f"From: {'boss'}@x.example\nMessage-ID: <{number}@x>\nSubject: {HOSTILE}\nContent-Type: text/plain; charset=utf-8\n\n{text}\n"
        return take_letter(raw.encode(), by=SYSTEM, envelope_from="boss@x.example", to=["x@in.hibari.example"])

    def test_a_stray_is_for_the_front_desk_only(self, world: World) -> None:
        row = self._stray()
        assert client(world).get(f"{MAILS}in/{row.pk}/").status_code == 200
        for body in (LAB, BANK):
            one = client(world, body)
            assert one.get(f"/d/{body}/mails/in/{row.pk}/").status_code == one.post(f"/d/{body}/mails/in/{row.pk}/", {"act": "discard"}).status_code == 404
        assert Incoming.objects.get().state == "held"

    def test_hostile_letters_stay_words_and_input_is_kept(self, world: World) -> None:
        row = self._stray(text=HOSTILE)
        desk, url = client(world), f"{MAILS}in/{row.pk}/"
        for page in (desk.get(url), desk.get(f"{MAILS}in/"), desk.post(url, {"act": "accept", "number": HOSTILE})):
            assert "<script>alert" not in words(page)
        for given, field in (({}, "act"), ({"act": "burn"}, "act"), ({"act": "accept"}, "number"), ({"act": "accept", "number": "県-9"}, "number"),
                             ({"act": "discard", "reason": "あ" * 201}, "reason"), ({"act": "discard", "reason": "　"}, "reason")):  # fmt: skip
            answer = desk.post(url, given)
            assert (given, list(answer.context["form"].errors)) == (given, [field])
            assert {name: answer.context["form"][name].value() for name in given} == given
        assert Incoming.objects.get().state == "held"

    def test_it_is_decided_once_also_by_two(self, world: World) -> None:
        row = self._stray()
        url = f"{MAILS}in/{row.pk}/"
        first, second = client(world), client(world)
        assert first.post(url, {"act": "discard", "reason": "迷惑"}).status_code == 302
        late = second.post(url, {"act": "discard", "reason": "私も"})
        assert "このメールは、もう決まっています。" in words(late)
        assert Incoming.objects.get().reason == "迷惑"

    def test_the_same_queries_for_one_letter_and_three(self, world: World) -> None:
        self._stray()
        desk = client(world)
        desk.get(f"{MAILS}in/")
        with CaptureQueriesContext(connection) as one:
            desk.get(f"{MAILS}in/")
        self._stray(2)
        self._stray(3)
        with CaptureQueriesContext(connection) as three:
            desk.get(f"{MAILS}in/")
        assert len(three) == len(one)
