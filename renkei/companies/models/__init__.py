"""Firms, their people, which body knows which firm, which firms turned out to be one, and who has an account."""

from renkei.companies.models.access import CompanyAccess, CompanyInvitation, CompanyRole, firms_of
from renkei.companies.models.company import Company, CompanyPerson, CompanyQuerySet, Sight
from renkei.companies.models.distinct import Distinct
from renkei.companies.models.imports import CompanyImport, ImportedRow, PastContact
from renkei.companies.models.merging import Merge, MergeMove
from renkei.companies.models.numbers import RegisteredNumber
from renkei.companies.models.profile import Former, FormerKind, Site, SiteRole

__all__ = [
    "Company", "CompanyAccess", "CompanyImport", "CompanyInvitation", "CompanyPerson", "CompanyQuerySet",
    "CompanyRole", "Distinct", "Former", "FormerKind", "ImportedRow", "Merge", "MergeMove", "PastContact", "RegisteredNumber", "Sight", "Site",
    "SiteRole", "firms_of",
]  # fmt: skip
