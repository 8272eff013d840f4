"""The first of April: three people leave on one day, and their forty cases are with their successors, packs and all.

A watch made by the owner looks, at the end of every transaction that touched a case or a membership, at every open
case: has it a holder, a dated next step, and is whoever it names a member of that body today? What it finds is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from tests.browser.conftest import Site
from tests.browser.test_main_job import _owner

BODY, ADMIN, CASES = "pref", "aikawa@pref.example", 40
WROTE, WHY = "四月の十日に試作品を見せる約束です。", "いまの案件で手がいっぱいです。"
WATCH = """
CREATE TABLE watch_seen (at timestamptz DEFAULT clock_timestamp());
CREATE TABLE watch_found (number text, what text);
CREATE FUNCTION watch() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO watch_seen DEFAULT VALUES;
    INSERT INTO watch_found
    SELECT c.number, CASE WHEN c.holder_id IS NULL THEN 'unheld' WHEN c.next_on IS NULL OR c.next_step = '' THEN 'no step'
                     ELSE 'somebody who is not there' END
    FROM cases_case c
    WHERE c.state <> 'closed' AND (
        c.holder_id IS NULL OR c.next_on IS NULL OR c.next_step = ''
        OR c.holder_person_id IS NOT NULL AND NOT watch_there(c.holder_person_id, c.holder_id)
        OR c.next_person_id IS NOT NULL AND NOT watch_there(c.next_person_id, c.next_body_id));
    RETURN NULL;
END $$;
CREATE FUNCTION watch_there(who uuid, body text) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT 1 FROM accounts_membership m JOIN accounts_person p ON p.id = m.person_id
                   WHERE m.person_id = who AND m.body_id = body AND p.is_active
                     AND m.since <= (now() AT TIME ZONE 'Asia/Tokyo')::date
                     AND (m.until IS NULL OR m.until >= (now() AT TIME ZONE 'Asia/Tokyo')::date))
$$;
CREATE CONSTRAINT TRIGGER watch_cases AFTER INSERT OR UPDATE ON cases_case DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION watch();
CREATE CONSTRAINT TRIGGER watch_members AFTER INSERT OR UPDATE ON accounts_membership DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION watch();
"""
NO_WATCH = """
DROP TRIGGER IF EXISTS watch_cases ON cases_case; DROP TRIGGER IF EXISTS watch_members ON accounts_membership;
DROP FUNCTION IF EXISTS watch(); DROP FUNCTION IF EXISTS watch_there(uuid, text);
DROP TABLE IF EXISTS watch_found; DROP TABLE IF EXISTS watch_seen;
"""
# Three more people who leave and three who stay, signing in like the administrator; and forty open cases in their hands.
PEOPLE = """
INSERT INTO accounts_person (id, password, email, name, kana, phone, is_active)
SELECT gen_random_uuid(), p.password, kind || n || '@april.example', kind || n || ' 花子', kind || n, '', true
FROM accounts_person p, unnest(ARRAY['leaver', 'stayer']) kind, generate_series(1, 3) n WHERE p.email = %(admin)s;
INSERT INTO accounts_membership (id, person_id, body_id, role, title, is_admin, since, until, specialities, team)
SELECT gen_random_uuid(), p.id, m.body_id, m.role, '', false, m.since, NULL, '[]', ''
FROM accounts_person p, accounts_membership m JOIN accounts_person a ON a.id = m.person_id
WHERE p.email LIKE '%%@april.example' AND a.email = %(admin)s AND m.body_id = %(body)s;
"""
HANDS = """
WITH chosen AS (SELECT id, row_number() OVER (ORDER BY number) AS place FROM cases_case WHERE state <> 'closed' LIMIT %(cases)s),
     hands AS (SELECT id, row_number() OVER (ORDER BY email) AS place FROM accounts_person WHERE email LIKE 'leaver%%@april.example')
UPDATE cases_case c SET holder_id = %(body)s::text, holder_person_id = h.id, next_body_id = %(body)s::text, next_person_id = h.id, at_desk = true
FROM chosen, hands h WHERE c.id = chosen.id AND h.place = 1 + chosen.place %% 3
"""


@pytest.fixture
def owner(site: Site) -> Iterator[psycopg.Connection]:
    with _owner(site) as connection:
        connection.execute(NO_WATCH)
        given = {"admin": ADMIN, "body": BODY, "cases": CASES}
        for statement in PEOPLE.strip().split(";\n"):
            if statement.strip(" ;\n"):
                connection.execute(statement.strip().rstrip(";"), given)
        connection.execute("UPDATE cases_case SET holder_person_id = NULL, next_person_id = NULL WHERE state <> 'closed'")
        assert connection.execute(HANDS, given).rowcount == CASES
        connection.execute(WATCH)
        yield connection
        connection.execute(NO_WATCH)


def _found(owner: psycopg.Connection) -> list[Any]:
    return owner.execute("SELECT DISTINCT number, what FROM watch_found").fetchall()


def _held_by(owner: psycopg.Connection, who: str) -> int:
    row = owner.execute("SELECT count(*) FROM cases_case c JOIN accounts_person p ON p.id = c.holder_person_id"
                        " WHERE c.state <> 'closed' AND p.email LIKE %s", [who]).fetchone()
    return int(row[0]) if row else 0


@pytest.mark.covers("C32", "C42")
def test_three_people_leave_and_forty_cases_are_with_their_successors(
    site: Site, owner: psycopg.Connection, new_page: Callable[..., Any], sign_in: Callable[[Any, str], None],
    no_axe_faults: Callable[[Any], None],
) -> None:
    admin = new_page()
    sign_in(admin, ADMIN)
    moves = [_give_away(site, admin, number, no_axe_faults) for number in (1, 2, 3)]
    assert _held_by(owner, "leaver%") == CASES  # nothing changed hands yet

    first = new_page(360, 780)
    declined = _answer_first(site, first, sign_in, no_axe_faults)
    _give_to_another(admin, moves[0], declined, no_axe_faults)
    counts = []
    for number in (2, 3):
        taker = new_page()
        sign_in(taker, f"stayer{number}@april.example")
        counts.append(_accept_rest(site, taker, no_axe_faults))
    assert (_held_by(owner, "leaver%"), _held_by(owner, "stayer%")) == (0, CASES)
    assert [_held_by(owner, f"stayer{n}%") for n in (2, 3)] == counts  # with the one that was declined

    # Packs stay readable where the cases are now; the giver is named.
    first.goto(moves[0] + "packs/")
    assert WROTE in first.inner_text("main")
    no_axe_faults(first)

    # The night of the last day goes by: the only thing here that no person does.
    owner.execute("UPDATE accounts_membership m SET until = (now() AT TIME ZONE 'Asia/Tokyo')::date - 1"
                  " FROM accounts_person p WHERE p.id = m.person_id AND p.email LIKE 'leaver%@april.example'")
    for number in (1, 2, 3):
        _stays_outside(site, new_page(), f"leaver{number}@april.example")
    admin.goto(f"{site.address}/d/{BODY}/people/")
    assert "管理者" in admin.locator("tr", has_text="相川").inner_text()
    assert _found(owner) == []
    seen = owner.execute("SELECT count(*) FROM watch_seen").fetchone()
    assert seen is not None
    assert seen[0] >= CASES  # the watch looked at each of them

    # It would have seen it: a case in the hands of somebody who has left.
    owner.execute("UPDATE cases_case SET holder_person_id = (SELECT id FROM accounts_person WHERE email = 'leaver1@april.example')"
                  " WHERE id = (SELECT id FROM cases_case WHERE state <> 'closed' AND holder_id = 'pref' LIMIT 1)")
    assert [what for _number, what in _found(owner)] == ["somebody who is not there"]


def _give_away(site: Site, admin: Any, number: int, no_axe_faults: Callable[[Any], None]) -> str:
    """The administrator ends a post tomorrow, writes into two packs, gives every case to one successor, and sends."""
    admin.goto(f"{site.address}/d/{BODY}/moves/new/")
    admin.select_option("select[name=person]", label=f"leaver{number} 花子")
    admin.fill("[name=on]", "明日")
    admin.click("main form button.go")
    admin.wait_for_url("**/moves/*-*/")
    move = str(admin.url)
    if number == 1:
        no_axe_faults(admin)
        admin.click("a:has-text('引継ぎの内容を書く')")
        for field in admin.locator("textarea[name$='-promises']").all()[:2]:
            field.fill(WROTE)
        admin.click("button:has-text('全部を保存する')")
        admin.wait_for_url(move)
        assert "引継ぎの内容を保存しました" in admin.inner_text("main")
    admin.select_option("select[name=everyone]", value=_key(admin, "everyone", f"stayer{number} 花子"))
    admin.click("button[value=everyone-all]")
    admin.wait_for_load_state()
    admin.click("button[name=do][value=send]")
    admin.wait_for_load_state()
    assert "引き受けられるまで、担当は変わりません" in admin.inner_text("main")
    assert admin.locator("button[value^='recall:']").count() in {13, 14}
    return move


def _key(page: Any, select: str, name: str) -> Any:
    return page.locator(f"select[name='{select}'] option", has_text=name).first.get_attribute("value")


def _answer_first(site: Site, page: Any, sign_in: Callable[[Any, str], None], no_axe_faults: Callable[[Any], None]) -> str:
    """On the telephone: two are taken one by one, one is declined with its reason, the rest are taken at once."""
    sign_in(page, "stayer1@april.example")
    page.goto(f"{site.address}/d/{BODY}/")
    page.click("main a[href$='/moves/received/']")
    page.wait_for_url("**/moves/received/")
    no_axe_faults(page)
    count = page.locator("main section.sec").count()
    assert count in {13, 14}
    for turn in (1, 2):
        page.locator("main section.sec button:has-text('引き受ける')").first.click()
        page.wait_for_load_state()
        assert "1件の担当を引き受けました" in page.inner_text("main")
        assert page.locator("main section.sec").count() == count - turn
    last = page.locator("main section.sec").last
    number = str(last.locator(".sec-head .nw").inner_text())
    last.locator("summary:has-text('断る')").click()
    last.locator("textarea").fill(WHY)
    last.locator("button[value^='decline:']").click()
    page.wait_for_load_state()
    assert "断りました" in page.inner_text("main")
    page.click("button[value=accept-all]")
    page.wait_for_load_state()
    assert f"{count - 3}件の担当を引き受けました" in page.inner_text("main")
    assert "返事を待っている案件はありません" in page.inner_text("main")
    return number


def _give_to_another(admin: Any, move: str, number: str, no_axe_faults: Callable[[Any], None]) -> None:
    """The administrator reads why, and asks the second successor for this one case."""
    admin.goto(move)
    no_axe_faults(admin)
    row = admin.locator("tr", has_text=number)
    assert WHY in row.inner_text()
    box = row.locator("select")
    box.select_option(value=_key(admin, str(box.get_attribute("name")), "stayer2 花子"))
    admin.click("button[name=do][value=send]")
    admin.wait_for_load_state()
    assert "1件の引継ぎを頼みました" in admin.inner_text("main")


def _accept_rest(site: Site, taker: Any, no_axe_faults: Callable[[Any], None]) -> int:
    taker.goto(f"{site.address}/d/{BODY}/moves/received/")
    no_axe_faults(taker)
    count = int(taker.locator("main section.sec").count())
    taker.click("button[value=accept-all]")
    taker.wait_for_load_state()
    assert f"{count}件の担当を引き受けました" in taker.inner_text("main")
    return count


def _stays_outside(site: Site, page: Any, email: str) -> None:
    """Whoever has left has no page of the body any more, by the same password."""
    page.goto(f"{site.address}/accounts/login/")
    page.fill("input[name=login]", email)
    page.fill("input[name=password]", "renkei-example")
    page.click("main button[type=submit]")
    page.wait_for_load_state()
    answer = page.goto(f"{site.address}/d/{BODY}/")
    assert answer.status in {403, 404} or "/accounts/login" in page.url, (answer.status, page.url)
