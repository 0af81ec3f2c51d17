"""Dates of a cycle: a template of milestones laid over working days. Pure: no database, no clock.

The demand review is on the fifth day of the month, or the next working day. The milestones before it stand on the
month's first days, laid out backwards from the review: one that is no working day moves to the working day before
it, as far as the milestones before it leave room; where the month has no working day yet (a long holiday) it keeps
its day. Milestones after the review are counted in working days from the milestone before.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from core.months import first_day
from cycles.choices import Milestone

_LONGEST_BREAK = 60  # days; more without work is a mistake in the holiday list


@dataclass(frozen=True)
class WorkingDays:
    """Monday to Friday, less ``holidays``, plus ``workdays`` (a Saturday worked in exchange for a holiday)."""

    holidays: frozenset[dt.date] = frozenset()
    workdays: frozenset[dt.date] = frozenset()

    def is_working(self, day: dt.date) -> bool:
        return day in self.workdays or (day.weekday() < 5 and day not in self.holidays)

    def on_or_after(self, day: dt.date) -> dt.date:
        """The first working day from ``day`` on. Raises ``ValueError`` when there is none for two months."""
        return self._seek(day, dt.timedelta(days=1))

    def on_or_before(self, day: dt.date) -> dt.date:
        """The last working day up to ``day``."""
        return self._seek(day, dt.timedelta(days=-1))

    def add(self, day: dt.date, count: int) -> dt.date:
        """The ``count``-th working day after ``day``."""
        for _ in range(count):
            day = self.on_or_after(day + dt.timedelta(days=1))
        return day

    def _seek(self, day: dt.date, step: dt.timedelta) -> dt.date:
        for _ in range(_LONGEST_BREAK):
            if self.is_working(day):
                return day
            day += step
        raise ValueError(f"no working day within {_LONGEST_BREAK} days of {day}")


@dataclass(frozen=True)
class Rule:
    """When a milestone is: ``day`` of the month, or ``offset`` working days after the milestone ``after``."""

    milestone: Milestone
    at: dt.time
    day: int | None = None
    after: Milestone | None = None
    offset: int = 0


DEFAULT_RULES: tuple[Rule, ...] = (
    Rule(Milestone.DATA_CLOSE_OPENS, dt.time(8), day=1),
    Rule(Milestone.DATA_CLOSED, dt.time(18), day=2),
    Rule(Milestone.INPUTS_OPEN, dt.time(9), day=3),
    Rule(Milestone.INPUT_CUTOFF, dt.time(18), day=4),
    Rule(Milestone.DEMAND_REVIEW, dt.time(14), day=5),
    Rule(Milestone.SUPPLY_REVIEW, dt.time(14), after=Milestone.DEMAND_REVIEW, offset=4),
    Rule(Milestone.PRE_SOP, dt.time(10), after=Milestone.SUPPLY_REVIEW, offset=3),
    Rule(Milestone.PRE_READ, dt.time(9), after=Milestone.PRE_SOP, offset=1),
    Rule(Milestone.EXECUTIVE, dt.time(9), after=Milestone.PRE_READ, offset=2),
    Rule(Milestone.RELEASE, dt.time(18), after=Milestone.EXECUTIVE, offset=1),
)


def milestone_dates(
    month: int,
    *,
    rules: Iterable[Rule] = DEFAULT_RULES,
    working_days: WorkingDays | None = None,
    start: dt.date | None = None,
) -> Mapping[Milestone, dt.datetime]:
    """Naive local date and time of each milestone of the cycle of an absolute ``month``.

    ``start`` is the first day of the planning month when it is not the first of the calendar month (4-4-5).
    Raises ``ValueError`` when a rule refers to a milestone that does not stand before it, or leaves no room.
    """
    work = working_days or WorkingDays()
    begin = start or first_day(month)
    before, after = _split_at_review(list(rules))
    review = dt.datetime.combine(work.on_or_after(_day(begin, after[0])), after[0].at)
    moments = {**_lay_out_backwards(before, begin, review, work), after[0].milestone: review}
    for rule in after[1:]:
        if rule.day is not None:
            day = work.on_or_after(_day(begin, rule))
        elif rule.after in moments:
            day = work.add(moments[rule.after].date(), rule.offset)
        else:
            raise ValueError(f"{rule.milestone} refers to {rule.after}, which does not stand before it")
        moments[rule.milestone] = dt.datetime.combine(day, rule.at)
    return moments


def _split_at_review(rules: list[Rule]) -> tuple[list[Rule], list[Rule]]:
    position = [rule.milestone for rule in rules].index(Milestone.DEMAND_REVIEW)
    if any(rule.day is None for rule in rules[: position + 1]):
        raise ValueError("the demand review and the milestones before it are days of the month")
    return rules[:position], rules[position:]


def _day(begin: dt.date, rule: Rule) -> dt.date:
    return begin + dt.timedelta(days=(rule.day or 1) - 1)


def _lay_out_backwards(
    rules: list[Rule], begin: dt.date, review: dt.datetime, work: WorkingDays
) -> dict[Milestone, dt.datetime]:
    found: dict[Milestone, dt.datetime] = {}
    following = review
    for rule, earliest in reversed(list(zip(rules, _earliest_days(rules, begin), strict=True))):
        wanted = _day(begin, rule)
        room = [wanted - dt.timedelta(days=n) for n in range((wanted - earliest).days + 1)]
        free = [day for day in room if dt.datetime.combine(day, rule.at) < following]
        if not free:
            raise ValueError(f"there is no room for {rule.milestone} on day {rule.day}")
        day = next((day for day in free if work.is_working(day)), free[0])
        following = found[rule.milestone] = dt.datetime.combine(day, rule.at)
    return dict(reversed(found.items()))


def _earliest_days(rules: list[Rule], begin: dt.date) -> list[dt.date]:
    """The first day each milestone can have when all follow each other as soon as their clock times allow."""
    earliest, day = [], begin
    for previous, rule in zip([None, *rules], rules, strict=False):
        if previous is not None and rule.at <= previous.at:
            day += dt.timedelta(days=1)
        earliest.append(day)
    return earliest
