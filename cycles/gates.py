"""Registries the rooms above fill at start-up: what must hold before a transition, and what happens with it.

News travels upward by registration: ``cycles`` knows that a gate "attendance" exists, not what a meeting is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from accounts.models import User
from cycles.models import Cycle, Step
from cycles.transitions import EFFECT_POINTS, NAMES

Check = Callable[[Cycle], list[str]]
Effect = Callable[[Cycle, User], str | None]
SignCheck = Callable[[Step, str, User], list[str]]


@dataclass(frozen=True)
class Gate:
    """A named condition. ``check`` gives translated reasons, each naming who must do what; none: it holds."""

    transition: str
    code: str
    title: Any
    check: Check
    waivable: bool = False


_gates: dict[tuple[str, str], Gate] = {}
_effects: dict[tuple[str, str], Effect] = {}
_sign_checks: dict[str, SignCheck] = {}


def register_gate(transition: str, code: str, title: Any, check: Check, *, waivable: bool = False) -> None:
    """Let ``check`` guard a transition such as ``"demand_review->supply_review"``.

    A second registration of the same code replaces the first, so that start-up may run twice.
    """
    if transition not in NAMES:
        raise ValueError(f"there is no transition {transition!r}")
    _gates[transition, code] = Gate(transition, code, title, check, waivable)


def register_effect(transition: str, effect: Effect) -> None:
    """Run ``effect(cycle, actor)`` in the transaction of a transition, or of ``reopened``, ``rolled``, ``cancelled``.

    ``reopened`` runs when the cycle stands in the reopened step's state again, ``rolled`` gets the new cycle.
    An effect that freezes figures returns the snapshot code, which is kept with the signatures.
    """
    if transition not in EFFECT_POINTS:
        raise ValueError(f"there is no transition {transition!r}")
    _effects[transition, f"{effect.__module__}.{effect.__qualname__}"] = effect


def register_sign_check(check: SignCheck) -> None:
    """Let ``check(step, department, user)`` refuse a signature with reasons."""
    _sign_checks[f"{check.__module__}.{check.__qualname__}"] = check


def list_gates(transition: str) -> list[Gate]:
    """The gates of a transition in order of registration."""
    return [gate for (name, _code), gate in _gates.items() if name == transition]


def list_effects(transition: str) -> list[Effect]:
    return [effect for (name, _key), effect in _effects.items() if name == transition]


def signing_reasons(step: Step, department: str, user: User) -> list[str]:
    """Why ``user`` may not sign ``step`` for ``department``; empty when nothing speaks against it."""
    return [reason for check in _sign_checks.values() for reason in check(step, department, user)]
