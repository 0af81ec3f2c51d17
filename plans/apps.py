from django.apps import AppConfig


class PlansConfig(AppConfig):
    name = "plans"

    def ready(self) -> None:
        from plans import gates
        from plans.catalogue import register_catalogue

        register_catalogue()
        gates.register()
