"""App configuration."""

from django.apps import AppConfig


class PostConfig(AppConfig):
    """Outbox, signed links, notices."""

    name = "renkei.post"
    default_auto_field = "django.db.models.BigAutoField"
