"""The monthly cycle, its steps, what each department hands in and who signed."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from accounts.choices import Department
from cycles.choices import CycleState, StepCode, StepState, SubmissionStatus


class Cycle(models.Model):
    """One monthly round. ``month`` is the first planned month (absolute)."""

    month = models.IntegerField(unique=True)
    state = models.CharField(max_length=16, choices=CycleState, default=CycleState.DRAFT)
    horizon = models.PositiveSmallIntegerField(default=18)
    near_months = models.PositiveSmallIntegerField(default=6)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    approved_at = models.DateTimeField(null=True)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    submitted_for_approval_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    revision = models.PositiveIntegerField(
        default=0
    )  # optimistic lock: every transition is a compare-and-swap on it

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
    cutoff_at = models.DateTimeField(null=True)
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
    submitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    submitted_at = models.DateTimeField(null=True)
    waived_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    waive_reason = models.TextField(blank=True)
    revision = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["step", "department"], name="submission_once")]

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
                fields=["step", "department"], condition=Q(invalid_at__isnull=True), name="signoff_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.step_id} {self.department}"
