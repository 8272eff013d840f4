"""What people do to firms: the profile, the people, who knows whom, and making two entries one."""

from renkei.companies.actions.merging import merge_companies, unmerge_companies
from renkei.companies.actions.people import add_person
from renkei.companies.actions.profile import Profile, profile_mark, register_company, update_company
from renkei.companies.actions.sights import end_sight, know_company

__all__ = [
    "Profile", "add_person", "end_sight", "know_company", "merge_companies", "profile_mark", "register_company",
    "unmerge_companies", "update_company",
]  # fmt: skip
