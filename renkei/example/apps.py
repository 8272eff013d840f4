"""App configuration."""

from django.apps import AppConfig


class ExampleConfig(AppConfig):
    """The fictional example region."""

    name = "renkei.example"
    default_auto_field = "django.db.models.BigAutoField"
