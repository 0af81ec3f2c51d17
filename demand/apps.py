from django.apps import AppConfig


class DemandConfig(AppConfig):
    name = "demand"

    def ready(self) -> None:
        """Fill the registries of the rooms below: measures, sheets, gates, job kinds."""
        from demand import gates, importers, measures, tasks  # noqa: F401
        from demand.choices import OverrideReason
        from plans.reasons import register_reasons

        measures.register()
        register_reasons(OverrideReason.choices)
        gates.register()
