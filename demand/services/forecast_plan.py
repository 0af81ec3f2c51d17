"""Everything a forecast of a cycle reads, loaded once: histories, activities, families, and their common hash."""

from __future__ import annotations

import hashlib
from dataclasses import astuple, dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from django.conf import settings as django_settings
from numpy.typing import NDArray

from accounts.models import Scope
from cycles.models import Cycle
from demand.adapters import LEVELS, PreparedHistory, prepare_history
from demand.drivers import Drivers, build_drivers
from demand.launch_forecast import NEW_MONTHS, Newcomer, find_newcomers
from demand.lifecycle import learn_last_months
from demand.parts import Task
from demand.selectors.drivers import (
    ActivityRow,
    PlannedLaunch,
    keeps_new_year,
    load_activity_rows,
    load_launch_months,
    load_planned_launches,
    load_working_days,
)
from demand.selectors.frame import Frame, load_frame
from demand.selectors.launches import NodeHistories, find_launches, load_node_histories
from demand.selectors.place import Place
from demand.selectors.sources import Marks, load_outlier_marks, load_predecessors, load_series_keys
from engine.forecasting import ForecastSettings, Route, SeriesSet
from engine.forecasting.analogues import LaunchLibrary
from engine.forecasting.profile import Rhythm, profile_series
from plans.cubes import Axis, canonical_json

if TYPE_CHECKING:
    from engine.forecasting.borrowing import Borrowing

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

FULL_EFFORT_SERIES = 1500  # above, the large correction costs more than the 0.001 of OWA it gains


@dataclass(frozen=True)
class Plan:
    """What a run reads. The parts that cost are made on first use: a gate asks for the hash alone."""

    frame: Frame
    predecessors: dict[int, int]
    marks: tuple[Marks, Marks]
    register: list[ActivityRow]
    working_days: dict[int, float]
    launches: list[PlannedLaunch]
    cycle: Cycle

    @cached_property
    def library(self) -> tuple[NodeHistories, LaunchLibrary]:
        """Sales of every product node, and the launches among them."""
        everywhere = Place(self.frame.hierarchy, Scope(), None, None)
        histories = load_node_histories(cycle=self.cycle, place=everywhere)
        return histories, find_launches(histories)

    @cached_property
    def newcomers(self) -> list[Newcomer]:
        """Products that are forecast like earlier launches."""
        frame = self.frame
        months = range(frame.first_month, frame.first_month + frame.horizon)
        recent = {p: m for p, m in load_launch_months().items() if months.start - NEW_MONTHS < m < months.stop}
        if not self.launches and not recent:
            return []
        histories, library = self.library
        return find_newcomers(
            histories, library, frame.hierarchy, frame.axis,
            planned=self.launches, launch_months=recent, months=months,
        )  # fmt: skip

    @cached_property
    def prepared(self) -> PreparedHistory:
        """The engine's view of the history: linked to predecessors, with people's word on outliers."""
        frame, (trusted, removed) = self.frame, self.marks
        return prepare_history(
            frame.actual,
            axis=frame.axis,
            keys=load_series_keys(frame.axis),
            lifecycle=frame.lifecycle,
            predecessors=self.predecessors,
            first_month=frame.first_month,
            horizon=frame.horizon,
            trusted=trusted,
            removed=removed,
            launching=np.isin(np.arange(len(frame.axis)), self.newcomer_rows),
        )

    @cached_property
    def newcomer_rows(self) -> Ints:
        """Rows of the frame's axis."""
        return np.concatenate([np.zeros(0, np.int64), *(newcomer.rows for newcomer in self.newcomers)])

    @cached_property
    def leaves(self) -> Axis:
        """The rows that are forecast, as an axis of their own."""
        return Axis(self.frame.axis.kind, self.frame.axis.keys[self.prepared.rows])

    @cached_property
    def families(self) -> Ints:
        """The group above each forecast row's product, by id."""
        tree = self.frame.hierarchy.products
        return tree.parents[tree.positions(self.leaves.keys[:, 0])]

    @cached_property
    def drivers(self) -> Drivers:
        series, hierarchy = self.prepared.series, self.frame.hierarchy
        register = [(row, hierarchy.leaf_rows(self.leaves, row.product, row.org)) for row in self.register]
        return build_drivers(
            register,
            first_month=series.first_month,
            width=series.values.shape[1],
            horizon=self.frame.horizon,
            count=len(series),
            working_days=self.working_days,
            new_year=keeps_new_year(hierarchy, self.leaves),
        )

    @cached_property
    def settings(self) -> ForecastSettings:
        large = len(self.prepared.rows) > FULL_EFFORT_SERIES
        return ForecastSettings(horizon=self.frame.horizon, levels=LEVELS, effort="fast" if large else "full")

    @cached_property
    def last_months(self) -> Floats:
        """Share of their usual sales that ended products still sold in their last three months."""
        frame, end = self.frame, self.frame.lifecycle.end
        over = np.flatnonzero((end < frame.first_month) & (end >= frame.actual.first_month))
        products, groups = np.unique(frame.axis.keys[over, 0], return_inverse=True)
        sold = np.zeros((len(products), frame.actual.ncols))
        np.add.at(sold, groups.ravel(), frame.actual.align(frame.axis).to_float()[over])
        columns = np.zeros(len(products), np.int64)
        columns[groups.ravel()] = end[over] - frame.actual.first_month
        return learn_last_months(sold, columns)

    @cached_property
    def groupings(self) -> dict[str, Ints]:
        """Whom a short history may borrow a season from: its family, its market, everybody."""
        orgs = self.leaves.keys[:, 1]
        return {"family": self.families, "org": orgs, "company": np.zeros(len(orgs), np.int64)}

    def task(self, rows: Ints, borrowing: Borrowing | None = None) -> Task:
        """What a part needs to forecast some of the rows."""
        series = self.prepared.series.take(rows)
        season = self._borrow(rows, series, borrowing) if borrowing is not None else None
        return Task(series, self.families[rows], self.drivers.regressors(rows), season)

    def _borrow(self, rows: Ints, series: SeriesSet, borrowing: Borrowing) -> Floats | None:
        """The season of each row too short to show its own, 1 for the others; None where no row is."""
        is_short = profile_series(series, Rhythm(self.settings.season_length)).route == Route.SHORT
        if not is_short.any():
            return None
        width, horizon = series.values.shape[1], self.frame.horizon
        season = borrowing.season(self.groupings[borrowing.grouping][rows], width, horizon)
        return np.where(is_short[:, None], season, 1.0)

    @cached_property
    def input_hash(self) -> str:
        """Identity of everything read."""
        frame, lifecycle = self.frame, self.frame.lifecycle
        digest = hashlib.sha256()
        for values in (
            frame.actual.values,
            lifecycle.launch,
            lifecycle.end,
            keeps_new_year(frame.hierarchy, frame.axis),
        ):
            digest.update(np.ascontiguousarray(values).tobytes())
        told: dict[str, Any] = {
            "axes": [frame.actual.axis.sha, frame.axis.sha, frame.hierarchy.sha],
            "months": [frame.actual.first_month, frame.first_month, frame.horizon],
            "predecessors": sorted(self.predecessors.items()),
            "marks": [sorted((list(key), sorted(months)) for key, months in mark.items()) for mark in self.marks],
            "activities": [[str(value) for value in astuple(row)] for row in self.register],
            "launches": [[str(value) for value in astuple(launch)] for launch in self.launches],
            "calendar": [[month, str(days)] for month, days in sorted(self.working_days.items())],
            "code": django_settings.CODE_VERSION,
        }
        digest.update(canonical_json(told).encode())
        return digest.hexdigest()


def load_plan(cycle: Cycle) -> Plan:
    """Raises ``Missing`` before the cycle has a working plan."""
    return Plan(
        frame=load_frame(cycle),
        predecessors=load_predecessors(),
        marks=load_outlier_marks(),
        register=load_activity_rows(),
        working_days=load_working_days(),
        launches=load_planned_launches(),
        cycle=cycle,
    )
