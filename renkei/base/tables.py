"""Many tables in one step of a migration: Django draws every related model anew for each table made alone."""

from __future__ import annotations

from typing import Any

from django.db.migrations.operations.base import Operation
from django.db.migrations.operations.models import CreateModel


class Tables(Operation):
    """Make tables in the order given, and draw the models once, when the database first asks for them."""

    reversible = True

    def __init__(self, *made: CreateModel) -> None:
        self.made = made

    def state_forwards(self, app_label: str, state: Any) -> None:
        """Add every model to the state; what was drawn of it is let go."""
        state.__dict__.pop("apps", None)  # as Django's own clear_delayed_apps_cache does
        for one in self.made:
            one.state_forwards(app_label, state)

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """Make the tables, and now what Django would do after the step: so step and record are one transaction."""
        for one in self.made:
            one.database_forwards(app_label, schema_editor, from_state, to_state)
        while schema_editor.deferred_sql:
            schema_editor.execute(schema_editor.deferred_sql.pop(0), None)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """Take the tables away, the last first."""
        for one in reversed(self.made):
            one.database_backwards(app_label, schema_editor, from_state, to_state)

    def describe(self) -> str:
        """Say what is done, for Django's own listing."""
        return "Create " + ", ".join(one.name for one in self.made)
