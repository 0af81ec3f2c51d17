from django.apps import AppConfig


class DemandConfig(AppConfig):
    name = "demand"

    def ready(self) -> None:
        """Fill the registries of the rooms below: measures, sheets, gates, job kinds."""
        from core.formulas import register_formulas
        from demand import gates, importers, measures, tasks  # noqa: F401
        from demand.choices import OverrideReason
        from demand.formulas import FORMULAS
        from demand.selectors.flex import EDGES, derive_edge
        from demand.selectors.take_rates import weigh_by_take_rate
        from plans.choices import SpreadRule
        from plans.reasons import register_reasons
        from plans.selectors import register_derivation
        from plans.selectors.spreads import register_weights

        measures.register()
        register_formulas(FORMULAS)
        register_reasons(OverrideReason.choices)
        for edge in EDGES:
            register_derivation(edge, derive_edge)
        register_weights(SpreadRule.TAKE_RATE, weigh_by_take_rate)
        gates.register()
