"""App configuration."""

from django.apps import AppConfig


class CasesConfig(AppConfig):
    """Consultations, cases, needs, supports."""

    name = "renkei.cases"
    default_auto_field = "django.db.models.BigAutoField"
