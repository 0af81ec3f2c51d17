"""What changed in the plan since it was last balanced: the newest batches of people, as before and after."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
from django.utils.translation import gettext as _

from core import formats
from core.errors import Missing
from cycles.models import Cycle
from masterdata.models import Org, Product
from plans.choices import Source
from plans.hierarchy import load_hierarchy
from plans.measures import Measure, get_measure, list_measures
from plans.models import Batch, Edit
from plans.selectors import get_heads, get_working_version, read_current
from plans.selectors.state import Cell
from supply.selectors.runs import get_latest_run

SHOWN = 4
_BY_MACHINES = (Source.JOB, Source.SYSTEM)


@dataclass(frozen=True)
class ChangeLine:
    """One batch: what, from, to, why, who, when. Quantities in smallest units."""

    what: str
    before: int
    after: int
    why: str
    by: str
    at: dt.datetime
    address: FigureAddress | None


@dataclass(frozen=True)
class FigureAddress:
    """Where a line's figure stands in the plan, when it is the sum of one product and region over its months."""

    version: int
    measure: str
    product: str
    org: str
    first: int
    last: int


@dataclass(frozen=True)
class ChangeList:
    """Since when, the newest lines, and how long a balance takes; ``None`` seconds: it never ran."""

    since: dt.datetime | None
    lines: list[ChangeLine]
    seconds: float | None
    version_id: int | None


def load_changes(cycle: Cycle) -> ChangeList:
    """Batches after the last balance, newest first; all batches when there was none."""
    try:
        version = get_working_version(cycle)
    except Missing:
        return ChangeList(None, [], None, None)
    run = get_latest_run(version.pk)
    batches = Batch.objects.filter(version=version, ncells__gt=0).exclude(source__in=_BY_MACHINES)
    if run is not None:
        batches = batches.filter(at__gt=run.finished_at)
    lines = [line for batch in batches.order_by("-at")[:SHOWN] if (line := _line(batch)) is not None]
    return ChangeList(run.finished_at if run else None, lines, run.seconds if run else None, version.pk)


def _line(batch: Batch) -> ChangeLine | None:
    edits = list(Edit.objects.filter(batch=batch).select_related("head").order_by("m", "pk"))
    if not edits:
        return None
    measure, lower = _reading(edits[0].head.measure)
    under = _under(batch.version_id, lower, edits)
    first, last = edits[0].m, edits[-1].m
    months = formats.month_long(first) if first == last else formats.month_range(first, last)
    return ChangeLine(
        what=f"{_product_name({edit.a_id for edit in edits})} · {measure} · {months}",
        before=sum(under[_cell(edit)] if edit.before is None else edit.before for edit in edits),
        after=sum(under[_cell(edit)] if edit.after is None else edit.after for edit in edits),
        why=batch.comment or batch.reason,
        by=batch.author_name,
        at=batch.at,
        address=_address(batch, edits, first, last),
    )


def _address(batch: Batch, edits: list[Edit], first: int, last: int) -> FigureAddress | None:
    keys = {(edit.a_id, edit.b_id) for edit in edits}
    if len(keys) > 1 or len(edits) != last - first + 1:
        return None
    [(product_id, org_id)] = keys
    product = Product.objects.filter(pk=product_id).values_list("code", flat=True).first()
    org = Org.objects.filter(pk=org_id).values_list("code", flat=True).first()
    if product is None or org is None:
        return None
    measure = _shown_measure(edits[0].head.measure).code
    return FigureAddress(batch.version_id, measure, product, org, first, last)


def _cell(edit: Edit) -> Cell:
    return edit.a_id, edit.b_id, edit.m


def _reading(code: str) -> tuple[str, str | None]:
    """What people call a stored measure, and the measure that shows through where it is empty."""
    measure = _shown_measure(code)
    return str(measure.label), measure.overlay[0] if measure.overlay else None


def _shown_measure(code: str) -> Measure:
    """The overlay an edit of a stored measure shows in, else the measure itself."""
    overlays = (measure for measure in list_measures() if measure.overlay and measure.overlay[1] == code)
    return next(overlays, get_measure(code))


def _under(version_id: int, lower: str | None, edits: list[Edit]) -> dict[Cell, int]:
    """What the plan reads in these cells when they are empty."""
    cells = {_cell(edit) for edit in edits}
    if lower is None:
        return dict.fromkeys(cells, 0)
    read = read_current({lower: cells}, get_heads(version_id=version_id, measures=[lower]))
    return {cell: read[lower, cell] or 0 for cell in cells}


def _product_name(ids: set[int]) -> str:
    """The product, or the nearest node above all of them."""
    tree = load_hierarchy().products
    paths = tree.paths[tree.positions(np.array(sorted(ids)))]
    shared = paths[:, (paths == paths[0]).all(axis=0)]
    node = int(shared[0, -1])
    product = Product.objects.filter(pk=int(tree.ids[node])).first() if node < len(tree.ids) else None
    return product.label if product else _("several products")
