from django.apps import AppConfig


class DemandConfig(AppConfig):
    name = "demand"

    def ready(self) -> None:
        """Fill the registries of the rooms below: measures, sheets, job kinds."""
        from demand import importers, measures, tasks  # noqa: F401

        measures.register()
