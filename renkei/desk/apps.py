"""App configuration."""

from django.apps import AppConfig


class DeskConfig(AppConfig):
    """The face for staff of all bodies."""

    name = "renkei.desk"
    default_auto_field = "django.db.models.BigAutoField"
