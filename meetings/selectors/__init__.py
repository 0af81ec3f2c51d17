"""Reading meetings, decisions, actions, risks and conflicts."""

from meetings.selectors.attendance import (
    Quorum,
    get_meeting,
    get_quorum,
    get_rule,
    list_attendance,
    missing_departments,
    represented_departments,
)
from meetings.selectors.gaps import MaterialGap, list_gap_products, list_material_gaps
from meetings.selectors.items import (
    get_action,
    get_conflict,
    get_decision,
    get_risk,
    is_overdue,
    list_actions,
    list_conflicts,
    list_decisions,
    list_risks,
    list_undecided,
    question_of,
)
from meetings.selectors.minutes import Flag, collect_facts, list_flags, render_minutes
from meetings.selectors.options import Waiting, letter, list_waiting, offer_options, option_rows

__all__ = [
    "Flag",
    "MaterialGap",
    "Quorum",
    "Waiting",
    "collect_facts",
    "get_action",
    "get_conflict",
    "get_decision",
    "get_meeting",
    "get_quorum",
    "get_risk",
    "get_rule",
    "is_overdue",
    "letter",
    "list_actions",
    "list_attendance",
    "list_conflicts",
    "list_decisions",
    "list_flags",
    "list_gap_products",
    "list_material_gaps",
    "list_risks",
    "list_undecided",
    "list_waiting",
    "missing_departments",
    "offer_options",
    "option_rows",
    "question_of",
    "render_minutes",
    "represented_departments",
]
