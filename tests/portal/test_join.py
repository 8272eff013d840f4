"""From the status page, or by a colleague, to an account; and the firm's own pages."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from renkei.accounts.models import Person
from renkei.base import clock
from renkei.base.actor import link_holder
from renkei.cases.actions.closing import close_case
from renkei.cases.models import Case, Consultation
from renkei.companies.actions import join_anew
from renkei.companies.models import Company, CompanyAccess, CompanyInvitation
from renkei.post.models import Link, Mail
from tests.cases.making import events, refuses
from tests.portal.firms import account, client, registered
from tests.portal.scene import CENTER, LAB, Firm, came, running
from tests.world import World

NEW = {"name": "髙梨 芽衣", "password": "kaze-no-oto-7", "again": "kaze-no-oto-7"}


def text_of(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def join_url() -> str:
    return "/join/" + Mail.objects.filter(purpose="join").latest("made_at").text.split("/join/")[1].split("\n")[0]


def ask(firm: Firm) -> str:
    answer = Client().post(firm.url("account"), follow=True)
    assert answer.status_code == 200
    return text_of(answer)


class TestFromTheStatusPage:
    def test_by_mail_to_the_address_of_the_link_and_the_first_one_administers(self, committed_world: World, login: Any) -> None:
        firm = came(committed_world)
        company = registered(firm)
        with login("web"):
            assert "mei@maboroshi.example に、アカウントを作るためのメールを送りました。" in ask(firm)
        assert [(one.email, one.role, one.company) for one in CompanyInvitation.objects.all()] == [("mei@maboroshi.example", "admin", company)]
        url, guest, number = join_url(), Client(), firm.case.number
        with login("web"):
            assert "株式会社まぼろし計測" in text_of(guest.get(url))
            answer = guest.post(url, NEW)
            assert answer["Location"] == reverse("portal-home", kwargs={"company": company.pk})
            assert number in text_of(guest.get(answer["Location"]))
            again = Client().get(url)  # a second press is sent on to where the first one led
            assert (again.status_code, again["Location"]) == (302, reverse("portal-home", kwargs={"company": company.pk}))
            with clock.moved_to(clock.now() + dt.timedelta(minutes=11)):
                assert Client().get(url).status_code == 404
        access = CompanyAccess.objects.get()
        assert (access.person.name, access.role, access.person.check_password(NEW["password"])) == ("髙梨 芽衣", "admin", True)

    def test_the_second_one_is_a_colleague(self, committed_world: World, login: Any) -> None:
        firm = came(committed_world)
        account(registered(firm), email="boss@maboroshi.example")
        with login("web"):
            ask(firm)
        assert CompanyInvitation.objects.get().role == "member"

    def test_an_address_that_the_record_does_not_hold_is_no_proof(self, committed_world: World, login: Any) -> None:
        firm = came(committed_world)
        registered(firm, email="info@maboroshi.example")
        with login("web"):
            assert "会社の記録にまだありません" in ask(firm)
        assert (CompanyInvitation.objects.count(), Link.objects.filter(purpose="join").count()) == (0, 0)

    def test_without_a_registered_firm_or_an_address(self, committed_world: World, login: Any) -> None:
        firm = came(committed_world)
        with login("web"):
            assert "会社の登録がまだです" in ask(firm)
        Link.objects.update(recipient_email="")
        Consultation.objects.update(email="")
        with login("web"):
            assert "メールアドレスをうかがっていません" in ask(firm)


class TestJoining:
    @pytest.mark.parametrize(
        ("more", "words"),
        [({"name": ""}, "お名前を入れてください。"), ({"password": "short", "again": "short"}, "10"),
         ({"again": "betsu-no-kotoba"}, "2つのパスワードが違います。"), ({"password": ""}, "パスワードを決めて")],
    )  # fmt: skip
    def test_bad_input_makes_nobody(self, world: World, more: dict[str, str], words: str) -> None:
        firm = came(world)
        registered(firm)
        ask(firm)
        shown = text_of(Client().post(join_url(), NEW | more))
        assert words in shown
        assert "高梨" in shown or "髙梨" in shown or more == {"name": ""}
        assert not CompanyAccess.objects.exists()

    def test_a_known_person_signs_in_first_and_another_goes_out(self, world: World) -> None:
        firm = came(world)
        registered(firm)
        ask(firm)
        known = Person.objects.create_user("mei@maboroshi.example", "hibari-secret-1", name="髙梨 芽衣")
        assert f"/accounts/login/?next={join_url()}" in text_of(Client().get(join_url()))
        Client().post(join_url(), NEW)
        assert not CompanyAccess.objects.exists()
        other = Client()
        other.force_login(world.people[LAB])
        assert "いちど出てから" in text_of(other.get(join_url()))
        other.post(join_url())
        assert not CompanyAccess.objects.exists()
        mine = Client()
        mine.force_login(known)
        mine.post(join_url())
        assert CompanyAccess.objects.get().person == known

    def test_an_address_of_somebody_who_left_opens_nothing(self, world: World) -> None:
        firm = came(world)
        registered(firm)
        ask(firm)
        Person.objects.create_user("mei@maboroshi.example", "hibari-secret-1", name="髙梨 芽衣")
        Person.objects.filter(email="mei@maboroshi.example").update(is_active=False)
        assert Client().post(join_url(), NEW).status_code == 404
        assert not CompanyAccess.objects.exists()


    def test_a_double_click_makes_one_person_and_leads_in(self, world: World) -> None:
        firm = came(world)
        company = registered(firm)
        ask(firm)
        url, home = join_url(), reverse("portal-home", kwargs={"company": company.pk})
        first = Client()
        assert first.post(url, NEW)["Location"] == home
        second = Client().post(url, NEW)  # sent before the first answer was there: without its session
        assert (second.status_code, second["Location"]) == (302, home)
        inside = Client()
        shown = text_of(inside.post(url, NEW, follow=True))
        assert "アカウントはもうできています。" in shown
        assert first.post(url, NEW)["Location"] == home
        assert (Person.objects.filter(email="mei@maboroshi.example").count(), CompanyAccess.objects.count()) == (1, 1)
        assert events("company.join") == 1

    def test_the_link_lets_nobody_in_a_second_time(self, world: World) -> None:
        firm = came(world)
        registered(firm)
        ask(firm)
        url = join_url()
        Client().post(url, NEW)
        stranger = Client()
        answer = stranger.post(url, NEW | {"password": "betsu-no-oto-9", "again": "betsu-no-oto-9"})
        assert stranger.get(answer["Location"])["Location"].startswith(reverse("account_login"))
        assert Person.objects.get(email="mei@maboroshi.example").check_password(NEW["password"])

    def test_what_another_press_did_meanwhile_is_seen_under_the_lock(self, world: World) -> None:
        firm = came(world)
        registered(firm)
        ask(firm)
        invitation = CompanyInvitation.objects.get()
        holder = link_holder(Link.objects.get(purpose="join").pk)
        with refuses("has_account"):
            Person.objects.create_user("mei@maboroshi.example", "hibari-secret-1", name="髙梨 芽衣")
            join_anew(invitation, by=holder, name="髙梨 芽衣", password="kaze-no-oto-7")
        with refuses("not_open"):
            CompanyInvitation.objects.update(accepted_at=clock.now())
            join_anew(invitation, by=holder, name="髙梨 芽衣", password="kaze-no-oto-7")
        assert not CompanyAccess.objects.exists()


class TestOwnPages:
    @pytest.fixture
    def firm(self, world: World) -> Firm:
        return running(world)

    @pytest.fixture
    def who(self, firm: Firm) -> CompanyAccess:
        return account(registered(firm))

    def page(self, who: CompanyAccess, name: str, **more: Any) -> str:
        return text_of(client(who).get(reverse(f"portal-{name}", kwargs={"company": who.company_id, **more})))

    def test_signing_in_leads_to_the_one_firm(self, who: CompanyAccess) -> None:
        answer = client(who).get(reverse("my-bodies"), follow=True)
        assert answer.redirect_chain[-1][0] == reverse("portal-home", kwargs={"company": who.company_id})
        assert "株式会社まぼろし計測" in text_of(client(who).get(reverse("portal-firms") + "?choose=1"))

    @pytest.mark.covers("C36")
    def test_home_says_who_holds_what_next_and_what_is_asked(self, firm: Firm, who: CompanyAccess) -> None:
        from renkei.cases.actions.triage import ask_company

        shown = self.page(who, "home")
        for words in ("ひばり県工業試験所 小出 渉", "000-000-0000", "対応中", firm.case.title):
            assert words in shown
        assert "お返事をお待ちしていること" not in shown
        ask_company(firm.case, ["どの温度で狂いますか。"], by=firm.world.lab)
        assert "お返事をお待ちしていることが1件あります。" in self.page(who, "home")
        assert "どの温度で狂いますか。" in self.page(who, "questions")

    def test_empty_pages_say_what_will_stand_there(self, firm: Firm, who: CompanyAccess) -> None:
        Case.objects.update(company=None)
        for name, words in (("home", "進んでいるご相談はありません"), ("questions", "お返事をお待ちしていることはありません"),
                            ("archive", "終わったご相談はありません"), ("sight", "見せている相手もありません")):  # fmt: skip
            assert words in self.page(who, name)

    def test_closed_cases_move_to_the_archive_and_ask_for_the_result(self, world: World) -> None:
        firm = came(world)
        who = account(registered(firm))
        close_case(firm.case, by=world.desk, reason="solved", words="終わり", result="solved", needs="settled")
        shown = self.page(who, "home")
        assert "終わったご相談を見る（1件）" in shown
        assert "結果をお聞かせください。" in shown
        assert firm.case.number in self.page(who, "archive")

    def test_sight_shows_every_body_with_what_it_sees(self, firm: Firm, who: CompanyAccess) -> None:
        shown = self.page(who, "sight")
        assert "ひばり県工業試験所" in shown
        assert reverse("portal-case-share", kwargs={"company": who.company_id, "case": firm.case_id, "whom": CENTER}) in shown
        assert "要約、技術の内容" in shown

    def test_a_new_consultation_knows_the_firm(self, firm: Firm, who: CompanyAccess) -> None:
        url = reverse("portal-new", kwargs={"company": who.company_id})
        shown = text_of(client(who).get(url))
        for words in ("髙梨 芽衣", "mei@maboroshi.example", "0471-00-0001"):
            assert words in shown
        data = {"text": "塗装がはがれる。", "person_given": "髙梨 芽衣", "phone": "", "email": "mei@maboroshi.example",
                "standing": ["summary"], "key": "k" * 32}  # fmt: skip
        first, second = client(who).post(url, data), client(who).post(url, data)
        assert first["Location"] == second["Location"]
        case = Case.objects.latest("arrived_at")
        assert (case.company_id, case.holder_id, case.standing_classes, Case.objects.count()) == (who.company_id, "hibari-desk", ["summary"], 2)
        assert Consultation.objects.get(case=case).taken_by is None

    @pytest.mark.parametrize(("more", "words"), [({"text": ""}, "お困りのことを"), ({"phone": "", "email": ""}, "電話番号かメールアドレス"),
                                                 ({"email": "x"}, "メールアドレスの形が違います")])  # fmt: skip
    def test_a_new_consultation_that_does_not_hold_keeps_the_input(self, firm: Firm, who: CompanyAccess, more: dict[str, str], words: str) -> None:
        data = {"text": "塗装がはがれる。", "person_given": "髙梨", "phone": "", "email": "mei@maboroshi.example", "key": "k"} | more
        shown = text_of(client(who).post(reverse("portal-new", kwargs={"company": who.company_id}), data))
        assert words in shown
        assert 'value="髙梨"' in shown
        assert Case.objects.count() == 1

    def test_profile(self, firm: Firm, who: CompanyAccess) -> None:
        url = reverse("portal-profile", kwargs={"company": who.company_id})
        assert client(who).post(url, {"employees": "２１", "phone": "0471-00-0001"}).status_code == 302
        assert Company.objects.get(pk=who.company_id).employees == 21
        assert "数字で入れてください" in text_of(client(who).post(url, {"employees": "たくさん"}))
        desk = firm.world.people["hibari-desk"]
        staff = Client()
        staff.force_login(desk)
        told = text_of(staff.get(reverse("desk-company", kwargs={"body": "hibari-desk", "company": who.company_id})))
        assert "会社による変更" in told

    def test_people(self, firm: Firm, who: CompanyAccess) -> None:
        url = reverse("portal-people", kwargs={"company": who.company_id})
        assert "メールアドレスの形が違います" in text_of(client(who).post(url, {"email": "x", "role": "member"}))
        assert client(who).post(url, {"email": "b@maboroshi.example", "role": "member"}).status_code == 302
        made = CompanyInvitation.objects.get()
        assert "b@maboroshi.example" in self.page(who, "people")
        client(who).post(reverse("portal-people-withdraw", kwargs={"company": who.company_id, "guest": made.pk}))
        assert CompanyInvitation.objects.get().withdrawn_at is not None
        end = reverse("portal-people-end", kwargs={"company": who.company_id, "account": who.pk})
        assert "印を付けてください" in text_of(client(who).post(end))
        assert client(who).post(end, {"knowing": "on"})["Location"] == reverse("portal-firms")
        assert client(who).get(url).status_code == 404
        assert CompanyAccess.objects.get().ended_at <= clock.now()
