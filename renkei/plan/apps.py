"""App configuration."""

from django.apps import AppConfig


class PlanConfig(AppConfig):
    """The plan as data."""

    name = "renkei.plan"
    default_auto_field = "django.db.models.BigAutoField"
