"""What ``renkei plan check|publish|export`` does: plain Japanese lines, and 0 when all is well."""

from __future__ import annotations

import sys
from pathlib import Path

from renkei.base.actor import SYSTEM
from renkei.base.context import acting
from renkei.base.refusal import Refused
from renkei.plan.actions import export as write_files
from renkei.plan.actions import publish as publish_document
from renkei.plan.checks import check as check_source
from renkei.plan.files import builtin_plans, load
from renkei.plan.models import Plan


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


def _folder(target: str) -> Path:
    path = Path(target)
    return path if path.exists() else builtin_plans().get(target, path)


def check(target: str) -> int:
    """Name every fault of a folder, a file or a built-in plan by file, line and rule."""
    folder = _folder(target)
    source = load(folder)
    faults = check_source(source)
    for fault in faults:
        _say(str(fault))
    if faults:
        _say(f"直すところが{len(faults)}つあります。")
        return 1
    content = source.document
    counts = "、".join(
        f"{len(content[section])}{unit}"
        for section, unit in [("parties", "者"), ("bodies", "機関"), ("services", "の支援"), ("provisions", "の組合せ")]
    )
    _say(f"{content['plan']['title']}：誤りはありません（{counts}）。")
    return 0


def publish(target: str, *, note: str = "") -> int:
    """Publish a folder or a built-in plan as the newest version."""
    folder = _folder(target)
    source = load(folder)
    if check_source(source):
        return check(target)
    try:
        with acting(SYSTEM):
            version = publish_document(source.document, by=SYSTEM, note=note)
    except Refused as refusal:
        _say(refusal.message)
        return 1
    _say(f"{version.plan.title}：第{version.number}版を公開しています。")
    return 0


def publish_built_in() -> None:
    """Publish the built-in plans that this home does not hold yet; afterwards the database is master (P6)."""
    for code, folder in builtin_plans().items():
        if not Plan.objects.filter(pk=code, versions__isnull=False).exists():
            with acting(SYSTEM):
                publish_document(load(folder).document, by=SYSTEM, note="同梱のファイルから")


def export(code: str, folder: str) -> int:
    """Write the newest version of a plan as files that publish to the same plan."""
    plan = Plan.objects.filter(pk=code).first()
    if plan is None:
        _say(f"「{code}」という計画はありません。あるのは：{'、'.join(Plan.objects.values_list('pk', flat=True)) or 'なし'}")
        return 1
    try:
        written = write_files(plan, Path(folder))
    except (Refused, OSError) as error:
        _say(f"書き出せませんでした：{error}")
        return 1
    _say(f"{plan.title}：{len(written)}つのファイルを {folder} に書き出しました。")
    return 0
