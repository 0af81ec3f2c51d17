"""The measures of a sales and operations plan, registered when the app starts."""

from django.utils.translation import gettext_lazy as _

from plans.choices import AxisKind, FreezeKind, PublishPolicy, Unit
from plans.measures import Measure, register_measure

_D, _S, _P = FreezeKind.DEMAND, FreezeKind.SUPPLY, FreezeKind.PRE_SOP


def register_catalogue() -> None:
    """Register every measure of the product."""
    for measure in (*_demand(), *_streams(), *_supply(), *_finance()):
        register_measure(measure)


def _demand() -> list[Measure]:
    band = _("Bound of the statistical forecast: the month's sales fall inside the two bounds in this share of cases.")
    newer = PublishPolicy.KEEP_NEWER
    return [
        Measure("actual", _("Actual sales"), formula=_("Units sold in the month, as loaded."), publish_policy=newer),
        Measure(
            "actual_revenue",
            _("Actual revenue"),
            unit=Unit.MONEY,
            minimum=None,
            formula=_("Revenue of the units sold in the month, as loaded."),
            publish_policy=newer,
        ),
        Measure(
            "baseline", _("Statistical forecast"), formula=_("Expected sales if nothing but history and season acts.")
        ),
        Measure("baseline_lo80", _("Forecast, lower 80 %"), additive=False, formula=band),
        Measure("baseline_hi80", _("Forecast, upper 80 %"), additive=False, formula=band),
        Measure("baseline_lo95", _("Forecast, lower 95 %"), additive=False, formula=band),
        Measure("baseline_hi95", _("Forecast, upper 95 %"), additive=False, formula=band),
        Measure("budget", _("Annual plan"), formula=_("The year's target, split to products and regions.")),
        Measure("proposal", _("Proposed consensus"), formula=_("The streams joined by the declared consensus rule.")),
        Measure(
            "override",
            _("Override"),
            nullable=True,
            editable=True,
            edit_action="consensus.override",
            formula=_("What the demand review decided instead of the proposal."),
        ),
        Measure(
            "consensus",
            _("Consensus demand"),
            editable=True,
            edit_action="consensus.override",
            overlay=("proposal", "override"),
            formula=_("Override where there is one, otherwise the proposal."),
        ),
        Measure(
            "flex_capacity", _("Flexible capacity"), formula=_("Units by which capacity may exceed the consensus.")
        ),
        Measure(
            "flex_material", _("Flexible material"), formula=_("Units by which material may exceed the consensus.")
        ),
    ]


def _streams() -> list[Measure]:
    labels = {
        "sales": (_("Sales input"), _("Units that sales expects to sell.")),
        "marketing": (_("Marketing input"), _("Units that campaigns and promotions add or take.")),
        "product": (_("Product input"), _("Units of new, changed and phased-out products.")),
        "channel": (_("Channel input"), _("Units that dealers and channels ask for.")),
        "orders": (_("Orders in hand"), _("Units of open orders by due month.")),
        "stock_building": (_("Stock building"), _("Units asked for to build stock.")),
        "finance_view": (_("Finance view"), _("Units behind the financial outlook.")),
    }
    signed = {"marketing", "product", "stock_building"}
    return [
        Measure(
            code,
            label,
            nullable=True,
            editable=True,
            edit_action=f"stream.edit.{code}",
            formula=formula,
            minimum=None if code in signed else 0,
            publish_policy=PublishPolicy.KEEP_NEWER,
            rolls=code != "orders",
        )
        for code, (label, formula) in labels.items()
    ]


def _supply() -> list[Measure]:
    def made(code: str, label: object, formula: object, **more: object) -> Measure:
        return Measure(code, label, formula=formula, freeze_at=_S, **more)  # type: ignore[arg-type]

    site, material = AxisKind.PRODUCT_SITE, AxisKind.MATERIAL
    hours = {"axis_kind": AxisKind.RESOURCE, "unit": Unit.HOURS, "scale": 2}
    return [
        made("constrained", _("Constrained plan"), _("Consensus demand that capacity, material and stock can meet.")),
        made("short", _("Shortage"), _("Consensus demand − constrained plan.")),
        made("production", _("Production"), _("Units to make at the site."), axis_kind=site),
        made(
            "stock_end",
            _("Closing stock"),
            _("Opening stock + production − deliveries."),
            axis_kind=site,
            additive=True,
        ),
        made("load_hours", _("Load"), _("Production × hours per unit."), **hours),
        made("available_hours", _("Capacity"), _("Working days × shifts × hours × efficiency − lost hours."), **hours),
        made("purchase", _("Purchases"), _("Quantity of the material arriving."), axis_kind=material),
        made(
            "material_stock",
            _("Material stock"),
            _("Opening stock + arrivals − consumption by production."),
            axis_kind=material,
        ),
    ]


def _finance() -> list[Measure]:
    rows = {
        "revenue_unconstrained": (_("Unconstrained revenue"), _("Consensus demand × price.")),
        "revenue": (_("Revenue"), _("Constrained plan × price.")),
        "material_cost": (_("Material cost"), _("Units × material cost per unit.")),
        "labour_cost": (_("Labour cost"), _("Units × labour cost per unit.")),
        "overhead_cost": (_("Overhead"), _("Units × overhead per unit.")),
        "outsourcing_cost": (_("Outsourcing cost"), _("Units made outside × their cost.")),
        "freight_cost": (_("Freight"), _("Units shipped × cost of the lane.")),
        "holding_cost": (_("Holding cost"), _("Closing stock × value × holding rate.")),
        "overtime_cost": (_("Overtime and extra shifts"), _("Overtime hours × rate + cost of extra shifts.")),
        "profit": (_("Profit"), _("Revenue − all cost lines.")),
    }
    return [
        Measure(code, label, unit=Unit.MONEY, minimum=None, formula=formula, freeze_at=_P)
        for code, (label, formula) in rows.items()
    ]
