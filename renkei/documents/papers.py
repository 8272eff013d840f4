"""Papers that are no letters of a case: agenda, minutes, request outside the region, yearly report, change of plan.

Each has single fields and lists whose rows a template repeats. Who fills a paper gives every field; a body's own template may leave some out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from renkei.base.actor import Actor
from renkei.documents.letters import Lists, fill_template
from renkei.documents.models import LetterTemplate
from renkei.documents.shipped import shipped_paper
from renkei.documents.store import path_of

Row = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Table:
    """A list of a paper: its heading, and its columns with an example and the share of the width (mm, of 160)."""

    heading: str
    columns: dict[str, tuple[str, int]]


@dataclass(frozen=True, slots=True)
class Paper:
    """A kind of paper. ``fields``: name to example; ``tables``: name of the list to its columns; ``texts``: fields under a heading of their own."""

    code: str
    name: Promise
    title: str
    fields: dict[str, str]
    tables: dict[str, Table] = field(default_factory=dict)
    texts: tuple[str, ...] = ()

    @property
    def lists(self) -> Lists:
        """Return each list's columns with their examples, as the check of templates wants them."""
        return {name: {column: example for column, (example, _mm) in table.columns.items()} for name, table in self.tables.items()}


PAPERS: dict[str, Paper] = {one.code: one for one in (
    Paper(
        "agenda", _("次第（会議）"), "{{ 会議名 }}　{{ 回 }}　次第",
        {"会議名": "産学官連携推進定例会議", "回": "第3回", "日時": "令和8年12月4日（金）　14:00〜16:00", "場所": "産業振興センター 会議室", "主催": "産業振興センター", "通知": "資料は当日配ります。", "作成日": "令和8年11月27日"},
        {"議題": Table("議題", {"番号": ("1", 12), "時刻": ("14:00", 18), "件名": ("落下しても狂わない水質計", 50), "説明": ("試験をお願いできる機関を探しています。", 60), "提出": ("ひばり県", 20)}),
         "資料": Table("資料", {"資料番号": ("1-1", 20), "資料名": ("試験の条件.pdf", 140)})},
        texts=("通知",),
    ),
    Paper(
        "minutes", _("議事録（会議）"), "{{ 会議名 }}　{{ 回 }}　議事録",
        {"会議名": "産学官連携推進定例会議", "回": "第3回", "日時": "令和8年12月4日（金）　14:00〜16:00", "場所": "産業振興センター 会議室", "主催": "産業振興センター", "議長": "相川 志保", "記録": "露崎 遥", "議事録番号": "定例8-3", "版": "第1版", "確認": "令和8年12月11日までに全機関が確認", "作成日": "令和8年12月4日"},
        {"出席": Table("出席", {"者": ("ひばり県", 40), "機関": ("産業課", 50), "出席者": ("相川 志保", 50), "出欠": ("出席", 20)}),
         "議事": Table("議事", {"番号": ("1", 12), "件名": ("落下しても狂わない水質計", 38), "記録": ("工業試験所から説明があった。", 60), "決定": ("工業試験所が12月11日までに回答する。", 50)}),
         "宿題": Table("決まったこと", {"内容": ("条件を伝える", 80), "担当": ("産業課　相川", 50), "期日": ("令和8年12月11日", 30)})},
    ),
    Paper(
        "outside", _("域外への依頼"), "技術支援について（依頼）",
        {"文書番号": "産第12号", "日付": "令和8年11月27日", "宛先": "となり県工業技術センター　様", "差出人機関": "ひばり県工業試験所", "担当者": "小出 渉", "担当電話": "000-000-0000", "担当メール": "lab@hibari.example", "件名": "落下と振動の試験", "要約": "小さな水質計を落としても狂わないか確かめたい。", "依頼事項": "落下と振動の試験", "域内の経過": "域内の2機関は、装置がないため受けられませんでした。", "回答期限": "令和8年12月11日"},
        texts=("要約", "依頼事項", "域内の経過", "回答期限"),
    ),
    Paper(
        "report", _("年次報告（連携支援計画）"), "{{ 計画名 }}　{{ 年度 }}報告書",
        {"計画名": "ひばり県連携支援計画", "年度": "令和8年度", "版": "第1版", "作成日": "令和9年4月20日", "作成機関": "ひばり県産業課", "集計": "令和9年4月10日に確定した値", "あらまし": "3つの事業を支援した。"},
        {"目標": Table("目標と実績", {"期間": ("令和8年度", 60), "目標": ("2", 30), "実績": ("3", 30), "累計": ("5", 40)}),
         "章": Table("内容", {"見出し": ("機関の役割", 40), "本文": ("県は相談40件を受けた。", 120)})},
        texts=("あらまし",),
    ),
    Paper(
        "change", _("計画の変更"), "{{ 計画名 }}　変更",
        {"計画名": "ひばり県連携支援計画", "文書番号": "産第12号", "日付": "令和8年11月27日", "宛先": "経済産業大臣　殿", "申請者": "ひばり県知事", "変更日": "令和8年12月1日", "理由": "銀行の代表者が替わったため"},
        {"新旧": Table("変更の内容", {"項目": ("銀行の代表者", 40), "変更前": ("頭取　青木", 60), "変更後": ("頭取　森", 60)})},
        texts=("変更日", "理由"),
    ),
)}  # fmt: skip


def paper_docx(kind: str, values: Row, lists: Mapping[str, Sequence[Row]], *, by: Actor) -> bytes:
    """Return a paper as docx: by the acting body's own template, else the shipped one.

    ``values`` and the rows of ``lists`` hold every field of the kind. Raises KeyError for a kind or field that is unknown or missing, and
    Refused (``template_broken``).
    """
    paper = PAPERS[kind]
    given = {name: values[name] for name in paper.fields}
    rows = {name: [{column: row[column] for column in table.columns} for row in lists[name]] for name, table in paper.tables.items()}
    own = LetterTemplate.objects.visible_to(by).in_use().filter(kind=kind).first() if by.is_staff else None
    return fill_template(path_of(own.sha256).read_bytes() if own else paper_template(kind), given, rows)


def paper_template(kind: str) -> bytes:
    """Return the docx that is shipped for a kind of paper. Raises KeyError."""
    return shipped_paper(PAPERS[kind])


def example_paper(kind: str, data: bytes) -> bytes:
    """Return a template filled with examples, each list with two rows."""
    return fill_template(data, PAPERS[kind].fields, {name: [row, row] for name, row in PAPERS[kind].lists.items()})
