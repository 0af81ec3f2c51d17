"""The page of the chains: the main chain in one line, every sub-chain with its totals, one of them month by month."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from accounts.policies import can
from accounts.selectors import get_scope
from core import formats
from core.errors import Missing
from cycles.models import Cycle
from masterdata.models import Material, Product
from masterdata.selectors import get_company
from plans.choices import VersionKind
from plans.hierarchy import load_hierarchy
from plans.models import Version
from plans.selectors import load_measure
from supply import measures as m
from supply.choices import ChainKind
from supply.models import Release
from supply.selectors import chains as c
from supply.selectors.horizon import plan_months
from supply.selectors.marks import keep_plan_figures
from supply.selectors.releases import find_release_of
from supply.selectors.values import load_unit_values

MOST_ROWS = 15
SECTIONS: dict[str, str | Promise] = {
    c.MADE: gettext_lazy("Made"),
    c.OUTSOURCED: gettext_lazy("Bought in ready-made"),
    c.RECEIVED: gettext_lazy("Received from other sites"),
    c.SHIPPED: gettext_lazy("Shipped to sales regions"),
    c.SENT: gettext_lazy("Sent to other sites"),
    c.STOCK: gettext_lazy("Finished stock at month end"),
    c.LOAD: gettext_lazy("Load, hours"),
    c.AVAILABLE: gettext_lazy("Available, hours"),
    c.NEED: gettext_lazy("Material needed"),
    c.BOUGHT: gettext_lazy("To buy"),
    c.ON_ORDER: gettext_lazy("On order already"),
    c.MATERIAL_STOCK: gettext_lazy("Material at month end"),
}


@dataclass(frozen=True)
class ChainLine:
    """A sub-chain in the list. Smallest units and minor currency units; ``None``: nothing of the kind here."""

    chain: c.Chain
    label: str
    kind: str
    figures: list[int | None]
    load_percent: float | None
    value: int | None


@dataclass(frozen=True)
class SectionBlock:
    """One section of the shown chain: rows of name, note, total and months; ``more`` are only in the total."""

    title: str
    scale: int
    rows: list[tuple[str, str, int, list[int]]]
    total: int
    by_month: list[int]
    more: int


@dataclass(frozen=True)
class ChainsBoard:
    cycle: Cycle
    version: Version
    release: Release | None
    is_approved: bool
    message: str
    months: list[str]
    scale: int
    facts: list[tuple[str, int, str, str]]  # name, units, tone, what it means
    stock_value: int | None
    purchase_value: int | None
    freight: int | None
    inside: list[ChainLine]
    outside: list[ChainLine]
    heads_inside: list[str]
    heads_outside: list[str]
    shown: ChainLine | None
    blocks: list[SectionBlock]
    are_moves_kept: bool
    is_balanced: bool


# The columns of the lists, with shorter heads.
_HEADS: dict[str, str | Promise] = {
    **SECTIONS,
    c.OUTSOURCED: gettext_lazy("Bought in"),
    c.RECEIVED: gettext_lazy("Moved in"),
    c.SHIPPED: gettext_lazy("Shipped"),
    c.SENT: gettext_lazy("Moved out"),
    c.STOCK: gettext_lazy("Stock at the end"),
    c.ON_ORDER: gettext_lazy("On order already"),
}
_INSIDE = (c.MADE, c.RECEIVED, c.SHIPPED, c.SENT, c.STOCK)
_OUTSIDE = (c.BOUGHT, c.ON_ORDER, c.OUTSOURCED)


def load_plan_chains(version: Version, user: User) -> c.PlanChains:
    """The chains a reader may see, kept while nothing they come from changes."""
    return keep_plan_figures(
        ("chains",), version=version, user=user, make=lambda: c.load_chains(version, get_scope(user))
    )


def load_chains_board(cycle: Cycle, version: Version, *, user: User, wanted: str) -> ChainsBoard:
    """The page; ``wanted`` is the code of the chain shown by month, by default the first. Raises ``Missing``."""
    plan, sees_costs = load_plan_chains(version, user), can(user, "finance.view_costs")
    worth = _worth(plan, version) if sees_costs else None
    columns = [code for code in _INSIDE if any(code in chain.sections for chain in plan.chains)]
    lines = [_line(chain, worth, columns) for chain in plan.chains]
    shown = next((line for line in lines if line.chain.code == wanted), None)
    if wanted and shown is None:
        raise Missing(_("This plan has no chain “%(code)s”.") % {"code": wanted}, code="no_chain")
    shown = shown or (lines[0] if lines else None)
    inside = [line for line in lines if line.chain.kind in (ChainKind.PLANT, ChainKind.WAREHOUSE)]
    outside = [line for line in lines if line not in inside]
    release = find_release_of(version)
    return ChainsBoard(
        cycle=cycle,
        version=version,
        release=release,
        is_approved=version.kind == VersionKind.APPROVED,
        message=_message(plan),
        months=formats.month_heads(list(plan.months)),
        scale=plan.scale,
        facts=_facts(plan),
        stock_value=None if worth is None else sum(worth.get((chain.code, c.STOCK), 0) for chain in plan.chains),
        purchase_value=None if worth is None else sum(worth.get((chain.code, c.BOUGHT), 0) for chain in plan.chains),
        freight=_freight(version, user) if sees_costs else None,
        inside=inside,
        outside=outside,
        heads_inside=[str(_HEADS[code]) for code in columns],
        heads_outside=[str(_HEADS[code]) for code in _OUTSIDE],
        shown=shown,
        blocks=_blocks(shown.chain) if shown else [],
        are_moves_kept=plan.are_moves_kept,
        is_balanced=any(plan.main["served"]) or any(plan.main[c.STOCK]) or any(plan.main[c.MADE]),
    )


def name_chain(chain: c.Chain) -> str:
    """What a page calls a chain."""
    if chain.kind == ChainKind.OUTSOURCING:
        return str(ChainKind.OUTSOURCING.label)
    return chain.label or (_("No supplier named") if chain.kind == ChainKind.SUPPLIER else _("The only site"))


def _message(plan: c.PlanChains) -> str:
    if not any(plan.main["asked"]):
        return _("There is no demand in this plan yet")
    made, shipped, short = (formats.quantity(plan.total(code), plan.scale) for code in (c.MADE, c.SHIPPED, "short"))
    return _("%(made)s made, %(shipped)s shipped, %(short)s short, in %(chains)d chains") % {
        "made": made,
        "shipped": shipped,
        "short": short,
        "chains": len(plan.chains),
    }


def _facts(plan: c.PlanChains) -> list[tuple[str, int, str, str]]:
    """What the month's end of the chain says; who waits is served later, so asked is not served plus short."""
    late = _("Not served in the month it is asked for; a part may come later.")
    names = [
        ("asked", _("Asked"), ""),
        (c.MADE, _("Made"), ""),
        (c.OUTSOURCED, _("Bought in"), ""),
        (c.SHIPPED, _("Shipped"), ""),
        ("served", _("Served"), _("Arrived at the sales regions, late deliveries among them.")),
        ("short", _("Short"), late),
        (c.STOCK, _("Stock at the end"), ""),
    ]
    return [
        (name, plan.total(code), "bad" if code == "short" and plan.total(code) else "", note)
        for code, name, note in names
        if code != c.OUTSOURCED or plan.total(code)
    ]


def _line(chain: c.Chain, worth: dict[tuple[str, str], int] | None, inside: Sequence[str]) -> ChainLine:
    is_inside = chain.kind in (ChainKind.PLANT, ChainKind.WAREHOUSE)
    wanted = inside if is_inside else _OUTSIDE
    available = chain.total(c.AVAILABLE)
    money = None if worth is None else worth.get((chain.code, c.STOCK if is_inside else c.BOUGHT))
    return ChainLine(
        chain=chain,
        label=name_chain(chain),
        kind=str(ChainKind(chain.kind).label),
        figures=[chain.total(code) if code in chain.sections else None for code in wanted],
        load_percent=100 * chain.total(c.LOAD) / available if available else None,
        value=money,
    )


def _blocks(chain: c.Chain) -> list[SectionBlock]:
    return [_block(section, str(SECTIONS[code])) for code in SECTIONS if (section := chain.sections.get(code))]


def _block(section: c.Section, title: str) -> SectionBlock:
    """The largest rows; hours to the whole hour, quantities as exact as they are kept."""
    is_hours, is_level = section.code in c.HOURS, section.code in c.LEVELS
    unit = 10**section.scale if is_hours else 1

    def shown(value: int) -> int:
        return round(value / unit) if is_hours else value

    def row_of(row: c.ItemRow) -> tuple[str, str, int, list[int]]:
        total = row.values[-1] if is_level else sum(row.values)
        return row.label or row.code, row.note, shown(total), [shown(value) for value in row.values]

    return SectionBlock(
        title=title,
        scale=0 if is_hours else section.scale,
        rows=[row_of(row) for row in section.rows[:MOST_ROWS]],
        total=shown(section.total),
        by_month=[shown(value) for value in section.by_month],
        more=max(0, len(section.rows) - MOST_ROWS),
    )


def _worth(plan: c.PlanChains, version: Version) -> dict[tuple[str, str], int]:
    """Minor units of what each chain holds at the end, and of what is bought from it over the months."""
    consensus = load_measure(version_id=version.pk, measure=m.CONSENSUS, months=plan.months)
    values = load_unit_values(consensus)
    products = {code: values.cost.get(pk, 0.0) for pk, code in Product.objects.values_list("pk", "code")}
    cent = 10 ** get_company().currency_decimals
    materials = {code: float(cost) * cent for code, cost in Material.objects.values_list("code", "unit_cost")}
    found: dict[tuple[str, str], int] = {}
    for chain in plan.chains:
        for code in (c.STOCK, c.BOUGHT, c.ON_ORDER):
            if section := chain.sections.get(code):
                rates, unit = (products if code == c.STOCK else materials), 10**section.scale
                kept = code == c.STOCK
                amount = sum(
                    round((row.values[-1] if kept else sum(row.values)) * rates.get(row.code, 0.0) / unit)
                    for row in section.rows
                )
                key = chain.code, c.STOCK if kept else c.BOUGHT
                found[key] = found.get(key, 0) + amount
    return found


def _freight(version: Version, user: User) -> int:
    cube = load_measure(version_id=version.pk, measure=m.FREIGHT_COST, months=plan_months(version))
    return int(cube.values[load_hierarchy().scope_rows(cube.axis, get_scope(user))].sum())
