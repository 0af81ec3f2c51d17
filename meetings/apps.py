from django.apps import AppConfig


class MeetingsConfig(AppConfig):
    name = "meetings"

    def ready(self) -> None:
        """Fill the registries of the cycle and of the demand pages."""
        from demand.follow_ups import register_follow_ups
        from meetings import gates
        from meetings.selectors.follow_ups import find_follow_ups

        gates.register()
        register_follow_ups(find_follow_ups)
