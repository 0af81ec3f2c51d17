"""What was promised because of a deviation or an assumption: the demand pages show it, the meeting room keeps it.

Actions belong to a room above this one, which registers how to find them; without it nothing is shown and nothing can
be promised.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from accounts.models import User
from accounts.policies import can
from accounts.selectors import list_people
from cycles.models import Cycle

DeviationKey = tuple[int, int, int]  # product id, org id, month
DUE_DAYS = 14  # what the form proposes


@dataclass(frozen=True)
class FollowUp:
    """One action, as a page names it."""

    title: str
    owner: str
    due: dt.date
    state: str
    is_overdue: bool


@dataclass(frozen=True)
class FollowUps:
    """Actions by what they answer; an assumption's follow it from cycle to cycle, under its newest id."""

    assumptions: Mapping[int, list[FollowUp]] = field(default_factory=dict)
    deviations: Mapping[DeviationKey, list[FollowUp]] = field(default_factory=dict)


@dataclass(frozen=True)
class ActionForm:
    """What the dialog offers: who may carry an action, and by when one is usually done."""

    people: list[User]
    due: dt.date


_finders: list[Callable[[Cycle], FollowUps]] = []


def register_follow_ups(find: Callable[[Cycle], FollowUps]) -> None:
    """Say how the actions of a cycle's deviations and assumptions are found."""
    _finders[:] = [find]


def load_follow_ups(cycle: Cycle) -> FollowUps:
    """The actions of a cycle's deviations and assumptions."""
    return _finders[0](cycle) if _finders else FollowUps()


def offer_action(user: User, *, today: dt.date) -> ActionForm | None:
    """The dialog for a user; None where they may not promise anything."""
    if not _finders or not can(user, "action.write"):
        return None
    return ActionForm(list(list_people()), today + dt.timedelta(days=DUE_DAYS))
