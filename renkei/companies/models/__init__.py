"""Firms, their people, which body knows which firm, and which firms turned out to be one."""

from renkei.companies.models.company import Company, CompanyPerson, CompanyQuerySet, Sight
from renkei.companies.models.merging import Merge, MergeMove

__all__ = ["Company", "CompanyPerson", "CompanyQuerySet", "Merge", "MergeMove", "Sight"]
