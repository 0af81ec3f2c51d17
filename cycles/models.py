"""The monthly cycle, its steps, what each department hands in and who signed."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from accounts.choices import Department
from cycles.choices import CycleState, DayKind, Milestone, StepCode, StepState, SubmissionStatus


class Cycle(models.Model):
    """One monthly round. ``month`` is the first planned month (absolute)."""

    month = models.IntegerField(unique=True)
    state = models.CharField(max_length=16, choices=CycleState, default=CycleState.DRAFT)
    horizon = models.PositiveSmallIntegerField(default=18)
    near_months = models.PositiveSmallIntegerField(default=6)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    approved_at = models.DateTimeField(null=True)
    approved_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    submitted_for_approval_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    revision = models.PositiveIntegerField(default=0)  # optimistic lock: every transition is a compare-and-swap on it

    class Meta:
        ordering = ["-month"]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=CycleState.values), name="cycle_state"),
            models.CheckConstraint(condition=Q(horizon__gte=12, horizon__lte=24), name="cycle_horizon"),
            models.CheckConstraint(
                condition=Q(approved_by__isnull=True) | ~Q(approved_by=F("submitted_for_approval_by")),
                name="cycle_four_eyes",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.month // 12}-{self.month % 12 + 1:02d}"


class Step(models.Model):
    """One step of a cycle with its participants, purpose, inputs, outputs and due times (R-006)."""

    cycle = models.ForeignKey(Cycle, on_delete=models.CASCADE, related_name="steps")
    code = models.CharField(max_length=16, choices=StepCode)
    position = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=12, choices=StepState, default=StepState.NOT_STARTED)
    owner_role = models.CharField(max_length=16)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    purpose = models.TextField(blank=True)
    inputs = models.JSONField(default=list)
    outputs = models.JSONField(default=list)
    participants = models.ManyToManyField(settings.AUTH_USER_MODEL, related_name="steps")
    opens_at = models.DateTimeField()
    cutoff_at = models.DateTimeField(null=True)  # material later than this goes to the next cycle unless waived
    meets_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField()
    opened_at = models.DateTimeField(null=True)
    signed_at = models.DateTimeField(null=True)
    revision = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["cycle", "position"]
        constraints = [
            models.UniqueConstraint(fields=["cycle", "code"], name="step_once"),
            models.CheckConstraint(condition=Q(state__in=StepState.values), name="step_state"),
        ]

    def __str__(self) -> str:
        return f"{self.cycle_id} {self.code}"


class Submission(models.Model):
    """What a department hands in before a review (R-060 … R-063)."""

    step = models.ForeignKey(Step, on_delete=models.CASCADE, related_name="submissions")
    department = models.CharField(max_length=16, choices=Department)
    status = models.CharField(max_length=12, choices=SubmissionStatus, default=SubmissionStatus.MISSING)
    content = models.JSONField(default=dict)
    attachment = models.FileField(upload_to="submissions/", blank=True)
    submitted_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    submitted_at = models.DateTimeField(null=True)
    waived_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    waived_at = models.DateTimeField(null=True)
    waive_reason = models.TextField(blank=True)
    revision = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["step", "department"], name="submission_once"),
            models.CheckConstraint(condition=Q(status__in=SubmissionStatus.values), name="submission_status"),
            models.CheckConstraint(
                condition=Q(waived_by__isnull=True) | (~Q(waive_reason="") & Q(waived_at__isnull=False)),
                name="submission_waiver_has_reason_and_time",
            ),
            models.CheckConstraint(
                condition=Q(waived_by__isnull=True) | Q(submitted_by__isnull=True) | ~Q(waived_by=F("submitted_by")),
                name="submission_four_eyes",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.step_id} {self.department} {self.status}"


class SignOff(models.Model):
    """A department's signature under a step. ``invalid_at`` is set when an earlier step is reopened."""

    step = models.ForeignKey(Step, on_delete=models.CASCADE, related_name="signoffs")
    department = models.CharField(max_length=16, choices=Department)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    lead = models.BooleanField(default=False)  # the lead's signature closes the step
    snapshot_code = models.CharField(max_length=64, blank=True)
    invalid_at = models.DateTimeField(null=True)
    invalid_reason = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["step", "department", "lead"],
                condition=Q(invalid_at__isnull=True),
                name="signoff_once",
            ),
            models.UniqueConstraint(  # four eyes: nobody signs a step both for a department and as its lead
                fields=["step", "user"], condition=Q(invalid_at__isnull=True), name="signoff_person_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.step_id} {self.department}"


class GateWaiver(models.Model):
    """A gate the coordinator let pass for one cycle, with the reason."""

    cycle = models.ForeignKey(Cycle, on_delete=models.CASCADE, related_name="waivers")
    transition = models.CharField(max_length=40)
    gate = models.CharField(max_length=64)
    reason = models.TextField()
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    invalid_at = models.DateTimeField(null=True)  # a reopened step needs a new waiver

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["cycle", "transition", "gate"],
                condition=Q(invalid_at__isnull=True),
                name="gate_waiver_once",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="gate_waiver_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.cycle_id} {self.gate}"


class SpecialDay(models.Model):
    """A holiday, or a weekend day that is worked."""

    day = models.DateField(unique=True)
    kind = models.CharField(max_length=8, choices=DayKind)
    name = models.CharField(max_length=80, blank=True)

    class Meta:
        ordering = ["day"]
        constraints = [models.CheckConstraint(condition=Q(kind__in=DayKind.values), name="special_day_kind")]

    def __str__(self) -> str:
        return f"{self.day} {self.kind}"


class CalendarRule(models.Model):
    """An edited line of the calendar template; without rows the default of ``cycles.calendar`` holds."""

    milestone = models.CharField(max_length=20, choices=Milestone, unique=True)
    position = models.PositiveSmallIntegerField()
    day = models.PositiveSmallIntegerField(null=True)  # of the month
    after = models.CharField(max_length=20, choices=Milestone, blank=True)
    offset_working_days = models.PositiveSmallIntegerField(default=0)
    at = models.TimeField()

    class Meta:
        ordering = ["position"]
        constraints = [
            models.CheckConstraint(
                condition=Q(day__isnull=False, after="") | (Q(day__isnull=True) & ~Q(after="")),
                name="calendar_rule_one_anchor",
            )
        ]

    def __str__(self) -> str:
        return self.milestone
