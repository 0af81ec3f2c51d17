from django.apps import AppConfig


class MeetingsConfig(AppConfig):
    name = "meetings"

    def ready(self) -> None:
        """Fill the registries of the cycle."""
        from meetings import gates

        gates.register()
