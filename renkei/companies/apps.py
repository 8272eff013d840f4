"""App configuration."""

from django.apps import AppConfig


class CompaniesConfig(AppConfig):
    """Firms and who knows them."""

    name = "renkei.companies"
    default_auto_field = "django.db.models.BigAutoField"
