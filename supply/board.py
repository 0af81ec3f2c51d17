"""What the supply page shows: plain records, ready for the template. Reads only."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import User
from accounts.policies import can
from core import formats
from core.jobs import list_jobs
from cycles.choices import CycleState
from cycles.models import Cycle
from demand.flex_board import FlexFamily, list_flex_families
from masterdata.choices import ResourceKind
from masterdata.selectors import get_company
from plans.models import Version
from plans.policies import SEE_COSTS
from plans.selectors import ScenarioStanding, get_heads, get_shown_version, load_scenario_standing
from supply.choices import OptionKind
from supply.measures import CONSTRAINED
from supply.selectors.adopted import say_taken
from supply.selectors.heatmap import HeatCell, HeatRow, get_heatmap
from supply.selectors.horizon import plan_months
from supply.selectors.marks import keep_plan_figures
from supply.selectors.options import OptionRow, list_options
from supply.selectors.plan_figures import PlanFigures, load_plan_figures
from supply.selectors.pricing import OptionPricing, get_option_pricing
from supply.selectors.runs import DataState, get_data_state, load_names
from supply.selectors.shortages import ShortageRow, ShortageTotals, list_shortages, sum_shortages
from supply.selectors.stock_panels import StockPanels, load_stock_panels
from supply.settings_board import SCARCE, load_settings, month_choices, name_choices

MOST_SHORTAGES = 6
MOST_OPTIONS = 6
SHOWN_MONTHS = 14
_SHORT_KINDS = {
    ResourceKind.LABOUR: gettext_lazy("Labour"),
    ResourceKind.EQUIPMENT: gettext_lazy("Equipment"),
    ResourceKind.LINE: gettext_lazy("Lines"),
    ResourceKind.MATERIAL: gettext_lazy("Material"),
    ResourceKind.WAREHOUSE: gettext_lazy("Warehouse"),
    ResourceKind.ENGINEERING: gettext_lazy("Engineering"),
}
_DECIDED = {CycleState.APPROVED, CycleState.RELEASED, CycleState.CLOSED, CycleState.CANCELLED}  # the list is closed
_STEPS = (60, 80, 90, 97, 100, 110)  # per cent of available: the heat classes


@dataclass(frozen=True)
class Cell:
    """One heat cell: per cent of available, its class, and the value of one more hour in thousands."""

    month: int
    share: int | None
    heat: int
    value: int
    is_over: bool
    is_missing: bool
    title: str

    @property
    def worth(self) -> str:
        """The value in the room a cell has: ``103k`` thousands from ten thousand on; empty without one."""
        if not self.value:
            return ""
        return str(self.value) if abs(self.value) < 10_000 else f"{round(self.value / 1000)}k"


@dataclass(frozen=True)
class Line:
    """One resource of the heat map; ``kind`` is empty but for the first of its kind."""

    kind: str
    code: str
    label: str
    full: str  # with its site or supplier
    cells: list[Cell]
    is_first: bool
    what: str


@dataclass(frozen=True)
class SupplyBoard:
    cycle: Cycle
    version: Version
    scenario: ScenarioStanding | None
    message: str
    state: DataState
    months: list[str]
    lines: list[Line]
    figures: PlanFigures
    taken: list[str]
    shortages: list[ShortageRow]
    totals: ShortageTotals
    focus: str
    pricing: OptionPricing | None
    may_stop_pricing: bool
    ways: list[OptionRow]
    levers: list[OptionRow]
    panels: StockPanels
    flex: list[FlexFamily]
    trial: dict[str, Any] | None
    month_choices: list[tuple[str, str]]
    products: list[tuple[str, str]]
    orgs: list[tuple[str, str]]
    is_frozen: bool
    may_run: bool
    may_adopt: bool
    may_ask: bool

    @property
    def ask_url(self) -> str:
        """Where ways out and scenarios are put on the cycle's decision list: a route of the meetings above."""
        return f"/api/v1/cycles/{self.cycle}/decisions/supply/"


def load_supply_board(cycle: Cycle, *, user: User, wanted: str | None, code: str | None) -> SupplyBoard:
    """The page of the cycle's plan, or of the scenario ``wanted``; ``code`` is the bottleneck looked at."""
    version = get_shown_version(cycle, wanted)
    state = get_data_state(version.pk)
    short = list_shortages(version.pk)
    totals, shortages = sum_shortages(short), short[:MOST_SHORTAGES]
    heatmap = get_heatmap(version.pk)
    options = list_options(version.pk)
    answered = {row.code for row in options if not row.in_plan and row.kind != OptionKind.ALLOCATE}
    first = next((row.code for row in shortages if row.code in answered), shortages[0].code if shortages else "")
    focus = code or first
    ways = [row for row in options if not row.in_plan and row.code == focus]
    may_adopt, pricing = can(user, "scenario.write"), get_option_pricing(version.pk)
    scenario = load_scenario_standing(version)
    products, orgs = name_choices(user) if may_adopt else ([], [])
    return SupplyBoard(
        cycle=cycle,
        version=version,
        scenario=scenario,
        message=_message(totals, state, sees_costs=can(user, SEE_COSTS)),
        state=state,
        months=formats.month_heads(list(heatmap.months[:SHOWN_MONTHS])),
        lines=_lines(heatmap.rows),
        figures=load_plan_figures(
            cycle, version, base=scenario.base if scenario else None, sees_costs=can(user, SEE_COSTS)
        ),
        taken=say_taken(version, scenario.base, load_names()) if scenario else [],
        shortages=shortages,
        totals=totals,
        focus=next((row.bottleneck for row in ways), next((row.name for row in shortages if row.code == focus), focus)),
        pricing=pricing,
        may_stop_pricing=_may_stop(pricing, user),
        ways=ways[:MOST_OPTIONS],
        levers=[row for row in options if row.in_plan][:MOST_OPTIONS],
        panels=load_stock_panels(version, user=user),
        flex=_list_flex(version, user),
        trial=load_settings(heatmap.rows, shortages),
        month_choices=month_choices(heatmap.months),
        products=products,
        orgs=orgs,
        is_frozen=get_heads(version_id=version.pk, measures=[CONSTRAINED])[CONSTRAINED].sealed,
        may_run=can(user, "balance.run"),
        may_adopt=may_adopt,
        may_ask=can(user, "decision.propose") and cycle.state not in _DECIDED,
    )


def _may_stop(pricing: OptionPricing | None, user: User) -> bool:
    job = None if pricing is None else pricing.job
    return job is not None and list_jobs(user).filter(pk=job).exists()


def _list_flex(version: Version, user: User) -> list[FlexFamily]:
    months = plan_months(version)[:1]
    return keep_plan_figures(
        ("flex families", can(user, SEE_COSTS)),
        version=version,
        user=user,
        make=lambda: list_flex_families(version_id=version.pk, months=months, user=user),
    )


def _message(totals: ShortageTotals, state: DataState, *, sees_costs: bool) -> str:
    if state.run is None:
        return _("The plan is not balanced yet")
    if not totals.count:
        return _("No shortages: the plan meets the demand in every month")
    facts = {"count": totals.count, "units": formats.number(totals.quantity)}
    if sees_costs:
        pattern = ngettext(
            "%(count)d shortage, %(units)s units, %(margin)s of margin",
            "%(count)d shortages, %(units)s units, %(margin)s of margin",
            totals.count,
        )
        text = pattern % {**facts, "margin": formats.money(totals.margin, get_company())}
    else:
        text = ngettext("%(count)d shortage, %(units)s units", "%(count)d shortages, %(units)s units", totals.count)
        text %= facts
    _code, name, units = totals.by_cause[0]
    share = 100 * units / totals.quantity if totals.quantity else 0
    return text + _(": %(name)s carries %(share)s") % {"name": name, "share": formats.percent(share, 0)}


def _lines(rows: tuple[HeatRow, ...]) -> list[Line]:
    lines, named = [], Counter(row.label for row in rows)
    decimals = get_company().currency_decimals
    for kind, group in groupby(rows, key=lambda row: row.kind):
        for position, row in enumerate(group):
            cells = [_cell(cell, decimals) for cell in row.cells[:SHOWN_MONTHS]]
            lines.append(
                Line(
                    kind=str(_SHORT_KINDS.get(kind, row.kind_label)) if position == 0 else "",
                    code=row.code,
                    label=row.label if named[row.label] == 1 and kind != ResourceKind.MATERIAL else _full(row),
                    full=_full(row),
                    cells=cells,
                    is_first=position == 0,
                    what=SCARCE.get(row.kind, "hour"),
                )
            )
    return lines


def _full(row: HeatRow) -> str:
    return f"{row.label} · {row.note}" if row.note else row.label


def _cell(cell: HeatCell, money_decimals: int) -> Cell:
    share = None if cell.share is None else round(100 * cell.share)
    heat = 0 if share is None else sum(share > step for step in _STEPS)
    thousands = round(cell.value / 10 ** (money_decimals + 3))
    title = _("%(load)s of %(available)s") % {
        "load": formats.number(cell.load),
        "available": formats.number(cell.available),
    }
    if cell.is_missing:
        title += " · " + _("missing: a rule is broken for want of it")
    return Cell(cell.month, share, heat, thousands, share is not None and share > 100, cell.is_missing, title)
