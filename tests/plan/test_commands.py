"""``renkei plan check|publish|export`` in plain lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from renkei.plan import commands
from renkei.plan.files import load
from renkei.plan.models import Plan, PlanVersion
from tests.plan.region import REGION, region

Capture = pytest.CaptureFixture[str]


def test_check_says_all_is_well(capsys: Capture) -> None:
    assert commands.check(str(REGION)) == 0
    assert capsys.readouterr().out == "ひばり県連携支援計画：誤りはありません（2者、3機関、3の支援、4の組合せ）。\n"


def test_check_names_a_built_in_plan(capsys: Capture) -> None:
    assert commands.check("chiba") == 0
    assert "9者、11機関、17の支援、33の組合せ" in capsys.readouterr().out


def test_check_names_each_fault(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "plan.yaml").write_text("plan: {}\ncolour: red\n", encoding="utf-8")
    assert commands.check(str(tmp_path)) == 1
    lines = capsys.readouterr().out.splitlines()
    assert f"{tmp_path}/plan.yaml:2: [unknown-key] 「全体」に「colour」という項目はありません。" in lines
    assert lines[-1] == f"直すところが{len(lines) - 1}つあります。"


def test_check_of_nothing(capsys: Capture) -> None:
    assert commands.check("no-such-plan") == 1
    assert "no-files" in capsys.readouterr().out


@pytest.mark.django_db
def test_publish_and_export(tmp_path: Path, capsys: Capture) -> None:
    assert commands.publish(str(REGION), note="試し") == 0
    assert commands.export("hibari-files", str(tmp_path / "out")) == 0
    assert capsys.readouterr().out.splitlines() == [
        "ひばり県連携支援計画：第1版を公開しています。",
        f"ひばり県連携支援計画：6つのファイルを {tmp_path}/out に書き出しました。",
    ]
    assert PlanVersion.objects.get().note == "試し"
    assert load(tmp_path / "out").document == region()


@pytest.mark.django_db
def test_publish_refuses_faults_and_a_missing_predecessor(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "plan.yaml").write_text("plan: {}\n", encoding="utf-8")
    assert commands.publish(str(tmp_path)) == 1
    assert commands.publish("chiba-next") == 1
    assert "前の計画「chiba」がまだ公開されていません" in capsys.readouterr().out
    assert Plan.objects.count() == 0


@pytest.mark.django_db
def test_export_of_an_unknown_plan_and_into_a_file(tmp_path: Path, capsys: Capture) -> None:
    commands.publish(str(REGION))
    assert commands.export("nix", str(tmp_path)) == 1
    assert "あるのは：hibari-files" in capsys.readouterr().out
    (tmp_path / "taken").write_text("x", encoding="utf-8")
    assert commands.export("hibari-files", str(tmp_path / "taken")) == 1
    assert "書き出せませんでした" in capsys.readouterr().out


@pytest.mark.django_db
@pytest.mark.covers("C01", "C02")
def test_the_built_in_plans_are_published_once(capsys: Capture) -> None:
    commands.publish_built_in()
    commands.publish_built_in()
    assert list(PlanVersion.objects.values_list("plan", "number").order_by("pk")) == [("chiba", 1), ("chiba-next", 1)]
    assert not Plan.objects.get(pk="chiba").is_running()
    assert capsys.readouterr().out == ""
