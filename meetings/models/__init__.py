"""What is met, decided, done and feared in a cycle."""

from meetings.models.decisions import Conflict, Decision, GapNote, Risk
from meetings.models.followup import ActionItem
from meetings.models.gathering import AgendaItem, Attendance, Meeting, MeetingRule, ParticipantGroup

__all__ = [
    "ActionItem",
    "AgendaItem",
    "Attendance",
    "Conflict",
    "Decision",
    "GapNote",
    "Meeting",
    "MeetingRule",
    "ParticipantGroup",
    "Risk",
]
