"""Meetings of the steps: agenda, who was there, minutes; and the rules they follow."""

from __future__ import annotations

from decimal import Decimal

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from accounts.choices import AttendeeLevel, Department
from accounts.models import User
from meetings.choices import Presence

_USER = settings.AUTH_USER_MODEL


class ParticipantGroup(models.Model):
    """A standing group such as the coordination committee (R-014); its members are invited to every meeting."""

    code = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=120)
    members: models.ManyToManyField[User, models.Model] = models.ManyToManyField(
        _USER, related_name="groups_of_participants"
    )

    def __str__(self) -> str:
        return self.code


class Meeting(models.Model):
    """The meeting of a step. A reopened step voids it and gets another one."""

    cycle = models.ForeignKey("cycles.Cycle", on_delete=models.CASCADE, related_name="meetings")
    step = models.ForeignKey("cycles.Step", on_delete=models.CASCADE, related_name="meetings")
    scheduled_at = models.DateTimeField()
    chair = models.ForeignKey(_USER, null=True, on_delete=models.PROTECT, related_name="+")
    pre_read_at = models.DateTimeField(null=True)
    begun_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    facts = models.JSONField(default=dict)  # the minutes' facts, kept at the end; their text is rendered per reader
    voided_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["step"], condition=Q(voided_at__isnull=True), name="meeting_once"),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True) | Q(begun_at__isnull=False), name="meeting_ends_after_begin"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.step_id}@{self.scheduled_at:%Y-%m-%d}"


class AgendaItem(models.Model):
    """One point of the agenda."""

    meeting = models.ForeignKey(Meeting, on_delete=models.CASCADE, related_name="agenda")
    position = models.PositiveSmallIntegerField()
    title = models.CharField(max_length=200)  # a source text of the template is translated when shown
    minutes = models.PositiveSmallIntegerField(default=10)
    presenter = models.ForeignKey(_USER, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["meeting", "position"], name="agenda_position_once")]

    def __str__(self) -> str:
        return self.title


class Attendance(models.Model):
    """An invited person: there, represented by a named delegate, or absent."""

    meeting = models.ForeignKey(Meeting, on_delete=models.CASCADE, related_name="attendances")
    user = models.ForeignKey(_USER, on_delete=models.PROTECT, related_name="+")
    department = models.CharField(max_length=16, choices=Department)
    presence = models.CharField(max_length=8, choices=Presence, default=Presence.ABSENT)
    delegate_name = models.CharField(max_length=120, blank=True)
    level = models.CharField(max_length=12, choices=AttendeeLevel)  # of who really sits there

    class Meta:
        ordering = ["department", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["meeting", "user"], name="attendance_once"),
            models.CheckConstraint(condition=Q(presence__in=Presence.values), name="attendance_presence"),
            models.CheckConstraint(
                condition=(Q(presence=Presence.DELEGATE) & ~Q(delegate_name=""))
                | (~Q(presence=Presence.DELEGATE) & Q(delegate_name="")),
                name="attendance_delegate_has_name",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.presence}"


class MeetingRule(models.Model):
    """The company's thresholds; one row, without it the defaults hold."""

    gap_share = models.DecimalField(
        max_digits=6,
        decimal_places=5,
        default=Decimal("0.001"),
        validators=[MinValueValidator(0), MaxValueValidator(1)],
    )  # of the plan's revenue: a smaller gap needs no decision
    quorum_minimum = models.PositiveSmallIntegerField(default=3)  # of sales, production, supply and finance
    pre_read_hours = models.PositiveSmallIntegerField(default=24)

    def __str__(self) -> str:
        return f"gap ≥ {self.gap_share}, quorum {self.quorum_minimum}, pre-read {self.pre_read_hours} h"
