"""The plan store at 10,000 products × 10 sales organisations × 18 months × 8 measures: 14.4 million cells."""

from __future__ import annotations

import json
import logging
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from django.test import Client

from accounts.choices import Department, Role
from accounts.models import User
from bench.table import Row
from core.months import format_month, parse_month
from cycles.models import Cycle
from masterdata.models import Company, Org, Product
from plans import cache
from plans.cubes import Axis, Cube
from plans.hierarchy import load_hierarchy
from plans.measures import get_measure
from plans.selectors import get_heads, load_comparison, load_nodes, verify_snapshot
from plans.services import (
    CellEdit,
    compact_head,
    create_working_version,
    fork_version,
    freeze_version,
    measure_scale,
    preview_spread,
    publish_cubes,
    save_cells,
    save_spread,
)

NEEDS_DATABASE = True
MONTH, MONTHS = parse_month("2026-01"), 18
FAMILIES, SKUS, ORGS = 100, 100, 10
MEASURES = ("baseline", "sales", "proposal", "override", "constrained", "short", "revenue_unconstrained", "revenue")
SHOWN = ("baseline", "sales", "proposal", "consensus", "constrained", "short", "revenue_unconstrained", "revenue")


class Sample(NamedTuple):
    """Milliseconds of one go."""

    clock: float
    cpu: float


@dataclass(frozen=True)
class World:
    """The company of the bench. ``keys`` are the leaf pairs [100,000, 2]."""

    version_id: int
    keys: np.ndarray
    families: list[int]
    actor: User


def run() -> list[Row]:
    """Every figure of the plan store, medians and 95th percentiles in milliseconds."""
    world = _build()
    rows = [*_measure_reads(world), *_measure_edits(world), *_measure_scenarios(world), *_measure_http(world)]
    return [*rows, *_measure_freezing(world)]


def _build() -> World:
    Company.objects.create(name="Bench")
    families = Product.objects.bulk_create(
        Product(code=f"F{n:03d}", name=f"F{n}", level="family") for n in range(FAMILIES)
    )
    products = Product.objects.bulk_create(
        Product(code=f"P{n:05d}", name=f"P{n}", level="sku", parent=families[n // SKUS]) for n in range(FAMILIES * SKUS)
    )
    regions = Org.objects.bulk_create(Org(code=f"R{n}", name=f"R{n}", level="region") for n in range(2))
    orgs = Org.objects.bulk_create(
        Org(code=f"D{n}", name=f"D{n}", level="dealer", parent=regions[n % 2]) for n in range(ORGS)
    )
    actor = User.objects.create(username="bench", role=Role.DEMAND_LEAD, department=Department.SUPPLY)
    cycle = Cycle.objects.create(month=MONTH, horizon=MONTHS)
    version = create_working_version(cycle=cycle, actor=actor)
    keys = np.array([(product.pk, org.pk) for product in products for org in orgs], np.int64)
    random, axis = np.random.default_rng(7), Axis.of("product_org", keys)
    cubes = {}
    for code in MEASURES:
        measure, base = get_measure(code), random.lognormal(3, 1.2, (len(axis), 1))
        level = base * (100 if measure.unit == "money" else 1)
        values = random.poisson(np.broadcast_to(level, (len(axis), MONTHS)))
        mask = random.random(values.shape) < 0.05 if measure.nullable else None
        values = values if mask is None else np.where(mask, values, 0)
        cubes[code] = Cube(axis, MONTH, values, measure.unit, measure_scale(measure), mask)
    publish_cubes(version_id=version.pk, cubes=cubes, actor=actor)
    return World(version.pk, keys, [family.pk for family in families], actor)


def _measure_reads(world: World) -> list[Row]:
    random = np.random.default_rng(1)

    def read(nodes: Sequence[tuple]) -> None:
        months = range(MONTH, MONTH + MONTHS)
        load_nodes(version_id=world.version_id, measures=SHOWN, nodes=nodes, months=months)

    def read_leaves() -> None:
        read([tuple(key) for key in world.keys[random.choice(len(world.keys), 200, replace=False)].tolist()])

    def read_leaves_cold() -> None:
        cache.clear()
        read_leaves()

    orgs = sorted(set(world.keys[:, 1].tolist()))
    families = [(family, org) for family in world.families[:20] for org in orgs]
    totals = [(None, None), *((family, None) for family in world.families)]
    rows = [
        _row("grid slice, 200 leaves × 8 measures", _repeat(read_leaves, 60), "≤ 150"),
        _row("the same in a process that has read nothing yet", _repeat(read_leaves_cold, 5, warm_up=0)),
        _row("200 family × org rows × 8 measures", _repeat(lambda: read(families), 20), "≤ 150"),
        _row("totals of the company and 100 families × 8 measures", _repeat(lambda: read(totals), 20), "≤ 200"),
    ]
    return [*rows, Row("decoded blocks and sums in memory", cache.CONTENT.size_bytes / 2**20, "MB")]


def _measure_edits(world: World) -> list[Row]:
    random = np.random.default_rng(2)

    def save(edits: list[CellEdit]) -> None:
        save_cells(version_id=world.version_id, edits=edits, actor=world.actor)

    def edit(a: int, b: int, month: int) -> CellEdit:
        return CellEdit("sales", a, b, MONTH + month, int(random.integers(500)), checked=False)

    def save_leaf() -> None:
        a, b = world.keys[random.integers(len(world.keys))].tolist()
        save([edit(a, b, int(random.integers(MONTHS)))])

    def paste() -> None:
        rows = world.keys[random.choice(len(world.keys), 50, replace=False)].tolist()
        save([edit(a, b, month) for a, b in rows for month in range(12)])

    def spread(months: int) -> None:
        totals = {MONTH + month: int(random.integers(10_000, 90_000)) for month in range(months)}
        family = int(random.choice(world.families))
        save_spread(
            preview=preview_spread(
                version_id=world.version_id, measure="sales", product=family, org=None, totals=totals
            ),
            actor=world.actor,
        )

    rows = [
        _row("save one leaf edit", _repeat(save_leaf, 200), "≤ 60"),
        _row("spread a family total over 1,000 leaves: preview, save", _repeat(lambda: spread(1), 15), "≤ 300"),
        _row("paste 600 cells", _repeat(paste, 10)),
    ]
    head = get_heads(version_id=world.version_id, measures=["sales"])["sales"]
    rows.append(_row(f"fold a tail of {head.rev - head.fold:,} edits", [_time(lambda: compact_head(head=head))]))
    return [*rows, _row("spread 18 family totals over 18,000 cells", _repeat(lambda: spread(18), 5, warm_up=1))]


def _measure_scenarios(world: World) -> list[Row]:
    made: list[int] = []

    def fork() -> None:
        made.append(fork_version(parent_id=world.version_id, name=f"What if {len(made)}", actor=world.actor))

    forks = _repeat(fork, 10)
    for number, scenario in enumerate(made[:5]):
        a, b = world.keys[number].tolist()
        edit = CellEdit("sales", a, b, MONTH, number, checked=False)
        save_cells(version_id=scenario, edits=[edit], actor=world.actor)

    def compare() -> None:
        load_comparison(version_ids=made[:5], measures=SHOWN, nodes=[(None, None)])

    cache.clear()
    return [
        _row("new scenario", forks, "≤ 50"),
        _row("compare 5 scenarios, totals of 8 measures, cold", [_time(compare)], "≤ 500"),
        _row("the same, warm", _repeat(compare, 20), "≤ 500"),
    ]


def _measure_http(world: World) -> list[Row]:
    """The same through session, rights, scope and JSON; the client's own work is in the figure too."""
    client, random = Client(), np.random.default_rng(3)
    client.force_login(world.actor, backend="django.contrib.auth.backends.ModelBackend")
    hierarchy = load_hierarchy()

    def grid() -> None:
        family = hierarchy.products.code_of(int(random.choice(world.families)))
        query = f"measure=sales,proposal&product={family}&level=sku"
        answer = client.get(f"/api/v1/plans/{world.version_id}/cells/?{query}")
        assert answer.status_code == 200, answer.content

    def save() -> None:
        a, b = world.keys[random.integers(len(world.keys))].tolist()
        where = {"product": hierarchy.products.code_of(a), "org": hierarchy.orgs.code_of(b)}
        month = format_month(MONTH + int(random.integers(MONTHS)))
        edit = {"measure": "consensus", **where, "month": month, "value": int(random.integers(500)), "reason": "deal"}
        body = json.dumps({"edits": [edit]})
        url = f"/api/v1/plans/{world.version_id}/cells:batch"
        answer = client.post(url, body, content_type="application/json")
        assert answer.json()["results"][0]["status"] == "applied", answer.content

    def spread() -> None:
        family = hierarchy.products.code_of(int(random.choice(world.families)))
        edit = {"measure": "sales", "product": family, "month": format_month(MONTH)}
        body = json.dumps({"edits": [{**edit, "value": int(random.integers(9999))}]})
        answer = client.post(f"/api/v1/plans/{world.version_id}/cells:batch", body, content_type="application/json")
        assert answer.json()["results"][0]["status"] == "applied", answer.content

    logging.disable(logging.INFO)  # a line per request would be most of the table
    try:
        return [
            _row("GET 100 rows of a family × 2 measures", _repeat(grid, 30), "≤ 150"),
            _row("POST one leaf edit of the consensus", _repeat(save, 100), "≤ 60"),
            _row("POST a family total over 1,000 leaves", _repeat(spread, 10), "≤ 300"),
        ]
    finally:
        logging.disable(logging.NOTSET)


def _measure_freezing(world: World) -> list[Row]:
    """Every measure with a tail is folded first, as on the day of the approval."""
    codes: list[str] = []
    frozen = _time(lambda: codes.append(freeze_version(version_id=world.version_id, kind="A", actor=world.actor)))
    findings: list[object] = []
    verified = _time(lambda: findings.extend(verify_snapshot(code=codes[0])))
    assert not findings, findings
    return [
        Row("freeze 14.4 million cells", frozen.clock / 1000, "s", "≤ 10", f"cpu {frozen.cpu / 1000:.2f}"),
        Row("hash them again from the stored bytes", verified.clock / 1000, "s", "", f"cpu {verified.cpu / 1000:.2f}"),
    ]


def _time(work: Callable[[], object]) -> Sample:
    """Milliseconds by the clock and of this process's own work."""
    clock, cpu = time.perf_counter(), time.process_time()
    work()
    return Sample((time.perf_counter() - clock) * 1000, (time.process_time() - cpu) * 1000)


def _row(name: str, samples: Sequence[Sample], goal: str = "") -> Row:
    """The 95th percentile by the clock, the goal beside it; medians as a note, so that a busy machine shows."""
    clock = sorted(sample.clock for sample in samples)
    p95 = clock[min(len(clock) - 1, int(0.95 * len(clock)))]
    cpu = statistics.median(sample.cpu for sample in samples)
    return Row(name, p95, "ms p95", goal, f"median {statistics.median(clock):.1f}, cpu {cpu:.1f}, n = {len(clock)}")


def _repeat(work: Callable[[], object], times: int, *, warm_up: int = 3) -> list[Sample]:
    for _ in range(warm_up):
        work()
    return [_time(work) for _ in range(times)]
