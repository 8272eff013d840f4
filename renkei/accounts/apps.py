"""App configuration."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """People and memberships."""

    name = "renkei.accounts"
    default_auto_field = "django.db.models.BigAutoField"
