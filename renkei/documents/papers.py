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
    """A list of a paper: its heading, its columns with an example and the share of the width (mm, of 160), and which of them hold figures."""

    heading: str
    columns: dict[str, tuple[str, int]]
    figures: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Paper:
    """A kind of paper. ``fields``: name to example; ``tables``: name of the list to its columns; ``texts``: fields under a heading of their own.

    ``headings`` are what stands above a text that is not its own name; ``order`` mixes texts and lists where the paper's own order matters.
    """

    code: str
    name: Promise
    title: str
    fields: dict[str, str]
    tables: dict[str, Table] = field(default_factory=dict)
    texts: tuple[str, ...] = ()
    headings: dict[str, str] = field(default_factory=dict)
    order: tuple[str, ...] = ()

    @property
    def lists(self) -> Lists:
        """Return each list's columns with their examples, as the check of templates wants them."""
        return {name: {column: example for column, (example, _mm) in table.columns.items()} for name, table in self.tables.items()}


# What reports share.
_HEAD = {"計画名": "ひばり県連携支援計画", "年度": "令和8年度", "版": "第1版（承認済み）", "作成日": "令和9年4月20日", "作成機関": "ひばり県産業課", "集計": "令和9年4月10日までの記録",
         "承認": "相川 志保　令和9年4月20日", "照合の値": "0123456789abcdef"}
_TARGETS = Table("支援した地域経済牽引事業（件）", {"期間": ("令和8年度", 70), "目標": ("2", 30), "実績": ("3", 30), "累計": ("5", 30)}, figures=("目標", "実績", "累計"))
_PROJECTS = Table("承認された事業", {"承認番号": ("第8号", 40), "承認日": ("令和8年9月1日", 40), "分野": ("成長ものづくり", 40), "機関": ("試験所", 40)})
_PARTS = Table("区分ごとの件数", {"項目": ("引き受けた支援", 60), "区分": ("開発・試験", 70), "件数": ("12", 30)}, figures=("件数",))
_ROLES = Table("計画での役割", {"機関": ("産業課", 40), "役割": ("窓口、連絡調整", 120)})
_CHANGES = Table("公開した版", {"版": ("第2版", 25), "公開した日": ("令和8年9月1日", 40), "内容": ("代表者の変更", 95)})
_DESIGNATED = Table("指定を受けた事業の件数", {"指定": ("体験ラボの指定", 60), "区分": ("推進会議", 70), "件数": ("4", 30)}, figures=("件数",))

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
         "宿題": Table("決まったこと", {"内容": ("条件を伝える", 75), "担当": ("産業課　相川", 45), "期日": ("令和8年12月11日", 40)})},
    ),
    Paper(
        "outside", _("域外への依頼"), "技術支援について（依頼）",
        {"文書番号": "産第12号", "日付": "令和8年11月27日", "宛先": "となり県工業技術センター　様", "差出人機関": "ひばり県工業試験所", "担当者": "小出 渉", "担当電話": "000-000-0000", "担当メール": "lab@hibari.example", "件名": "落下と振動の試験", "要約": "小さな水質計を落としても狂わないか確かめたい。", "依頼事項": "落下と振動の試験", "域内の経過": "域内の2機関は、装置がないため受けられませんでした。", "回答期限": "令和8年12月11日"},
        texts=("要約", "依頼事項", "域内の経過", "回答期限"),
    ),
    Paper(
        "report", _("年度報告（連携支援計画）"), "{{ 計画名 }}\n{{ 年度 }}　報告書",
        {**_HEAD, "目標の文": "3つの事業を支援した。", "支援の文": "試験の相談が増えた。", "機関の文": "県は相談40件を受けた。", "会議の文": "定例会議で難しい相談を話し合った。",
         "不足の文": "大きな振動試験の装置がない。", "変更の文": "銀行の代表者が替わった。", "銀行の文": "つなぎの融資を2件受けた。", "指定の文": "体験会を開いた。", "課題の文": "試験の待ちを短くする。"},
        {"目標": _TARGETS, "事業": _PROJECTS, "内訳": _PARTS,
         "機関": Table("機関ごとの件数", {"機関": ("産業課", 40), "相談": ("40", 18), "支援": ("12", 18), "断り": ("2", 18), "無返答": ("0", 20), "継続": ("9", 18), "牽引事業": ("3", 28)}, figures=("相談", "支援", "断り", "無返答", "継続", "牽引事業")),
         "役割": _ROLES, "会議": Table("開いた回数", {"会議": ("定例会議", 80), "計画": ("年10回", 40), "開催": ("10", 40)}, figures=("開催",)),
         "不足": Table("断った依頼、返事のなかった依頼など", {"項目": ("断った依頼", 60), "区分": ("設備がない", 70), "件数": ("2", 30)}, figures=("件数",)),
         "変更": _CHANGES, "指定": _DESIGNATED,
         "銀行": Table("銀行ごとの件数", {"銀行": ("ひばり銀", 45), "相談": ("3", 20), "支援": ("2", 20), "断り": ("1", 20), "無返答": ("0", 25), "企業動向": ("4", 30)}, figures=("相談", "支援", "断り", "無返答", "企業動向"))},
        texts=("目標の文", "支援の文", "機関の文", "会議の文", "不足の文", "変更の文", "銀行の文", "指定の文", "課題の文"),
        headings={"目標の文": "1 目標と実績", "支援の文": "2 相談と支援の内容", "機関の文": "3 機関ごとの役割と実績", "会議の文": "4 会議の開催",
                  "不足の文": "5 不足した機能と地域の外からの補完", "変更の文": "6 計画の変更", "銀行の文": "7 銀行の働き", "指定の文": "8 指定を受けた事業", "課題の文": "9 課題と次の年度"},
        order=("目標の文", "目標", "事業", "支援の文", "内訳", "機関の文", "機関", "役割", "会議の文", "会議", "不足の文", "不足", "変更の文", "変更",
               "銀行の文", "銀行", "指定の文", "指定", "課題の文"),
    ),
    Paper(
        "report_term", _("期間のまとめ（連携支援計画）"), "{{ 計画名 }}\n期間のまとめ",
        {**_HEAD, "目標の文": "10の事業を支援した。", "年度の文": "年ごとに増えた。", "機関の文": "県は相談300件を受けた。", "継続の文": "次の計画に引き継ぐ。",
         "変更の文": "銀行の代表者が替わった。", "課題の文": "試験の待ちを短くする。"},
        {"目標": _TARGETS, "事業": _PROJECTS,
         "年度別": Table("年度ごとの件数", {"年度": ("令和8年度", 40), "相談": ("40", 30), "支援": ("12", 30), "終わり": ("22", 30), "牽引事業": ("3", 30)}, figures=("相談", "支援", "終わり", "牽引事業")),
         "役割": _ROLES, "継続": Table("続いている案件", {"受付番号": ("県8-0012", 30), "主担当": ("産業課", 30), "次の一手": ("試験の日を決める", 65), "期日": ("令和9年4月9日", 35)}),
         "変更": _CHANGES},
        texts=("目標の文", "年度の文", "機関の文", "継続の文", "変更の文", "課題の文"),
        headings={"目標の文": "1 目標と実績", "年度の文": "2 年度ごとの数字", "機関の文": "3 機関ごとの役割と実績", "継続の文": "4 続いている案件",
                  "変更の文": "5 計画の変更", "課題の文": "6 課題と次の計画"},
        order=("目標の文", "目標", "事業", "年度の文", "年度別", "機関の文", "役割", "継続の文", "継続", "変更の文", "変更", "課題の文"),
    ),
    Paper(
        "report_lab", _("活動報告（指定を受けた事業）"), "{{ 計画名 }}\n{{ 年度 }}　活動報告",
        {**_HEAD, "指定の文": "体験会を開いた。", "課題の文": "参加する会社を増やす。"}, {"指定": _DESIGNATED},
        texts=("指定の文", "課題の文"), headings={"指定の文": "1 指定を受けた事業", "課題の文": "2 課題と次の年度"}, order=("指定の文", "指定", "課題の文"),
    ),
    Paper(
        "change", _("計画の変更"), "{{ 計画名 }}\n変更",
        {"計画名": "ひばり県連携支援計画", "文書番号": "産第12号", "日付": "令和8年11月27日", "宛先": "経済産業大臣　殿", "申請者": "ひばり県知事　房総 一路", "版": "第3版", "決めた日": "令和8年11月20日", "変更日": "令和8年12月1日", "記名と押印": "氏名を自署とする場合、押印を省略することができる。", "理由": "銀行の代表者が替わったため"},
        {"新旧": Table("変更の内容", {"項目": ("銀行の代表者", 40), "変更前": ("頭取　青木", 60), "変更後": ("頭取　森", 60)})},
        texts=("理由",),
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


def left_out(template: LetterTemplate) -> dict[str, str]:
    """Return the sections of a report that a body's own template has no place for, as one made before they were: field to heading."""
    paper = PAPERS.get(template.kind)
    return {name: heading for name, heading in paper.headings.items() if name not in template.fields} if paper else {}


def paper_template(kind: str) -> bytes:
    """Return the docx that is shipped for a kind of paper. Raises KeyError."""
    return shipped_paper(PAPERS[kind])


def example_paper(kind: str, data: bytes) -> bytes:
    """Return a template filled with examples, each list with two rows."""
    return fill_template(data, PAPERS[kind].fields, {name: [row, row] for name, row in PAPERS[kind].lists.items()})
