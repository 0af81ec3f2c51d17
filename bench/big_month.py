"""The big company a month and a half into planning: one cycle played to its release, the next up to the executive.

Everything is done by the services of the application, the forecast of 100,000 series included. Only the balance is
made up, shortages, options and all: the solver's time is another benchmark's, and pages do not care who wrote a plan.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from accounts.choices import Role
from accounts.models import User
from bench.big_company import (
    FIRST_CYCLE,
    HISTORY_MONTHS,
    HORIZON,
    LINES,
    Size,
    dealer,
    line_of,
    product,
    sell,
    write_sheets,
)
from core.months import first_day
from cycles.choices import CycleState
from cycles.models import Cycle
from masterdata.models import Material, Org, Product, Resource, Site
from masterdata.selectors import get_company
from masterdata.services import import_folder
from plans.choices import AxisKind
from plans.cubes import Axis, Cube
from plans.measures import get_measure
from plans.models import Version
from plans.selectors import get_heads, load_measure
from plans.services import CellEdit, Note, ensure_heads, get_or_create_actuals, measure_scale, publish_cubes, save_cells
from sop.demo.people import ensure_people
from sop.monthly import MonthlyRun
from supply import measures as m
from supply.choices import CauseKind, OptionKind, RunStatus
from supply.models import BalanceRun, Bottleneck, Shortage, SupplyOption

Ints = NDArray[np.int64]
SHORT_LINES, SHORT_MARKETS = 3, 200  # lines that are too slow, and markets each of them leaves waiting
OVERRIDES = 400
DEAL = Note(reason="deal", cause="deal")
BIG = Size()


@dataclass(frozen=True)
class World:
    """What a benchmark needs to know of the company. ``people``: role → who plays it."""

    size: Size
    cycle: Cycle
    version: Version
    people: dict[str, User]


def make_world(
    size: Size = BIG, *, stop_at: str = CycleState.EXECUTIVE, announce: Callable[[str], None] = lambda _text: None
) -> World:
    """Import the company, play its first cycle to the release and its second up to ``stop_at``."""
    sales = sell(size)
    people: dict[str, User] = {}
    released: Cycle | None = None
    for month in (FIRST_CYCLE, FIRST_CYCLE + 1):
        with tempfile.TemporaryDirectory() as folder:
            write_sheets(size, sales, Path(folder), month=month)
            batch = import_folder(path=Path(folder), actor=None)
        if not batch.is_committed:
            raise RuntimeError(f"the company was not imported: {batch.findings[:3]}")
        if released is None:
            people = ensure_people()
            User.objects.filter(role=Role.SALES).update(language="en")
            _load_history(size, sales)
        run = MonthlyRun(month=month, people=people, horizon=HORIZON, announce=announce)
        cycle = run.start() if released is None else run.roll(released)
        run.forecast()
        _publish_sales(size, run.version)
        run.open_demand_review()
        _override(size, run.version, people[Role.DEMAND_LEAD])
        if released is not None and stop_at == CycleState.DEMAND_REVIEW:
            break
        run.hand_in()
        run.sign_demand()
        _balance(size, run.version, people[Role.SUPPLY_LEAD])
        run.sign_supply()
        run.value()
        run.sign_pre_sop()
        if released is None:
            run.decide()
            run.approve()
            run.release()
            released = cycle
    cycle.refresh_from_db()
    return World(size, cycle, run.version, people)


def _load_history(size: Size, sales: Ints) -> None:
    """Two years of sales as one block, as the import of a million rows would leave them."""
    keys, shown = _pairs(size), sales[:, :HISTORY_MONTHS]
    first = FIRST_CYCLE - HISTORY_MONTHS
    prices = 10 + np.repeat(np.arange(size.products), size.orgs) * 37 % 90
    cubes = {
        "actual": _cube("actual", keys, first, shown),
        "actual_revenue": _cube("actual_revenue", keys, first, shown * prices[:, None] * 100),
    }
    publish_cubes(version_id=get_or_create_actuals(actor=None).pk, cubes=cubes, actor=None)


def _publish_sales(size: Size, version: Version) -> None:
    """What the sales departments expect: the baseline, a little more in the south."""
    baseline = load_measure(version_id=version.pk, measure="baseline")
    rng = np.random.default_rng(3)
    values = np.rint(baseline.values * rng.normal(1.03, 0.1, (len(baseline.axis), 1)).clip(0.5, 2)).astype(np.int64)
    cube = Cube(baseline.axis, baseline.first_month, values, baseline.unit, baseline.scale, np.ones(values.shape, bool))
    publish_cubes(version_id=version.pk, cubes={"sales": cube}, actor=None)


def _override(size: Size, version: Version, actor: User) -> None:
    rng = np.random.default_rng(4)
    keys = _pairs(size)[rng.choice(size.products * size.orgs, OVERRIDES, replace=False)]
    month = load_measure(version_id=version.pk, measure="proposal").first_month
    edits = [
        CellEdit("override", a, b, month + 2 + n % 6, int(rng.integers(1, 80)), checked=False, note=DEAL)
        for n, (a, b) in enumerate(keys.tolist())
    ]
    save_cells(version_id=version.pk, edits=edits, actor=actor)


def _slow_lines(size: Size) -> list[int]:
    return sorted({line_of(size, n) for n in range(size.products)})[:SHORT_LINES]


def _pairs(size: Size) -> Ints:
    """[products × orgs, 2] ids in the order of ``sell``."""
    products, orgs = (dict(model.objects.values_list("code", "pk")) for model in (Product, Org))
    return np.array(
        [(products[product(a)], orgs[dealer(b)]) for a in range(size.products) for b in range(size.orgs)], np.int64
    )


def _cube(measure: str, keys: Ints, first_month: int, values: Ints, *, kind: str = AxisKind.PRODUCT_ORG) -> Cube:
    """Rows sorted as an axis wants them; columns of one figure become as many months as the plan has."""
    order = np.lexsort((keys[:, 1], keys[:, 0]))
    definition = get_measure(measure)
    return Cube(Axis(kind, keys[order]), first_month, values[order], definition.unit, measure_scale(definition))


def _balance(size: Size, version: Version, actor: User) -> None:
    """A plan in which the first lines are too slow: some of their markets get four fifths in nine months."""
    ensure_heads(version_id=version.pk, measures=m.BALANCED)
    inputs = get_heads(version_id=version.pk, measures=[m.CONSENSUS])
    consensus = load_measure(version_id=version.pk, measure=m.CONSENSUS)
    first, months = consensus.first_month, consensus.ncols
    keys, asked = _pairs(size), np.maximum(consensus.values[consensus.axis.rows_of(_pairs(size))], 0)
    short = np.zeros_like(asked)
    for delay, line in enumerate(_slow_lines(size), start=1):
        members = [n for n in range(size.products) if line_of(size, n) == line][: SHORT_MARKETS // size.orgs]
        rows = (np.array(members)[:, None] * size.orgs + np.arange(size.orgs)).ravel()
        short[rows, delay : delay + 9] = asked[rows, delay : delay + 9] // 5
    served = asked - short
    publish_cubes(
        version_id=version.pk,
        cubes=_plan_cubes(size, keys, first, served, short),
        actor=actor,
        inputs=inputs,
        fence=lambda: _store_run(size, version, keys, first, months, asked, short, inputs, actor),
        cause="balance",
    )


def _plan_cubes(size: Size, keys: Ints, first: int, served: Ints, short: Ints) -> dict[str, Cube]:
    months = served.shape[1]
    made = served.reshape(size.products, size.orgs, months).sum(axis=1)
    sites = dict(Site.objects.values_list("code", "pk"))
    lines = np.array([line_of(size, n) for n in range(size.products)])
    at = np.column_stack([keys[:: size.orgs, 0], [sites[f"S{line * 2 // LINES}"] for line in lines]])
    load = np.zeros((LINES, months), np.int64)
    np.add.at(load, lines, made)
    hours = load * 30_400 // np.maximum(load.mean(axis=1, keepdims=True).astype(np.int64), 1)
    resources = dict(Resource.objects.values_list("code", "pk"))
    machines = np.array([(resources[f"LINE-{n:02d}"], 0) for n in range(LINES)], np.int64)
    parts = _part_keys(sites)
    bought = np.repeat(made.sum(axis=0)[None] // len(parts), len(parts), axis=0)
    rows: dict[str, tuple[str, Ints, Ints]] = {
        m.CONSTRAINED: (AxisKind.PRODUCT_ORG, keys, served), m.SHORT: (AxisKind.PRODUCT_ORG, keys, short),
        m.PRODUCTION: (AxisKind.PRODUCT_SITE, at, made), m.OUTSOURCED: (AxisKind.PRODUCT_SITE, at, made * 0),
        m.STOCK_END: (AxisKind.PRODUCT_SITE, at, made // 3), m.PURCHASE: (AxisKind.MATERIAL, parts, bought),
        m.MATERIAL_STOCK: (AxisKind.MATERIAL, parts, bought // 2), m.LOAD_HOURS: (AxisKind.RESOURCE, machines, hours),
        m.AVAILABLE_HOURS: (AxisKind.RESOURCE, machines, np.full_like(hours, 32_000)),
        m.OVERTIME_HOURS: (AxisKind.RESOURCE, machines, np.maximum(hours - 32_000, 0)),
        m.EXTRA_SHIFT_HOURS: (AxisKind.RESOURCE, machines, hours * 0),
        m.OUTSOURCING_COST: (AxisKind.PRODUCT_ORG, keys, served * 0),
        m.FREIGHT_COST: (AxisKind.PRODUCT_ORG, keys, served * 35),
        m.OVERTIME_COST: (AxisKind.PRODUCT_ORG, keys, served // 20),
    }  # fmt: skip
    return {code: _cube(code, at, first, values, kind=kind) for code, (kind, at, values) in rows.items()}


def _part_keys(sites: dict[str, int]) -> Ints:
    found = Material.objects.order_by("pk").values_list("pk", flat=True)
    return np.array([(part, sites[f"S{site}"]) for part in found for site in range(2)], np.int64)


def _store_run(
    size: Size, version: Version, keys: Ints, first: int, months: int, asked: Ints, short: Ints, inputs, actor: User
) -> None:
    run = BalanceRun.objects.create(
        version=version, first_month=first, horizon=months, status=RunStatus.NEAR, solver_name="made up",
        solver_version="1", method="benchmark", seed=0, build_seconds=1.0, solve_seconds=1.0, seconds=2.0,
        rows=1, columns=1, nonzeros=1, objective=0.0, gap=0.004, revenue=int(asked.sum()) * 5_000,
        profit=int(asked.sum()) * 2_000, penalty=0, input_hash="0" * 64,
        input_heads={code: {"id": ref.id, "rev": ref.rev, "epoch": ref.epoch} for code, ref in inputs.items()},
        master_data_revision=get_company().revision, created_by=actor,
        values={"hour": {f"LINE-{n:02d}": [50.0] * months for n in _slow_lines(size)}, "material": {}, "storage": {}},
    )  # fmt: skip
    rows, columns = np.nonzero(short)
    Shortage.objects.bulk_create(
        Shortage(
            run=run, product_id=int(keys[row, 0]), org_id=int(keys[row, 1]), month=first + int(column),
            quantity=int(short[row, column]), demand=int(asked[row, column]), revenue=int(short[row, column]) * 5_000,
            margin=int(short[row, column]) * 2_000, cause=CauseKind.RESOURCE,
            code=f"LINE-{line_of(size, row // size.orgs):02d}", cause_month=first + int(column), is_confirmed=True,
        )
        for row, column in zip(rows.tolist(), columns.tolist(), strict=True)
    )  # fmt: skip
    for delay, line in enumerate(_slow_lines(size), start=1):
        code, start = f"LINE-{line:02d}", first + delay
        Bottleneck.objects.create(
            run=run, kind=CauseKind.RESOURCE, code=code, blamed=900.0, removed=880.0, is_confirmed=True
        )
        for number, kind in enumerate((OptionKind.OVERTIME, OptionKind.EXTRA_SHIFT, OptionKind.OUTSOURCE)):
            SupplyOption.objects.create(
                run=run, kind=kind, cause=CauseKind.RESOURCE, code=code, target=code, start_month=start, lead_days=20,
                changes=[], decide_by=first_day(start) - timedelta(days=20), amount=40.0, units=400, revenue=2_000_000,
                gain=900_000 - 100_000 * number, cost=300_000, stock=0, service=0.001,
            )  # fmt: skip
