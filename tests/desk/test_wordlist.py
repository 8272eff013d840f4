"""The pages of the list of synonyms: found, tried, added, changed, ended, brought in and out, with its history."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from renkei.matching.sitewords import find_group, groups_now
from renkei.matching.wordactions import add_group, change_group
from renkei.matching.wordfile import Group, Listed, groups, lines, shipped, written
from renkei.matching.wordmodels import SynonymImport, SynonymStep
from tests.desk.pages import HOSTILE, address, client, fault, part, said, seen
from tests.world import BANK, World

FIRST = shipped()[0]


def send(world: World, name: str, given: dict[str, Any], **more: Any) -> Any:
    return client(world).post(address(name, **more), given, follow=True)


def upload(world: World, text: str | bytes, mode: str = "replace") -> Any:
    data = text.encode() if isinstance(text, str) else text
    return client(world).post(address("desk-words-import"), {"file": SimpleUploadedFile("語.txt", data), "mode": mode})


def carried(answer: Any) -> dict[str, str]:
    fields = re.findall(r'<input type="hidden" name="(sheet|name|mode)" value="([^"]*)"', said(answer))
    return {name: html.unescape(value) for name, value in fields}


def codes(page: str) -> list[str]:
    return re.findall(r'class="t"[^>]*/words/g/([^/]+)/"', page)


def test_the_list_is_found_by_word_number_and_state(world: World) -> None:
    page = seen(world, "desk-words")
    assert f"{len(shipped())} 組" in page
    assert len(codes(page)) == 50
    assert codes(seen(world, "desk-words", given={"q": "ﾀﾞﾌﾞﾙﾁｪｯｸなんてない"})) == []
    assert FIRST.code in codes(seen(world, "desk-words", given={"q": "さび"}))
    assert codes(seen(world, "desk-words", given={"q": FIRST.code})) == [FIRST.code]
    made = add_group([Listed("磁気"), Listed("マグネット")], by=world.desk)
    assert codes(seen(world, "desk-words", given={"state": "own"})) == [made.code]
    assert codes(seen(world, "desk-words", given={"state": "nonsense"}))[0] == made.code
    assert codes(seen(world, "desk-words", given={"q": "まぐねっと"})) == [made.code]
    assert len(codes(seen(world, "desk-words", given={"page": "9999"}))) > 0
    empty = seen(world, "desk-words", given={"q": "ありえない語"})
    assert f'href="{address("desk-words-new")}?word=' in empty


def test_a_text_is_tried(world: World) -> None:
    page = seen(world, "desk-words", given={"try": "部品が何でできているか知りたい"})
    assert ">何でできている<" in part(page, '<dl class="facts', "</dl>")
    assert "材質" in part(page, '<dl class="facts', "</dl>")
    assert "一覧の言葉がありません" in seen(world, "desk-words", given={"try": "あああ"})
    assert "<script>alert" not in seen(world, "desk-words", given={"try": HOSTILE, "q": HOSTILE})


def test_a_group_is_added_changed_ended_and_taken_back_on_screen(world: World) -> None:
    answer = send(world, "desk-words-new", {"alike": "磁気、マグネット\n 磁石まわり ", "symptom": "ぴたっとくっつく", "means": ""})
    assert "加えました。" in said(answer)
    code = SynonymStep.objects.get().group_id
    page = seen(world, "desk-words-group", code=code)
    assert "磁気\nマグネット\n磁石まわり" in page
    answer = send(world, "desk-words-group", {"alike": "磁気\nマグネット", "symptom": "", "means": "磁束密度計", "version": "1"}, code=code)
    assert "直しました。" in said(answer)
    assert "消した言葉：磁石まわり、ぴたっとくっつく" in re.sub(r"<[^>]+>", "", said(answer))
    answer = send(world, "desk-words-act", {"deed": "end", "version": "2"}, code=code)
    assert "使うのをやめました。" in said(answer)
    assert "また使う" in said(answer)
    assert "この組をまた使います。" in said(send(world, "desk-words-act", {"deed": "resume", "version": "3"}, code=code))
    assert "前の形に戻しました。" in said(send(world, "desk-words-act", {"deed": "undo", "version": "4"}, code=code))
    assert "ほかの人がこの組を直しました。" in said(send(world, "desk-words-act", {"deed": "undo", "version": "4"}, code=code))
    assert "ボタンから選んでください。" in said(send(world, "desk-words-act", {"deed": "eat"}, code=code))
    history = seen(world, "desk-words-history")
    assert [history.count(f"<b>{deed}</b>") for deed in ("加えた", "直した", "使うのをやめた", "また使うことにした", "前の形に戻した")] == [1] * 5


def test_bad_words_are_said_beside_the_field_and_the_input_is_kept(world: World) -> None:
    answer = client(world).post(address("desk-words-new"), {"alike": "腐食\n場合", "symptom": "困った困った", "means": ""})
    assert answer.status_code == 422
    assert "「場合」だけでは探せません" in html.unescape(fault(answer, "alike"))
    assert "腐食\n場合</textarea>" in said(answer).replace("\r", "")
    assert "困った困った</textarea>" in said(answer)
    answer = client(world).post(address("desk-words-group", code=FIRST.code), {"alike": "あ", "version": "0"})
    assert (answer.status_code, "1文字です" in fault(answer, "alike")) == (422, True)
    answer = client(world).post(address("desk-words-new"), {})
    assert "ちがう言葉が2つ以上" in fault(answer, "alike")
    assert not SynonymStep.objects.exists()


def test_a_second_editor_keeps_what_was_typed_and_may_save_it_knowingly(world: World) -> None:
    change_group(FIRST.code, [Listed("錆"), Listed("腐食")], version=0, by=world.desk)
    given = {"alike": "錆\n赤錆", "symptom": "", "means": "", "version": "0"}
    answer = client(world).post(address("desk-words-group", code=FIRST.code), given)
    assert answer.status_code == 422
    assert "ほかの人がこの組を直しました。いまの形を見て、もう一度直してください：錆、腐食" in said(answer)
    assert "錆\n赤錆</textarea>" in said(answer).replace("\r", "")
    found = re.search(r'name="version" value="(\d+)"', said(answer))
    assert found is not None
    answer = send(world, "desk-words-group", given | {"version": found.group(1)}, code=FIRST.code)
    assert "直しました。" in said(answer)


def test_a_word_of_another_group_is_allowed_and_told(world: World) -> None:
    answer = send(world, "desk-words-new", {"alike": "腐食\nくずれ", "symptom": "", "means": ""})
    assert "ほかの組にもある言葉（両方の意味で探します）：腐食。" in said(answer)
    assert f'{address("desk-words-group", code=FIRST.code)}"' in said(answer)


@pytest.mark.parametrize("code", ["nowhere", "x" * 60, "0", "..."])
def test_a_group_that_is_not_there(world: World, code: str) -> None:
    assert client(world).get(address("desk-words-group", code=code)).status_code == 404
    assert client(world).post(address("desk-words-act", code=code), {"deed": "end"}).status_code == 404


def test_others_read_and_do_not_change(world: World) -> None:
    page = seen(world, "desk-words", body=BANK)
    assert address("desk-words-new", body=BANK) not in page
    page = seen(world, "desk-words-group", body=BANK, code=FIRST.code)
    assert "<textarea" not in page
    assert "窓口と、計画の代表の者" in page
    bank = client(world, BANK)
    refused = [
        bank.get(address("desk-words-new", body=BANK)), bank.get(address("desk-words-import", body=BANK)),
        bank.post(address("desk-words-group", body=BANK, code=FIRST.code), {"alike": "錆\n赤錆"}),
        bank.post(address("desk-words-act", body=BANK, code=FIRST.code), {"deed": "end"}),
        bank.post(address("desk-words-import-confirm", body=BANK), {}),
    ]  # fmt: skip
    assert [answer.status_code for answer in refused] == [403] * 5
    assert not SynonymStep.objects.exists()


def test_out_and_in_again_changes_nothing(world: World) -> None:
    add_group([Listed("磁気"), Listed("マグネット")], by=world.desk)
    answer = client(world, BANK).get(address("desk-words-export", body=BANK))
    assert re.search(r'filename="synonyms-\d{8}\.txt"', answer["Content-Disposition"])
    assert groups(lines(said(answer))) == groups_now()
    preview = upload(world, said(answer))
    assert f"新しい組 0、直す 0、同じ {len(shipped()) + 1}" in said(preview)
    assert "この内容で取り込む" not in said(preview)


def test_a_file_is_looked_at_confirmed_and_taken_back(world: World) -> None:
    text = written([Group("x1", (Listed("磁気"), Listed("マグネット"))), Group("x2", (Listed("腐食"), Listed("場合"))),
                    Group(FIRST.code, (Listed("錆"), Listed("孔あき")))])  # fmt: skip
    answer = upload(world, text)
    assert "3組を読みました。新しい組 1、直す 1、同じ 0、直すところのあるもの 1" in said(answer)
    assert "加える言葉：孔あき" in re.sub(r"<[^>]+>", "", said(answer))
    assert not SynonymStep.objects.exists()
    again = client(world).post(address("desk-words-import"), carried(answer) | {"page": "1"})
    assert "3組を読みました。" in said(again)
    done = client(world).post(address("desk-words-import-confirm"), carried(again), follow=True)
    assert "取り込みました：新しい組1、直した組1。" in said(done)
    assert "語.txt" in said(done)
    run = SynonymImport.objects.get()
    undone = client(world).post(address("desk-words-import-undo", run=run.pk), follow=True)
    assert "取り込みを取り消しました。" in said(undone)
    now = find_group(FIRST.code)
    assert now is not None
    assert now.group == FIRST
    twice = client(world).post(address("desk-words-import-undo", run=run.pk), follow=True)
    assert "もう取り消してあります。" in said(twice)


def test_groups_changed_since_are_named_when_a_file_is_taken_back(world: World) -> None:
    answer = upload(world, written([Group("x1", (Listed("磁気"), Listed("マグネット")))]))
    client(world).post(address("desk-words-import-confirm"), carried(answer))
    change_group("s00001", [Listed("磁気"), Listed("磁力線")], version=1, by=world.desk)
    undone = client(world).post(address("desk-words-import-undo", run=SynonymImport.objects.get().pk), follow=True)
    assert "残しました。 s00001" in said(undone)


@pytest.mark.parametrize(("data", "sentence"), [
    (b"\xff\xfe\x00", "文字のファイルとして読めません。"), (b"word\n", "ひとつも読めません。"), (b"", "中身のないファイルです。"),
])  # fmt: skip
def test_a_wrong_file_is_said_beside_the_field(world: World, data: bytes, sentence: str) -> None:
    answer = upload(world, data)
    assert answer.status_code == 422
    assert sentence in fault(answer, "file")


def test_what_was_not_looked_at_is_not_imported(world: World) -> None:
    for given in ({}, {"sheet": "@@", "mode": "replace"}, {"sheet": "eA==", "mode": "replace"}, {"sheet": "eA==", "mode": "eat"}):
        for name in ("desk-words-import-confirm", "desk-words-import"):
            if name.endswith("confirm") or given:
                answer = client(world).post(address(name), given, follow=True)
                assert answer.status_code == 200
                assert "選んでください" in said(answer)
    assert not SynonymImport.objects.exists()
    assert client(world).post(address("desk-words-import"), {}).status_code == 422


def test_hostile_words_are_words(world: World) -> None:
    answer = upload(world, f"x1,1,0,1,0,0,0,(),{HOSTILE.replace(chr(34), '')},,\nx1,1,0,1,0,0,0,(),腐食,,\n")
    assert "<script>alert" not in said(answer)
