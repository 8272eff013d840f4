"""The page of learning: counts, figures, and the deeds that its buttons do."""

from __future__ import annotations

import re
from typing import Any

from renkei.base.actor import SYSTEM
from renkei.matching.learnactions import Outcome, keep_for_kind, keep_learned
from renkei.matching.learned import in_use
from renkei.matching.learnmodels import LearnedModel
from tests.desk.pages import address, client, said, seen
from tests.world import BANK, World

BETTER = Outcome({"name": "learned"}, 40, 0.5123, 0.6456, 0.0214, 0.1811)
WORSE = Outcome({"name": "worse"}, 31, 0.5, 0.49, -0.1, 0.05)


def do(world: World, **given: Any) -> str:
    return said(client(world).post(address("desk-learning-act"), given, follow=True))


def test_ask_compare_use_and_go_back(world: World) -> None:
    page = seen(world, "desk-learning")
    assert "まだ学ばせていません" in page
    assert "標準の重みを使っています" in page
    assert "まだ答えがありません。" in page
    assert re.findall(r'<th scope="row">([^<]+)</th>', page) == ["引き受けた", "断った", "提案にないところを選んだ", "合う・合わないと答えた"]
    page = do(world, deed="ask")
    assert "学習を頼みました。" in page
    assert 'value="ask"' not in page
    assert "もう学習を待っています。" in do(world, deed="ask")
    model = keep_learned(LearnedModel.objects.get(), BETTER, by=SYSTEM)
    assert "課題 40 件、見ていない課題での良さ（nDCG@10）0.512 → 0.646、差の95%区間 0.021 〜 0.181" in seen(world, "desk-learning")
    page = do(world, deed="use", model=str(model.pk))
    assert "いまから、この重みで順番を決めます。" in page
    assert "学んだ重みを使っています" in page
    assert in_use() == BETTER.weights
    assert "標準の重みに戻しました。" in do(world, deed="back")
    assert in_use() is None
    assert "いまは標準の重みを使っています。" in do(world, deed="back")


def test_a_kinds_own_weights_stand_beside_the_common_ones_and_go_back_alone(world: World) -> None:
    do(world, deed="ask")
    asked = LearnedModel.objects.get()
    common, own = keep_learned(asked, BETTER, by=SYSTEM), keep_for_kind(asked, "seed", BETTER, by=SYSTEM)
    page = seen(world, "desk-learning")
    assert sorted(re.findall(r"<b>(全種類に共通|シーズ)</b>", page)) == ["シーズ", "全種類に共通"]
    for model in (common, own):
        page = do(world, deed="use", model=str(model.pk))
    assert "学んだ重みを使っています（全種類に共通、シーズ）" in page
    assert sorted(re.findall(r'name="kind" value="(\w*)"', page)) == ["", "seed"]
    page = do(world, deed="back", kind="seed")
    assert "全種類に共通の重みに戻しました。" in page
    assert "学んだ重みを使っています（全種類に共通）" in page
    assert (in_use("seed"), in_use()) == (BETTER.weights, BETTER.weights)
    assert "ボタンから選んでください。" in do(world, deed="back", kind="sheep")
    assert "標準の重みに戻しました。" in do(world, deed="back", kind="")
    assert in_use() is None


def test_what_is_no_better_has_no_button_and_is_refused(world: World) -> None:
    do(world, deed="ask")
    model = keep_learned(LearnedModel.objects.get(), WORSE, by=SYSTEM)
    page = seen(world, "desk-learning")
    assert 'value="use"' not in page
    assert "良くならないので使えません" in page
    assert "見ていない課題で良くなっていないので、使えません。" in do(world, deed="use", model=str(model.pk))
    do(world, deed="ask")
    keep_learned(LearnedModel.objects.get(state="asked"), None, by=SYSTEM, why_not="答えのある課題が3件です。")
    assert "答えのある課題が3件です。" in seen(world, "desk-learning")


def test_nonsense_is_told(world: World) -> None:
    for given in ({}, {"deed": "eat"}, {"deed": "use"}, {"deed": "use", "model": "x"}, {"deed": "use", "model": str(LearnedModel().pk)}):
        assert "ボタンから選んでください。" in do(world, **given)


def test_others_stay_outside(world: World) -> None:
    bank = client(world, BANK)
    assert bank.get(address("desk-learning", body=BANK)).status_code == 403
    assert bank.post(address("desk-learning-act", body=BANK), {"deed": "ask"}).status_code == 403
    assert not LearnedModel.objects.exists()
    assert address("desk-learning", body=BANK) not in seen(world, "desk-words", body=BANK)
    assert address("desk-learning") in seen(world, "desk-words")
