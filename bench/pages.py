"""The pages over HTTP at 10,000 products × 10 sales organisations × 18 months: gunicorn with two processes.

Each page is opened by the person whose page it is: once after a restart, then again and again. Measured from the
client, to the last byte of the answer; the queries are counted in this process.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext, override_settings

from accounts.choices import Role
from bench.big_company import dealer, product
from bench.big_month import World, make_world
from bench.serving import Server, ask, served, sign_in
from bench.table import Row
from core.months import format_month

NEEDS_DATABASE = True
PROCESSES, TIMES = 2, 40
NOTHING_COLLECTED = "/nonexistent"  # what was collected may be older than the pages


class Page(NamedTuple):
    """A page, who opens it, and the goal of its 95th percentile in milliseconds."""

    name: str
    role: str
    path: str
    goal: str = ""


class Sample(NamedTuple):
    """Milliseconds by the clock, and of the server's processors."""

    clock: float
    processor: float


def run() -> list[Row]:
    """Two rows a page: again and again, and the first time after a restart."""
    return measure(make_world())


def list_pages(world: World) -> list[Page]:
    """Every page a meeting looks at, and the grid of a family: two hundred rows of past and plan."""
    first = world.cycle.month - 6
    size = world.size
    family, leaf, org = f"F{size.families // 2:03d}", product(size.products // 2), dealer(size.orgs // 2)
    months = f"from={format_month(first)}&to={format_month(first + 23)}"
    grid = f"/api/v1/plans/{world.version.pk}/cells/?measure=actual,consensus&product={family}&level=sku&{months}"
    return [
        Page("home", Role.COORDINATOR, "/"),
        Page("demand workbench, everything", Role.DEMAND_LEAD, "/demand/"),
        Page("demand workbench, one product at one dealer", Role.DEMAND_LEAD, f"/demand/?product={leaf}&org={org}"),
        Page("grid of 200 rows × 24 months", Role.DEMAND_LEAD, grid, "≤ 150"),
        Page("demand meeting", Role.DEMAND_LEAD, "/meeting/demand_review/"),
        Page("look back on demand", Role.DEMAND_LEAD, "/demand/review/"),
        Page("explain a family", Role.DEMAND_LEAD, f"/demand/explain/?product={family}"),
        Page("orders", Role.DEMAND_LEAD, "/demand/orders/"),
        Page("supply workbench", Role.SUPPLY_LEAD, "/supply/"),
        Page("supply meeting", Role.SUPPLY_LEAD, "/meeting/supply_review/"),
        Page("inventory", Role.SUPPLY_LEAD, "/supply/inventory/"),
        Page("pre-S&OP", Role.FINANCE, "/presop/"),
        *(Page(f"executive, page {n}", Role.EXECUTIVE, f"/executive/?p={n}", "≤ 200") for n in (1, 2, 3)),
    ]


def measure(world: World, *, times: int = TIMES) -> list[Row]:
    """The table for a world that is there already."""
    pages = list_pages(world)
    logging.disable(logging.INFO)
    with override_settings(STATIC_ROOT=NOTHING_COLLECTED):
        queries = [_count_queries(world, page) for page in pages]
    people = {page.role: sign_in(world.people[page.role]) for page in pages}
    first = []
    for page in pages:
        with served(PROCESSES) as server:
            first.append(_time(server, page, people[page.role]))
    with served(PROCESSES) as server:
        rows = []
        for page, cold, count in zip(pages, first, queries, strict=True):
            for _process in range(PROCESSES * 3):
                ask(server.root + page.path, people[page.role])
            warm = [_time(server, page, people[page.role]) for _time_ in range(times)]
            rows += [_row(page, warm, count), Row("  first after a restart", cold.clock, "ms", "", _cpu([cold]))]
        return [*rows, Row("memory of a web process that has shown them all", server.memory_mb(), "MB")]


def _count_queries(world: World, page: Page) -> int:
    client = Client()
    client.force_login(world.people[page.role], backend="django.contrib.auth.backends.ModelBackend")
    client.get(page.path)
    with CaptureQueriesContext(connection) as captured:
        answer = client.get(page.path)
    if answer.status_code != 200:
        raise RuntimeError(f"{page.path}: {answer.status_code}")
    return len(captured)


def _time(server: Server, page: Page, headers: dict[str, str]) -> Sample:
    used, began = server.processor_seconds(), time.perf_counter()
    ask(server.root + page.path, headers)
    seconds = time.perf_counter() - began
    return Sample(1000 * seconds, 1000 * (server.processor_seconds() - used))


def _row(page: Page, samples: Sequence[Sample], queries: int) -> Row:
    clock = [sample.clock for sample in samples]
    note = f"median {np.median(clock):.0f}, {_cpu(samples)}, {queries} queries"
    return Row(page.name, float(np.percentile(clock, 95)), "ms p95", page.goal, note)


def _cpu(samples: Sequence[Sample]) -> str:
    """Mean: the kernel counts processor time in steps of ten milliseconds."""
    return f"cpu {np.mean([sample.processor for sample in samples]):.0f}"
