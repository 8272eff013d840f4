"""Nothing of a real region stands in the code of the matcher, nor any text of the labelled consultations (P6)."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from pathlib import Path

import pytest
import yaml

SHARED = Path(__file__).resolve().parents[3] / "shared"
CODE = sorted(Path(str(files("renkei.matching"))).rglob("*.py"))


def names() -> set[str]:
    """Codes and names of the plan files shipped."""
    folder = Path(str(files("renkei.plans"))) / "chiba"
    plan = {key: value for path in folder.glob("*.yaml") for key, value in yaml.safe_load(path.read_text("utf-8")).items()}
    bodies = {word for one in plan["bodies"] for word in (one["code"], one["name"], one["short"])}
    services = {word for one in plan["services"] for word in (one["code"], one["name"])}
    return {word for word in bodies | services if len(word) > 4} | {"千葉", "chiba"}


def test_no_name_of_a_region_stands_in_the_code() -> None:
    quoted = {f'"{name}"' for name in names()} | {"千葉", "Chiba"}
    found = {(path.name, name) for path in CODE for name in quoted if name in path.read_text("utf-8")}
    assert {one for one in found if one[1] not in {'"events"', '"network"', '"training"'}} == set()


def test_language_speaks_of_no_region() -> None:
    text = (files("renkei.matching") / "data" / "language.yaml").read_text("utf-8")
    without = "\n".join(line for line in text.splitlines() if "北海道|" not in line)
    assert "千葉" not in without


def test_no_cue_is_copied_from_a_labelled_text() -> None:
    """A saying or a cue may share words with a consultation, never nine characters in a row."""
    gold = SHARED / "data" / "consultations-dev.jsonl"
    if not gold.is_file():
        pytest.skip("the labelled consultations are not there")
    texts = "\n".join(json.loads(line)["text"] for line in gold.read_text("utf-8").splitlines())
    cues = (files("renkei.plans") / "chiba" / "cues.yaml").read_text("utf-8")
    phrases = [part for part in re.split(r"[\s,\[\]{}:+、。]+", cues) if len(part) >= 9]
    assert [one for one in phrases for n in range(len(one) - 8) if one[n : n + 9] in texts] == []
