"""Helpers of the supply tests: ask for something, read totals."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from accounts.models import User
from core.months import parse_month
from cycles.choices import CycleState
from cycles.models import Cycle
from masterdata.models import (
    BomLine,
    Cost,
    Lane,
    Material,
    OpenPurchase,
    Org,
    Product,
    Resource,
    Routing,
    Site,
    Transfer,
)
from plans.cubes import Axis, Cube
from plans.models import Version
from plans.selectors import load_measure
from plans.services import create_working_version, freeze_version, publish_cubes
from supply.models import Release
from supply.services.balance import run_balance
from supply.services.releases import publish_release
from supply.services.sessions import forget_models
from tests.factories import SmallCompany

NOV = parse_month("2026-11")


def ask(version: Version, demand: dict[tuple[str, str], list[int]], *, first_month: int = NOV) -> None:
    """Make (product, org) → units a month the consensus proposal of a plan."""
    products = dict(Product.objects.values_list("code", "pk"))
    orgs = dict(Org.objects.values_list("code", "pk"))
    keys = sorted((products[product], orgs[org], product, org) for product, org in demand)
    axis = Axis("product_org", np.array([key[:2] for key in keys], dtype=np.int64))
    values = np.array([demand[key[2], key[3]] for key in keys], dtype=np.int64)
    cube = Cube(axis, first_month, values, "quantity", 0)
    publish_cubes(version_id=version.pk, cubes={"proposal": cube}, actor=None)


def totals(version: Version, measure: str, *, first_month: int = NOV, months: int = 18) -> list[int]:
    """Sum over all rows by month, in smallest units."""
    cube = load_measure(version_id=version.pk, measure=measure, months=range(first_month, first_month + months))
    return cube.values.sum(axis=0).tolist()


def write_company(folder: Path, sheets: Mapping[str, Sequence[Mapping[str, Any]]]) -> Path:
    """Write rows by sheet as a company folder; what a row does not give is an empty cell."""
    for sheet, rows in sheets.items():
        with (folder / f"{sheet}.csv").open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, list(dict.fromkeys(name for row in rows for name in row)), restval="")
            writer.writeheader()
            writer.writerows(rows)
    return folder


def split_in_two(company: SmallCompany) -> None:
    """Family B gets a line and a material of its own: the company falls into two independent parts."""
    line = Resource.objects.create(
        code="LINE-B", name="Line B", site=company.site, kind=company.line.kind, shifts_per_day=2, hours_per_shift=8
    )
    pack = Material.objects.create(
        code="PACK-B", name="Pack B", supplier=company.material.supplier, unit_cost=40, lead_time_days=10
    )
    Routing.objects.filter(product__code__startswith="B").update(resource=line)
    BomLine.objects.filter(product__code__startswith="B").update(material=pack)


def build_network(company: SmallCompany, cycle: Cycle, actor: User, *, months: int = 18) -> Version:
    """The plant serves the north, a store behind it the south; balanced.

    Every month 150 A1 and 250 of 300 B1 fill the line's 400 hours, 50 B1 are bought in ready-made; 30 packs are on
    order.
    """
    forget_models()
    version = create_working_version(cycle=cycle, actor=None)
    store = Site.objects.create(code="STORE", name="Store", kind="warehouse")
    Transfer.objects.create(from_site=company.site, to_site=store, lead_time_days=0)
    Lane.objects.create(site=company.site, org=company.orgs["NORTH"], unit_cost=1, lead_time_days=3)
    Lane.objects.create(site=store, org=company.orgs["SOUTH"], unit_cost=1, lead_time_days=3)
    Cost.objects.filter(product=company.products["B1"]).update(outsourcing_cost=90)
    OpenPurchase.objects.create(order="PO-1", material=company.material, arrival_month=NOV, quantity=30)
    demand = {("A1", "NORTH-1"): 100, ("A1", "SOUTH-1"): 50, ("B1", "NORTH-1"): 300}
    ask(version, {market: [units] * months for market, units in demand.items()})
    run_balance(version_id=version.pk, actor=actor)
    version.refresh_from_db()
    return version


def release_plan(version: Version, users: Mapping[str, User]) -> Release:
    """Approve a plan as it stands and publish its release."""
    freeze_version(version_id=version.pk, kind="A", actor=users["executive"])
    cycle = Cycle.objects.get(pk=version.cycle_id)
    cycle.state = CycleState.APPROVED
    cycle.save()
    publish_release(cycle, users["supply_lead"])
    return Release.objects.get(cycle=cycle)
