"""Files of synonyms as people bring them: out and in again unchanged, and nothing that a file can hold stops the page."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from renkei.base.refusal import Refused
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
from renkei.matching.wordfile import (
    ALIKE,
    COLUMNS,
    KINDS,
    MEANS,
    SYMPTOM,
    Group,
    Listed,
    groups,
    lines,
    shipped,
    written,
)
from renkei.matching.wordmodels import SynonymGroup, SynonymImport, SynonymStep
from renkei.matching.wordrules import LONGEST, MOST_WORDS, clean_word, codes_by_word, faults_of, shared_with
from renkei.matching.wordsheet import APART, CHANGE, MERGE, NEW, REPLACE, SAME, read_words
from tests.world import World

pytestmark = pytest.mark.django_db
FIRST = shipped()[0]
HEAD = written([])


def listed(*words: str, kind: str = ALIKE) -> tuple[Listed, ...]:
    return tuple(Listed(word, kind) for word in words)


def line(word: str, code: str = "x1", expansion: str = "0", field: str = "()") -> str:
    return f"{code},1,{expansion},1,0,0,0,{field},{word},,"


def problems(text: str | bytes, mode: str = REPLACE) -> list[tuple[str, ...]]:
    data = text.encode() if isinstance(text, str) else text
    return [row.problems for row in read_words(data, mode=mode).rows]


WORDS = st.text(min_size=1, max_size=12).map(clean_word).filter(bool)
GROUPS = st.lists(
    st.builds(
        Group,
        st.from_regex(r"[a-z0-9]{1,8}", fullmatch=True),
        st.lists(st.builds(Listed, WORDS, st.sampled_from(KINDS)), min_size=1, max_size=5, unique=True).map(tuple),
    ),
    max_size=5,
    unique_by=lambda group: group.code,
)


class TestWriting:
    @given(found=GROUPS)
    @settings(max_examples=120)
    def test_any_words_that_can_be_kept_come_back_as_they_went_out(self, found: list[Group]) -> None:
        assert groups(lines(written(found))) == found

    @pytest.mark.parametrize("word", ['"', '""', '"a', 'a"b', '5"管', 'a,"b"', ",", "'", "\\", "#", "#1", "（症状）", "()", "=1+1", "🔥🔥", "𠮷野", "か゚", "a;b", "－"])
    def test_marks_of_the_format_are_letters_of_a_word(self, word: str) -> None:
        kept = clean_word(word)
        for kind in KINDS:
            (only,) = groups(lines(written([Group("1", (Listed(kept, kind),))])))
            assert only.words == (Listed(kept, kind),)

    def test_each_word_stands_in_a_line_of_its_own_with_all_columns(self) -> None:
        text = written([Group("1", (*listed("a,b", '"'), Listed("c", MEANS)))])
        assert text.startswith(HEAD)
        assert [one.columns for one in lines(text)] == [COLUMNS] * 3


class TestLines:
    def test_a_line_too_long_for_a_table_is_a_line_that_cannot_be_read(self) -> None:
        text = f"{line('腐食')}\n{line('長' * 200_000)}\n{line('錆')}\n"
        first, second, third = lines(text)
        assert [one.word for one in (first, second, third)] == [Listed("腐食"), None, Listed("錆")]
        assert (second.number, second.code) == (2, "")

    def test_an_open_quote_ends_with_its_line(self) -> None:
        found = lines(f'{line(chr(34) + "腐食")}\n{line("錆")}\n')
        assert [one.word for one in found] == [None, Listed("錆")]
        assert found[0].columns != COLUMNS

    @pytest.mark.parametrize("text", ["", "\n\n\n", "#", "# a\n#b", "\ufeff", "\ufeff# a\n", " \n\t\n", "\r\n\r"])
    def test_nothing_said_is_no_line(self, text: str) -> None:
        assert lines(text) == []

    @pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
    def test_line_ends_of_every_machine(self, ends: str) -> None:
        found = lines(ends.join([line("腐食"), "", line("錆"), line("赤錆")]))
        assert [one.number for one in found] == [1, 3, 4]
        assert groups(found) == [Group("x1", listed("腐食", "錆", "赤錆"))]

    @given(text=st.text(max_size=300))
    @settings(max_examples=80)
    def test_any_text_is_read_to_the_end(self, text: str) -> None:
        for one in lines(text):
            assert one.number >= 1
            assert one.word is None or one.word.word

    def test_blanks_and_widths_are_folded(self) -> None:
        assert groups(lines(f" x1 ,1,0,1,0,0,0,(), ﾒｯｷ ,,\n{line('メッキ')}\n")) == [Group("x1", listed("メッキ"))]


class TestFiles:
    @pytest.mark.parametrize(
        "data",
        [
            b"\x00" * 100, "腐食".encode("utf-16"), "腐食,錆".encode("utf-32"), b"\x89PNG\r\n\x1a\n\x00\x00", b"\x80\x81\xfd\xff" * 9,
        ],
        ids=["noughts", "utf-16", "utf-32", "picture", "bytes"],
    )  # fmt: skip
    def test_what_is_no_text_is_refused(self, world: World, data: bytes) -> None:
        with pytest.raises(Refused) as told:
            read_words(data)
        assert told.value.code == "not_text"

    @pytest.mark.parametrize("text", ["x", "'; DROP TABLE matching_synonymgroup; --", "🔥" * 50, "あ" * 300_000, "a," * 100_000, "<script>,,,", '"' * 9], ids=range(7))
    def test_a_text_that_is_no_such_file_is_refused(self, world: World, text: str) -> None:
        with pytest.raises(Refused) as told:
            read_words(text.encode())
        assert told.value.code == "no_groups"

    def test_what_is_wrong_is_said_of_each_group_and_the_others_come_in(self, world: World) -> None:
        bad = {
            "w1": ["腐食"], "w2": ["腐食", "腐食"], "w3": ["あ", "腐食"], "w4": ["長" * (LONGEST + 1), "腐食"], "w5": ["場合", "腐食"],
            "w6": ["x", "腐食"], "w7": ["🔥", "腐食"], "w8": ["ABC", "abc"], "w9" * 12: ["磁気", "渦"],
        }  # fmt: skip
        good = {"ok": ["磁気", "渦電流"], "sql": ["' OR 1=1 --", "注入成形"], "mix": ["Ti合金", "チタン合金"]}
        text = "\n".join(line(word, code) for code, words in (bad | good).items() for word in words)
        rows = {row.code: row for row in read_words(text.encode()).rows}
        assert {code for code, row in rows.items() if row.problems} == set(bad)
        assert all(one.endswith("。") for row in rows.values() for one in row.problems)
        run = import_groups(read_words(text.encode()), name="語.txt", data=text.encode(), by=world.desk)
        assert run.counts == {"new": 3, "change": 0}
        assert {tuple(one.word for one in group.words) for group in groups_now() if group.code.startswith("s")} == {tuple(words) for words in good.values()}

    def test_too_many_words_and_too_long_lines_are_told(self, world: World) -> None:
        many = "\n".join(line(f"部品{n}号機") for n in range(MOST_WORDS + 1))
        assert any("組を分けてください" in one for one in problems(many)[0])
        rows = read_words(f"{line('磁気')}\n{line('長' * 150_000)}\n{line('渦電流')}\n".encode()).rows
        assert [(row.code, bool(row.problems)) for row in rows] == [("x1", False), ("", True)]

    def test_windows_31j_with_its_own_letters(self, world: World) -> None:
        text = f"{line('①級品')}\n{line('髙級品')}\n{line('㈱の品')}\n{line('～波線')}\n"
        (row,) = read_words(text.encode("cp932")).rows
        assert [one.word for one in row.words] == ["1級品", "髙級品", "(株)の品", "~波線"]

    def test_a_file_of_everything_there_is_says_the_same(self, world: World) -> None:
        add_group(listed("磁気", '5"管', "a,b継手"), by=world.desk)
        change_group(FIRST.code, listed("錆", "腐食"), version=0, by=world.desk)
        end_group(shipped()[1].code, version=0, by=world.desk)
        text = written(groups_now())
        for data in (text.encode(), text.encode("utf-8-sig"), text.replace("\n", "\r\n").encode()):
            preview = read_words(data)
            assert {row.deed for row in preview.rows} == {SAME}
            assert preview.bad == 0
            with pytest.raises(Refused) as told:
                import_groups(preview, name="", data=data, by=world.desk)
            assert told.value.code == "nothing"
        assert not SynonymImport.objects.exists()

    def test_an_ended_group_is_used_again_by_a_file_that_has_it(self, world: World) -> None:
        end_group(FIRST.code, version=0, by=world.desk)
        data = written([FIRST]).encode()
        assert [row.deed for row in read_words(data).rows] == [CHANGE]
        assert [row.deed for row in read_words(data, mode=APART).rows] == [CHANGE]
        run = import_groups(read_words(data), name="", data=data, by=world.desk)
        now = find_group(FIRST.code)
        assert now is not None
        assert (now.state, now.version) == ("shipped", 2)
        assert undo_import(run, by=world.desk) == []
        again = find_group(FIRST.code)
        assert again is not None
        assert again.state == "ended"

    def test_the_same_file_as_another_dictionary_stands_beside_and_only_once(self, world: World) -> None:
        data = written([Group(FIRST.code, listed("磁気", "渦電流"))]).encode()
        preview = read_words(data, mode=APART)
        assert [row.deed for row in preview.rows] == [NEW]
        import_groups(preview, name="", data=data, by=world.desk)
        assert [row.deed for row in read_words(data, mode=APART).rows] == [SAME]
        assert [row.deed for row in read_words(data, mode=MERGE).rows] == [CHANGE]
        kept = find_group(FIRST.code)
        assert kept is not None
        assert kept.group == FIRST

    def test_two_groups_of_one_file_get_numbers_of_their_own_beside_those_there(self, world: World) -> None:
        add_group(listed("磁気", "磁力"), by=world.desk)
        end_group("s00001", version=1, by=world.desk)
        data = written([Group("p", listed("渦電流", "うず電流検査")), Group("q", listed("反り", "曲がり癖"))]).encode()
        import_groups(read_words(data), name="", data=data, by=world.desk)
        assert set(SynonymGroup.objects.values_list("code", flat=True)) == {"s00001", "s00002", "s00003"}


class TestTakingBack:
    def test_a_file_is_taken_back_once_and_what_was_changed_since_is_named_once(self, world: World) -> None:
        data = written([Group("p", listed("渦電流", "うず電流検査")), Group("q", listed("反り", "曲がり癖"))]).encode()
        run = import_groups(read_words(data), name="", data=data, by=world.desk)
        change_group("s00002", listed("反り", "曲がり癖", "そりかえり"), version=1, by=world.desk)
        assert undo_import(run, by=world.desk) == ["s00002"]
        states = {one.code: one.state for one in all_groups() if one.code.startswith("s")}
        assert states == {"s00001": "ended", "s00002": "own"}
        with pytest.raises(Refused) as told:  # pressed twice: what was ended is not told as changed since
            undo_import(run, by=world.desk)
        assert told.value.code == "undone"
        assert SynonymStep.objects.count() == 4

    def test_every_step_can_be_taken_back_and_brought_again(self, world: World) -> None:
        code = add_group(listed("渦電流", "うず電流検査"), by=world.desk).code
        change_group(code, listed("渦電流", "ET検査"), version=1, by=world.desk)
        end_group(code, version=2, by=world.desk)
        resume_group(code, version=3, by=world.desk)
        seen = []
        for version in (4, 5, 6):
            undo_step(code, version=version, by=world.desk)
            now = find_group(code)
            assert now is not None
            seen.append((now.state, now.of_kind(ALIKE)))
        assert seen == [("ended", ["渦電流", "ET検査"]), ("own", ["渦電流", "ET検査"]), ("ended", ["渦電流", "ET検査"])]

    def test_a_group_of_the_house_taken_back_is_as_it_was_shipped(self, world: World) -> None:
        change_group(FIRST.code, listed("錆", "腐食"), version=0, by=world.desk)
        undo_step(FIRST.code, version=1, by=world.desk)
        now = find_group(FIRST.code)
        assert now is not None
        assert (now.group, now.state, now.version) == (FIRST, "shipped", 2)
        assert tuple(groups_now()) == shipped()


class TestRules:
    @pytest.mark.parametrize(
        ("words", "fault"),
        [
            (listed("腐食", "錆"), ""), ((), "ちがう言葉が2つ以上"), (listed("腐食"), "ちがう言葉が2つ以上"), (listed("腐食", ""), "だけでは探せません"),
            (listed("腐食", "さ"), "1文字です"), (listed("腐食", "a"), "1文字です"), (listed("腐食", "🔥"), "1文字です"), (listed("腐食", "錆" * 41), "長すぎます"),
            (listed("腐食", "腐食"), "2回あります"), (listed("ABS", "abs"), "2回あります"), (listed("腐食", "の"), "1文字です"), (listed("腐食", "2026"), "だけでは探せません"),
            (listed("音がする", "割れる音", kind=SYMPTOM), "症状の言葉だけでは"), (listed("塩水噴霧", "蛍光X線", kind=MEANS), "調べ方・手段だけでは"),
            ((*listed("塩水噴霧", kind=MEANS), *listed("さびが出る", kind=SYMPTOM)), ""), (listed("𠮷", "腐食"), "だけでは探せません"),
        ],
    )  # fmt: skip
    def test_faults_of_a_group(self, words: tuple[Listed, ...], fault: str) -> None:
        found = faults_of(words)
        assert bool(found) == bool(fault)
        assert fault in "／".join(found)

    @given(text=st.text(max_size=60))
    @settings(max_examples=80)
    def test_a_word_cleaned_twice_is_the_same(self, text: str) -> None:
        assert clean_word(clean_word(text)) == clean_word(text)
        assert "\n" not in clean_word(text)

    def test_words_of_several_groups_are_named_with_the_others_only(self) -> None:
        by_word = codes_by_word([Group("a", listed("錆", "腐食")), Group("b", listed("錆", "赤錆")), Group("c", listed("渦"))])
        assert by_word == {"錆": ["a", "b"], "腐食": ["a"], "赤錆": ["b"], "渦": ["c"]}
        assert shared_with("a", listed("錆", "腐食", "新しい"), by_word) == {"錆": ["b"]}
        assert shared_with("", listed("錆", "渦"), by_word) == {"錆": ["a", "b"], "渦": ["c"]}
