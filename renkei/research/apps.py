"""App configuration."""

from django.apps import AppConfig


class ResearchConfig(AppConfig):
    """Coordinators: what they did, whom they brought together, what they report."""

    name = "renkei.research"
    default_auto_field = "django.db.models.BigAutoField"
