"""A large balance as its users wait for it: from the click to the published plan, with one worker and with two.

A group of four companies of 250 products that share nothing falls into independent parts; ``SOP_BENCH_BALANCE_RUN=L``
takes the company of 5,000 products, whose plan is solved in blocks. Both give the same bytes whoever solves them.
"""

from __future__ import annotations

import os
import time

from django.db.models import Max, Min

from accounts.models import User
from bench.company import make_company, make_group
from bench.planned_company import ask_for, import_company
from bench.table import Row
from bench.workers import broker, wait_until_over, workers
from core.models import Job
from masterdata.models import Product
from plans.models import Version
from supply import measures as m
from supply.models import BalanceRun
from supply.services.balance import enqueue_balance

NEEDS_DATABASE = True
SIZE = os.environ.get("SOP_BENCH_BALANCE_RUN", "4 × Q")
WORKERS = (1, 2)
PATIENCE = 3600


def run() -> list[Row]:
    """Seconds on the clock by number of workers, and what follows in the background."""
    sheets = make_group(4, "Q") if SIZE == "4 × Q" else make_company(SIZE)
    people = import_company(sheets)
    version = ask_for(sheets, people["coordinator"])
    rows, seen = [], []
    with broker() as url:
        for count in WORKERS:
            with workers(url, count):
                job, seconds = _balance(version, people["supply_lead"])
                seen.append({head.measure: head.block_id for head in version.heads.filter(measure__in=m.BALANCED)})
                later = _price_options()
            made = BalanceRun.objects.get(job=job, status__in=("optimal", "near"))
            name = f"{count} worker{'s'[: count > 1]}"
            note = f"{made.method}, {made.rows:,} rows, {job.children.count()} children"
            rows += [
                Row(f"from enqueue to the published plan, {name}", seconds, "s", note=note),
                Row(f"of it, the children, {name}", _solving(job), "s"),
                Row(f"causes and options after it, {name}", later, "s", note=f"{made.options_total} steps"),
            ]
    products = Product.objects.filter(children__isnull=True).count()
    one, two = (rows[:3], rows[3:])
    return [
        *rows,
        Row("one worker against two", one[0].value / two[0].value, "times", note=f"{products:,} products and parts"),
        Row("one worker against two, the children", one[1].value / two[1].value, "times"),
        Row("proven distance from the best", 100 * made.gap, "%"),
        Row("the same bytes", float(all(blocks == seen[0] for blocks in seen)), "of 1", "≥ 1"),
    ]


def _balance(version: Version, actor: User) -> tuple[Job, float]:
    began = time.perf_counter()
    job = enqueue_balance(version_id=version.pk, actor=actor)
    wait_until_over(job, PATIENCE)
    seconds = time.perf_counter() - began
    if job.state != "done":
        raise RuntimeError(f"the balance ended as {job.state}: {job.error}")
    return job, seconds


def _solving(job: Job) -> float:
    """Seconds from the start of a job's first child to the end of its last."""
    times = job.children.aggregate(began=Min("started_at"), ended=Max("finished_at"))
    return float((times["ended"] - times["began"]).total_seconds())


def _price_options() -> float:
    """Seconds until the options that follow the balance are there, counted from now."""
    began = time.perf_counter()
    for job in Job.objects.filter(kind="options"):
        wait_until_over(job, PATIENCE)
    return time.perf_counter() - began
