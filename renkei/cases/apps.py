"""App configuration."""

from django.apps import AppConfig


class CasesConfig(AppConfig):
    """Consultations, cases, needs, supports."""

    name = "renkei.cases"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Tell the firms below what a merge does with cases."""
        from renkei.cases.firms import declare_relations  # noqa: PLC0415  models are there only now

        declare_relations()
