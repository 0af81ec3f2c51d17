"""Reading cycles: rows, dates, and where a cycle stands for a person."""

from cycles.selectors.dates import InputWindow, get_input_window, load_rules, load_working_days, plan_dates
from cycles.selectors.rows import (
    get_current_cycle,
    get_cycle,
    get_next_cycle,
    get_previous_cycle,
    get_step,
    get_submission,
    list_cycles,
    list_signoffs,
    list_steps,
    list_submissions,
)
from cycles.selectors.standing import (
    Command,
    RailStep,
    Readiness,
    available_actions,
    failed_reasons,
    get_rail,
    is_late,
    list_readiness,
    list_reopen_effects,
)

__all__ = [
    "Command",
    "InputWindow",
    "RailStep",
    "Readiness",
    "available_actions",
    "failed_reasons",
    "get_current_cycle",
    "get_cycle",
    "get_input_window",
    "get_next_cycle",
    "get_previous_cycle",
    "get_rail",
    "get_step",
    "get_submission",
    "is_late",
    "list_cycles",
    "list_readiness",
    "list_reopen_effects",
    "list_signoffs",
    "list_steps",
    "list_submissions",
    "load_rules",
    "load_working_days",
    "plan_dates",
]
