"""What several of the desk's tests are given."""

from __future__ import annotations

from typing import Any

import pytest

from tests.desk import proposed


@pytest.fixture
def given_proposal(monkeypatch: pytest.MonkeyPatch) -> None:
    """The page's own matter is what people do with a proposal; the matcher has its own tests."""

    def propose(text: str, *, facts: Any = None, on: Any = None, declined: Any = frozenset()) -> Any:
        whole = proposed.proposal(text)
        for need in whole.needs:
            need.candidates[:] = [one for one in need.candidates if (one.service, one.body) not in declined]
        whole.questions[:] = [one for one in whole.questions if one.key not in facts.answers]
        return whole

    monkeypatch.setattr("renkei.desk.triage.page.propose", propose)
