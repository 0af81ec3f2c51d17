"""Writing cycles. Every change runs through these: guard, compare-and-swap, effects, audit, in one transaction."""

from cycles.services.calendar import save_calendar_rules, save_special_days
from cycles.services.lifecycle import (
    advance_cycle,
    approve_cycle,
    cancel_cycle,
    close_cycle,
    release_cycle,
    roll_cycle,
    start_cycle,
)
from cycles.services.reopening import reopen_step
from cycles.services.steps import begin_meeting, edit_step, open_step, sign_off, waive_gate
from cycles.services.submissions import submit_material, waive_submission

__all__ = [
    "advance_cycle",
    "approve_cycle",
    "begin_meeting",
    "cancel_cycle",
    "close_cycle",
    "edit_step",
    "open_step",
    "release_cycle",
    "reopen_step",
    "roll_cycle",
    "save_calendar_rules",
    "save_special_days",
    "sign_off",
    "start_cycle",
    "submit_material",
    "waive_gate",
    "waive_submission",
]
