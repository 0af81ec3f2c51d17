"""A small car maker, imported as its sheets: two families, four models, two regions, three dealers."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from accounts.models import User
from core.months import format_month, parse_month
from cycles.choices import CycleState
from cycles.models import Cycle
from demand.services import refresh_sources
from masterdata.models import Org, Product
from masterdata.services import ImportReport, import_folder
from plans.cubes import Axis, Cube
from plans.measures import get_measure
from plans.models import Version
from plans.selectors import load_measure
from plans.services import create_working_version, measure_scale, publish_cubes, refresh_actuals

MONTH = parse_month("2026-06")
HISTORY_MONTHS = 36
PRODUCTS = """code,name,parent,level,launch_month,end_month,predecessor
CARS,All cars,,company,,,
NEV,New energy,CARS,family,,,
FUEL,Fuel,CARS,family,,,
E7,E7 SUV,NEV,model,,,
E5,E5 sedan,NEV,model,,,
S6,S6 SUV,FUEL,model,,,
M8,M8 MPV,NEV,model,2026-09,,
"""
ORGS = """code,name,parent,level,currency
CN,China,,company,CNY
NORTH,North,CN,region,
SOUTH,South,CN,region,
BJ,Beijing dealer,NORTH,dealer,
GZ,Guangzhou dealer,SOUTH,dealer,
SZ,Shenzhen dealer,SOUTH,dealer,
"""
# monthly sales of each pair, the same every month: sums are known by heart
MONTHLY = {
    ("E7", "BJ"): 500,
    ("E7", "GZ"): 300,
    ("E7", "SZ"): 200,
    ("E5", "BJ"): 100,
    ("E5", "GZ"): 60,
    ("S6", "GZ"): 40,
}


def history_sheet(*, months: int = HISTORY_MONTHS) -> str:
    lines = ["product,org,month,quantity,revenue"]
    for (product, org), units in MONTHLY.items():
        for month in range(MONTH - months, MONTH):
            lines.append(f"{product},{org},{format_month(month)},{units},{units * 1000}")
    return "\n".join(lines) + "\n"


def write_sheets(folder: Path, **sheets: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in sheets.items():
        (folder / f"{name}.csv").write_text(text, "utf-8")
    return folder


def import_sheets(folder: Path, actor: User | None = None, **sheets: str) -> ImportReport:
    """Import sheets given as text and refuse silently wrong test data."""
    report = import_folder(path=write_sheets(folder, **sheets), actor=actor)
    assert report.is_committed, [finding.message for finding in report.findings]
    return report


class World:
    """The company with a cycle of 2026-06 in the state collecting and its working plan."""

    def __init__(self, folder: Path, **sheets: str) -> None:
        self.folder = folder
        import_sheets(folder / "company", products=PRODUCTS, orgs=ORGS, history=history_sheet(), **sheets)
        self.p = dict(Product.objects.values_list("code", "pk"))
        self.o = dict(Org.objects.values_list("code", "pk"))
        self.cycle = Cycle.objects.create(month=MONTH, horizon=18, state=CycleState.COLLECTING)
        self.version: Version = create_working_version(cycle=self.cycle, actor=None)
        refresh_actuals(version_id=self.version.pk, actor=None)
        refresh_sources(cycle=self.cycle, actor=None)

    def cell(self, measure: str, product: str, org: str, ahead: int = 0) -> int | None:
        cube = load_measure(version_id=self.version.pk, measure=measure)
        return cube.cell((self.p[product], self.o[org]), MONTH + ahead)

    def total(self, measure: str, ahead: int = 0) -> int:
        cube = load_measure(version_id=self.version.pk, measure=measure)
        return int(cube.window(MONTH + ahead, 1).values.sum())

    def publish(self, measure: str, cells: dict[tuple[str, str], int]) -> None:
        """Make the same figure of each pair the measure's numbers in every month."""
        definition = get_measure(measure)
        keys = np.array([(self.p[a], self.o[b]) for a, b in cells])
        axis = Axis.of("product_org", keys)
        values = np.zeros((len(axis), self.cycle.horizon), dtype=np.int64)
        values[axis.rows_of(keys)] = np.array(list(cells.values()))[:, None]
        mask = np.ones(values.shape, dtype=bool) if definition.nullable else None
        cube = Cube(axis, MONTH, values, definition.unit, measure_scale(definition), mask)
        publish_cubes(version_id=self.version.pk, cubes={measure: cube}, actor=None)
