"""The measures that calculations of supply and finance fill, registered when the app starts; demand brings its own."""

from django.utils.translation import gettext_lazy as _

from plans.choices import AxisKind, FreezeKind, Unit
from plans.measures import Measure, register_measure

_VALUED_FROM = {
    "revenue_unconstrained": "consensus",
    **dict.fromkeys(("revenue", "material_cost", "labour_cost", "overhead_cost"), "constrained"),
}
_S, _P = FreezeKind.SUPPLY, FreezeKind.PRE_SOP


def register_catalogue() -> None:
    """Register the measures of supply and finance."""
    for measure in (*_supply(), *_finance()):
        register_measure(measure)


def _supply() -> list[Measure]:
    def made(code: str, label: object, formula: object, **more: object) -> Measure:
        return Measure(code, label, formula=formula, freeze_at=_S, **more)  # type: ignore[arg-type]

    site, material = AxisKind.PRODUCT_SITE, AxisKind.MATERIAL
    hours = {"axis_kind": AxisKind.RESOURCE, "unit": Unit.HOURS, "scale": 2}
    return [
        made("constrained", _("Constrained plan"), _("Consensus demand that capacity, material and stock can meet.")),
        made("short", _("Shortage"), _("Consensus demand − constrained plan.")),
        made("production", _("Production"), _("Units to make at the site."), axis_kind=site),
        made("stock_end", _("Closing stock"), _("Opening stock + production − deliveries."), axis_kind=site),
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
        Measure(
            code,
            label,
            unit=Unit.MONEY,
            minimum=None,
            formula=formula,
            freeze_at=_P,
            masked=code.endswith("_cost") or code == "profit",
            valued_from=_VALUED_FROM.get(code, ""),
        )
        for code, (label, formula) in rows.items()
    ]
