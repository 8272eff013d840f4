"""App configuration."""

from django.apps import AppConfig


class PortalConfig(AppConfig):
    """The face for companies and other outside users."""

    name = "renkei.portal"
    default_auto_field = "django.db.models.BigAutoField"
