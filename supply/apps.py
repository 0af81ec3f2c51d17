from django.apps import AppConfig


class SupplyConfig(AppConfig):
    name = "supply"

    def ready(self) -> None:
        from core.formulas import register_formulas
        from supply import gates, tasks  # noqa: F401  registers the job kind
        from supply.formulas import FORMULAS
        from supply.measures import register_measures

        register_measures()
        register_formulas(FORMULAS)
        gates.register()
