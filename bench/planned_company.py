"""A made-up company in the database, with people and a plan whose demand is asked for."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from accounts.models import User
from bench.company import FIRST_MONTH, write_company
from cycles.services import start_cycle
from masterdata.models import Org, Product
from masterdata.services import import_folder
from plans.cubes import Axis, Cube
from plans.models import Version
from plans.services import create_working_version, publish_cubes
from supply.adapters.sheets import Sheets


def import_company(sheets: Sheets) -> dict[str, User]:
    """The company in the database, with a month of history, which every company has."""
    rows = {name: list(values) for name, values in sheets.rows.items() if name != "demand"}
    rows |= _plain_hours(rows)
    pairs = sorted({(row["product"], row["org"]) for row in sheets.of("demand")})
    before = FIRST_MONTH - 1
    rows["history"] = [{"product": k, "org": r, "month": before, "quantity": 1.0} for k, r in pairs]
    with tempfile.TemporaryDirectory() as name:
        write_company(Sheets(sheets.first_month, sheets.months, sheets.currency, rows), Path(name))
        batch = import_folder(path=Path(name), actor=None)
    if not Product.objects.exists():
        raise RuntimeError(f"the company was not imported: {batch.findings[:3]}")
    people = {}
    for role in ("coordinator", "demand_lead", "supply_lead", "executive"):
        people[role] = User(username=role, role=role, department="supply", level="manager")
        people[role].set_unusable_password()
        people[role].save()
    return people


def _plain_hours(rows: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """Lines of many machines as lines of one: hours of a unit and of the line in the same proportion."""
    pace = {row["code"]: float(row["efficiency"]) for row in rows["resources"]}
    return {
        "resources": [
            {
                **row,
                "efficiency": 1.0,
                "overtime_cost_per_hour": round(row["overtime_cost_per_hour"] * pace[row["code"]], 2),
            }
            for row in rows["resources"]
        ],
        "routings": [
            {**row, "hours_per_unit": row["hours_per_unit"] / pace[row["resource"]]} for row in rows["routings"]
        ],
    }


def ask_for(sheets: Sheets, coordinator: User) -> Version:
    """The sheet's demand as the proposal of a new plan."""
    cycle = start_cycle(month=FIRST_MONTH, actor=coordinator)
    version = create_working_version(cycle=cycle, actor=None)
    products, orgs = (dict(model.objects.values_list("code", "pk")) for model in (Product, Org))
    totals: dict[tuple[int, int], np.ndarray] = {}
    for row in sheets.of("demand"):
        key = products[row["product"]], orgs[row["org"]]
        totals.setdefault(key, np.zeros(sheets.months, dtype=np.int64))[row["month"] - FIRST_MONTH] += round(
            row["quantity"]
        )
    keys = sorted(totals)
    axis = Axis("product_org", np.array(keys, dtype=np.int64))
    cube = Cube(axis, FIRST_MONTH, np.array([totals[key] for key in keys]), "quantity", 0)
    publish_cubes(version_id=version.pk, cubes={"proposal": cube}, actor=None)
    return version
