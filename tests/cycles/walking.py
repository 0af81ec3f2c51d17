"""Leads a cycle through its steps with the services, as the people would."""

from accounts.models import User
from cycles.choices import CycleState
from cycles.models import Cycle
from cycles.selectors import get_step
from cycles.services import advance_cycle, begin_meeting, sign_off, submit_material
from cycles.transitions import NEXT, is_before

# who signs the demand review for which department
CORE = [("sales", "sales"), ("production", "production"), ("purchasing", "supply")]


def prepare(cycle: Cycle, users: dict[str, User]) -> None:
    """Everything the next transition needs from this room: material, meeting, co-signatures."""
    cycle.refresh_from_db()
    transition = NEXT[cycle.state]
    if transition.closes is None:
        return
    step = get_step(cycle, transition.closes)
    if cycle.state == CycleState.DEMAND_REVIEW:
        for role, department in CORE:
            if step.submissions.get(department=department).status == "missing":
                submit_material(step=step, department=department, content={"note": "ready"}, actor=users[role])
    if step.meets_at:
        begin_meeting(step=step, actor=users["coordinator"])
    signers = {CycleState.DEMAND_REVIEW: CORE, CycleState.PRE_SOP: [("finance", "finance")]}.get(cycle.state, [])
    for role, department in signers:
        sign_off(step=step, department=department, actor=users[role])


def walk_to(cycle: Cycle, state: str, users: dict[str, User]) -> Cycle:
    """Advance until ``state``."""
    cycle.refresh_from_db()
    while is_before(cycle.state, state):
        prepare(cycle, users)
        transition = NEXT[cycle.state]
        advance_cycle(cycle=cycle, to=transition.target, actor=users[transition.lead])
        cycle.refresh_from_db()
    return cycle
