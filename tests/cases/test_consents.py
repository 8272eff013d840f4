"""The firm decides who sees what: given, narrowed, confirmed, withdrawn; staff only write down what it said."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from renkei.base import clock
from renkei.cases.actions.closing import close_case
from renkei.cases.actions.consents import (
    answer_request,
    confirm_consent,
    give_consent,
    request_consent,
    set_standing,
    withdraw_consent,
)
from renkei.cases.actions.holding import Pack, accept_handover, offer_handover
from renkei.cases.models import Attachment, Case, Consent, ConsentRequest, Consultation, Message, Passage
from renkei.companies.models import Company, Sight
from renkei.plan.models import Body
from renkei.post.models import Link, Mail, Nudge
from tests.cases.linking import firm, firm_by_mail, web
from tests.cases.making import (
    NOON,
    arrived,
    company,
    events,
    fresh,
    mails,
    offered,
    refuses,
    steps,
)  # fmt: skip
from tests.world import BANK, CENTER, DESK, LAB, World


@pytest.fixture(autouse=True)
def _noon() -> Any:
    with clock.moved_to(NOON):
        yield


@pytest.fixture
def case(world: World) -> Case:
    return arrived(world).case


def body(code: str) -> Body:
    return Body.objects.get(pk=code)


def oral(case: Case, world: World, to: str = LAB, klass: str = "summary", **more: Any) -> Consent:
    given = {"by": world.desk, "how": "oral", "given_by": "齋藤 亘", "body": body(to), "klass": klass}
    return give_consent(case, **{**given, **more})


class TestGiving:
    @pytest.mark.covers("C46")
    def test_oral_consent_names_who_said_it_and_who_heard_it(self, world: World, case: Case) -> None:
        consent = oral(case, world, purpose="雷サージの試験", until=dt.date(2027, 3, 31))
        assert (consent.given_by, consent.heard_by_id, consent.confirmed_at, consent.until, consent.purpose) == (
            "齋藤 亘", world.desk.person, None, dt.date(2027, 3, 31), "雷サージの試験")
        assert steps(case)[-1] == ("consent_given", "", "summary")
        assert events("consent.give") == 1

    def test_oral_consent_sends_the_firm_a_link_to_confirm_it(self, world: World, case: Case) -> None:
        consent = oral(case, world)
        link = Link.objects.get(purpose="consent")
        assert (link.subject, link.case, link.body) == (consent.pk, case.pk, "")
        mail = Mail.objects.get(purpose="company", subject__startswith="同意の確認")
        assert mail.to == "saito@kitsunebi.example"
        assert "雷サージ" not in mail.text

    def test_without_an_address_there_is_no_link_left_open(self, world: World) -> None:
        case = arrived(world, email="").case
        oral(case, world)
        assert not Link.objects.filter(purpose="consent", closed_at__isnull=True).exists()
        assert mails("company") == []

    def test_the_firm_gives_by_its_own_link(self, world: World, case: Case) -> None:
        consent = give_consent(case, body=body(LAB), klass="technical", by=firm(case), how="link")
        assert (consent.how, consent.given_by, consent.heard_by_id) == ("link", "齋藤 亘", None)
        assert consent.is_live

    def test_the_general_consent_opens_what_it_said(self, world: World, case: Case) -> None:
        assert give_consent(case, body=body(LAB), klass="technical", by=world.desk, how="form").how == "form"
        with refuses("more_than_said", "classes"):
            give_consent(case, body=body(LAB), klass="financial", by=world.desk, how="form")

    @pytest.mark.covers("C31")
    def test_banks_get_technical_matters_only_when_asked_one_by_one(self, world: World, case: Case) -> None:
        with refuses("one_by_one", "classes"):
            give_consent(case, body=body(BANK), klass="technical", by=world.desk, how="form")
        assert give_consent(case, body=body(BANK), klass="technical", by=firm(case), how="link").is_live

    def test_what_was_withdrawn_is_not_opened_by_the_general_consent(self, world: World, case: Case) -> None:
        consent = give_consent(case, body=body(LAB), klass="technical", by=world.desk, how="form")
        withdraw_consent(consent, by=firm(case), how="link")
        with refuses("more_than_said", "classes"):
            give_consent(case, body=body(LAB), klass="technical", by=world.desk, how="form")

    def test_twice_gives_the_first(self, world: World, case: Case) -> None:
        assert oral(case, world) == oral(case, world)
        assert Consent.objects.count() == 1
        assert events("consent.give") == 1

    def test_narrowing_sets_an_end(self, world: World, case: Case) -> None:
        first = give_consent(case, body=body(LAB), klass="summary", by=firm(case), how="link")
        again = give_consent(case, body=body(LAB), klass="summary", by=firm(case), how="link", until=dt.date(2026, 12, 1))
        assert (again.pk, again.until, events("consent.change")) == (first.pk, dt.date(2026, 12, 1), 1)

    def test_one_that_ran_out_makes_room_for_a_new_one(self, world: World, case: Case) -> None:
        first = oral(case, world, until=dt.date(2026, 11, 26))
        with clock.moved_to(NOON + dt.timedelta(days=2)):
            assert not fresh(first).is_live
            second = oral(case, world)
        assert second.pk != first.pk
        assert fresh(first).withdrawn_at is not None
        assert list(Consent.objects.live()) == [second]

    @pytest.mark.parametrize(
        ("more", "code", "field"),
        [
            ({"klass": "secret"}, "unknown_class", "classes"),
            ({"given_by": " "}, "given_by_missing", "given_by"),
            ({"until": dt.date(2026, 11, 24)}, "until_past", "until"),
            ({"how": "telepathy"}, "unknown_how", "how"),
            ({"how": "link"}, "not_company", None),
        ],
    )
    def test_refuses(self, world: World, case: Case, more: dict[str, Any], code: str, field: str | None) -> None:
        with refuses(code, field):
            oral(case, world, **more)
        assert not Consent.objects.exists()

    def test_refuses_bodies_that_do_not_run_the_case(self, world: World, case: Case) -> None:
        with refuses("not_allowed"):
            oral(case, world, by=world.lab)

    def test_refuses_in_a_closed_case(self, world: World, case: Case) -> None:
        close_case(case, by=world.desk, reason="solved", words="済")
        with refuses("case_closed"):
            oral(case, world)


class TestConfirming:
    def test_the_firm_confirms_by_mail(self, world: World, case: Case) -> None:
        consent = oral(case, world)
        by = firm_by_mail("consent")
        assert Consent.objects.visible_to(by).get() == consent
        assert confirm_consent(consent, by=by).confirmed_at == NOON
        assert steps(case)[-1] == ("consent_confirmed", "", "summary")
        assert events("consent.confirm") == 1
        assert confirm_consent(consent, by=by).confirmed_at == NOON
        assert events("consent.confirm") == 1
        assert Link.objects.get(purpose="consent").closed_at is not None

    def test_staff_cannot_confirm_for_the_firm(self, world: World, case: Case) -> None:
        with refuses("not_company"):
            confirm_consent(oral(case, world), by=world.desk)

    def test_a_withdrawn_one_is_not_confirmed(self, world: World, case: Case) -> None:
        consent = oral(case, world)
        withdraw_consent(consent, by=firm(case), how="link")
        with refuses("withdrawn"):
            confirm_consent(consent, by=firm(case))


class TestWithdrawing:
    def test_acts_at_once_and_deletes_nothing(self, world: World, case: Case) -> None:
        consent = oral(case, world)
        withdrawn = withdraw_consent(consent, by=firm(case), how="link")
        assert (withdrawn.withdrawn_at, withdrawn.withdrawn_how, withdrawn.is_live) == (NOON, "link", False)
        assert Consent.objects.count() == 1
        assert steps(case)[-1] == ("consent_withdrawn", "summary", "")
        assert events("consent.withdraw") == 1

    def test_twice_is_once(self, world: World, case: Case) -> None:
        consent = oral(case, world)
        for _turn in range(2):
            withdraw_consent(consent, by=world.desk, how="oral")
        assert events("consent.withdraw") == 1

    def test_the_holder_is_told_and_its_step_is_dated(self, world: World, case: Case) -> None:
        Case.objects.update(next_on=dt.date(2027, 1, 20))
        withdraw_consent(oral(case, world), by=firm(case), how="link")
        told = Nudge.objects.get(title__startswith="同意の取消し")
        assert told.address == "hibari-desk@people.example"
        assert (fresh(case).next_step, fresh(case).next_on) == (
            "同意の取消しを受けて、進め方を決める", dt.date(2026, 11, 27))

    def test_an_earlier_step_stays(self, world: World, case: Case) -> None:
        Case.objects.update(next_on=dt.date(2026, 11, 26), next_step="電話する")
        withdraw_consent(oral(case, world), by=firm(case), how="link")
        assert (fresh(case).next_step, fresh(case).next_on) == ("電話する", dt.date(2026, 11, 26))

    @pytest.mark.parametrize(("klass", "dies"), [("summary", True), ("technical", True), ("financial", False)])
    def test_offer_links_of_that_body_and_class_die(
        self, world: World, case: Case, klass: str, dies: bool
    ) -> None:
        oral(case, world, klass="financial")
        offered(world, case=case, classes=["technical"])
        consent = Consent.objects.get(klass=klass)
        assert Link.objects.get(purpose="offer").closed_at is None
        withdraw_consent(consent, by=firm(case), how="link")
        assert (Link.objects.get(purpose="offer").closed_at is not None) is dies

    def test_links_of_other_bodies_stay(self, world: World, case: Case) -> None:
        offered(world, case=case)
        withdraw_consent(oral(case, world, to=CENTER), by=firm(case), how="link")
        assert Link.objects.get(purpose="offer").closed_at is None

    def test_staff_need_to_run_the_case(self, world: World, case: Case) -> None:
        with refuses("not_allowed"):
            withdraw_consent(oral(case, world), by=world.lab, how="oral")

    def test_only_the_firm_withdraws_by_link(self, world: World, case: Case) -> None:
        with refuses("not_company"):
            withdraw_consent(oral(case, world), by=world.desk, how="link")

    def test_in_a_closed_case_nobody_is_called_up(self, world: World, case: Case) -> None:
        consent = oral(case, world)
        close_case(case, by=world.desk, reason="solved", words="済")
        withdraw_consent(consent, by=firm(case), how="link")
        assert (fresh(consent).is_live, fresh(case).next_on) == (False, None)

    def test_a_holder_without_summary_gives_the_case_back(self, world: World, case: Case) -> None:
        consent = oral(case, world)
        accept_handover(offer_handover(case, to_body=body(LAB), by=world.desk, pack=Pack(state="試験へ")), by=world.lab)
        assert fresh(case).holder_id == LAB
        withdraw_consent(consent, by=firm(case), how="link")
        back = fresh(case)
        assert (back.holder_id, back.next_body_id, back.next_on) == (DESK, DESK, dt.date(2026, 11, 27))
        assert [verb for verb, _before, _after in steps(case)][-2:] == ["consent_withdrawn", "holder_back"]

    def test_the_body_forgets_the_firm_with_its_last_summary(self, world: World) -> None:
        known = company()
        first, second = (arrived(world, company=known).case for _turn in range(2))
        Sight.objects.create(company=known, body_id=LAB, since=clock.today())
        one, two = oral(first, world), oral(second, world)
        withdraw_consent(one, by=firm(first), how="link")
        assert Sight.objects.get(body_id=LAB).ended_on is None
        withdraw_consent(two, by=firm(second), how="link")
        assert Sight.objects.get(body_id=LAB).ended_on == clock.today()


class TestStanding:
    def test_narrowing_and_widening_are_steps(self, world: World, case: Case) -> None:
        assert set_standing(case, ["summary"], by=firm(case)).standing_classes == ["summary"]
        assert steps(case)[-1] == ("consent_withdrawn", "summary,technical", "summary")
        assert set_standing(case, ["financial", "summary"], by=world.desk).standing_classes == ["financial", "summary"]
        assert steps(case)[-1] == ("consent_given", "summary", "financial,summary")
        assert events("consent.standing") == 2

    def test_the_same_again_is_no_step(self, world: World, case: Case) -> None:
        set_standing(case, ["technical", "summary"], by=world.desk)
        assert events("consent.standing") == 0

    def test_refuses(self, world: World, case: Case) -> None:
        with refuses("unknown_class", "classes"):
            set_standing(case, ["all"], by=world.desk)
        with refuses("not_allowed"):
            set_standing(case, ["summary"], by=world.lab)


class TestAsking:
    def test_the_firm_is_asked_and_waited_for(self, world: World, case: Case) -> None:
        asked = request_consent(case, body=body(BANK), classes=["financial", "summary"], by=world.desk, purpose="つなぎ融資")
        assert (asked.classes, asked.purpose, asked.asked_by_body_id) == (["summary", "financial"], "つなぎ融資", DESK)
        assert Link.objects.get(purpose="consent").subject == asked.pk
        assert ConsentRequest.objects.visible_to(firm_by_mail("consent")).get() == asked
        assert events("consent.request") == 1
        assert "銀" in Mail.objects.get(purpose="company").text

    def test_without_an_address_the_desk_has_to_call(self, world: World) -> None:
        case = arrived(world, email="").case
        Case.objects.update(next_on=dt.date(2026, 12, 25))
        request_consent(case, body=body(BANK), classes=["summary"], by=world.desk)
        assert (fresh(case).next_step, fresh(case).next_on) == (
            "銀行に見せてよいか、会社に電話で聞く".replace("銀行", body(BANK).short), dt.date(2026, 12, 2))

    def test_asking_again_widens_the_open_one(self, world: World, case: Case) -> None:
        first = request_consent(case, body=body(LAB), classes=["summary"], by=world.desk)
        assert request_consent(case, body=body(LAB), classes=["summary"], by=world.desk) == first
        wider = request_consent(case, body=body(LAB), classes=["technical"], by=world.desk)
        assert (wider.pk, wider.classes) == (first.pk, ["summary", "technical"])
        assert ConsentRequest.objects.count() == 1
        assert Link.objects.filter(purpose="consent", closed_at__isnull=True).count() == 1

    def test_refuses(self, world: World, case: Case) -> None:
        for classes in ([], ["secret"]):
            with refuses("unknown_class", "classes"):
                request_consent(case, body=body(LAB), classes=classes, by=world.desk)
        with refuses("not_allowed"):
            request_consent(case, body=body(LAB), classes=["summary"], by=world.lab)

    def test_the_firm_gives_a_part(self, world: World, case: Case) -> None:
        asked = request_consent(case, body=body(BANK), classes=["summary", "technical"], by=world.desk, purpose="融資")
        answered = answer_request(asked, classes=["summary"], by=firm_by_mail("consent"))
        assert (answered.given, answered.answered_at) == (["summary"], NOON)
        assert [(c.klass, c.how, c.purpose) for c in Consent.objects.all()] == [("summary", "link", "融資")]
        assert Nudge.objects.filter(title__startswith="同意のお返事", address="hibari-desk@people.example").count() == 1
        assert Link.objects.get(purpose="consent").closed_at is not None

    def test_the_firm_says_no(self, world: World, case: Case) -> None:
        asked = request_consent(case, body=body(BANK), classes=["summary"], by=world.desk)
        assert answer_request(asked, classes=[], by=firm(case)).given == []
        assert not Consent.objects.exists()

    def test_answer_refuses(self, world: World, case: Case) -> None:
        asked = request_consent(case, body=body(BANK), classes=["summary"], by=world.desk)
        with refuses("not_company"):
            answer_request(asked, classes=["summary"], by=world.desk)
        with refuses("more_than_asked", "classes"):
            answer_request(asked, classes=["summary", "technical"], by=firm(case))
        answer_request(asked, classes=["summary"], by=firm(case))
        with refuses("answered"):
            answer_request(asked, classes=[], by=firm(case))


class TestRealLogin:
    """Committed data under the web login, where row-level security decides."""

    @pytest.mark.covers("C46")
    def test_withdrawal_acts_at_the_next_request(self, committed_world: World, login: Any) -> None:
        world = committed_world
        case = arrived(world).case
        offered(world, case=case, classes=["technical"])
        passage = Passage.objects.create(case=case, klass="technical", text="秘密の寸法", author_body_id=DESK,
                                         written_at=clock.now())
        token_link = Link.objects.get(purpose="offer")
        with web(login, world.lab):
            assert list(Passage.objects.filter(klass="technical")) == [passage]
        technical, summary = (Consent.objects.get(klass=klass) for klass in ("technical", "summary"))
        with web(login, firm(case)):
            withdraw_consent(technical, by=firm(case), how="link")
        with web(login, world.lab):
            assert not Passage.objects.filter(klass="technical").exists()
            assert Case.objects.filter(pk=case.pk).exists()
        assert fresh(token_link).closed_at is not None
        with web(login, world.desk):
            withdraw_consent(summary, by=world.desk, how="oral")
        with web(login, world.lab):
            assert not Case.objects.filter(pk=case.pk).exists()
            assert not Consultation.objects.exists()

    def test_the_firm_answers_by_its_consent_link_and_no_further(self, committed_world: World, login: Any) -> None:
        world = committed_world
        case, other = arrived(world).case, arrived(world).case
        with web(login, world.desk):
            asked = request_consent(case, body=body(BANK), classes=["summary"], by=world.desk)
        by = firm_by_mail("consent")
        with web(login, by):
            assert list(ConsentRequest.objects.all()) == [asked]
            assert list(Case.objects.all()) == [case]
            assert not Consultation.objects.exists()
            assert not Message.objects.exists()
            assert not Attachment.objects.exists()
        for wrong in ({"body_id": LAB}, {"klass": "technical"}, {"case": other}):
            with pytest.raises(Exception, match="row-level security"), web(login, by):
                Consent.objects.create(**{"case": case, "body_id": BANK, "klass": "summary", "how": "link",
                                          "given_at": clock.now(), **wrong})
        with web(login, by):
            answer_request(asked, classes=["summary"], by=by)
        assert [(c.body_id, c.klass) for c in Consent.objects.all()] == [(BANK, "summary")]
        assert Link.objects.get(purpose="consent").closed_at is not None

    def test_oral_consent_is_confirmed_by_its_link(self, committed_world: World, login: Any) -> None:
        world = committed_world
        case = arrived(world).case
        with web(login, world.desk):
            consent = oral(case, world)
        by = firm_by_mail("consent")
        with web(login, by):
            confirm_consent(Consent.objects.get(), by=by)
        assert fresh(consent).confirmed_at is not None

    def test_a_body_cannot_give_itself_sight(self, committed_world: World, login: Any) -> None:
        world = committed_world
        case = arrived(world).case
        offered(world, case=case)
        with pytest.raises(Exception, match="row-level security"), web(login, world.lab):
            Consent.objects.create(case=case, body_id=LAB, klass="financial", how="form", given_at=clock.now())

    def test_a_holder_that_loses_the_summary_loses_the_case(self, committed_world: World, login: Any) -> None:
        world = committed_world
        case = arrived(world, company=company()).case
        consent = oral(case, world)
        with web(login, world.desk):
            handover = offer_handover(case, to_body=body(LAB), by=world.desk, pack=Pack(state="試験へ"))
        with web(login, world.lab):
            accept_handover(handover, by=world.lab)
            assert Company.objects.filter(pk=case.company_id).exists()
        by = firm(case)
        with web(login, by):
            withdraw_consent(consent, by=by, how="link")
        assert fresh(case).holder_id == DESK
        with web(login, world.lab):
            assert not Case.objects.exists()
            assert not Company.objects.exists()
