"""Two cases made one, one made two, each with its way back; nobody reads more than before."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from renkei.accounts.models import Membership, Person
from renkei.base import clock
from renkei.cases.actions.answers import accept, decline
from renkei.cases.actions.closing import close_case, reopen_case
from renkei.cases.actions.consents import give_consent
from renkei.cases.actions.holding import Pack, accept_handover, offer_handover
from renkei.cases.actions.intake import receive
from renkei.cases.actions.merging import merge_cases, split_case, unmerge, unsplit
from renkei.cases.actions.offers import send_offers
from renkei.cases.actions.talk import company_writes, log_contact, write_to_company
from renkei.cases.actions.triage import set_summary
from renkei.cases.models import (
    Case,
    Consent,
    Consultation,
    Contact,
    Message,
    Need,
    Passage,
    Regrouping,
    Support,
)
from renkei.cases.queries.timeline import timeline
from renkei.companies.models import Company
from renkei.plan.models import Body
from renkei.post.links import open_link
from renkei.post.models import Link, Mail
from tests.cases.linking import firm, web
from tests.cases.making import (
    NOON,
    arrived,
    company,
    events,
    fresh,
    need_of,
    offered,
    pick,
    refuses,
    said,
    steps,
)  # fmt: skip
from tests.world import CENTER, DESK, LAB, World


@pytest.fixture(autouse=True)
def _noon() -> Any:
    with clock.moved_to(NOON):
        yield


@pytest.fixture
def known(world: World) -> Company:
    return company()


@pytest.fixture
def kept(world: World, known: Company) -> Case:
    return arrived(world, company=known).case


@pytest.fixture
def gone(world: World, known: Company) -> Case:
    return arrived(world, company=known, text="同じ話をもう一度", standing_classes=["summary"]).case


def consent(case: Case, world: World, to: str = LAB, klass: str = "summary") -> Consent:
    return give_consent(case, body=Body.objects.get(pk=to), klass=klass, by=world.desk, how="oral", given_by="齋藤 亘")


def hold(case: Case, world: World) -> None:
    """The lab becomes the holder."""
    consent(case, world)
    accept_handover(offer_handover(case, to_body=Body.objects.get(pk=LAB), by=world.desk, pack=Pack(state="x")), by=world.lab)


class TestMerging:
    def test_one_goes_on_and_the_other_points_there(self, world: World, kept: Case, gone: Case) -> None:
        need = need_of(gone, world)
        Case.objects.filter(pk=gone.pk).update(next_on=dt.date(2026, 11, 26), next_step="電話する", next_kind="work")
        survivor = merge_cases(kept, gone, by=world.desk)
        after = fresh(gone)
        assert (survivor.pk, after.state, after.close_reason, after.merged_into_id, after.next_on) == (
            kept.pk, "closed", "merged", kept.pk, None)
        assert (fresh(kept).next_step, fresh(kept).next_on, fresh(kept).is_open) == (
            "電話する", dt.date(2026, 11, 26), True)
        assert fresh(need).case_id == kept.pk
        assert steps(gone)[-1] == ("merged", "arrived", "closed")
        assert steps(kept)[-1] == ("merged", gone.number, "")
        assert events("case.merge") == 1
        assert gone.number in Mail.objects.get(purpose="company", subject__startswith="2つのご相談").text

    def test_what_was_said_and_allowed_stays_where_it_was(self, world: World, kept: Case, gone: Case) -> None:
        log_contact(gone, by=world.desk, channel="phone", text="秘密の寸法")
        allowed = consent(gone, world, klass="technical")
        merge_cases(kept, gone, by=world.desk)
        assert Contact.objects.get().case_id == gone.pk
        assert fresh(allowed).case_id == gone.pk
        assert set(Consultation.objects.values_list("case_id", flat=True)) == {kept.pk, gone.pk}
        assert not kept.consents.exists()

    def test_the_general_consent_becomes_the_narrower_of_both(self, world: World, kept: Case, gone: Case) -> None:
        merge_cases(kept, gone, by=world.desk)
        assert fresh(kept).standing_classes == ["summary"]
        unmerge(gone, by=world.desk)
        assert fresh(kept).standing_classes == ["summary", "technical"]

    def test_numbers_and_status_links_stay_valid(self, world: World, kept: Case, gone: Case) -> None:
        by = firm(gone)
        write_to_company(kept, by=world.desk, text="新しいお知らせ")
        assert list(Case.objects.visible_to(by)) == [gone]
        merge_cases(kept, gone, by=world.desk)
        assert set(Case.objects.visible_to(by)) == {kept, gone}
        assert set(Case.objects.visible_to(firm(kept))) == {kept, gone}
        assert Message.objects.visible_to(by).get().text == "新しいお知らせ"
        assert Consultation.objects.visible_to(by).count() == 2
        unmerge(gone, by=world.desk)
        assert list(Case.objects.visible_to(by)) == [gone]
        assert not Message.objects.visible_to(by).exists()

    @pytest.mark.covers("C26")
    def test_the_timeline_tells_both(self, world: World, kept: Case, gone: Case) -> None:
        log_contact(gone, by=world.desk, channel="phone", text="先の電話")
        log_contact(kept, by=world.desk, channel="phone", text="あとの電話")
        merge_cases(kept, gone, by=world.desk)
        texts = [item.text for item in timeline(fresh(kept), actor=world.desk)]
        assert {"先の電話", "あとの電話"} <= set(texts)
        assert "先の電話" in [item.text for item in timeline(fresh(gone), actor=world.desk)]

    def test_merged_ones_follow_into_the_next(self, world: World, known: Company, kept: Case, gone: Case) -> None:
        third = arrived(world, company=known).case
        merge_cases(gone, third, by=world.desk)
        merge_cases(kept, gone, by=world.desk)
        assert {fresh(one).merged_into_id for one in (gone, third)} == {kept.pk}
        unmerge(gone, by=world.desk)
        assert fresh(third).merged_into_id == gone.pk

    def test_undone_without_the_name_of_who_left_meanwhile(self, world: World, kept: Case, gone: Case) -> None:
        person = Person.objects.create_user("leaver@people.example", "hibari-secret-1", name="去る 人")
        Membership.objects.create(person=person, body_id=gone.holder_id, role="staff", since=dt.date(2024, 4, 1), until=dt.date(2026, 12, 1))
        Case.objects.filter(pk=gone.pk).update(holder_person=person, next_person=person)
        for day, named in ((dt.date(2026, 12, 1), person.pk), (dt.date(2026, 12, 2), None)):
            with clock.moved_to(clock.at(day, 9)):
                merge_cases(kept, fresh(gone), by=world.desk)
                back = unmerge(fresh(gone), by=world.desk)
                assert (back.holder_person_id, back.next_person_id) == (named, named)

    def test_undone_as_it_was(self, world: World, kept: Case, gone: Case) -> None:
        need, asked = need_of(gone, world, title="戻る課題"), need_of(gone, world, title="頼んだ課題")
        merge_cases(kept, gone, by=world.desk)
        send_offers(fresh(kept), [pick(fresh(asked))], by=world.desk)
        back = unmerge(gone, by=world.desk)
        assert (back.state, back.merged_into, back.closed_at, back.next_step, back.next_on) == (
            gone.state, None, None, gone.next_step, gone.next_on)
        assert (fresh(need).case_id, fresh(asked).case_id) == (gone.pk, kept.pk)
        assert [verb for verb, _b, _a in steps(gone)][-1] == "unmerged"
        assert events("case.unmerge") == 1
        with refuses("not_merged"):
            unmerge(gone, by=world.desk)

    def test_refuses_itself_and_other_firms(self, world: World, kept: Case, gone: Case) -> None:
        with refuses("same_case", "other"):
            merge_cases(kept, kept, by=world.desk)
        with refuses("other_company", "other"):
            merge_cases(kept, arrived(world, company=company(name="まぼろし計測")).case, by=world.desk)
        with refuses("other_company", "other"):  # the same name typed by somebody is not the same firm
            merge_cases(kept, arrived(world).case, by=world.desk)

    def test_refuses_what_is_merged_or_closed(self, world: World, kept: Case, gone: Case) -> None:
        merge_cases(kept, gone, by=world.desk)
        for pair in ((kept, gone), (gone, kept)):
            with refuses("merged", "other"):
                merge_cases(*pair, by=world.desk)
        with refuses("merged"):
            reopen_case(gone, by=world.desk, reason="x")
        unmerge(gone, by=world.desk)
        close_case(fresh(gone), by=world.desk, reason="solved", words="済")
        with refuses("case_closed"):
            merge_cases(kept, gone, by=world.desk)

    def test_refuses_open_work(self, world: World, kept: Case, gone: Case) -> None:
        support = offered(world, case=gone)
        with refuses("open_supports"):
            merge_cases(kept, gone, by=world.desk)
        assert merge_cases(fresh(gone), kept, by=world.desk).pk == gone.pk
        assert fresh(support).case_id == gone.pk

    def test_refuses_an_open_handover(self, world: World, kept: Case, gone: Case) -> None:
        consent(gone, world)
        offer_handover(gone, to_body=Body.objects.get(pk=LAB), by=world.desk, pack=Pack(state="x"))
        with refuses("open_handover"):
            merge_cases(kept, gone, by=world.desk)

    def test_the_keeper_must_be_allowed_the_others_summary(self, world: World, kept: Case, gone: Case) -> None:
        hold(kept, world)
        with refuses("no_consent"):
            merge_cases(fresh(kept), gone, by=world.desk)
        consent(gone, world)
        assert merge_cases(fresh(kept), gone, by=world.desk).holder_id == LAB

    def test_only_who_runs_both(self, world: World, kept: Case, gone: Case) -> None:
        hold(kept, world)
        with refuses("not_allowed"):
            merge_cases(fresh(kept), gone, by=world.lab)
        with refuses("not_allowed"):
            merge_cases(fresh(kept), gone, by=firm(kept))

    def test_the_database_allows_one_open_regrouping(self, world: World, kept: Case, gone: Case) -> None:
        merge_cases(kept, gone, by=world.desk)
        with pytest.raises(IntegrityError, match="regrouping_one_open_per_case"), transaction.atomic():
            Regrouping.objects.create(kind="merge", case=gone, root=kept, done_at=clock.now())
        with pytest.raises(IntegrityError, match="regrouping_of_two_cases"), transaction.atomic():
            Regrouping.objects.create(kind="merge", case=kept, root=kept, done_at=clock.now())


class TestSplitting:
    def test_a_case_of_its_own_with_its_supports(self, world: World, kept: Case) -> None:
        stays = need_of(kept, world, title="残る課題")
        goes = need_of(kept, world, title="分ける課題", stage="2")
        support = offered(world, case=kept)
        assert support.need_id == stays.pk
        new = split_case(fresh(kept), needs=[stays], title="雷サージの試験", by=world.desk)
        assert (new.number != kept.number, new.title, new.split_from_id, new.holder_id, new.company_id, new.next_on) == (
            True, "雷サージの試験", kept.pk, DESK, kept.company_id, dt.date(2026, 11, 27))
        assert (fresh(stays).case_id, fresh(goes).case_id, fresh(support).case_id) == (new.pk, kept.pk, new.pk)
        assert set(Passage.objects.filter(support=support).values_list("case_id", flat=True)) == {new.pk}
        assert steps(kept)[-1] == ("split", "", new.number)
        assert steps(new) == [("split", kept.number, "active")]
        assert events("case.split") == 1

    def test_consents_and_offer_links_stay_valid(self, world: World, kept: Case) -> None:
        need = need_of(kept, world)
        need_of(kept, world, title="残る課題")
        support = offered(world, case=kept)
        assert support.need_id == need.pk
        token = next(line.split("/answer/")[1].strip("/") for line in Mail.objects.get(purpose="offer").text.splitlines()
                     if "/answer/" in line)
        before = [(c.body_id, c.klass, c.how) for c in Consent.objects.filter(case=kept)]
        new = split_case(fresh(kept), needs=[need], title="別件", by=world.desk)
        assert [(c.body_id, c.klass, c.how) for c in Consent.objects.filter(case=new)] == before
        opened = open_link(token)
        assert opened is not None
        assert opened.case == new.pk
        assert accept(fresh(support), by=world.lab).state == "accepted"

    def test_the_firm_sees_both(self, world: World, kept: Case) -> None:
        need, by = need_of(kept, world), firm(kept)
        need_of(kept, world, title="残る課題")
        new = split_case(kept, needs=[need], title="別件", by=world.desk)
        assert set(Case.objects.visible_to(by)) == {kept, new}

    def test_undone_the_work_comes_back(self, world: World, kept: Case) -> None:
        need = need_of(kept, world)
        need_of(kept, world, title="残る課題")
        support = offered(world, case=kept)
        new = split_case(fresh(kept), needs=[need], title="別件", by=world.desk)
        log_contact(new, by=world.desk, channel="phone", text="別件の電話")
        origin = unsplit(new, by=world.desk)
        assert (origin.pk, fresh(need).case_id, fresh(support).case_id) == (kept.pk, kept.pk, kept.pk)
        assert (fresh(new).state, fresh(new).merged_into_id) == ("closed", kept.pk)
        assert Link.objects.get(purpose="offer").case == kept.pk
        assert Contact.objects.get().case_id == new.pk
        assert "別件の電話" in [item.text for item in timeline(fresh(kept), actor=world.desk)]
        assert events("case.unsplit") == 1
        with refuses("not_split"):
            unsplit(new, by=world.desk)

    def test_a_consent_for_the_part_does_not_open_the_whole(self, world: World, kept: Case) -> None:
        need = need_of(kept, world)
        need_of(kept, world, title="残る課題")
        new = split_case(fresh(kept), needs=[need], title="別件", by=world.desk)
        set_summary(new, title="別件", summary=new.summary, by=world.desk, seen=True)
        offered(world, case=fresh(new))
        with refuses("no_consent"):
            unsplit(new, by=world.desk)
        decline(Support.objects.get(), by=world.lab, reason="busy")
        assert unsplit(new, by=world.desk).pk == kept.pk

    @pytest.mark.parametrize(
        ("title", "which", "code", "field"),
        [
            (" ", ["a"], "title_empty", "title"),
            ("あ" * 101, ["a"], "too_long", "title"),
            ("別件", [], "no_needs", "needs"),
            ("別件", ["a", "b"], "all_needs", "needs"),
            ("別件", ["other"], "wrong_need", "needs"),
        ],
    )
    def test_refuses(
        self, world: World, kept: Case, gone: Case, title: str, which: list[str], code: str, field: str
    ) -> None:
        needs = {"a": need_of(kept, world), "b": need_of(kept, world), "other": need_of(gone, world)}
        with refuses(code, field):
            split_case(kept, needs=[needs[name] for name in which], title=title, by=world.desk)
        assert Case.objects.count() == 2

    def test_refuses_strangers_and_closed_cases(self, world: World, kept: Case) -> None:
        need = need_of(kept, world)
        need_of(kept, world)
        with refuses("not_allowed"):
            split_case(kept, needs=[need], title="別件", by=world.lab)
        close_case(fresh(kept), by=world.desk, reason="solved", words="済", needs="settled")
        with refuses("case_closed"):
            split_case(kept, needs=[need], title="別件", by=world.desk)


class TestRealLogin:
    def test_the_firms_link_follows_under_row_level_security(self, committed_world: World, login: Any) -> None:
        world = committed_world
        known = company()
        kept, gone = (arrived(world, company=known).case for _turn in range(2))
        stranger = arrived(world).case
        by = firm(gone)
        with web(login, world.desk):
            need_of(gone, world)
            merge_cases(kept, gone, by=world.desk)
        with web(login, by):
            assert set(Case.objects.all()) == {kept, gone} == set(Case.objects.visible_to(by))
            assert Consultation.objects.count() == 2
            company_writes(kept, by=by, text="まとめ先へ")
            assert "まとめ先へ" in [item.text for item in timeline(kept, actor=by)]
        with web(login, firm(stranger)):
            assert list(Case.objects.all()) == [stranger]
        with web(login, world.desk):
            unmerge(gone, by=world.desk)
        with web(login, by):
            assert list(Case.objects.all()) == [gone] == list(Case.objects.visible_to(by))
            assert not Message.objects.exists()
        with pytest.raises(Case.DoesNotExist), web(login, by):
            company_writes(kept, by=by, text="もう届かない")

    def test_a_body_sees_no_more_after_merging(self, committed_world: World, login: Any) -> None:
        world = committed_world
        known = company()
        kept, gone = (arrived(world, company=known).case for _turn in range(2))
        offered(world, case=kept, classes=["technical"])
        log_contact(gone, by=world.desk, channel="phone", text="ほかの案件の秘密")
        with web(login, world.desk):
            merge_cases(fresh(kept), gone, by=world.desk)
        with web(login, world.lab):
            assert list(Case.objects.all()) == [kept]
            assert not Contact.objects.exists()
            assert "ほかの案件の秘密" not in [item.text for item in timeline(kept, actor=world.lab)]

    def test_a_holder_that_is_not_the_desk_splits_and_joins(self, committed_world: World, login: Any) -> None:
        world = committed_world
        case = arrived(world, company=company()).case
        first, _second = need_of(case, world), need_of(case, world, title="残る課題")
        offered(world, case=case, body=CENTER, service="tech-consultation")
        Passage.objects.create(case=case, need=first, klass="financial", text="資金の話", author_body_id=DESK,
                               written_at=clock.now())
        hold(fresh(case), world)
        with web(login, world.lab):
            new = split_case(fresh(case), needs=[first], title="別件", by=world.lab)
        assert set(Passage.objects.values_list("case_id", flat=True)) == {new.pk}
        assert (new.holder_id, new.received_by_id, Link.objects.get(purpose="offer").case) == (LAB, DESK, new.pk)
        with web(login, world.center):
            assert list(Case.objects.all()) == [new]
            assert Need.objects.get() == first
        with web(login, world.lab):
            unsplit(new, by=world.lab)
        with web(login, world.center):
            assert list(Case.objects.all()) == [case]

    def test_nobody_else_moves_links(self, committed_world: World, login: Any) -> None:
        world = committed_world
        case = arrived(world).case
        own = receive(said(), by=world.lab, body=Body.objects.get(pk=LAB), to_desk=False).case
        with pytest.raises(Exception, match="not a case of the caller"), web(login, world.lab):
            connection.cursor().execute("SELECT case_links_follow(%s, %s, %s)", [case.pk, own.pk, []])
