"""The demand measures: what each figure is, how it comes about and who may type it."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from demand.choices import Stream
from demand.streams import STREAMS
from plans.choices import PublishPolicy, Unit
from plans.measures import Measure, register_measure

ACTUAL, ACTUAL_REVENUE = "actual", "actual_revenue"
BASELINE = "baseline"
LOW_80, HIGH_80, LOW_95, HIGH_95 = "baseline_lo80", "baseline_hi80", "baseline_lo95", "baseline_hi95"
FORECAST = (BASELINE, LOW_80, HIGH_80, LOW_95, HIGH_95)
BUDGET, BUSINESS_PLAN = "budget", "business_plan"
PROPOSAL, OVERRIDE, CONSENSUS = "proposal", "override", "consensus"
CARRIED = "carried"
FLEX_CAPACITY, FLEX_MATERIAL = "flex_capacity", "flex_material"

SIGNED = (Stream.MARKETING, Stream.PRODUCT)  # a campaign of a rival or a phase-out takes demand away

_STREAM_FORMULAS: dict[str, str | Promise] = {
    Stream.SALES: _("What sales expects to sell, typed or imported at any level and spread to the leaves"),
    Stream.MARKETING: _("Extra demand of planned market activities"),
    Stream.PRODUCT: _("Launch volumes of new products given by product management"),
    Stream.CHANNEL: _("Open dealer order lines by due month; overdue lines in the first month"),
    Stream.ORDERS: _("Open customer order lines by due month; overdue lines in the first month"),
    Stream.STOCK_BUILDING: _("Open stock-building order lines by due month; not part of unconstrained demand"),
    Stream.FINANCE_VIEW: _("Finance's own view of demand, for comparison only"),
}


def register() -> None:
    """Put the demand measures into the catalogue."""
    _register(ACTUAL, _("Actual sales"), _("Units sold in the closed month, from the history sheet"))
    _register(
        ACTUAL_REVENUE,
        _("Actual revenue"),
        _("Revenue of the closed month, from the history sheet"),
        unit=Unit.MONEY,
        minimum=None,
    )
    _register(BASELINE, _("Statistical baseline"), _("Combination of the forecast methods, whole units"))
    for low, high, percent in ((LOW_80, HIGH_80, 80), (LOW_95, HIGH_95, 95)):
        text = format_lazy(
            _("Edge of the range that holds the actual in {percent} of 100 months; not additive over products"),
            percent=percent,
        )
        _register(low, format_lazy(_("{percent} % band, from"), percent=percent), text, additive=False)
        _register(high, format_lazy(_("{percent} % band, to"), percent=percent), text, additive=False)
    budget = _("Budget targets split to the leaves by the last twelve months sold, sums exact; empty without target")
    _register(BUDGET, _("Budget"), budget, nullable=True)
    _register(
        BUSINESS_PLAN,
        _("Annual plan, split"),
        _("Latest estimate where one is given, else the budget, split to the leaves like the budget"),
        nullable=True,
    )
    for stream in STREAMS:
        _register(
            stream.code,
            stream.label,
            _STREAM_FORMULAS[stream.code],
            nullable=True,  # an empty cell is silence, not zero: the rules ask whether anything was said
            edit_action=stream.edit_action,
            publish_policy=PublishPolicy.KEEP_NEWER,
            minimum=None if stream.code in SIGNED else 0,
            rolls=stream.order_kind is None,
        )
    carried = _("Forecast of the closed month that nobody ordered, where the family's rule keeps it; first month only")
    _register(CARRIED, _("Kept from last month"), carried)
    _register(PROPOSAL, _("Proposal"), _("Result of the declared consensus rule"))
    _register(
        OVERRIDE,
        _("Override"),
        _("Figure agreed in place of the proposal, with its reason"),
        nullable=True,
        edit_action="consensus.override",
        needs_reason=True,
    )
    _register(
        CONSENSUS,
        _("Consensus demand"),
        _("Override where there is one, else the proposal; unconstrained"),
        edit_action="consensus.override",
        overlay=(PROPOSAL, OVERRIDE),
        needs_reason=True,
    )
    shares = _("declared in the policy, else measured from the family's forecast error and costs, else standard")
    for code, label, edge in (
        (FLEX_CAPACITY, _("Flex band: capacity"), _("capacity")),
        (FLEX_MATERIAL, _("Flex band: material"), _("material")),
    ):
        text = _("Consensus × (1 + {edge} share), per product; the share is {shares}")
        _register(code, label, format_lazy(text, edge=edge, shares=shares), follows=(CONSENSUS,))


def _register(
    code: str,
    label: str | Promise,
    formula: str | Promise,
    *,
    unit: str = Unit.QUANTITY,
    nullable: bool = False,
    additive: bool = True,
    edit_action: str | None = None,
    overlay: tuple[str, str] | None = None,
    publish_policy: str = PublishPolicy.STRICT,
    minimum: int | None = 0,
    rolls: bool = False,
    needs_reason: bool = False,
    follows: tuple[str, ...] = (),
) -> None:
    register_measure(
        Measure(
            code=code,
            label=label,
            unit=unit,
            nullable=nullable,
            additive=additive,
            editable=edit_action is not None,
            edit_action=edit_action,
            formula=formula,
            overlay=overlay,
            publish_policy=publish_policy,
            minimum=minimum,
            rolls=rolls,
            needs_reason=needs_reason,
            follows=follows,
        )
    )
