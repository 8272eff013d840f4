"""What people do to firms: the profile, the people, who knows whom, accounts, and making two entries one."""

from renkei.companies.actions.access import (
    accept_invitation,
    change_role,
    end_access,
    invite,
    join_anew,
    resend_invitation,
    withdraw_invitation,
    write_invitation,
)
from renkei.companies.actions.distinct import mark_distinct, unmark_distinct
from renkei.companies.actions.exporting import export_companies
from renkei.companies.actions.imports import import_companies
from renkei.companies.actions.imports_undo import undo_company_import
from renkei.companies.actions.merging import merge_companies, unmerge_companies
from renkei.companies.actions.parts import add_former, save_site
from renkei.companies.actions.people import add_person, change_person
from renkei.companies.actions.profile import (
    Place,
    Profile,
    change_own_profile,
    profile_mark,
    register_company,
    update_company,
)
from renkei.companies.actions.sights import end_sight, know_company

__all__ = [
    "Place", "Profile", "accept_invitation", "add_former", "add_person", "change_own_profile", "change_person",
    "change_role", "end_access", "end_sight", "export_companies", "import_companies", "invite", "join_anew",
    "know_company", "mark_distinct", "merge_companies", "profile_mark", "register_company", "resend_invitation", "save_site",
    "undo_company_import", "unmark_distinct", "unmerge_companies", "update_company", "withdraw_invitation", "write_invitation",
]  # fmt: skip
