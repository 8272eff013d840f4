"""App configuration."""

from django.apps import AppConfig


class MatchingConfig(AppConfig):
    """Entries, index, ranking, proposal."""

    name = "renkei.matching"
    default_auto_field = "django.db.models.BigAutoField"
