"""The call screen: one sentence is enough, three kana find the firm, nothing typed is lost."""

from __future__ import annotations

import datetime as dt
import re
import time
import uuid
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from renkei.base import clock
from renkei.base.text import search_key
from renkei.cases.models import Case, Consent, Consultation, Contact, Message, Transition, Verb
from renkei.companies.actions import Profile, add_person, register_company
from renkei.companies.models import Company, Sight
from renkei.plan.queries import content_now
from tests.desk.scene import NOW, arrived, running
from tests.world import BANK, CENTER, DESK, LAB, World

SENTENCE = "盛付けで一皿ごとに8グラムぶれる。"
HOSTILE = '"><script>alert(1)</script>'


def client(world: World, body: str = DESK) -> Client:
    one = Client()
    one.force_login(world.people[body])
    return one


def url(name: str = "desk-call", body: str = DESK, **more: Any) -> str:
    return reverse(name, kwargs={"body": body, **more})


def firm(world: World, name: str, kana: str, phone: str = "", by: str = DESK) -> Company:
    return register_company(Profile(name=name, kana=kana, municipality="999016", phone=phone), by=world.actor(by))


def send(world: World, body: str = DESK, **typed: Any) -> Any:
    with clock.moved_to(NOW):
        return client(world, body).post(url(body=body), {"text": SENTENCE, "after": "route", "do": "save"} | typed)


def fault(answer: Any, name: str) -> str:
    """The sentence beside a field."""
    found = re.search(rf'<p class="err" id="id_{name}_error">([^<]+)</p>', answer.content.decode())
    return found.group(1) if found else ""


@pytest.mark.covers("C92", "C30")
def test_one_sentence_is_enough(world: World) -> None:
    answer = send(world)
    case = Case.objects.get()
    assert answer.url == url("desk-call-done", case=case.pk)
    said = case.consultations.get()
    assert (said.text, said.channel, said.taken_by_id) == (SENTENCE, "phone", world.desk.person)
    assert (case.company_given, case.state, case.holder_id, case.at_desk) == ("社名は未確認", "arrived", DESK, True)
    assert case.next_step
    page = client(world).get(answer.url).content.decode()
    assert re.findall(r'<p class="receipt-no">([^<]+)</p>', page) == [case.number]
    assert case.next_step in page


def test_call_back_needs_a_number_and_stands_in_todays_calls(world: World) -> None:
    answer = send(world, after="back", back_at="今日 15時")
    assert (answer.status_code, fault(answer, "phone")) == (422, "折り返す番号がありません。聞いた番号を入れてください。")
    assert not Case.objects.exists()
    send(world, after="back", back_at="今日 15時", phone="080-0000-0000")
    case = Case.objects.get()
    assert (case.next_kind, case.next_on, case.next_time, case.next_phone) == (
        "call", NOW.date(), dt.time(15), "080-0000-0000")


def test_loose_time_is_kept_as_words(world: World) -> None:
    send(world, after="back", back_at="明日 夕方", phone="080-0000-0000")
    case = Case.objects.get()
    assert (case.next_on, case.next_time) == (dt.date(2026, 11, 26), None)
    assert case.consultations.get().reach_me == "夕方"


def test_known_number_of_person_or_firm_is_used(world: World) -> None:
    company = firm(world, "まぼろし精機株式会社", "マボロシセイキ", "047-400-0000")
    person = add_person(company, name="本郷 理恵", kana="ホンゴウ リエ", phone="047-400-0001", by=world.desk)
    send(world, after="back", company=company.pk)
    send(world, after="back", company=company.pk, person=person.pk, key=uuid.uuid4())
    assert sorted(Case.objects.values_list("next_phone", flat=True)) == ["047-400-0000", "047-400-0001"]
    assert set(Consultation.objects.values_list("person", flat=True)) == {None, person.pk}


def test_second_click_makes_no_second_case(world: World) -> None:
    key = uuid.uuid4()
    first, second = send(world, key=key), send(world, key=key)
    assert Case.objects.count() == 1
    assert first.url == second.url


@pytest.mark.parametrize(
    ("typed", "field", "sentence"),
    [
        ({"text": " "}, "text", "話の内容が空です。ひとことでよいので書いてください。"),
        ({"text": "あ" * 8001}, "text", "8,000字までです（いま8,001字）。短くするか、ファイルで付けてください。"),
        ({"after": "back", "back_at": "昨日 15時", "phone": "047-400-0000"}, "back_at",
         "過ぎた日時です。今日の9時20分より後にしてください。"),
        ({"after": "back", "phone": "でんわ"}, "phone", "電話番号は市外局番から入れてください。例：03-0000-0000"),
        ({"after": "answered"}, "answer", "何と答えたかを、ひとことで書いてください。"),
        ({"heard": "あした 10時"}, "heard", None),
        ({"wanted_by": "13月40日"}, "wanted_by", None),
        ({"email": "なし"}, "email", "メールアドレスの形が違います。もう一度お確かめください。"),
    ],
)
def test_errors_stand_beside_the_field_and_keep_what_was_typed(
    world: World, typed: dict[str, str], field: str, sentence: str | None
) -> None:
    given = {"text": SENTENCE + HOSTILE, "person_given": "本郷 理恵", "company_given": "架空の会社", "find": "マボロ"} | typed
    answer = send(world, **given)
    text = answer.content.decode()
    assert answer.status_code == 422
    assert fault(answer, field) == sentence if sentence else fault(answer, field)
    assert f'href="#id_{field}"' in text
    assert not Case.objects.exists()
    assert "<script>alert" not in text
    for name in ("person_given", "company_given", "find"):
        assert f'value="{given[name]}"' in text
    if len(given["text"]) < 200:
        assert (given["text"].strip().replace('"', "&quot;").replace("<", "&lt;").replace(">", "&gt;")) in text


def test_unknown_codes_are_refused_in_a_sentence(world: World) -> None:
    company = firm(world, "まぼろし精機株式会社", "マボロシセイキ")
    for typed in ({"after": "explode"}, {"channel": "smoke"}, {"share_with": ["nowhere"]}, {"share_classes": ["secrets"]}):
        assert send(world, company=company.pk, **typed).status_code == 422
    send(world, company="not-an-id", person="neither")
    assert Case.objects.get().company is None


@pytest.mark.covers("C92")
def test_a_body_keeps_its_own_or_sends_it_to_the_desk(world: World) -> None:
    assert send(world, LAB, after="keep").status_code == 302
    kept = Case.objects.get()
    assert (kept.holder_id, kept.at_desk, kept.state, kept.received_by_id) == (LAB, False, "active", LAB)
    assert send(world, LAB, after="route", key=uuid.uuid4()).status_code == 302
    sent = Case.objects.exclude(pk=kept.pk).get()
    assert (sent.holder_id, sent.at_desk, sent.state, sent.received_by_id) == (DESK, True, "arrived", LAB)
    choices = re.findall(r'name="after" value="(\w+)"', client(world, LAB).get(url(body=LAB)).content.decode())
    assert choices == ["keep", "route", "back", "answered", "not_ours"]
    assert send(world, DESK, after="keep").status_code == 422


@pytest.mark.covers("C92")
def test_answered_on_the_spot_is_recorded_and_closed_in_one_screen(world: World) -> None:
    assert send(world, LAB, after="answered", answer="試料を冷やして測るよう伝えた", email="a@firm.example").status_code == 302
    case = Case.objects.get()
    assert (case.state, case.close_reason, case.close_words) == ("closed", "solved", "試料を冷やして測るよう伝えた")
    assert Transition.objects.filter(case=case, verb=Verb.CLOSED).count() == 1
    assert "試料を冷やして測るよう伝えた" in "".join(Message.objects.filter(case=case).values_list("text", flat=True))
    page = client(world, LAB).get(url("desk-call-done", LAB, case=case.pk)).content.decode()
    assert "記録して終えました" in page


def test_not_ours_closes_with_an_answer(world: World) -> None:
    send(world, after="not_ours", answer="労働局をご案内した")
    assert list(Case.objects.values_list("state", "close_reason")) == [("closed", "not_ours")]


def test_not_ours_can_be_ended_by_naming_who_helps(world: World) -> None:
    contact = content_now().outside_contacts[0]
    page = client(world).get(url()).content.decode()
    assert contact.phone in page.split('name="contact"')[1].split("</select>")[0]
    assert send(world, after="not_ours", contact=contact.code).status_code == 302
    told = f"{contact.name}（{contact.about}）{contact.phone}にご相談ください。"
    case = Case.objects.get()
    assert (case.state, case.close_reason, case.close_words) == ("closed", "not_ours", told)
    assert told in "".join(Message.objects.filter(case=case).values_list("text", flat=True))


def test_a_contact_goes_into_no_other_answer_and_an_unknown_one_is_refused(world: World) -> None:
    contact = content_now().outside_contacts[0]
    assert send(world, after="not_ours", contact="nobody").status_code == 422
    assert send(world, after="answered", contact=contact.code).status_code == 422, "an answer is still asked for"
    send(world, after="answered", contact=contact.code, answer="試料を冷やす")
    assert Case.objects.get().close_words == "試料を冷やす"


@pytest.mark.covers("C46")
def test_oral_consent_names_who_said_it_and_who_heard_it(world: World) -> None:
    send(world, person_given="本郷 理恵", share_classes=["summary", "technical"], share_with=[LAB])
    rows = Consent.objects.values_list("body", "klass", "how", "given_by", "heard_by")
    person = world.desk.person
    assert sorted(rows) == [(LAB, "summary", "oral", "本郷 理恵", person), (LAB, "technical", "oral", "本郷 理恵", person)]


def test_general_oral_consent_becomes_the_cases_standing_one(world: World) -> None:
    send(world, person_given="本郷 理恵", share_classes=["summary"])
    assert Case.objects.get().standing_classes == ["summary"]
    assert not Consent.objects.exists()


def test_save_and_go_on_to_triage(world: World) -> None:
    answer = send(world, do="triage")
    assert answer.url == url("desk-triage", case=Case.objects.get().pk)


# ---- finding the firm


def hits(text: str) -> list[tuple[str, str]]:
    found = re.findall(r'<b>(.*?)</b><span class="city">([^<]*)</span>', text)
    return [(re.sub(r"</?em>", "", name), city) for name, city in found]


def test_three_kana_digits_or_a_person_find_the_firm(world: World) -> None:
    first = firm(world, "まぼろし精機株式会社", "マボロシセイキ", "047-400-0000")
    add_person(first, name="本郷 理恵", kana="ホンゴウ リエ", phone="090-1111-2222", by=world.desk)
    firm(world, "有限会社浦島製網", "ウラシマセイモウ", "043-000-0000")
    one = client(world)
    for words in ("マボロ", "まぼろ", "047400", "ホンゴウ", "本郷", "0901111"):
        assert hits(one.get(url("desk-call-lookup"), {"find": words}).content.decode()) == [("まぼろし精機株式会社", "ひばり市")]
    assert hits(one.get(url("desk-call-lookup"), {"find": "ナイナイ"}).content.decode()) == []


def test_homonyms_are_told_apart(world: World) -> None:
    firm(world, "まぼろし精機株式会社", "マボロシセイキ")
    firm(world, "有限会社幻精機", "マボロシセイキ")
    text = client(world).get(url("desk-call-lookup"), {"find": "マボロ"}).content.decode()
    assert "同じ名前や読みの会社があります。市で確かめてください。" in text
    assert len(hits(text)) == 2


def test_chosen_firm_shows_people_and_the_last_case(world: World) -> None:
    scene = running(world)
    company = scene.case.company
    assert company is not None
    add_person(company, name="髙梨 芽衣", title="代表", phone="0471-00-0001", by=world.desk)
    text = client(world).get(url("desk-call-lookup"), {"find": "マボロ", "company": company.pk}).content.decode()
    assert re.findall(r"<option[^>]*>([^<]+)</option>", text)[0] == "髙梨 芽衣様（代表）　0471-00-0001"
    assert scene.case.number in text
    assert "進行中 1件（工業試験所）" in text


def test_fragment_equals_that_part_of_the_page(world: World) -> None:
    company = firm(world, "まぼろし精機株式会社", "マボロシセイキ")
    given = {"find": "マボロ", "company": str(company.pk)}
    part = client(world).get(url("desk-call-lookup"), given).content.decode()
    page = client(world).get(url(), given).content.decode()
    assert part.strip() in page


def test_search_button_works_without_scripts_and_keeps_everything(world: World) -> None:
    firm(world, "まぼろし精機株式会社", "マボロシセイキ")
    answer = send(world, do="find", find="マボロ", person_given="本郷 理恵", share_classes=["technical"], share_with=[LAB])
    text = answer.content.decode()
    assert (answer.status_code, Case.objects.count()) == (200, 0)
    assert hits(text) == [("まぼろし精機株式会社", "ひばり市")]
    assert SENTENCE in text
    assert 'value="本郷 理恵"' in text
    assert re.findall(r'name="share_\w+" value="([\w-]+)"[^>]* checked', text) == ["technical", LAB]


def test_a_body_finds_only_firms_it_knows(world: World) -> None:
    company = firm(world, "まぼろし精機株式会社", "マボロシセイキ")
    text = client(world, LAB).get(url("desk-call-lookup", LAB), {"find": "マボロ", "company": company.pk}).content.decode()
    assert (hits(text), "まぼろし精機" in text) == ([], False)
    send(world, LAB, after="keep", company=company.pk)
    assert Case.objects.get().company is None
    assert not Sight.objects.filter(body_id=LAB).exists()


def test_hostile_search_is_escaped(world: World) -> None:
    firm(world, "<i>架空</i>株式会社", "カクウ")
    text = client(world).get(url(), {"find": HOSTILE}).content.decode()
    assert "<script>alert" not in text
    found = client(world).get(url("desk-call-lookup"), {"find": "カクウ"}).content.decode()
    assert "&lt;i&gt;架空&lt;/i&gt;" in found


@pytest.mark.parametrize("many", [1, 3])
def test_query_count_of_the_lookup(world: World, many: int) -> None:
    for number in range(many):
        firm(world, f"まぼろし精機{number}株式会社", "マボロシセイキ")
    one = client(world)
    one.get(url("desk-call-lookup"), {"find": "マボロ"})
    with CaptureQueriesContext(connection) as seen:
        one.get(url("desk-call-lookup"), {"find": "マボロ"})
    assert len(seen) == 13


def test_lookup_is_quick_with_5000_firms_under_the_web_login(committed_world: World, login: Any) -> None:
    moment = clock.now()
    with transaction.atomic():
        Company.objects.bulk_create(
            Company(name=f"架空{n}工業株式会社", kana=f"カクウ{n}コウギョウ", phone=f"047-{n:04d}-{n:04d}", entered_by_id=DESK,
                    entered_at=moment, name_key=search_key(f"架空{n}工業"),
                    find_text=f"架空{n}工業 カクウ{n}コウギョウ 047{n:04d}{n:04d}")
            for n in range(5000)
        )  # fmt: skip
    one = client(committed_world)
    with login("web"):
        one.get(url("desk-call-lookup"), {"find": "カクウ"})
        times = []
        for words in ("カクウ4", "架空12", "0471234", "コウギョウ"):
            start = time.perf_counter()
            assert hits(one.get(url("desk-call-lookup"), {"find": words}).content.decode())
            times.append(time.perf_counter() - start)
    assert max(times) < 0.2


# ---- calling back


def to_call(world: World) -> Case:
    case = arrived(world).case
    Case.objects.filter(pk=case.pk).update(next_kind="call", next_on=clock.today(), next_phone="0471-00-0001",
                                           next_step="折り返し電話をかける")
    return Case.objects.get(pk=case.pk)


def test_number_words_and_attempts_before_calling(world: World) -> None:
    case = to_call(world)
    text = client(world).get(url("desk-call-back", case=case.pk)).content.decode()
    assert '<a class="tel tel-big" href="tel:0471-00-0001">0471-00-0001</a>' in text
    assert "手のひらに乗る水質計を発売したい。" in text


def test_absent_in_one_tap_keeps_the_call_and_counts_the_attempt(world: World) -> None:
    case = to_call(world)
    answer = client(world).post(url("desk-call-back", case=case.pk), {"do": "absent"})
    assert answer.url == url("desk-today")
    row = Contact.objects.get(case=case)
    assert (row.outcome, row.channel, row.author_id) == ("absent", "phone", world.desk.person)
    case.refresh_from_db()
    assert (case.next_kind, case.next_phone, case.next_on) == ("call", "0471-00-0001", clock.today())
    assert "1回かけて不在" in client(world).get(url("desk-today")).content.decode()


def test_talked_in_one_tap_sets_the_plain_next_step(world: World) -> None:
    case = to_call(world)
    answer = client(world).post(url("desk-call-back", case=case.pk), {"do": "talked"})
    assert answer.url == url("desk-triage", case=case.pk)
    assert Contact.objects.get(case=case).outcome == "talked"
    case.refresh_from_db()
    assert (case.next_kind, case.next_body_id) == ("answer", DESK)


def test_what_was_said_and_the_next_step_are_kept(world: World) -> None:
    case = to_call(world)
    typed = {"do": "talked", "text": "発注はまだ。", "next_step": "資料を送る", "next_at": "明日"}
    client(world).post(url("desk-call-back", case=case.pk), typed)
    case.refresh_from_db()
    assert Contact.objects.get(case=case).text == "発注はまだ。"
    assert (case.next_step, case.next_on) == ("資料を送る", clock.today() + dt.timedelta(days=1))


def test_wrong_next_date_keeps_what_was_typed(world: World) -> None:
    case = to_call(world)
    typed = {"do": "talked", "text": "発注はまだ。" + HOSTILE, "next_at": "昨日"}
    answer = client(world).post(url("desk-call-back", case=case.pk), typed)
    text = answer.content.decode()
    assert (answer.status_code, Contact.objects.count(), "<script>alert" in text) == (422, 0, False)
    assert "発注はまだ。" in text
    assert fault(answer, "next_at").startswith("過ぎた日時です。")


def test_refusals(world: World) -> None:
    scene = running(world)
    pages = [url("desk-call-back", body, case=scene.case.pk) for body in (CENTER, BANK)]
    assert [client(world, CENTER).get(pages[0]).status_code, client(world, BANK).get(pages[1]).status_code] == [403, 404]
    assert client(world, BANK).get(url("desk-call-done", BANK, case=scene.case.pk)).status_code == 404
    assert client(world).get(url("desk-call-back", case=uuid.uuid4())).status_code == 404
    for name in ("desk-call", "desk-call-lookup", "desk-inbox"):
        assert Client().get(url(name)).status_code == 302
        assert client(world, LAB).get(url(name)).status_code == 404
    assert client(world).post(url("desk-call-lookup")).status_code == 405
