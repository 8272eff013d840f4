"""App configuration."""

from django.apps import AppConfig


class BaseConfig(AppConfig):
    """No domain words: actor, clock, text, dates, money, components."""

    name = "renkei.base"
    default_auto_field = "django.db.models.BigAutoField"
