"""The firm's page months after the end: by the link in a mail, by its status page, by its account."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from renkei.base import clock
from renkei.cases.actions.follow_ups import Answer, answer_follow_up
from renkei.cases.after import run_follow_ups
from renkei.cases.models import Case, Consultation, Draft, FollowUp, Transition
from renkei.companies.models import Company, CompanyAccess
from renkei.post import limits
from renkei.post.models import Link, Mail
from tests.portal.firms import account, acts, client, registered
from tests.portal.scene import WORDS, Firm, came, running
from tests.portal.test_both_doors import _closed
from tests.world import World

GOOD = {"useful": "yes", "satisfaction": "4", "trouble": "no"}
WHOLE = GOOD | {"going": "on", "product": "on_sale", "orders_yen": "３００万円", "saved_yen": "0", "jobs": "２名", "patents": "1件", "words": "売れ始めた。"}


@pytest.fixture
def firm(world: World, monkeypatch: pytest.MonkeyPatch) -> Firm:
    """A case that ended half a year ago, and the firm was asked just now (links live by the database's own clock)."""
    monkeypatch.setattr("renkei.cases.after.is_business_day", lambda _day: True)
    made = running(world)
    registered(made)
    _closed(made)
    Case.objects.update(closed_at=clock.now() - dt.timedelta(days=183))
    FollowUp.objects.filter(months=6).update(due_on=clock.today())
    run_follow_ups()
    return made


def row() -> FollowUp:
    return FollowUp.objects.get(months=6)


def by_mail() -> str:
    """The address in the mail."""
    found = re.search(r"(/after/[^/\s]+/)", Mail.objects.filter(about=row().pk).latest("made_at").text)
    assert found
    return found[1]


def text_of(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def page(url: str, user: Client | None = None, **query: Any) -> str:
    answer = (user or Client()).get(url, query)
    assert answer.status_code == 200
    return text_of(answer)


def test_the_page_says_which_case_and_asks_little(firm: Firm) -> None:
    shown = page(by_mail())
    for words in (firm.case.number, "「水質計を発売したい」のことです。", "に終わったご相談", "お手伝いしたことは、いまも役に立っていますか",
                  "お答えを読むのは、担当したひばり県工業試験所と、窓口のひばり県産業課だけです。", "もう聞かないでください", "また相談したい"):  # fmt: skip
        assert words in shown
    assert '<details class="mt"><summary>分かれば、成果も' in shown
    for secret in (WORDS[:12], "髙梨", "mei@", firm.case.summary, "何もせずに戻る"):
        assert secret not in shown
    assert Transition.objects.filter(verb="follow_up").count() == 1  # looking is no answer


def test_two_taps_are_an_answer_and_the_whole_is_kept(firm: Firm) -> None:
    url = by_mail()
    answer = Client().post(url, GOOD)
    assert (answer.status_code, answer["Location"]) == (302, url)
    shown = page(url)
    assert ("お答えの日" in shown, "お答えを直す" in shown, 'name="useful"' in shown) == (True, True, False)
    edited = page(url, edit="1")
    assert re.search(r'value="4"[^>]*checked', edited)
    assert Client().post(url, WHOLE).status_code == 302
    one = row()
    assert (one.orders_yen, one.saved_yen, one.jobs, one.patents, one.product, one.going) == (3_000_000, 0, 2, 1, "on_sale", "on")
    shown = page(url)
    for words in ("300万円", "売り出した・使い始めた", "続けている", "売れ始めた。"):
        assert words in shown
    assert re.search(r'value="300万円"', page(url, edit="1"))


def test_after_a_week_the_link_opens_nothing(firm: Firm) -> None:
    url = by_mail()
    Client().post(url, GOOD)
    FollowUp.objects.filter(months=6).update(answered_at=clock.now() - dt.timedelta(days=7))
    assert 'name="useful"' not in page(url, edit="1")
    assert "お返事は、もういただいています。" in text_of(Client().post(url, WHOLE))
    assert row().jobs is None
    Link.objects.filter(purpose="follow").update(expires_at=clock.now() - dt.timedelta(seconds=1))
    assert Client().get(url).status_code == 404


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"useful": ""}, "1つ選んでください。"), ({"satisfaction": ""}, "1つ選んでください。"), ({"trouble": "x"}, "一覧から選び直してください。"),
        ({"orders_yen": "たくさん"}, "金額は「700万円」「1,900円」のように入れてください。"), ({"jobs": "-1"}, "0以上の数を入れてください。"),
        ({"patents": "いくつか"}, "数字だけを入れてください。例：2"), ({"orders_yen": "2兆円"}, "金額は"), ({"orders_yen": "20000億円"}, "1,000,000,000,000"),
        ({"words": "あ" * 4001}, "4,000字までです"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_and_what_was_typed_is_kept(firm: Firm, change: dict[str, str], words: str) -> None:
    answer = Client().post(by_mail(), WHOLE | {"words": "書いたことは残る"} | change)
    shown = text_of(answer)
    assert (answer.status_code, words in shown, row().state) == (200, True, "asked")
    assert change.get("words", "書いたことは残る")[:50] in shown
    if set(change) & {"orders_yen", "jobs", "patents"}:
        assert re.search(r'<details class="mt" open>', shown)


def test_stop_asks_first_and_then_shuts_the_link(firm: Firm) -> None:
    url = by_mail()
    assert "もうおたずねしないようにしますか" in page(f"{url}stop/")
    assert row().state == "asked"
    done = Client().post(f"{url}stop/")
    assert (done.status_code, "これからはおたずねしません。" in text_of(done)) == (200, True)
    assert set(FollowUp.objects.values_list("ended_because", flat=True)) == {"unwanted"}
    assert (Client().get(url).status_code, Client().post(url, GOOD).status_code, Client().post(f"{url}again/").status_code) == (404, 404, 404)


def test_the_link_opens_this_page_only(firm: Firm) -> None:
    token = by_mail().split("/")[2]
    assert Client().get(reverse("portal-status", kwargs={"token": token})).status_code == 404
    assert Client().get(reverse("public-draft", kwargs={"token": token, "step": 1})).status_code == 404
    for name in ("portal-after", "portal-after-stop"):
        assert Client().get(reverse(name, kwargs={"token": firm.token})).status_code == 404
    assert Client().get(f"{by_mail()}again/").status_code == 405


def test_who_needs_somebody_is_led_on_with_what_is_known(firm: Firm) -> None:
    url = by_mail()
    Client().post(url, GOOD | {"trouble": "other", "words": "海外に売りたい。"})
    shown = page(url)
    assert "ひばり県工業試験所に、相談があると伝えました。" in shown
    answer = Client().post(f"{url}again/")
    draft = Draft.objects.get()
    assert draft.data == {
        "company_given": "株式会社まぼろし計測", "person_given": "髙梨 芽衣", "phone": "0471-00-0001", "email": "mei@maboroshi.example",
        "text": "海外に売りたい。",
    }  # fmt: skip
    assert answer.status_code == 302
    step = page(answer["Location"])
    assert "海外に売りたい。" in step
    second = page(answer["Location"].replace("/1/", "/2/"))
    assert ('value="株式会社まぼろし計測"' in second, 'value="0471-00-0001"' in second) == (True, True)
    assert Case.objects.count() == 1  # nothing is sent before the firm sends it


def test_too_many_drafts_are_refused_in_words(firm: Firm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "DRAFTS_AN_HOUR", 0)
    cache.clear()
    url = by_mail()
    answer = Client().post(f"{url}again/", follow=True)
    assert ("1時間に0件を超える相談" in text_of(answer), Draft.objects.count()) == (True, 0)
    cache.clear()


def test_the_status_page_asks_too_while_it_waits(firm: Firm) -> None:
    url = firm.url("follow-up", follow_up=row().pk)
    shown = page(firm.url())
    assert (f'href="{url}?of={firm.case_id}"' in shown, "終わってから6か月ほどたちました。" in shown) == (True, True)
    assert "何もせずに戻る" in page(url)
    assert "その後の様子をおたずねしました。" in shown
    answer = Client().post(f"{url}?of={firm.case_id}", GOOD)
    assert answer.status_code == 302
    shown = page(firm.url())
    assert ("終わってから6か月ほどたちました。" in shown, "その後の様子をお聞かせいただきました。" in shown) == (False, True)
    again = Client().post(firm.url("follow-up-again", follow_up=row().pk))
    assert (again.status_code, Draft.objects.get().data["person_given"]) == (302, "髙梨 芽衣")


def test_the_account_finds_it_on_its_start_and_among_its_answers(firm: Firm) -> None:
    person = account(Company.objects.get())
    user = client(person)
    url = reverse("portal-case-follow-up", kwargs={"company": person.company_id, "case": firm.case_id, "follow_up": row().pk})
    for name in ("portal-home", "portal-questions"):
        shown = page(reverse(name, kwargs={"company": person.company_id}), user)
        assert f'href="{url}"' in shown
        assert "いま、お返事をお待ちしていることはありません" not in shown
    assert user.post(url, GOOD | {"trouble": "same", "words": "また狂う。"}).status_code == 302
    assert row().how == "account"
    shown = page(reverse("portal-questions", kwargs={"company": person.company_id}), user)
    assert (f'href="{url}"' in shown, "いま、お返事をお待ちしていることはありません" in shown) == (False, True)
    new = re.search(r'href="(/firm/[^"]+\?after=[^"]+)"', page(url, user))
    assert new
    filled = page(new[1], user)
    assert ("また狂う。" in filled, 'value="髙梨 芽衣"' in filled) == (True, True)
    assert "また狂う。" not in page(new[1].split("?")[0], user, after="x")


def test_how_content_it_was_is_asked_at_the_end_but_not_of_what_was_merged_or_no_consultation(firm: Firm) -> None:
    person = account(Company.objects.get())
    user, home = client(person), reverse("portal-home", kwargs={"company": person.company_id})
    kept = {"state": "closed", "closed_at": clock.now(), "company": person.company_id}
    others = [came(firm.world).case_id for _ in range(2)]
    Case.objects.filter(pk=others[0]).update(**kept, close_reason="merged", merged_into=firm.case_id)
    Case.objects.filter(pk=others[1]).update(**kept, close_reason="spam")
    assert page(home, user).count("は終わりました。結果をお聞かせください。") == 1
    own = f"{reverse('portal-case', kwargs={'company': person.company_id, 'case': others[1]})}"
    assert ('id="feedback"' in page(own, user), 'id="feedback"' in page(firm.url())) == (False, True)
    for url in (firm.url("feedback"), reverse("portal-case-feedback", kwargs={"company": person.company_id, "case": firm.case_id})):
        Case.objects.filter(pk=firm.case_id).update(satisfaction=None)
        assert user.post(url, {"result": "solved", "satisfaction": "5"}).status_code == 302
        assert firm.case.satisfaction == 5
    assert "は終わりました。結果をお聞かせください。" not in page(home, user)


def test_another_firm_finds_nothing(firm: Firm) -> None:
    person = account(Company.objects.get())
    CompanyAccess.objects.filter(pk=person.pk).update(ended_at=clock.now())
    url = reverse("portal-case-follow-up", kwargs={"company": person.company_id, "case": firm.case_id, "follow_up": row().pk})
    assert client(person).get(url).status_code == 404


def test_what_is_not_yet_asked_and_what_is_over(firm: Firm) -> None:
    later = FollowUp.objects.get(months=12)
    assert Client().get(firm.url("follow-up", follow_up=later.pk)).status_code == 404
    FollowUp.objects.filter(months=6).update(ended_at=clock.now(), ended_because="silent")
    assert "もうおうかがいしていません。" in page(firm.url("follow-up", follow_up=row().pk))


def test_the_history_tells_the_firm_no_more_than_it_said(firm: Firm) -> None:
    answer_follow_up(row(), replace(Answer("no", satisfaction=1), words="ひどかった"), by=acts(account(Company.objects.get())))
    shown = page(firm.url())
    assert "ひどかった" not in shown
    assert Consultation.objects.count() == 1
