"""Resources: hours by calendar × shifts × efficiency, what is lost, and what may be added."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

import numpy as np

from engine.balancing.blanks import blank_resources
from engine.balancing.contracts import Floats, Resources
from supply.adapters.horizon import by_month, working_days
from supply.adapters.sheets import Row, Sheets, number, optional

LABOUR = "labour"


def build_resources(sheets: Sheets, sites: list[str]) -> tuple[list[str], Resources]:
    """Resource codes and arrays; every resource of the company, used or not."""
    rows = sorted(sheets.of("resources"), key=lambda row: row["code"])
    months, n = sheets.months, len(rows)
    days = working_days(sheets)
    changes = _changes(sheets)
    site_of = {code: position for position, code in enumerate(sites)}
    people = np.array([is_headcount(row) for row in rows], dtype=bool)
    per_person = _shape([_hours_per_person(row, days, changes[row["code"]], sheets) for row in rows], n, months)
    hours = _shape([_regular_hours(row, days, changes[row["code"]], sheets) for row in rows], n, months)
    heads = np.array([number(row["headcount"]) for row in rows], dtype=float).reshape(-1, 1)
    hours = np.where(people[:, None], np.maximum(hours, -heads * per_person), hours)  # nobody loses more than all
    lead = np.array([int(number(row["lead_time_months"])) for row in rows], dtype=np.int64)
    more_shifts = np.array([_extra_shifts(row) for row in rows], dtype=float)
    may_start = np.arange(months) >= lead[:, None]
    one_shift = _shape([_shift_hours(row, days) for row in rows], n, months)
    every = np.ones(months)

    def each(column: str) -> Floats:
        return np.array([number(row[column]) for row in rows], dtype=float)[:, None] * every

    blank = blank_resources([site_of[row["site"]] for row in rows], hours)
    resources = replace(
        blank,
        kind=tuple(row["kind"] for row in rows),
        regular_cost=each("regular_cost_per_hour"),
        overtime_max=np.maximum(hours, 0.0) * each("max_overtime_share"),
        overtime_cost=each("overtime_cost_per_hour"),
        shift_hours=one_shift,
        shift_max=more_shifts[:, None] * may_start,
        shift_cost=each("extra_shift_cost_per_month"),
        shift_lead=lead,
        is_labour=people,
        headcount=np.where(people, each("headcount")[:, 0], 0.0),
        can_hire=people & np.array([_has_staff_costs(row) for row in rows], dtype=bool),
        hours_per_person=np.where(people[:, None], per_person, 0.0),
        overtime_per_person=np.where(people[:, None], _overtime_per_person(rows, per_person), 0.0),
        wage=np.where(people[:, None], each("wage_per_person_month"), 0.0),
        hire_cost=each("hire_cost")[:, 0],
        layoff_cost=each("layoff_cost")[:, 0],
    )
    return [row["code"] for row in rows], resources


def is_headcount(row: Row) -> bool:
    """Labour whose hours come from people rather than from shifts."""
    return row["kind"] == LABOUR and row["headcount"] is not None


def _changes(sheets: Sheets) -> dict[str, list[Row]]:
    changes: dict[str, list[Row]] = defaultdict(list)
    for row in sheets.of("capacity"):
        changes[row["resource"]].append(row)
    return changes


def _given_hours(changes: list[Row], sheets: Sheets) -> Floats:
    """[T] hours stated outright; nan where the calendar decides."""
    stated = [row for row in changes if row["available_hours"] is not None]
    values = np.full(sheets.months, np.nan)
    for row in stated:
        offset = row["month"] - sheets.first_month
        if 0 <= offset < sheets.months:
            values[offset] = float(row["available_hours"])
    return values


def _regular_hours(row: Row, days: Floats, changes: list[Row], sheets: Sheets) -> Floats:
    """[T] given hours, else days × shifts × hours × efficiency; less lost hours. For people only the losses."""
    lost = by_month(changes, "lost_hours", sheets)
    if is_headcount(row):
        return -lost
    calendar = _shift_hours(row, days) * number(row["shifts_per_day"], 1.0)
    given = _given_hours(changes, sheets)
    return np.maximum(np.where(np.isnan(given), calendar, given) - lost, 0.0)


def _shift_hours(row: Row, days: Floats) -> Floats:
    """[T] hours of one shift a day."""
    return days * number(row["hours_per_shift"], 8.0) * number(row["efficiency"], 1.0)


def _hours_per_person(row: Row, days: Floats, changes: list[Row], sheets: Sheets) -> Floats:
    """[T] hours a person works: stated for the pool, stated per person, else calendar × shift."""
    stated = row["hours_per_person_month"]
    own = np.full(len(days), float(stated)) if stated is not None else _shift_hours(row, days)
    given = _given_hours(changes, sheets)
    heads = number(row["headcount"])
    return own if heads <= 0 else np.where(np.isnan(given), own, given / heads)


def _overtime_per_person(rows: list[Row], hours: Floats) -> Floats:
    """[n, T] overtime hours of one person: stated, else the share of the regular ones."""
    stated = np.array([optional(row["overtime_hours_per_person_month"]) for row in rows], dtype=float).reshape(-1, 1)
    share = np.array([number(row["max_overtime_share"]) for row in rows], dtype=float).reshape(-1, 1)
    return np.where(np.isnan(stated), share * hours, stated)


def _extra_shifts(row: Row) -> float:
    most = row["max_shifts_per_day"]
    return 0.0 if most is None else max(0.0, float(most) - number(row["shifts_per_day"], 1.0))


def _has_staff_costs(row: Row) -> bool:
    """People come and go only where it is known what that costs."""
    return any(number(row[column]) > 0 for column in ("wage_per_person_month", "hire_cost", "layoff_cost"))


def _shape(values: list[Floats], n: int, months: int) -> Floats:
    return np.array(values, dtype=float).reshape(n, months)
