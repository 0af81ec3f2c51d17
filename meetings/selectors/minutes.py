"""Minutes from facts, and the three bad habits a meeting can have (R-018)."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.choices import AttendeeLevel, Department
from cycles.choices import SubmissionStatus
from cycles.selectors import list_signoffs
from meetings.choices import ConflictState, DecisionState, Presence
from meetings.models import Decision, Meeting
from meetings.selectors.attendance import list_attendance
from meetings.selectors.items import list_conflicts, list_decisions, question_of


@dataclass(frozen=True)
class Flag:
    """A bad habit found in a meeting."""

    code: str  # clerks_only, report_only, quarrel
    sentence: str


def list_flags(meeting: Meeting) -> list[Flag]:
    """Clerks only; nothing decided or promised; open conflicts and nothing decided."""
    return flags_of(meeting.facts or collect_facts(meeting))


def flags_of(facts: dict[str, Any]) -> list[Flag]:
    """The flags of a meeting's facts."""
    there = [person for person in facts["people"] if person["presence"] != Presence.ABSENT]
    flags = []
    if there and all(person["level"] == AttendeeLevel.CLERK for person in there):
        flags.append(Flag("clerks_only", _("Only people below manager level attended.")))
    if not facts["decisions"] and not facts["actions"]:
        flags.append(Flag("report_only", _("Nothing was decided and nobody promised anything.")))
    if facts["open_conflicts"] and not facts["decisions"]:
        count = len(facts["open_conflicts"])
        text = ngettext(
            "%d conflict stayed open and nothing was decided.",
            "%d conflicts stayed open and nothing was decided.",
            count,
        )
        flags.append(Flag("quarrel", text % count))
    return flags


def collect_facts(meeting: Meeting) -> dict[str, Any]:
    """What happened between begin and end, as plain data: the minutes' content in no language."""
    since = meeting.begun_at or timezone.now()
    until = meeting.ended_at or timezone.now()
    return {
        "step": meeting.step.code,
        "begun_at": since.isoformat(),
        "ended_at": until.isoformat(),
        "people": [
            {
                "name": str(row.user),
                "department": row.department,
                "presence": row.presence,
                "delegate": row.delegate_name,
                "level": row.level,
            }
            for row in list_attendance(meeting.step)
        ],
        "missing_material": _missing_material(meeting),
        "decisions": [_decision_fact(decision) for decision in _touched(meeting, since, until)],
        "actions": [
            {"title": action.title, "owner": str(action.owner), "due": action.due.isoformat()}
            for action in meeting.cycle.actions_raised.select_related("owner").filter(
                created_at__gte=since, created_at__lte=until
            )
        ],
        "open_conflicts": [c.subject for c in list_conflicts(meeting.cycle) if c.state == ConflictState.OPEN],
        "signatures": [
            {"department": sign.department, "name": str(sign.user), "lead": sign.lead}
            for sign in list_signoffs(meeting.step)
        ],
    }


def render_minutes(meeting: Meeting) -> str:
    """The minutes as text in the reader's language."""
    facts = meeting.facts or collect_facts(meeting)
    begun = parse_datetime(facts["begun_at"])
    lines = [
        _("Minutes: %(step)s, %(when)s") % {"step": meeting.step.get_code_display(), "when": _clock(begun)},
        "",
        *_people_lines(facts),
        *_section(_("Decisions"), [_decision_line(fact) for fact in facts["decisions"]], _("No decisions.")),
        *_section(_("Actions"), [_action_line(fact) for fact in facts["actions"]], _("No actions.")),
    ]
    if facts["open_conflicts"]:
        lines += _section(_("Open conflicts"), facts["open_conflicts"], "")
    if facts["signatures"]:
        names = [f"{Department(sign['department']).label}: {sign['name']}" for sign in facts["signatures"]]
        lines += _section(_("Signed"), names, "")
    flags = flags_of(facts)
    if flags:
        lines += _section(_("Remarks"), [flag.sentence for flag in flags], "")
    return "\n".join(lines).rstrip() + "\n"


def _missing_material(meeting: Meeting) -> list[str]:
    handed_in = {SubmissionStatus.SUBMITTED, SubmissionStatus.LATE}
    rows = meeting.step.submissions.exclude(status__in=handed_in).order_by("department")
    return list(rows.values_list("department", flat=True))


def _touched(meeting: Meeting, since: dt.datetime, until: dt.datetime) -> list[Decision]:
    """Items proposed or settled during the meeting."""

    def within(moment: dt.datetime | None) -> bool:
        return moment is not None and since <= moment <= until

    return [d for d in list_decisions(meeting.cycle) if within(d.proposed_at) or within(d.decided_at)]


def _decision_fact(decision: Decision) -> dict[str, Any]:
    chosen = next((o["title"] for o in decision.options if o["code"] == decision.chosen_option), "")
    return {
        "number": decision.number,
        "question": question_of(decision),
        "state": decision.state,
        "option": decision.chosen_option,
        "option_title": chosen,
        "deferred_to": decision.deferred_to.isoformat() if decision.deferred_to else "",
        "by": str(decision.decided_by) if decision.decided_by else "",
        "note": decision.note,
    }


def _people_lines(facts: dict[str, Any]) -> list[str]:
    there: list[str] = []
    absent: list[str] = []
    for person in facts["people"]:
        who = f"{person['name']} ({Department(person['department']).label})"
        if person["presence"] == Presence.DELEGATE:
            there.append(_("%(delegate)s for %(who)s") % {"delegate": person["delegate"], "who": who})
        else:
            (absent if person["presence"] == Presence.ABSENT else there).append(who)
    lines = [_("Present: %s") % (", ".join(there) or "–"), _("Absent: %s") % (", ".join(absent) or "–")]
    if facts["missing_material"]:
        names = ", ".join(str(Department(code).label) for code in facts["missing_material"])
        lines.append(_("Material missing from: %s") % names)
    return lines


def _decision_line(fact: dict[str, Any]) -> str:
    label = DecisionState(fact["state"]).label
    option = f" {fact['option']} ({fact['option_title']})" if fact["option"] else ""
    until = f" → {_day(fact['deferred_to'])}" if fact["deferred_to"] else ""
    by = f", {fact['by']}" if fact["by"] else ""
    return f"{fact['number']}. {fact['question']} – {label}{option}{until}{by}"


def _action_line(fact: dict[str, Any]) -> str:
    return _("%(title)s: %(owner)s by %(due)s") % {**fact, "due": _day(fact["due"])}


def _section(title: str, lines: list[str], empty: str) -> list[str]:
    return ["", title, *([f"- {line}" for line in lines] or ([empty] if empty else []))]


def _clock(moment: dt.datetime | None) -> str:
    return date_format(timezone.localtime(moment), "DATETIME_FORMAT") if moment else ""


def _day(text: str) -> str:
    day = parse_date(text)
    return date_format(day, "DATE_FORMAT") if day else ""
