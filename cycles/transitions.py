"""The cycle's transitions as data: from, to, who, which step it closes and which it opens.

Guards and effects hang on the transition's ``name`` in ``cycles.gates``; nothing else moves a cycle.
"""

from __future__ import annotations

from dataclasses import dataclass

from accounts.choices import Role
from cycles.choices import CycleState, StepCode, StepState


@dataclass(frozen=True)
class Transition:
    """One arrow. ``lead`` is the only role whose signature takes it, ``action`` the right it needs."""

    source: CycleState
    target: CycleState
    action: str
    lead: Role
    closes: StepCode | None = None
    opens: StepCode | None = None

    @property
    def name(self) -> str:
        return f"{self.source.value}->{self.target.value}"


S, C = StepCode, CycleState
TRANSITIONS: tuple[Transition, ...] = (
    Transition(C.DRAFT, C.COLLECTING, "cycle.manage", Role.COORDINATOR, opens=S.BUSINESS_REVIEW),
    Transition(C.COLLECTING, C.DEMAND_REVIEW, "cycle.manage", Role.COORDINATOR, S.BUSINESS_REVIEW, S.DEMAND_REVIEW),
    Transition(C.DEMAND_REVIEW, C.SUPPLY_REVIEW, "step.sign", Role.DEMAND_LEAD, S.DEMAND_REVIEW, S.SUPPLY_REVIEW),
    Transition(C.SUPPLY_REVIEW, C.PRE_SOP, "step.sign", Role.SUPPLY_LEAD, S.SUPPLY_REVIEW, S.PRE_SOP),
    Transition(C.PRE_SOP, C.EXECUTIVE, "step.sign", Role.COORDINATOR, S.PRE_SOP, S.EXECUTIVE),
    Transition(C.EXECUTIVE, C.APPROVED, "plan.approve", Role.EXECUTIVE, S.EXECUTIVE, S.RELEASE),
    Transition(C.APPROVED, C.RELEASED, "release.publish", Role.SUPPLY_LEAD, S.RELEASE),
    Transition(C.RELEASED, C.CLOSED, "cycle.manage", Role.COORDINATOR),
)
NEXT: dict[str, Transition] = {transition.source: transition for transition in TRANSITIONS}
CLOSED_BY: dict[str, Transition] = {t.closes: t for t in TRANSITIONS if t.closes}
NAMES = frozenset(t.name for t in TRANSITIONS)

# Moves that are not arrows of the table but carry effects of the upper rooms.
REOPENED = "reopened"
ROLLED = "rolled"
CANCELLED = "cancelled"
EFFECT_POINTS = NAMES | {REOPENED, ROLLED, CANCELLED}

# The state in which each step is worked on.
STATE_OF_STEP: dict[str, CycleState] = {t.closes: t.source for t in TRANSITIONS if t.closes}

WORKING = frozenset({StepState.OPEN, StepState.SUBMITTED, StepState.IN_MEETING, StepState.REOPENED})
STEP_MOVES: dict[str, tuple[frozenset[StepState], StepState]] = {
    "open": (frozenset({StepState.NOT_STARTED}), StepState.OPEN),
    "submit": (frozenset({StepState.OPEN, StepState.REOPENED}), StepState.SUBMITTED),
    "meet": (frozenset({StepState.OPEN, StepState.SUBMITTED, StepState.REOPENED}), StepState.IN_MEETING),
    "sign": (frozenset({StepState.IN_MEETING}), StepState.SIGNED_OFF),
    "finish": (frozenset({StepState.OPEN, StepState.SUBMITTED, StepState.REOPENED}), StepState.SIGNED_OFF),
    "reopen": (frozenset({StepState.SIGNED_OFF}), StepState.REOPENED),
    "reset": (WORKING | {StepState.SIGNED_OFF}, StepState.NOT_STARTED),
}


def is_before(state: str, other: str) -> bool:
    """Whether ``state`` comes before ``other`` in the cycle."""
    order = [C.DRAFT, *(t.target for t in TRANSITIONS)]
    return order.index(C(state)) < order.index(C(other))
