"""App configuration."""

from django.apps import AppConfig


class MeetingsConfig(AppConfig):
    """Series of meetings, agendas, minutes, decisions."""

    name = "renkei.meetings"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Tell the routes below which meetings are ahead."""
        from renkei.cases.queries.route_meetings import declare_meetings  # noqa: PLC0415  models are there only now
        from renkei.meetings.sittings import sittings_ahead  # noqa: PLC0415  as above

        declare_meetings(sittings_ahead)
