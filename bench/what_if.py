"""Click to page: what-ifs over HTTP against gunicorn at 1,000 products × 18 months × 3 plants.

A made-up company is imported, balanced and served by two web processes on the same database. Measured from the client:
from sending the click to the whole answer with plan, shortages and money; first the processes' warm-up after a
balance, then the clicks.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from accounts.models import User
from bench.company import FIRST_MONTH, make_company
from bench.planned_company import ask_for, import_company
from bench.serving import Server, ask, served, sign_in
from bench.table import Row
from core.jobs import run_job_now
from core.models import Job
from core.months import format_month
from supply.adapters.sheets import Sheets
from supply.models import SupplyOption
from supply.services.balance import run_balance

NEEDS_DATABASE = True
SIZE = os.environ.get("SOP_BENCH_WHAT_IF", "M")
CLICKS = 60
PROCESSES = 2
LOCAL = ("overtime", "extra_shift", "raise_supply", "expedite", "defer", "rent_storage", "break_fence")


@dataclass(frozen=True)
class Click:
    """Seconds on the clock, and processor seconds of the server's processes."""

    seconds: float
    processor: float


def run() -> list[Row]:
    """Balance once, then click."""
    sheets = make_company(SIZE)
    people = import_company(sheets)
    version = ask_for(sheets, people["coordinator"])
    began = time.perf_counter()
    made = run_balance(version_id=version.pk, actor=people["supply_lead"])
    balanced = time.perf_counter() - began
    began = time.perf_counter()
    for job in Job.objects.filter(kind="options"):
        run_job_now(job)
    priced_later = time.perf_counter() - began
    made.refresh_from_db()
    ladder = list(SupplyOption.objects.filter(run=made, kind__in=LOCAL, in_plan=False).order_by("-gain")[:6])
    with served(PROCESSES) as server:
        click = _Browser(server, people["supply_lead"], version.pk)
        warm = [click("trials/warm/", {}) for _process in range(PROCESSES * 3)]
        clicks = [click("trials/", {"settings": setting}) for setting in _clicks(sheets)]
        orders = [click("trials/", {"settings": [order]}) for order in _orders(sheets)]
        priced = [click("options/price/", {"options": [option.pk]}) for option in ladder]
        worth = click(f"worth/?what=hour&code=NECK-0&month={format_month(FIRST_MONTH + 6)}", None)
        memory = server.memory_mb()
    size = f"{made.rows:,} rows, {made.columns:,} columns"
    built = [one for one in warm if one.processor > 0.5]
    return [
        Row("balance of the plan of record, until it is published", balanced, "s", note=size),
        Row("its causes confirmed and all options priced, in the background", priced_later, "s",
            note=f"{made.options_total} levers"),
        Row("model made ready in a process, first time", max(c.processor for c in warm), "CPU s", "",
            f"{len(built)} of {PROCESSES} processes, {max(c.seconds for c in warm):.1f} s on the clock"),
        *_rows("one changed setting", clicks, "≤ 1"),
        *_rows("a rush order with whom it displaces", orders, "≤ 1"),
        Row("local ladder of options, one after the other", sum(c.processor for c in priced), "CPU s", "≤ 3",
            f"{len(priced)} options, {sum(c.seconds for c in priced):.1f} s on the clock"),
        Row("worth of one more hour with its range", worth.processor, "CPU s", "",
            f"{worth.seconds:.1f} s on the clock"),
        Row("memory of a web process with its model", memory, "MB"),
    ]  # fmt: skip


def _rows(name: str, clicks: list[Click], goal: str) -> Iterator[Row]:
    """Median and 95th percentile in processor seconds; as note the clock's, which other work stretches."""
    for label, share in (("median", 50), ("p95", 95)):
        processor, clock = (
            float(np.percentile([getattr(c, kind) for c in clicks], share)) for kind in ("processor", "seconds")
        )
        yield Row(
            f"{name}, {label}",
            processor,
            "CPU s",
            goal if share == 95 else "",
            f"{clock:.2f} s on the clock, {len(clicks)} clicks",
        )


def _clicks(sheets: Sheets) -> Iterator[list[dict[str, Any]]]:
    """Shifts, maintenance, overtime, a supplier's limit and a demand cell by turns, all over the horizon."""
    r = np.random.default_rng(5)
    lines = [row["code"] for row in sheets.of("resources")]
    limits = sheets.of("material_supply")
    demand = sheets.of("demand")
    for number in range(CLICKS):
        month = format_month(FIRST_MONTH + int(r.integers(18)))
        capacity = {"kind": "capacity", "resource": lines[int(r.integers(len(lines)))], "month": month}
        match number % 5:
            case 0:
                yield [{**capacity, "shifts": 3}]
            case 1:
                yield [{**capacity, "lost_hours": 40}]
            case 2:
                yield [{**capacity, "overtime_hours": 60}]
            case 3:
                row = limits[int(r.integers(len(limits)))]
                less = round(0.8 * float(row["max_quantity"]))
                yield [{"kind": "supply", "material": row["material"], "month": month, "max_quantity": less}]
            case _:
                row = demand[int(r.integers(len(demand)))]
                yield [{"kind": "demand", **_cell(row), "quantity": round(1.5 * row["quantity"])}]


def _orders(sheets: Sheets) -> Iterator[dict[str, Any]]:
    r, demand = np.random.default_rng(6), sheets.of("demand")
    for _number in range(10):
        row = demand[int(r.integers(len(demand)))]
        yield {"kind": "order", **_cell(row), "quantity": max(10, round(0.5 * row["quantity"]))}


def _cell(row: Any) -> dict[str, Any]:
    return {"product": row["product"], "org": row["org"], "month": format_month(row["month"])}


class _Browser:
    """One signed-in person; a call is one click, from sending to the last byte."""

    def __init__(self, server: Server, user: User, version: int) -> None:
        self.server, self.headers = server, {**sign_in(user), "Accept": "application/json"}
        self.plan = f"{server.root}/api/v1/plans/{version}/"

    def __call__(self, path: str, body: dict[str, Any] | None) -> Click:
        used, began = self.server.processor_seconds(), time.perf_counter()
        ask(self.plan + path, self.headers, body)
        seconds = time.perf_counter() - began
        return Click(seconds, self.server.processor_seconds() - used)
