"""App configuration."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy


class ResearchConfig(AppConfig):
    """Coordinators: what they did, whom they brought together, what they report."""

    name = "renkei.research"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Tell the firms below what a merge does with the log: a line goes with its firm."""
        from renkei.companies.relations import Deed, Relation, declare  # noqa: PLC0415  models are there only now

        declare(Relation("research_activity", "company_id", Deed.MOVED, gettext_lazy("活動の記録")))
