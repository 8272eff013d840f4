"""A body's own templates: checked, numbered, taken back into use, used by letters."""

from __future__ import annotations

import io
from typing import Any

import docx
import pytest

from renkei.accounts.models import Membership
from renkei.base.actor import GUEST
from renkei.base.context import acting
from renkei.cases.actions.letter_templates import add_template, keeps_templates, use_shipped, use_template
from renkei.cases.actions.letters import issue_letter
from renkei.documents.models import LetterTemplate
from renkei.documents.store import path_of
from tests.cases.lettering import colleague, letter
from tests.cases.making import events, fresh, refuses
from tests.cases.test_letters import words_of
from tests.desk.scene import running
from tests.world import DESK, LAB, World


def own(*lines: str) -> bytes:
    document = docx.Document()
    for line in lines or ("わが機関の様式 {{ 会社名 }} {{ 文書番号 }}",):
        document.add_paragraph(line)
    memory = io.BytesIO()
    document.save(memory)
    return memory.getvalue()


def add(world: World, data: bytes | None = None, kind: str = "reply", name: str = "様式.docx") -> LetterTemplate:
    return add_template(kind, by=world.desk, name=name, data=data or own())


def used(body: str = DESK) -> list[int]:
    return list(LetterTemplate.objects.filter(body=body, is_used=True).values_list("version", flat=True))


def test_a_template_is_kept_with_its_fields(world: World) -> None:
    made = add(world)
    assert (made.version, made.fields, made.is_used, made.made_by_name, made.name) == (1, ["会社名", "文書番号"], True, "相川 志保", "様式.docx")
    assert path_of(made.sha256).stat().st_size == made.size
    assert events("template.add") == 1


def test_letters_are_made_with_the_version_in_use(world: World) -> None:
    case = running(world).case
    before = issue_letter(letter(world, case), by=world.desk)
    made = add(world)
    after = issue_letter(letter(world, case), by=world.desk)
    assert [one.template_id for one in (before, after)] == [None, made.pk]
    assert words_of(path_of(after.sha256).read_bytes()) == "わが機関の様式 株式会社まぼろし計測 県回第2号"
    assert issue_letter(letter(world, case, by=world.lab), by=world.lab).template_id is None
    assert issue_letter(letter(world, case, "request"), by=world.desk).template_id is None


def test_versions_count_up_and_old_ones_come_back(world: World) -> None:
    first, second = add(world), add(world, own("二 {{ 本文 }}"))
    assert (second.version, used()) == (2, [2])
    use_template(first, by=world.desk)
    assert used() == [1]
    use_template(first, by=world.desk)
    assert events("template.use") == 1
    assert add(world, own("三 {{ 本文 }}")).version == 3
    assert LetterTemplate.objects.count() == 3


def test_the_same_file_again_is_the_same_version(world: World) -> None:
    data = own()
    first = add(world, data)
    add(world, own("二 {{ 本文 }}"))
    again = add(world, data)
    assert (again.pk, used(), LetterTemplate.objects.count()) == (first.pk, [1], 2)


def test_back_to_the_shipped_one(world: World) -> None:
    add(world)
    use_shipped("reply", by=world.desk)
    use_shipped("reply", by=world.desk)
    assert (used(), events("template.use_shipped")) == ([], 1)
    assert letter(world, running(world).case).template_id is None


def test_a_draft_keeps_the_template_it_was_written_with(world: World) -> None:
    first = add(world)
    made = letter(world, running(world).case)
    add(world, own("二 {{ 本文 }}"))
    assert fresh(made).template_id == first.pk
    assert "わが機関の様式" in words_of(path_of(issue_letter(made, by=world.desk).sha256).read_bytes())


@pytest.mark.parametrize(
    ("data", "code", "said"),
    [
        (b"no", "not_docx", "ワードの文書"), (own("{{ 会社 }}", "{{ 本分 }}"), "template_faults", "「会社名」「会社電話」のことですか。"), (own("空"), "template_faults", "1つもありません"),
    ],
)  # fmt: skip
def test_a_bad_template_changes_nothing(world: World, data: bytes, code: str, said: str) -> None:
    add(world)
    with refuses(code, "file") as caught:
        add(world, data)
    del caught
    assert (used(), LetterTemplate.objects.count()) == ([1], 1)
    with pytest.raises(Exception, match=said):
        add(world, data)


def test_unknown_kind(world: World) -> None:
    with refuses("unknown_kind"):
        add(world, kind="poem")


def test_only_administrators_change_templates(world: World) -> None:
    made = add(world)
    plain = colleague("二番")
    assert [keeps_templates(actor) for actor in (world.desk, plain, GUEST)] == [True, False, False]
    for deed in (lambda by: add_template("reply", by=by, name="x.docx", data=own("別 {{ 本文 }}")), lambda by: use_template(made, by=by), lambda by: use_shipped("reply", by=by)):
        for actor in (plain, GUEST):
            with refuses("not_allowed"):
                deed(actor)
    with refuses("not_allowed"):
        use_template(made, by=world.lab)
    Membership.objects.filter(person=plain.person).update(is_admin=True)
    Membership.objects.filter(person=world.people[DESK]).update(is_admin=False)
    with refuses("not_allowed"):
        add(world)


def test_a_body_has_its_own_templates_only(committed_world: World, login: Any) -> None:
    world = committed_world
    with login("web"):
        for actor in (world.desk, world.lab):
            with acting(actor):
                add_template("reply", by=actor, name="様式.docx", data=own(f"{actor.body} {{{{ 本文 }}}}"))
        for actor, bodies in ((world.desk, [DESK]), (world.lab, [LAB]), (world.bank, []), (GUEST, [])):
            with acting(actor):
                assert list(LetterTemplate.objects.values_list("body", flat=True)) == bodies
                assert list(LetterTemplate.objects.visible_to(actor).values_list("body", flat=True)) == bodies
        with acting(world.lab):
            assert LetterTemplate.objects.filter(body=DESK).update(is_used=False) == 0
