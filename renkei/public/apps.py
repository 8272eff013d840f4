"""App configuration."""

from django.apps import AppConfig


class PublicConfig(AppConfig):
    """The public face."""

    name = "renkei.public"
    default_auto_field = "django.db.models.BigAutoField"
