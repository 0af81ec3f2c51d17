from django.apps import AppConfig


class MasterdataConfig(AppConfig):
    name = "masterdata"

    def ready(self) -> None:
        """Register the sheets of master data."""
        from masterdata.importers import sheets  # noqa: F401
