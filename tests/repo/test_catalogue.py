"""The database's own catalogue: what is protected, by what, and which functions step over the protection."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.apps import apps
from django.db import connection, models

from renkei.base.rls import protect
from renkei.cases.models import Case
from renkei.companies.models import Company

# Every function that runs with the owner's rights, why it must, and what keeps it narrow. Add a line only after reading it.
REVIEWED = {
    "accounts_open_invitation": "an invitation's link is resolved before anybody acts; needs the hash of 256 random bits; returns an id",
    "audit_append": "web and worker have no right on the log; appends one event to its chain",
    "case_asked": "ids of cases the acting body is asked about, under a living consent",
    "case_bind_link": "a draft of the caller becomes a case once, and only one that does not exist yet",
    "case_class_open": "yes or no: may the caller read this class of this case",
    "case_choices": "counts of requests by body, never which; the front desk for all, a body for itself alone",
    "case_close_offer": "closes links and waiting mails of one offer; the caller must run the case, be asked, or hold the link",
    "case_consent_ended": "closes links after a consent is gone, and refuses while it lives; the caller must run the case or be its firm",
    "case_deliveries": "states of all mails about one case the acting body holds or took; of addresses a hint only",
    "case_held": "ids of cases the acting body holds or took",
    "case_holder_meets_company": "the holder knows the firm from now on, if the firm lets it read the summary",
    "case_is_asked": "yes or no about the acting body", "case_reads": "who read an offer; only for who runs the case",
    "case_entry_as_listed": "lets an entry of the cases' keeper pass only where a listed need says the same words; looks, changes nothing",
    "case_unlisted": "empties the one entry a need has just let go of, for whoever may change the need; returns nothing",
    "case_follows_firm": "a case of a firm that was merged away goes to its successor; changes nothing else",
    "case_merge_ties": "numbers of cases that hold two merged firms together; the caller must have merged them",
    "case_links_follow": "offer links follow moved supports; the caller must run both cases",
    "case_mails": "states of mails to the firms of cases the acting body holds or took; of the address a hint only",
    "case_send_again": "copies one lost mail of a case the acting body holds or took; never shows the address",
    "case_settle": "marks news as settled in one case; the caller must take part in it, and learns only how many",
    "case_unask_company": "stops waiting mails that ask the firm of one case; the caller must take part in it",
    "case_meet_company": "a body that said yes knows the firm from now on; the caller must take part in the case",
    "case_runs": "yes or no about the caller", "case_takes_part": "yes or no about the caller",
    "case_tell_company": "writes a mail to the firm without showing its address; the caller must take part in the case",
    "case_to_desk": "the holder gives its own case back to the desk, which never refuses",
    "case_with": "ids of cases with some bigrams that the caller's policy of cases shows to staff; nothing to links, firms and partners",
    "case_told": "ids of cases the acting body was told of", "case_words_open": "yes or no: may the caller read the firm's words",
    "companies_known": "ids of firms the acting body knows", "company_known": "yes or no about the acting body",
    "case_own": "ids of cases the acting body holds, or the desk was sent: what their firms said afterwards is for these",
    **{
        f"figure_{name}_1": "ids and days of the records behind a figure, for staff and the worker; whose they are only to the front desk and themselves"
        for name in ("areas", "body_answer", "climbs", "closed", "consultations", "declines", "dwell", "first_answer", "gaps", "meetings", "open",
                     "outside", "pressures", "projects", "purposes", "results", "services", "silent", "supports", "trends")
    },
    "follow_up_known": "what the form of a new consultation is filled with; only for a living follow-up link, and who wrote only for that very address",
    "case_promised": "ids of cases the acting body, or the body of the caller's link, has a living promise of secrecy for",
    "case_whole": "ids of cases the acting body took, or the desk was sent: it reads every class of them",
    "company_claim": "id of a firm by number and name together: what the firm itself typed into the form",
    "company_merge_back": "takes back the journalled rows of one merge; the caller must have made it or be the desk",
    "company_merge_rows": "moves and journals one relation's rows between two firms the caller merged; checks the catalogue",
    "company_merge_since": "bodies that came to know a firm after a merge of the caller's", "company_merges": "yes or no about the caller",
    "company_successor": "where a merged firm went; only for who knows the successor",
    "company_import_in_use": "yes or no: does later work point to what a row of the caller's import made",
    "company_import_used": "ids of rows of the caller's own import whose firms or people later work points to",
    "company_meet": "a body writes down that it knows a firm it named by number and name",
    "opening_link": "the opening of the caller's own living partner link", "opening_mine": "the same opening while it lives and its terms are accepted",
    "opening_writes": "the same opening's id while it lives and its terms are accepted",
    "opening_classes": "what that opening opens: a body's people never more than the firm lets the body read",
    "case_readings": "who read a case and when; only for the firm itself and for who runs or took the case",
    "company_mine": "ids of firms the signed-in person has an open account of", "company_run": "ids of firms that person administers",
    "my_firms": "names of firms the signed-in person has an open account of",
    "link_firm": "the firm of the caller's own status link, if the given address stands in the firm's record: yes or no about it",
    "consent_is_asked": "yes or no about the caller's own link", "ctx_is_desk": "yes or no about the acting body",
    "ctx_kind": "reads which login is the worker's; returns the caller's own claim or nothing",
    "link_body": "the caller's own living link", "link_case": "the caller's own living link",
    "link_classes": "the caller's own living link", "link_company": "the caller's own living link",
    "link_family": "cases merged or split with that of the caller's own status link, and those of the firms the caller has an account of",
    "link_purpose": "the caller's own living link", "link_subject": "the caller's own living link",
    "matching_judgment_counts": "counts of judgments by origin, for staff; no id leaves",
    "matching_standing": "texts of the entries that stand, for the index on this node's disk, whoever's question makes it follow; shown to nobody",
    "matching_standing_count": "how many entries stand: the index asks at every question whether it is whole, whoever asks",
    "meeting_freeze": "copies the items of a meeting into its minutes, each for whom it was; the caller must run the meeting, and learns only how many",
    "meeting_asked": "which bodies read how many items of a meeting, nothing of the items; the caller must run the meeting",
    "meeting_hold": "keeps a meeting from being changed until the caller's transaction ends; for staff, and for a link of that very meeting; returns nothing",
    "meeting_undecided": "which bodies put up items of a meeting that have no outcome yet, nothing of the items; the caller must run the meeting",
    "meeting_run": "ids of meetings the acting body runs",
    "need_asked": "ids of needs the acting body is asked about",
    "notice_sent": "ids of the acting body's own notices: two policies would ask each other for ever",
    "offer_is_open": "yes or no about the caller's own link", "offered_need": "the need of the caller's own offer link",
    "plan_front_desk": "the front desk's code, which is public",
    "post_open_calendar": "a calendar is resolved before anybody acts; needs the hash of 256 random bits; returns one row",
    "post_link_opened": "writes when the acting link was first opened; nothing else, of no other link",
    "post_open_link": "a link is resolved before anybody acts; needs the hash of 256 random bits; returns one row",
    "post_start_draft": "a guest begins a draft; makes one link that knows only itself, 31 days at most",
    "figure_trends_2": "ids and days of notes on business trends, each once, as the first version counted them",
    "figure_projects_2": "the same by agreed shares: another body's per cent stays unsaid with its name",
    "project_named": "number, day, field and helpers of projects the acting body shares, holds or took; no firm, no title",
    "project_held": "ids of projects of cases the acting body holds or took",
    "support_seen": "ids of the acting body's own supports, or that of the caller's link",
}  # fmt: skip

# Tables without row-level security: what they hold is for everybody who is signed in, or nobody's secret.
OPEN = {
    "base_login": "which login plays which part", "accounts_person": "staff names stand on every page",
    "accounts_membership": "who works for which body", "accounts_absence": "who is away stands beside every name", "post_screenmail": "example region only: everybody reads the mailbox",
    "companies_registerednumber": "the public register of corporate numbers", "cases_register": "the last number given, a body and year", "audit_event": "no rights at all for web and worker", "documents_": "content-addressed pieces, opened through rows that are protected",
    "plan_": "the plan is public", "matching_": "the catalogue is for all staff", "django_": "Django's own", "auth_": "Django's own",
    "account_": "sign-in", "mfa_": "sign-in", "usersessions_": "sign-in", "socialaccount_": "sign-in", "procrastinate_": "jobs carry ids only",
}  # fmt: skip


def _rows(query: str, *values: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, values or None)
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found


def _tables() -> dict[str, tuple[bool, bool]]:
    """Return every table with whether row-level security is on, and forced."""
    return {
        name: (on, forced)
        for name, on, forced in _rows(
            "SELECT c.relname, c.relrowsecurity, c.relforcerowsecurity FROM pg_class c"
            " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p')"
        )
    }


def _holding_content() -> set[str]:
    """Tables that hold a case's or a company's content: derived from the models, so a new one cannot be forgotten."""
    found: set[type[models.Model]] = {Case, Company}
    ours = [model for model in apps.get_models() if model.__module__.startswith("renkei.")]
    while True:
        more = {
            model for model in ours
            if model not in found and any(
                field.name in {"case", "company"} or (field.is_relation and field.related_model in found)
                for field in model._meta.get_fields() if getattr(field, "concrete", False)
            )
        }  # fmt: skip
        if not more:
            return {model._meta.db_table for model in found} | {
                field.m2m_db_table() for model in found for field in model._meta.many_to_many
            }
        found |= more


def test_every_function_with_the_owners_rights_is_reviewed(db: None) -> None:
    functions = _rows(
        "SELECT p.proname, p.proconfig, p.provolatile FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace"
        " WHERE n.nspname = 'public' AND p.prosecdef"
        " AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')"
    )
    assert {name for name, _, _ in functions} == set(REVIEWED)
    assert {name for name, settings, _ in functions if "search_path=public, pg_temp" not in (settings or [])} == set()


def test_every_table_with_a_cases_or_a_companys_content_is_protected(db: None) -> None:
    tables, content = _tables(), _holding_content()
    assert {"cases_case", "cases_support", "cases_consent", "companies_company", "post_link", "post_mail"} <= content
    assert {name for name in content if tables[name] != (True, True)} == set()


def test_protected_tables_have_a_policy_for_each_act(db: None) -> None:
    policies: dict[str, set[tuple[str, str]]] = {}
    for table, policy, act in _rows("SELECT tablename, policyname, cmd FROM pg_policies WHERE schemaname = 'public'"):
        policies.setdefault(table, set()).add((policy, act))
    protected = {name for name, (on, _) in _tables().items() if on}
    wanted = {("owner_all", "ALL"), ("sight", "SELECT"), ("birth", "INSERT"), ("change", "UPDATE")}
    assert {name: found for name in protected if not wanted <= (found := policies.get(name, set()))} == {}
    assert {table for table, found in policies.items() for _, act in found if act == "DELETE"} == {"matching_window"}


def test_unprotected_tables_are_those_we_know(db: None) -> None:
    bare = {name for name, (on, _) in _tables().items() if not on}
    assert {name for name in bare if not name.startswith(tuple(OPEN))} == set()
    assert {name for name in bare if name in _holding_content()} == set()


def test_only_the_owner_sees_everything(db: None) -> None:
    wide = _rows("SELECT tablename, policyname FROM pg_policies WHERE (qual = 'true' OR with_check = 'true')")
    assert {row for row in wide if row[1] != "owner_all"} == {("reporting_publishedfigure", "sight")}  # what was published is for everybody
    owners = _rows("SELECT DISTINCT roles::text FROM pg_policies WHERE policyname = 'owner_all'")
    assert owners == [("{renkei_owner}",)]


def test_policies_ask_who_acts_once_a_query(db: None) -> None:
    """A bare ``ctx_kind()`` in a policy runs once a row; inside a sub-select it runs once a query."""
    bare = re.compile(r"(?<!SELECT )\bctx_(kind|person|body|link)\(\)")
    slow = [
        (table, policy) for table, policy, using, check in _rows("SELECT tablename, policyname, qual, with_check FROM pg_policies")
        if bare.search(f"{using or ''} {check or ''}")
    ]  # fmt: skip
    assert slow == []


def test_there_is_no_view_that_could_leak(db: None) -> None:
    assert _rows(
        "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE n.nspname = 'public' AND c.relkind IN ('v', 'm')"
    ) == []


def test_public_has_nothing(db: None) -> None:
    assert _rows("SELECT table_name, privilege_type FROM information_schema.role_table_grants WHERE grantee = 'PUBLIC' AND table_schema = 'public'") == []
    assert _rows("SELECT has_schema_privilege('renkei_web', 'public', 'CREATE'), has_schema_privilege('renkei_worker', 'public', 'CREATE')") == [(False, False)]


def test_only_our_logins_call_our_functions(db: None) -> None:
    """PostgreSQL gives EXECUTE to everybody; a login that is none of ours must not borrow the owner's rights."""
    open_to_all = _rows(
        "SELECT p.proname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace"
        " WHERE n.nspname = 'public' AND p.proowner = 'renkei_owner'::regrole"
        " AND EXISTS (SELECT 1 FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a WHERE a.grantee = 0)"
    )
    assert open_to_all == []
    assert _rows("SELECT has_function_privilege('renkei_web', 'ctx_kind()', 'EXECUTE')") == [(True,)]


def test_everything_belongs_to_the_owner(db: None) -> None:
    assert _rows("SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'") == [("renkei_owner",)]


def test_every_constraint_has_a_name_of_ours(db: None) -> None:
    """Checks and exclusions are named by us: their name becomes the sentence a person reads."""
    named = {constraint.name for model in apps.get_models() for constraint in model._meta.constraints}
    checks = _rows(
        "SELECT con.conname, c.relname FROM pg_constraint con JOIN pg_class c ON c.oid = con.conrelid"
        " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'public' AND con.contype IN ('c', 'x')"
    )
    ours = {name for name, table in checks if not table.startswith(("procrastinate_", "django_", "auth_", "account_", "mfa_"))}
    assert {name for name in ours if name not in named and not name.endswith("_check")} == set()


@pytest.mark.parametrize("select", ["true", "false"])
def test_protection_can_be_undone_and_done_again(db: None, select: str) -> None:
    operation = protect("plan_field", select=select)
    with connection.cursor() as cursor:
        cursor.execute(operation.sql)
        assert _tables()["plan_field"] == (True, True)
        cursor.execute(operation.reverse_sql)
        assert _tables()["plan_field"] == (False, False)
