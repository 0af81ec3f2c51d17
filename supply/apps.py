from django.apps import AppConfig


class SupplyConfig(AppConfig):
    name = "supply"

    def ready(self) -> None:
        from supply import gates, tasks  # noqa: F401  registers the job kind
        from supply.measures import register_measures

        register_measures()
        gates.register()
