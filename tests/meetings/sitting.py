"""Leads a cycle with its meetings: everybody comes, signs and decides."""

from accounts.models import User
from cycles.choices import CycleState
from cycles.models import Cycle, Step
from cycles.selectors import get_step
from cycles.services import advance_cycle, sign_off, submit_material
from cycles.transitions import NEXT, is_before
from meetings.models import Attendance
from meetings.services import begin_meeting, record_attendance
from tests.cycles.walking import CORE

_SEATS = ["sales", "production", "purchasing", "supply_lead", "finance", "executive"]


def seat(step: Step, users: dict[str, User], role: str) -> Attendance:
    """Note the role's usual holder as present."""
    return record_attendance(step=step, user=users[role], presence="present", actor=users["coordinator"])


def sit(cycle: Cycle, users: dict[str, User]) -> None:
    """Material, meeting, attendance and co-signatures of the current step."""
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
        for role in _SEATS:
            seat(step, users, role)
    signers = {CycleState.DEMAND_REVIEW: CORE, CycleState.PRE_SOP: [("finance", "finance")]}.get(cycle.state, [])
    for role, department in signers:
        sign_off(step=step, department=department, actor=users[role])


def walk_to(cycle: Cycle, state: str, users: dict[str, User]) -> Cycle:
    """Advance until ``state``."""
    cycle.refresh_from_db()
    while is_before(cycle.state, state):
        sit(cycle, users)
        transition = NEXT[cycle.state]
        advance_cycle(cycle=cycle, to=transition.target, actor=users[transition.lead])
        cycle.refresh_from_db()
    return cycle
