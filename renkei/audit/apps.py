"""App configuration."""

from django.apps import AppConfig


class AuditConfig(AppConfig):
    """Append-only events."""

    name = "renkei.audit"
    default_auto_field = "django.db.models.BigAutoField"
