"""App configuration."""

from django.apps import AppConfig


class ReportingConfig(AppConfig):
    """Figures, and the periods they are frozen with."""

    name = "renkei.reporting"
    default_auto_field = "django.db.models.BigAutoField"
