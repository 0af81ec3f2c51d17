"""What a scheduling system (APS) gets of a release: orders, hours, routings, people and material as tables (R-118).

The tables are documented in ``docs/formats.md``. Everything planned is read from the release and its frozen plan, so a
release gives the same tables for ever, but for what master data says beside it (routings, set-ups, calendar).
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import math
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

import numpy as np

from accounts.models import User
from core.months import first_day, format_month, last_day, parse_month
from core.spreadsheets import safe_cell
from demand.choices import Granularity
from demand.selectors.near_zone import NEAR_MONTHS, split_near
from masterdata.choices import ResourceKind
from masterdata.models import BomLine, CalendarMonth, CapacityChange, Material, Resource, Routing, Site
from plans.cubes import Cube
from plans.models import Version
from plans.selectors import load_measures
from plans.selectors.slices import to_units
from supply import measures as m
from supply.documents import ReleaseLine
from supply.models import Release
from supply.selectors.horizon import plan_months
from supply.selectors.opening import load_open_purchases
from supply.selectors.releases import get_released_version, list_visible_lines, load_lines

Row = list[Any]
_ZIP_DATE = (1980, 1, 1, 0, 0, 0)  # the same bytes for the same tables


@dataclass(frozen=True)
class Table:
    """One sheet: ``name`` without ending, a header, rows of text and numbers."""

    name: str
    header: tuple[str, ...]
    rows: list[Row]

    def as_csv(self) -> str:
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(self.header)
        writer.writerows([_cell(value) for value in row] for row in self.rows)
        return out.getvalue()


def list_tables(release: Release, user: User | None = None) -> list[Table]:
    """All tables of a release; orders, routings and recipes of the products in the user's scope only.

    Raises ``Missing`` when its plan is not kept any more.
    """
    every = list(enumerate(load_lines(release)))
    seen = every if user is None else list_visible_lines(release, user)
    reading = _Reading(release, get_released_version(release), seen)
    return [
        reading.head(),
        reading.production_orders(),
        reading.resources(),
        reading.capacity(),
        reading.routings(),
        reading.bom(),
        reading.materials(),
        reading.open_purchases(),
        reading.calendar(),
    ]


def zip_tables(tables: Iterable[Table]) -> bytes:
    """The tables as CSV files in one archive; the same tables give the same bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for table in tables:
            archive.writestr(zipfile.ZipInfo(f"{table.name}.csv", _ZIP_DATE), table.as_csv())
    return out.getvalue()


class _Reading:
    """A release with its plan's cubes and the master data beside it; ``seen`` are its shown lines with their places."""

    def __init__(self, release: Release, version: Version, seen: list[tuple[int, ReleaseLine]]) -> None:
        self.release = release
        self.months = plan_months(version)
        self.places = [place for place, _line in seen]
        self.lines = [line for _place, line in seen]
        measures = [*m.HOURS, m.PURCHASE, m.MATERIAL_STOCK]
        self.cubes = load_measures(version_id=version.pk, measures=measures, months=self.months)
        self.sites = dict(Site.objects.values_list("pk", "code"))
        self.machines = list(Resource.objects.select_related("site").order_by("code"))
        self.routing_rows = list(
            Routing.objects.select_related("product", "site", "resource").order_by(
                "product__code", "site__code", "resource__code"
            )
        )

    def head(self) -> Table:
        """Which release this is; the sum of the orders below."""
        header = ("release", "snapshot", "cycle", "published_at", "from_month", "to_month", "lines", "quantity")
        total = sum((line.quantity for line in self.lines), Decimal(0))
        row = [
            self.release.number,
            self.release.snapshot_code,
            str(self.release.cycle),
            self.release.published_at.isoformat(),
            format_month(self.months.start),
            format_month(self.months.stop - 1),
            len(self.lines),
            f"{total:f}",
        ]
        return Table("release", header, [row])

    # What to make ------------------------------------------------------------------------------------------------
    def production_orders(self) -> Table:
        """The near months by week, cut at the month's end, the others by month; each line's orders sum to the line."""
        header = (
            "order", "release_line", "product", "site", "line", "month", "period", "start", "due", "quantity", "unit",
            "hours",
        )  # fmt: skip
        scale = max((max(0, -int(line.quantity.as_tuple().exponent)) for line in self.lines), default=0)
        units = [int(line.quantity.scaleb(scale)) for line in self.lines]
        rows: list[Row] = []
        for index, (period, start, due, quantity) in self._periods(units):
            line = self.lines[index]
            name, hours = self._line_of.get((line.product, line.site), ("", 0.0))
            rows.append(
                [
                    f"R{self.release.number}-{self.places[index]}-{start:%Y%m%d}",
                    self.places[index],
                    line.product,
                    line.site,
                    name,
                    line.month,
                    period,
                    start.isoformat(),
                    due.isoformat(),
                    to_units(quantity, scale),
                    line.unit,
                    round(hours * quantity / 10**scale, 4) if name else "",
                ]
            )
        return Table("production_orders", header, rows)

    def _periods(self, units: list[int]) -> Iterator[tuple[int, tuple[str, dt.date, dt.date, int]]]:
        """(line, (week or month, first day, last day, smallest units)) in line order."""
        near = self.months[:NEAR_MONTHS]
        values = np.zeros((len(units), len(near)), np.int64)
        months = [parse_month(line.month) for line in self.lines]
        for index, month in enumerate(months):
            if month in near:
                values[index, month - near.start] = units[index]
        places = np.array(self.places, np.int64)
        buckets, weeks = split_near(values, near.start, Granularity.WEEK, places=places)
        for index, month in enumerate(months):
            if month not in near:
                first, last = self._span(month)
                yield index, ("month", first, last, units[index])
                continue
            for place in np.flatnonzero(weeks[index]).tolist():
                bucket = buckets[place]
                yield index, ("week", bucket.first, bucket.last, int(weeks[index, place]))

    @cached_property
    def _line_of(self) -> dict[tuple[str, str], tuple[str, float]]:
        """(product, site) → the line it is made on and its hours per unit: a line before equipment, before people."""
        rank = {ResourceKind.LINE: 0, ResourceKind.EQUIPMENT: 1, ResourceKind.LABOUR: 2}
        found: dict[tuple[str, str], tuple[tuple[int, str], float]] = {}
        for row in self.routing_rows:
            key, mark = (
                (row.product.code, row.site.code),
                (rank.get(ResourceKind(row.resource.kind), 3), row.resource.code),
            )
            if key not in found or mark < found[key][0]:
                found[key] = mark, row.hours_per_unit
        return {key: (mark[1], hours) for key, (mark, hours) in found.items()}

    # With what ---------------------------------------------------------------------------------------------------
    def resources(self) -> Table:
        """Lines, equipment and people with what their hours are made of."""
        header = (
            "resource", "name", "site", "kind", "jph", "shifts_per_day", "max_shifts_per_day", "hours_per_shift",
            "efficiency", "max_overtime_share", "headcount", "hours_per_person_month",
            "overtime_hours_per_person_month", "extra_shift_lead_months",
        )  # fmt: skip
        rows = [
            [
                row.code, row.name, row.site.code, row.kind, row.jph, row.shifts_per_day, row.max_shifts_per_day,
                row.hours_per_shift, row.efficiency, row.max_overtime_share, row.headcount, row.hours_per_person_month,
                row.overtime_hours_per_person_month if row.headcount is not None else None, row.lead_time_months,
            ]
            for row in self.machines
        ]  # fmt: skip
        return Table("resources", header, rows)

    def capacity(self) -> Table:
        """Hours of each resource by month as the released plan counts on them, and what takes hours away."""
        header = (
            "resource", "month", "working_days", "available_hours", "overtime_hours", "extra_shift_hours", "load_hours",
            "lost_hours", "reason",
        )  # fmt: skip
        lost: dict[tuple[int, int], list[CapacityChange]] = defaultdict(list)
        for change in CapacityChange.objects.filter(month__in=self.months).order_by("reason"):
            lost[change.resource_id, change.month].append(change)
        hours = [
            _rows(self.cubes[code]) for code in (m.AVAILABLE_HOURS, m.OVERTIME_HOURS, m.EXTRA_SHIFT_HOURS, m.LOAD_HOURS)
        ]
        rows = []
        for machine in self.machines:
            for column, month in enumerate(self.months):
                changes = lost[machine.pk, month]
                rows.append(
                    [
                        machine.code,
                        format_month(month),
                        self._working_days.get(month),
                        *(_hours(part.get((machine.pk, 0)), column) for part in hours),
                        sum(change.lost_hours for change in changes),
                        "; ".join(change.reason for change in changes if change.reason),
                    ]
                )
        return Table("capacity", header, rows)

    def routings(self) -> Table:
        """Hours per unit, set-up hours and lots. Quick changeover: few set-up hours; a cell: a resource of its own."""
        header = ("product", "site", "resource", "hours_per_unit", "setup_hours", "min_lot", "max_per_month")
        made = {(line.product, line.site) for line in self.lines}
        rows = [
            [
                row.product.code, row.site.code, row.resource.code, row.hours_per_unit, row.setup_hours, row.min_lot,
                row.max_per_month,
            ]
            for row in self.routing_rows
            if (row.product.code, row.site.code) in made
        ]  # fmt: skip
        return Table("routings", header, rows)

    def bom(self) -> Table:
        """What goes into the products of the orders."""
        header = ("product", "component", "component_kind", "quantity_per", "take_rate")
        made = {line.product for line in self.lines}
        lines = BomLine.objects.select_related("product", "material", "component").filter(product__code__in=made)
        rows = [
            [
                row.product.code,
                part.code,
                "material" if row.material_id else "product",
                row.quantity_per,
                row.take_rate,
            ]
            for row in lines
            if (part := row.material or row.component)
        ]
        return Table("bom", header, sorted(rows, key=lambda row: (row[0], row[1])))

    def materials(self) -> Table:
        """Material at each site by month: planned to arrive, used by the orders, there at the end, free to use."""
        header = ("material", "site", "month", "uom", "to_buy", "needed", "stock_end", "available")
        bought, stock = _rows(self.cubes[m.PURCHASE]), _rows(self.cubes[m.MATERIAL_STOCK])
        scale, needs = self.cubes[m.MATERIAL_STOCK].scale, self._needs
        names = {row.pk: row for row in Material.objects.order_by("code")}
        nothing = np.zeros(len(self.months), np.int64)
        rows = []
        keys = {*bought, *stock, *needs}
        for pk, site in sorted(keys, key=lambda key: (names[key[0]].code, self.sites.get(key[1], ""))):
            buy, left, used = (part.get((pk, site), nothing) for part in (bought, stock, needs))
            for column, month in enumerate(self.months):
                rows.append(
                    [
                        names[pk].code,
                        self.sites.get(site, ""),
                        format_month(month),
                        names[pk].uom,
                        *(to_units(int(value), scale) for value in (buy[column], used[column], left[column])),
                        to_units(int(used[column] + left[column]), scale),
                    ]
                )
        return Table("materials", header, rows)

    @cached_property
    def _needs(self) -> dict[tuple[int, int], np.ndarray]:
        """(material, site) → smallest units by month that the release uses, rounded up on the running sum."""
        scale = self.cubes[m.MATERIAL_STOCK].scale
        recipes: dict[str, list[tuple[int, float]]] = defaultdict(list)
        for row in BomLine.objects.filter(material__isnull=False).select_related("product"):
            if row.material_id:
                recipes[row.product.code].append((row.material_id, row.quantity_per * row.take_rate))
        site_of = {code: pk for pk, code in self.sites.items()}
        needs: dict[tuple[int, int], np.ndarray] = defaultdict(lambda: np.zeros(len(self.months)))
        for line in load_lines(self.release):
            for material, quantity in recipes[line.product]:
                column = parse_month(line.month) - self.months.start
                needs[material, site_of.get(line.site, 0)][column] += float(line.quantity) * quantity
        return {
            key: np.diff(np.ceil(np.cumsum(values) * 10**scale - 1e-4), prepend=0).astype(np.int64)
            for key, values in needs.items()
        }

    def open_purchases(self) -> Table:
        """Orders on their way that the plan counts on."""
        header = ("order", "material", "arrival_month", "promised_date", "quantity")
        codes = dict(Material.objects.values_list("pk", "code"))
        rows = [
            [
                row.order,
                codes[row.material_id],
                format_month(max(row.arrival_month, self.months.start)),
                row.promised_date.isoformat() if row.promised_date else "",
                f"{row.quantity.normalize():f}",
            ]
            for row in load_open_purchases(self.months.start).rows
        ]
        return Table("open_purchases", header, rows)

    # When ----------------------------------------------------------------------------------------------------------
    def calendar(self) -> Table:
        """First and last day and working days of each month."""
        rows = [
            [format_month(month), *(day.isoformat() for day in self._span(month)), self._working_days.get(month)]
            for month in self.months
        ]
        return Table("calendar", ("month", "start", "end", "working_days"), rows)

    @cached_property
    def _calendar(self) -> dict[int, CalendarMonth]:
        return {row.month: row for row in CalendarMonth.objects.filter(month__in=self.months)}

    @cached_property
    def _working_days(self) -> dict[int, float]:
        """Mondays to Fridays where the calendar is silent."""
        found = {}
        for month in self.months:
            row, first = self._calendar.get(month), first_day(month)
            days = (last_day(month) - first).days + 1
            weekdays = sum((first + dt.timedelta(days=n)).weekday() < 5 for n in range(days))
            found[month] = row.working_days if row else float(weekdays)
        return found

    def _span(self, month: int) -> tuple[dt.date, dt.date]:
        row = self._calendar.get(month)
        return (row and row.start) or first_day(month), (row and row.end) or last_day(month)


def _rows(cube: Cube) -> dict[tuple[int, int], np.ndarray]:
    return {(a, b): row for (a, b), row in zip(cube.axis.keys.tolist(), cube.values, strict=True)}


def _hours(values: np.ndarray | None, column: int) -> float:
    return 0.0 if values is None else int(values[column]) / 10**m.HOURS_SCALE


def _cell(value: Any) -> Any:
    """Empty for nothing; whole numbers without a decimal point; text that a spreadsheet cannot run."""
    if value is None:
        return ""
    if isinstance(value, float):
        return int(value) if math.isfinite(value) and value == int(value) else value
    return safe_cell(value) if isinstance(value, str) else value
