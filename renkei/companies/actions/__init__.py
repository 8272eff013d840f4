"""What people do to firms: the profile, the people, who knows whom, and making two entries one."""

from renkei.companies.actions.merging import merge_companies, unmerge_companies
from renkei.companies.actions.parts import add_former, save_site
from renkei.companies.actions.people import add_person, change_person
from renkei.companies.actions.profile import Place, Profile, profile_mark, register_company, update_company
from renkei.companies.actions.sights import end_sight, know_company

__all__ = [
    "Place", "Profile", "add_former", "add_person", "change_person", "end_sight", "know_company", "merge_companies",
    "profile_mark", "register_company", "save_site", "unmerge_companies", "update_company",
]  # fmt: skip
