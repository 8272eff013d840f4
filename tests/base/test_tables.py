"""Tables made in one step are the same as made one by one; the models are drawn once."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection, models
from django.db.migrations.operations.models import CreateModel
from django.db.migrations.state import ProjectState, StateApps

from renkei.base.tables import Tables


def _two() -> tuple[CreateModel, CreateModel]:
    pot = CreateModel("Pot", [("id", models.AutoField(primary_key=True)), ("name", models.CharField(max_length=9))],
                      options={"constraints": [models.CheckConstraint(condition=~models.Q(name=""), name="pot_has_name")]})  # fmt: skip
    plant = CreateModel("Plant", [("id", models.AutoField(primary_key=True)), ("pot", models.ForeignKey("pots.Pot", models.CASCADE))])
    return pot, plant


def _there() -> set[str]:
    with connection.cursor() as cursor:
        return {name for name in connection.introspection.table_names(cursor) if name.startswith("pots_")}


def _constraints() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT conname FROM pg_constraint WHERE conrelid IN (to_regclass('pots_pot'), to_regclass('pots_plant')) AND contype IN ('f', 'c')")
        return {name for (name,) in cursor.fetchall()}


def _made(*steps: Any) -> ProjectState:
    state = ProjectState()
    with connection.schema_editor() as editor:
        for step in steps:
            before = state.clone()
            step.state_forwards("pots", state)
            step.database_forwards("pots", editor, before, state)
    return state


def test_one_step_makes_what_single_steps_make_and_takes_it_back(db: None) -> None:
    alone = _made(*_two())
    wanted = (_there(), _constraints())
    assert wanted[0] == {"pots_pot", "pots_plant"}
    assert len(wanted[1]) == 2
    with connection.schema_editor() as editor:
        for one in reversed(_two()):
            one.database_backwards("pots", editor, alone, ProjectState())
    step = Tables(*_two())
    together = _made(step)
    assert (_there(), _constraints()) == wanted
    assert together == alone
    with connection.schema_editor() as editor:
        step.database_backwards("pots", editor, together, ProjectState())
    assert _there() == set()
    assert step.describe() == "Create Pot, Plant"


def test_the_models_are_drawn_once(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[int] = []
    draw = StateApps.render_multiple
    monkeypatch.setattr(StateApps, "render_multiple", lambda self, states: (drawn.append(1), draw(self, states)))
    state = ProjectState()
    assert state.apps.get_models() == []
    drawn.clear()
    Tables(*_two()).state_forwards("pots", state)
    assert drawn == []
    assert [model.__name__ for model in state.apps.get_models()] == ["Pot", "Plant"]
    assert state.apps is state.apps
    assert drawn == [1]
