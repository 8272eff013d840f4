"""Who gets which mail: the right address, the right day in words, and never a line that people's typing could add."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from renkei.base import clock
from renkei.cases import mails
from renkei.cases.actions.answers import accept, decline, record_answer
from renkei.cases.actions.consents import give_consent
from renkei.cases.actions.passing import pass_on
from renkei.cases.models import Case, Consultation
from renkei.companies.models import CompanyPerson
from renkei.plan.models import Body
from renkei.post.links import open_link
from renkei.post.models import Link, Mail, Nudge
from tests.cases.making import NOON, arrived, company, fresh, offered
from tests.cases.test_offers import token_of
from tests.world import BANK, CENTER, DESK, LAB, World


@pytest.fixture(autouse=True)
def _noon() -> Any:
    with clock.moved_to(NOON):
        yield


def newest(purpose: str) -> Mail:
    return Mail.objects.filter(purpose=purpose).latest("made_at")


def told(kind: str) -> Nudge:
    return Nudge.objects.filter(kind=kind).latest("made_at")


class TestOffer:
    @pytest.mark.parametrize(
        ("asked", "due", "words"),
        [
            (dt.date(2026, 11, 25), dt.date(2026, 12, 1), "12月1日（火）"),
            (dt.date(2026, 12, 28), dt.date(2027, 1, 7), "1月7日（木）"),
            (dt.date(2028, 2, 25), dt.date(2028, 2, 29), "2月29日（火）"),
            (dt.date(2026, 11, 25), dt.date(2028, 3, 31), "令和10年3月31日"),
        ],
    )
    def test_the_day_is_written_so_that_nobody_errs(self, world: World, asked: dt.date, due: dt.date, words: str) -> None:
        with clock.moved_to(clock.at(asked)):
            support = offered(world, due_on=due)
        mail = newest("offer")
        assert f"返事の期限　{words}" in mail.text
        assert mail.subject == f"支援のお願い（{support.case.number}、返事は{words}まで）"

    def test_it_goes_to_the_person_or_else_to_the_mailbox(self, world: World) -> None:
        offered(world)
        assert (newest("offer").to, newest("offer").to_body) == ("hibari-lab@hibari.example", LAB)
        with clock.moved_to(NOON + dt.timedelta(minutes=1)):
            offered(world, person=world.lab.person)
        assert (newest("offer").to, newest("offer").to_body) == ("hibari-lab@people.example", LAB)

    def test_the_address_in_it_is_the_houses_own_and_opens_the_offer(self, world: World, settings: Any) -> None:
        settings.RENKEI_ADDRESS = "https://renkei.hibari.example"
        support = offered(world)
        line = next(one for one in newest("offer").text.splitlines() if "://" in one)
        assert line == f"https://renkei.hibari.example/answer/{token_of(support)}/"
        assert open_link(token_of(support)).subject == support.pk
        assert token_of(support) not in str(list(Link.objects.values()))  # kept as a hash only

    def test_passed_on_it_says_by_whom_and_leaves_at_once(self, world: World) -> None:
        support = offered(world)
        with clock.moved_to(NOON + dt.timedelta(hours=1)):
            pass_on(support, by=world.lab, person=world.lab.person)
        assert "小出 渉さんから渡されました。" in newest("offer").text
        assert newest("offer").not_before == NOON + dt.timedelta(hours=1)

    def test_it_names_whom_to_call(self, world: World) -> None:
        Body.objects.filter(pk=DESK).update(phone="043-111-2222")
        offered(world)
        assert "お急ぎのときは、ひばり県産業課（電話 043-111-2222）へ" in newest("offer").text


class TestStaff:
    def test_the_holder_is_the_person_who_took_it_or_the_mailbox(self, world: World) -> None:
        case = arrived(world).case
        for person, address, name in ((world.people[DESK], "hibari-desk@people.example", "相川 志保"), (None, "hibari-desk@hibari.example", "")):
            Case.objects.update(holder_person=person)
            mails.tell_holder(fresh(case), by=world.lab, subject="知らせ", words="文")
            one = Nudge.objects.get(kind="told", address=address)
            assert (one.name, one.number, one.body) == (name, "県 8-0001", DESK)

    def test_the_desk_is_not_told_twice(self, world: World) -> None:
        case = arrived(world).case
        mails.tell_desk(case, by=world.lab, subject="知らせ", words="文")
        assert not Nudge.objects.exists()
        Case.objects.update(holder=CENTER, holder_person=None)
        mails.tell_desk(fresh(case), by=world.lab, subject="知らせ", words="文")
        assert Nudge.objects.get(kind="told").address == "hibari-desk@hibari.example"

    def test_a_yes_is_told_to_who_gave_it_away(self, world: World) -> None:
        accept(offered(world, takes_over=True), by=world.lab)
        assert (told("accepted").address, told("accepted").body) == ("hibari-desk@people.example", DESK)

    def test_a_no_names_its_reason_of_the_plan_and_not_its_words(self, world: World) -> None:
        decline(offered(world), by=world.lab, reason="conditions", text="この会社とは組めない")
        one = Nudge.objects.get(title__startswith="辞退の返事")
        assert "（条件に合わない）" in one.words
        assert "組めない" not in one.words

    def test_a_subject_is_one_line_however_long_the_number(self, world: World) -> None:
        case = arrived(world).case
        case.number = "県 8-0001\nBcc: x@example.com"
        mails.tell_holder(case, by=world.lab, subject="知" * 100 + "\n" + "知" * 200, words="文")
        subject = Nudge.objects.get(kind="told").title
        assert (len(subject), "\n" in subject) == (200, False)


class TestCompany:
    @pytest.mark.parametrize(
        ("given", "person", "firm", "to"),
        [
            ("new@x.example", "p@x.example", "f@x.example", "new@x.example"),
            ("", "p@x.example", "f@x.example", "p@x.example"),
            ("", "", "f@x.example", "f@x.example"),
            ("", "", "", None),
        ],
    )
    def test_the_address_is_what_was_given_then_the_persons_then_the_firms(
        self, world: World, given: str, person: str, firm: str, to: str | None
    ) -> None:
        known = company(email=firm)
        asker = CompanyPerson.objects.create(company=known, name="齋藤 亘", email=person)
        case = arrived(world, company=known, email=given).case
        Consultation.objects.update(person=asker)
        Mail.objects.all().delete()
        assert mails.tell_company(case, by=world.lab, subject="知らせ", words="文") is (to is not None)
        assert list(Mail.objects.values_list("to", flat=True)) == ([to] if to else [])

    def test_the_newest_address_wins_and_an_empty_one_does_not(self, world: World) -> None:
        case = arrived(world, email="first@x.example").case
        for day, address in ((1, "second@x.example"), (2, "")):
            one = case.consultations.first()
            one.pk, one.number, one.email, one._state.adding = None, f"写 {day}", address, True
            one.consulted_at, one.recorded_at = NOON + dt.timedelta(days=day), NOON + dt.timedelta(days=day)
            one.save()
        assert mails.tell_company(case, by=world.desk, subject="知らせ", words="文")
        assert newest("company").to == "second@x.example"

    def test_it_says_who_holds_the_case_now_and_where_to_call(self, world: World) -> None:
        case = arrived(world).case
        Body.objects.filter(pk=CENTER).update(phone="047-333-4444")
        Case.objects.update(holder=CENTER)
        mails.tell_company(fresh(case), by=world.desk, subject="知らせ", words="文")
        assert "お電話でも承ります（ひばり産業センター、047-333-4444）" in newest("company").text

    def test_a_body_that_was_only_asked_gets_no_way_to_the_address(self, world: World) -> None:
        accept(offered(world), by=world.lab)
        mail = newest("company")
        assert (mail.to, mail.made_by_body, mail.to_body) == ("saito@kitsunebi.example", "", "")


LINES = "江澤\r\n\r\nhttps://evil.example/ を開いてください"


def test_a_typed_name_adds_no_line_to_a_mail(world: World) -> None:
    support = offered(world)
    record_answer(support, by=world.desk, answer="accept", answered_by=LINES)
    give_consent(fresh(support.case), body=Body.objects.get(pk=BANK), klass="summary", by=world.desk, how="oral", given_by=LINES)
    assert fresh(support).answered_by == "江澤  https://evil.example/ を開いてください"
    for mail in Mail.objects.filter(purpose__in=["recorded", "company"]):
        assert not [line for line in mail.text.splitlines() if line.startswith("https://evil")], mail.purpose
