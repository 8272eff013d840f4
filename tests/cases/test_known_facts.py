"""What is on record of a firm as the matcher takes it."""

from __future__ import annotations

import pytest

from renkei.cases.queries.facts import facts_of
from renkei.companies.models import Site
from tests.cases.making import arrived, company
from tests.world import World


@pytest.mark.parametrize(
    ("address", "sites", "known"),
    [
        ("東京都大田区1-1", [], {"13"}),
        ("東京都大田区1-1", ["埼玉県川口市2-2"], {"13", "11"}),
        ("東京都大田区1-1", [""], set()),  # a site that may lie anywhere
        ("", ["東京都大田区1-1"], set()),
        ("大田区1-1", [], set()),
    ],
)
def test_prefectures_are_known_when_every_address_names_one(world: World, address: str, sites: list[str], known: set[str]) -> None:
    firm = company(address=address)
    for number, place in enumerate(sites):
        Site.objects.create(company=firm, name=f"工場{number}", address=place)
    found = facts_of(arrived(world, company=firm).case, [])
    assert (found.prefectures, found.in_region) == (known, None)
