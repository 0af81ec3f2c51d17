"""Writing meetings, decisions, actions, risks and conflicts."""

from meetings.services.actions import add_action, carry_over, move_action, verify_action
from meetings.services.adoption import apply_decisions
from meetings.services.conflicts import raise_conflict, settle_conflict
from meetings.services.decision_list import accept_gap, build_decision_list
from meetings.services.decisions import decide, edit_decision, escalate, implement, propose_decision, verify_decision
from meetings.services.gathering import (
    begin_meeting,
    end_meeting,
    publish_pre_read,
    record_attendance,
    save_agenda,
    save_group,
    save_rule,
    void_meetings,
)
from meetings.services.risks import add_risk, close_risk, edit_risk
from meetings.services.supply_questions import ask_about_supply

__all__ = [
    "accept_gap",
    "add_action",
    "add_risk",
    "apply_decisions",
    "ask_about_supply",
    "begin_meeting",
    "build_decision_list",
    "carry_over",
    "close_risk",
    "decide",
    "edit_decision",
    "edit_risk",
    "end_meeting",
    "escalate",
    "implement",
    "move_action",
    "propose_decision",
    "publish_pre_read",
    "raise_conflict",
    "record_attendance",
    "save_agenda",
    "save_group",
    "save_rule",
    "settle_conflict",
    "verify_action",
    "verify_decision",
    "void_meetings",
]
