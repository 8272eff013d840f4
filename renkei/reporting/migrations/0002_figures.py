"""The functions figures are counted by, and who sees what was frozen."""

from django.db import migrations

from renkei.base.rls import BODY, STAFF, SYSTEM, append_only, definer, protect
from renkei.reporting.counting import cases, supports
from renkei.reporting.counting.parts import RETURNS

DESK = "(SELECT ctx_is_desk())"
FIRST = {
    "projects_1": supports.PROJECTS_1, "consultations_1": cases.CONSULTATIONS_1, "closed_1": cases.CLOSED_1,
    "results_1": cases.RESULTS_1, "first_answer_1": supports.FIRST_ANSWER_1, "body_answer_1": supports.BODY_ANSWER_1,
    "supports_1": supports.SUPPORTS_1, "declines_1": supports.DECLINES_1, "silent_1": supports.SILENT_1, "open_1": cases.OPEN_1,
    "dwell_1": supports.DWELL_1, "areas_1": cases.AREAS_1, "pressures_1": cases.PRESSURES_1, "purposes_1": cases.PURPOSES_1,
}  # fmt: skip


class Migration(migrations.Migration):
    dependencies = [("reporting", "0001_initial"), ("cases", "0005_firms_searches")]
    operations = [
        *[definer(f"figure_{name}(since date, until date, as_of timestamptz)", RETURNS, body) for name, body in FIRST.items()],
        protect(
            "reporting_closedperiod",
            select=f"{SYSTEM} OR {STAFF}",
            insert=f"{SYSTEM} OR {STAFF} AND {DESK}",
            update="false",
        ),
        append_only("reporting_closedperiod"),
        protect(
            "reporting_frozenfigure",
            select=f"{SYSTEM} OR {STAFF} AND ({DESK} OR body IN ('*', {BODY}))",
            insert=f"{SYSTEM} OR {STAFF} AND {DESK}",
            update="false",
        ),
        append_only("reporting_frozenfigure"),
    ]
