"""App configuration."""

from django.apps import AppConfig


class MeetingsConfig(AppConfig):
    """Series of meetings, agendas, minutes, decisions."""

    name = "renkei.meetings"
    default_auto_field = "django.db.models.BigAutoField"
