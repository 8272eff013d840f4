"""The simulated fiscal year: a part of it here, the whole of it in ``make simulate-year``; and its check can fail."""

from __future__ import annotations

from typing import Any

import pytest

from bench.simulate_year import simulate_year

pytestmark = [pytest.mark.long, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def _mails(transactional_db: None, settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"


def test_every_figure_of_a_year_is_what_the_pencil_counts() -> None:
    said: list[str] = []
    found = simulate_year(60, staff=24, say=said.append)
    assert (found.different, said[-1]) == ([], f"figures checked: {found.numbers}; different: 0")
