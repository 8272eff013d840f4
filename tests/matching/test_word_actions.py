"""The list of synonyms is changed on screen: every step kept, told to a second editor, taken back, seen by the next search."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from renkei.audit.models import Event
from renkei.base.actor import GUEST, SYSTEM
from renkei.base.context import acting
from renkei.base.refusal import Refused
from renkei.matching import synonyms
from renkei.matching.sitewords import all_groups, find_group, groups_now
from renkei.matching.wordactions import (
    add_group,
    change_group,
    end_group,
    import_groups,
    resume_group,
    undo_import,
    undo_step,
)
from renkei.matching.wordfile import MEANS, SYMPTOM, Group, Listed, shipped, written
from renkei.matching.wordmodels import SynonymEdition, SynonymGroup, SynonymImport, SynonymStep
from renkei.matching.wordrules import LONGEST, MOST_WORDS, edits_words
from renkei.matching.wordsheet import APART, MERGE, REPLACE, read_words
from tests.world import BANK, DESK, LAB, World

FIRST = shipped()[0]


def listed(*words: str) -> list[Listed]:
    kinds = {"~": SYMPTOM, "+": MEANS}
    return [Listed(one.lstrip("~+"), kinds[one[0]]) if one[0] in kinds else Listed(one) for one in words]


def says(text: str) -> dict[str, list[str]]:
    return synonyms.current().expanded_by(text)


def verbs_of(row: SynonymStep | SynonymImport) -> list[str]:
    found = Event.objects.filter(objects_touched__contains=[f"{row._meta.label_lower}:{row.pk}"])
    return list(found.order_by("at", "id").values_list("verb", flat=True))


def deeds(code: str) -> list[tuple[str, int]]:
    return list(SynonymStep.objects.filter(group=code).order_by("version").values_list("deed", "version"))


def test_a_group_is_added_and_the_next_search_goes_by_it(world: World) -> None:
    assert says("ぽろぽろ取れる") == {}
    made = add_group(listed("~ぽろぽろ取れる", " 密着\n不良 ", "+碁盤目試験"), by=world.desk)
    assert (made.code, made.version) == ("s00001", 1)
    assert says("表面がぽろぽろ取れる") == {"ぽろぽろ取れる": ["密着 不良", "碁盤目試験"]}
    step = SynonymStep.objects.get()
    assert (step.deed, step.before, step.done_by_id, step.body_id) == ("add", None, world.desk.person, DESK)
    assert step.after == {"words": [["ぽろぽろ取れる", "symptom"], ["密着 不良", "alike"], ["碁盤目試験", "means"]], "ended_on": None}
    assert verbs_of(step) == ["synonyms.add"]
    with pytest.raises(Refused, match="同じ言葉の組（s00001）") as told:
        add_group(listed("密着 不良", "+碁盤目試験", "~ぽろぽろ取れる"), by=world.desk)
    assert (told.value.code, told.value.field) == ("there_already", "words")
    assert add_group(listed("磁気", "マグネット"), by=SYSTEM).code == "s00002"
    assert [one.code for one in all_groups()[:3]] == ["s00002", "s00001", FIRST.code]


def test_a_shipped_group_is_changed_ended_and_brought_back(world: World) -> None:
    code = FIRST.code
    changed = change_group(code, [*FIRST.words, Listed("孔あき腐食")], version=0, by=world.desk)
    assert changed.version == 1
    assert "孔あき腐食" in says("錆が出た")["錆"]
    ended = end_group(code, version=1, by=world.desk)
    assert ended.ended_on is not None
    assert "腐食" not in says("赤錆が出た").get("赤錆", [])
    with pytest.raises(Refused, match="もう使っていません") as told:
        end_group(code, version=2, by=world.desk)
    assert told.value.code == "ended"
    resume_group(code, version=2, by=world.desk)
    with pytest.raises(Refused, match="いま使われています") as told:
        resume_group(code, version=3, by=world.desk)
    assert told.value.code == "in_use"
    assert deeds(code) == [("change", 1), ("end", 2), ("resume", 3)]
    assert [verbs_of(step) for step in SynonymStep.objects.order_by("version")] == [["synonyms.change"], ["synonyms.end"], ["synonyms.resume"]]


def test_the_last_change_is_taken_back_and_brought_again(world: World) -> None:
    code = FIRST.code
    with pytest.raises(Refused, match="まだ直されていません") as told:
        undo_step(code, version=0, by=world.desk)
    assert told.value.code == "nothing"
    change_group(code, listed("錆", "腐食"), version=0, by=world.desk)
    undo_step(code, version=1, by=world.desk)
    now = find_group(code)
    assert now is not None
    assert (now.group, now.state, now.version) == (FIRST, "shipped", 2)
    undo_step(code, version=2, by=world.desk)
    now = find_group(code)
    assert now is not None
    assert (now.group.words, now.state) == (tuple(listed("錆", "腐食")), "changed")
    made = add_group(listed("磁気", "マグネット"), by=world.desk)
    undo_step(made.code, version=1, by=world.desk)
    assert [one.state for one in all_groups() if one.code == made.code] == ["ended"]
    assert deeds(code) == [("change", 1), ("undo", 2), ("undo", 3)]


def test_a_second_editor_is_told_what_the_first_wrote(world: World) -> None:
    change_group(FIRST.code, listed("錆", "腐食"), version=0, by=world.desk)
    attempts: list[Callable[[], Any]] = [
        lambda: change_group(FIRST.code, listed("錆", "さび"), version=0, by=world.desk),
        lambda: change_group(FIRST.code, listed("錆", "赤錆"), version=0, by=world.desk),
        lambda: end_group(FIRST.code, version=0, by=world.desk),
        lambda: resume_group(FIRST.code, version=0, by=world.desk),
        lambda: undo_step(FIRST.code, version=2, by=world.desk),
    ]
    for attempt in attempts:
        with pytest.raises(Refused, match=r"ほかの人がこの組を直しました。.*：錆、腐食") as told:
            attempt()
        assert told.value.code == "changed_meanwhile"
    with pytest.raises(Refused, match="言葉は変わっていません") as told:
        change_group(FIRST.code, listed("錆", "腐食"), version=1, by=world.desk)
    assert told.value.code == "same"
    with pytest.raises(Refused, match="その組はありません") as told:
        change_group("nowhere", listed("錆", "腐食"), version=0, by=world.desk)
    assert told.value.code == "unknown"
    assert deeds(FIRST.code) == [("change", 1)]


@pytest.mark.parametrize(("words", "sentence"), [
    ([], "ちがう言葉が2つ以上"),
    (["腐食"], "ちがう言葉が2つ以上"),
    (["さび", "サビ"], "ちがう言葉が2つ以上"),
    (["腐食", "腐食"], "「腐食」が2回あります"),
    (["EMC", "腐食", "emc"], "「emc」が2回あります"),
    (["腐食", "あ"], "「あ」は1文字です"),
    (["腐食", "A"], "「A」は1文字です"),
    (["腐食", ""], "だけでは探せません"),
    (["腐食", "の"], "「の」は1文字です"),
    (["腐食", "場合"], "「場合」だけでは探せません"),
    (["腐食", "123"], "「123」だけでは探せません"),
    (["腐食", "！？！"], "だけでは探せません"),
    (["腐食", "長" * (LONGEST + 1)], f"{LONGEST}字まで"),
    (["~錆びる", "~腐る"], "症状の言葉だけでは"),
    (["+塩水噴霧", "+湿潤試験"], "調べ方・手段だけでは"),
    ([f"語{n}号機" for n in range(MOST_WORDS + 1)], f"{MOST_WORDS}語まで"),
])  # fmt: skip
def test_words_that_would_do_nothing_are_refused_in_a_sentence(world: World, words: list[str], sentence: str) -> None:
    rows = [Listed(one) if not one else listed(one)[0] for one in words]
    with pytest.raises(Refused, match=sentence) as told:
        add_group(rows, by=world.desk)
    assert (told.value.code, told.value.field) == ("word_wrong", "words")
    assert not SynonymGroup.objects.exists()


def test_a_word_of_two_groups_and_a_ring_of_groups_end_after_one_step(world: World) -> None:
    for pair in (("磁気", "マグネット"), ("マグネット", "吸着盤"), ("吸着盤", "磁気")):
        add_group(listed(*pair), by=world.desk)
    assert says("マグネット") == {"マグネット": ["磁気", "吸着盤"]}


def test_only_the_desk_and_the_lead_party_change_the_list(world: World) -> None:
    may = {name: edits_words(actor) for name, actor in {"desk": world.desk, "system": SYSTEM, "guest": GUEST, "bank": world.bank}.items()}
    assert may == {"desk": True, "system": True, "guest": False, "bank": False}
    add_group(listed("磁気", "マグネット"), by=world.desk)
    preview = read_words(written([Group("x", tuple(listed("弱い", "もろい")))]).encode())
    run = import_groups(preview, name="x", data=b"x", by=world.desk)
    attempts: list[Callable[[], Any]] = [
        lambda: add_group(listed("渦", "うず"), by=world.bank),
        lambda: change_group("s00001", listed("渦", "うず"), version=1, by=world.bank),
        lambda: end_group("s00001", version=1, by=world.bank),
        lambda: resume_group("s00001", version=1, by=world.bank),
        lambda: undo_step("s00001", version=1, by=world.bank),
        lambda: import_groups(preview, name="x", data=b"x", by=world.bank),
        lambda: undo_import(run, by=world.bank),
    ]
    for attempt in attempts:
        with pytest.raises(Refused, match="窓口と") as told:
            attempt()
        assert told.value.code == "not_allowed"
    assert deeds("s00001") == [("add", 1)]


def test_a_file_is_looked_at_imported_and_taken_back(world: World) -> None:
    other = shipped()[1]
    text = written([
        Group("x1", tuple(listed("磁気", "マグネット"))), Group(FIRST.code, tuple(listed("錆", "腐食", "孔あき"))), other,
        Group("x2", tuple(listed("反り", "場合"))),
    ])  # fmt: skip
    preview = read_words(text.encode())
    assert [(row.code, row.deed, bool(row.problems)) for row in preview.rows] == [
        ("x1", "new", False), (FIRST.code, "change", False), (other.code, "same", False), ("x2", "new", True),
    ]  # fmt: skip
    changed = preview.rows[1]
    assert set(changed.added) == {"孔あき"}
    assert "赤錆" in changed.removed
    assert (preview.count("new"), preview.count("change"), preview.count("same"), preview.bad) == (1, 1, 1, 1)
    run = import_groups(preview, name="語.txt", data=text.encode(), by=world.desk)
    assert run.counts == {"new": 1, "change": 1}
    assert says("マグネット") == {"マグネット": ["磁気"]}
    assert verbs_of(run) == ["synonyms.import"]
    with pytest.raises(Refused, match="取り込む組がありません") as told:
        import_groups(read_words(written([Group("x1", tuple(listed("磁気", "マグネット")))]).encode()), name="", data=b"", by=world.desk)
    assert told.value.code == "nothing"
    assert undo_import(run, by=world.desk) == []
    assert says("マグネット") == {}
    assert tuple(groups_now()) == shipped()
    with pytest.raises(Refused, match="もう取り消して") as told:
        undo_import(run, by=world.desk)
    assert told.value.code == "undone"
    assert verbs_of(run) == ["synonyms.import", "synonyms.undo_import"]


def test_a_group_changed_since_stays_when_the_file_is_taken_back(world: World) -> None:
    text = written([Group("x1", tuple(listed("磁気", "マグネット"))), Group("x2", tuple(listed("弱い", "もろい")))])
    run = import_groups(read_words(text.encode()), name="語.txt", data=text.encode(), by=world.desk)
    change_group("s00002", listed("弱い", "もろい", "へなへな"), version=1, by=world.desk)
    assert undo_import(run, by=world.desk) == ["s00002"]
    assert SynonymImport.objects.get().undone_at is not None
    assert {one.code: one.state for one in all_groups()[:2]} == {"s00001": "ended", "s00002": "own"}


def test_what_a_known_number_does_is_chosen(world: World) -> None:
    data = written([Group(FIRST.code, tuple(listed("錆", "孔あき")))]).encode()
    rows = {mode: read_words(data, mode=mode).rows[0] for mode in (REPLACE, MERGE, APART)}
    assert {mode: row.deed for mode, row in rows.items()} == {REPLACE: "change", MERGE: "change", APART: "new"}
    assert rows[MERGE].words == (*FIRST.words, Listed("孔あき"))
    assert (rows[MERGE].added, rows[MERGE].removed) == (("孔あき",), ())
    assert "赤錆" in rows[REPLACE].removed
    assert rows[APART].elsewhere == (f"錆（{FIRST.code}）",)
    assert read_words(written([FIRST]).encode(), mode=APART).rows[0].deed == "same"


@pytest.mark.parametrize(("data", "code"), [
    (b"", "no_groups"), (b"# only\n", "no_groups"), ("腐食,錆\n".encode(), "no_groups"), (b"\xff\xfe\x00\x01", "not_text"),
    (b"a\x00b", "not_text"), (b"x" * (3 * 1024 * 1024 + 1), "too_long"), (b"PK\x03\x04\x00\x00\x81\xff", "not_text"),
    (written([Group(f"g{n}", tuple(listed("腐食", f"語{n}号"))) for n in range(2_001)]).encode(), "too_many"),
])  # fmt: skip
def test_a_wrong_file_is_refused(world: World, data: bytes, code: str) -> None:
    with pytest.raises(Refused) as told:
        read_words(data)
    assert told.value.code == code


def test_a_wrong_line_is_told_by_its_number_and_a_file_of_windows_is_read(world: World) -> None:
    text = "g1,1,0,1,0,0,0,(),磁気,,\ng1,1,0,1,0,0,0,(),マグネット,,\ng1,broken\n,1,0,1,0,0,0,(),渦,,\n"
    rows = read_words(text.encode("cp932")).rows
    assert [row.problems for row in rows] == [
        ("3行目：列が2あります。Sudachiの同義語辞書の形では11です。",), ("4行目：組の番号（1列目）か言葉（9列目）がありません。",),
    ]  # fmt: skip
    assert rows[0].words == tuple(listed("磁気", "マグネット"))


def test_everybody_reads_the_words_and_only_staff_the_history(committed_world: World, login: Any) -> None:
    world = committed_world
    with login("web"), acting(world.desk):
        add_group(listed("磁気", "マグネット"), by=world.desk)
    with login("web"):
        for actor, count in ((world.actor(LAB), 1), (world.actor(BANK), 1), (GUEST, 0)):
            with acting(actor):
                assert says("磁気") == {"磁気": ["マグネット"]}
                assert SynonymStep.objects.count() == SynonymStep.objects.visible_to(actor).count() == count
        with acting(world.desk), pytest.raises(DatabaseError), transaction.atomic():
            SynonymStep.objects.update(version=9)
        with acting(world.desk), pytest.raises(DatabaseError), transaction.atomic():
            SynonymGroup.objects.all().delete()


def test_a_search_asks_for_one_mark_and_no_more(world: World, django_assert_num_queries: Any) -> None:
    add_group(listed("磁気", "マグネット"), by=world.desk)
    says("磁気")
    with django_assert_num_queries(1):
        says("磁気")
    before = SynonymEdition.objects.get().mark
    add_group(listed("渦", "渦巻き"), by=world.desk)
    assert SynonymEdition.objects.get().mark != before
    assert says("渦") == {"渦": ["渦巻き"]}


@pytest.mark.parametrize(("statement", "name"), [
    ("INSERT INTO matching_synonymgroup (code, words, version, changed_at) VALUES ('', '[]', 1, now())", "synonym_group_has_code"),
    ("INSERT INTO matching_synonymedition (id, mark) VALUES (2, gen_random_uuid())", "synonym_edition_is_one"),
    ("INSERT INTO matching_synonymstep (id, group_id, deed, version, after, done_at) VALUES (gen_random_uuid(), 's00001', 'eat', 7, '{}', now())",
     "synonym_step_deed"),
    ("INSERT INTO matching_synonymstep (id, group_id, deed, version, after, done_at) VALUES (gen_random_uuid(), 's00001', 'end', 1, '{}', now())",
     "synonym_step_once"),
])  # fmt: skip
def test_the_database_says_no(world: World, statement: str, name: str) -> None:
    add_group(listed("磁気", "マグネット"), by=world.desk)
    with pytest.raises(IntegrityError, match=name), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
