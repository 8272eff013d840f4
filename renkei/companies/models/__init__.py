"""Firms, their people, which body knows which firm, and which firms turned out to be one."""

from renkei.companies.models.company import Company, CompanyPerson, CompanyQuerySet, Sight
from renkei.companies.models.merging import Merge, MergeMove
from renkei.companies.models.profile import Former, FormerKind, Site, SiteRole

__all__ = ["Company", "CompanyPerson", "CompanyQuerySet", "Former", "FormerKind", "Merge", "MergeMove", "Sight", "Site", "SiteRole"]
