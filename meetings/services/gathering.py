"""Meetings: begin, who is there, agenda, pre-read, end with minutes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from decimal import Decimal

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.choices import AttendeeLevel
from accounts.models import User
from accounts.policies import require
from core import audit
from core.db import write_transaction
from core.errors import Conflict, InvalidInput
from cycles import services as cycles
from cycles.choices import StepCode, StepState
from cycles.models import Cycle, Step
from cycles.selectors import get_step
from meetings.choices import Presence
from meetings.models import AgendaItem, Attendance, Meeting, MeetingRule, ParticipantGroup
from meetings.selectors import collect_facts, get_meeting, get_rule
from meetings.services.writing import hold_cycle, log, need_text
from meetings.template import AGENDAS


def ensure_meeting(step: Step) -> Meeting:
    """The step's meeting with its default agenda and invited people; made when missing. Call in a transaction."""
    if meeting := get_meeting(step):
        return meeting
    if step.meets_at is None:
        raise InvalidInput(_("“%s” has no meeting.") % step.get_code_display(), code="no_meeting")
    meeting = Meeting.objects.create(cycle=step.cycle, step=step, scheduled_at=step.meets_at, chair=step.owner)
    AgendaItem.objects.bulk_create(
        AgendaItem(meeting=meeting, position=position, title=title, minutes=minutes)
        for position, (title, minutes) in enumerate(AGENDAS.get(step.code, ()), start=1)
    )
    invited = {person.pk: person for person in step.participants.filter(is_active=True, is_service=False)}
    invited |= {p.pk: p for p in User.objects.filter(groups_of_participants__isnull=False, is_active=True)}
    Attendance.objects.bulk_create(
        Attendance(meeting=meeting, user=person, department=person.department, level=person.level)
        for person in invited.values()
    )
    return meeting


def begin_meeting(*, step: Step, actor: User) -> Meeting:
    """Begin the meeting of a step; repeating it changes nothing. Audit ``cycles.step.meeting_begun``."""
    with write_transaction():
        hold_cycle(step.cycle)
        cycles.begin_meeting(step=step, actor=actor)
        meeting = ensure_meeting(step)
        if meeting.begun_at is None:
            meeting.begun_at = timezone.now()
            meeting.save(update_fields=["begun_at"])
    return meeting


def record_attendance(
    *, step: Step, user: User, presence: str, actor: User, delegate_name: str = "", level: str = ""
) -> Attendance:
    """Note whether ``user`` is there, absent, or represented by a named delegate of a ``level``.

    Raises ``Conflict`` when the meeting has not begun or is over. Audit ``meetings.attendance.recorded``.
    """
    require(actor, "meeting.record")
    if presence not in Presence.values:
        raise InvalidInput(_("Unknown presence “%s”.") % presence, code="unknown_presence")
    if level and level not in AttendeeLevel.values:
        raise InvalidInput(_("Unknown level “%s”.") % level, code="unknown_level")
    delegate_name = delegate_name.strip() if presence == Presence.DELEGATE else ""
    if presence == Presence.DELEGATE and not delegate_name:
        raise InvalidInput(_("Name the delegate."), code="delegate_missing")
    with write_transaction():
        hold_cycle(step.cycle)
        step = get_step(step.cycle, step.code)
        if step.state != StepState.IN_MEETING:
            raise Conflict(_("The meeting has not begun, or is over."), code="not_in_meeting")
        meeting = ensure_meeting(step)
        own_level = user.level if presence != Presence.DELEGATE else AttendeeLevel.CLERK
        attendance, _created = Attendance.objects.update_or_create(
            meeting=meeting,
            user=user,
            defaults={
                "department": user.department,
                "presence": presence,
                "delegate_name": delegate_name,
                "level": level or own_level,
            },
        )
        detail = {"step": step.code, "user": user.username, "presence": presence, "delegate": delegate_name}
        log(step.cycle, actor, "attendance.recorded", attendance, {**detail, "level": attendance.level})
    return attendance


def save_agenda(*, step: Step, items: Sequence[tuple[str, int]], actor: User) -> Meeting:
    """Replace the agenda: (title, minutes) in order. Audit ``meetings.agenda.saved``."""
    require(actor, "meeting.record")
    if any(not 1 <= minutes <= 480 for _title, minutes in items):
        raise InvalidInput(_("A point takes between 1 and 480 minutes."), code="invalid_minutes")
    titles = [need_text(title, _("A point of the agenda needs a title."))[:200] for title, _minutes in items]
    with write_transaction():
        hold_cycle(step.cycle)
        meeting = ensure_meeting(step)
        if meeting.ended_at:
            raise Conflict(_("The meeting is over."), code="meeting_over")
        meeting.agenda.all().delete()
        AgendaItem.objects.bulk_create(
            AgendaItem(meeting=meeting, position=position, title=title, minutes=minutes)
            for position, (title, (_text, minutes)) in enumerate(zip(titles, items, strict=True), start=1)
        )
        log(step.cycle, actor, "agenda.saved", meeting, {"titles": titles})
    return meeting


def publish_pre_read(cycle: Cycle, actor: User) -> None:
    """Effect of ``pre_sop->executive``: the frozen plan P is the pre-read. Audit ``meetings.pre_read.published``."""
    meeting = ensure_meeting(get_step(cycle, StepCode.EXECUTIVE))
    meeting.pre_read_at = timezone.now()
    meeting.save(update_fields=["pre_read_at"])
    log(cycle, actor, "pre_read.published", meeting, {})


def end_meeting(*, step: Step, actor: User) -> Meeting:
    """End the meeting and keep the facts of its minutes; repeating it changes nothing.

    Audit ``meetings.meeting.ended`` with the facts.
    """
    require(actor, "meeting.record")
    with write_transaction():
        hold_cycle(step.cycle)
        meeting = get_meeting(step)
        if meeting is None or meeting.begun_at is None:
            raise Conflict(_("The meeting has not begun."), code="not_in_meeting")
        if meeting.ended_at is None:
            meeting.ended_at = timezone.now()
            meeting.facts = collect_facts(meeting)
            meeting.save(update_fields=["ended_at", "facts"])
            log(step.cycle, actor, "meeting.ended", meeting, meeting.facts)
    return meeting


def void_meetings(cycle: Cycle, actor: User) -> None:
    """Effect of ``reopened``: meetings of the reopened and later steps do not count any more."""
    undone = cycle.steps.exclude(state=StepState.SIGNED_OFF).values("pk")
    Meeting.objects.filter(step__in=undone, voided_at=None).exclude(begun_at=None, pre_read_at=None).update(
        voided_at=timezone.now()
    )


def save_rule(*, gap_share: Decimal, quorum_minimum: int, pre_read_hours: int, actor: User) -> MeetingRule:
    """Change the company's thresholds. Audit ``meetings.rule.saved``."""
    require(actor, "cycle.manage")
    if not (0 <= gap_share <= 1 and 1 <= quorum_minimum <= 4 and 0 <= pre_read_hours <= 240):
        raise InvalidInput(_("A threshold is out of its bounds."), code="invalid_rule")
    with write_transaction():
        rule = get_rule()
        rule.gap_share, rule.quorum_minimum, rule.pre_read_hours = gap_share, quorum_minimum, pre_read_hours
        rule.save()
        audit.record(chain=audit.SYSTEM, actor=actor, verb="meetings.rule.saved", obj=rule, detail={"rule": str(rule)})
    return rule


def save_group(*, code: str, name: str, members: Collection[User], actor: User) -> ParticipantGroup:
    """Upsert a standing group such as the coordination committee. Audit ``meetings.group.saved``."""
    require(actor, "cycle.manage")
    with write_transaction():
        group, _created = ParticipantGroup.objects.update_or_create(
            code=code, defaults={"name": need_text(name, _("A group needs a name."))}
        )
        group.members.set(members)
        detail = {"members": sorted(member.username for member in members)}
        audit.record(chain=audit.SYSTEM, actor=actor, verb="meetings.group.saved", obj=group, detail=detail)
    return group
