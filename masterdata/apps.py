from django.apps import AppConfig


class MasterdataConfig(AppConfig):
    name = "masterdata"

    def ready(self) -> None:
        """Register the sheets of master data, and who answers whether a code lies in a user's scope."""
        from masterdata import scopes
        from masterdata.importers import sheets  # noqa: F401

        scopes.register()
