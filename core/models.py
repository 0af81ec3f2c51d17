"""Audit trail, jobs and idempotency: the machinery every room shares."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from core.choices import JobState


class AuditChain(models.Model):
    """The counter of one audit chain: its row lock orders the writers, its number betrays a cut-off tail."""

    name = models.CharField(max_length=64, unique=True)
    seq = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.name}#{self.seq}"


class AuditEntry(models.Model):
    """One line of the append-only, hash-chained audit trail. Written by ``core.audit.record`` only."""

    chain = models.CharField(max_length=64)
    seq = models.BigIntegerField()
    at = models.DateTimeField()
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )  # a person with a trail is deactivated, never deleted
    actor_name = models.CharField(max_length=150)
    verb = models.CharField(max_length=64)
    object_type = models.CharField(max_length=64)
    object_id = models.CharField(max_length=64)
    detail = models.TextField(default="{}")  # canonical JSON, part of the hash
    prev_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["chain", "seq"], name="audit_chain_seq")]
        indexes = [models.Index(fields=["object_type", "object_id"], name="audit_object")]

    def __str__(self) -> str:
        return f"{self.chain}#{self.seq} {self.verb}"


class Job(models.Model):
    """A run in the background. The row is the truth; Celery only rings."""

    kind = models.CharField(max_length=32)
    scope = models.JSONField(default=dict)
    state = models.CharField(max_length=12, choices=JobState, default=JobState.QUEUED)
    input_hash = models.CharField(max_length=64, blank=True)
    dedupe_key = models.CharField(max_length=64, null=True)  # of kind, scope and input hash
    code_version = models.CharField(max_length=40, blank=True)
    progress = models.PositiveSmallIntegerField(default=0)  # per mille
    step = models.CharField(max_length=200, blank=True)
    attempt = models.PositiveSmallIntegerField(default=0)
    max_attempts = models.PositiveSmallIntegerField(default=3)
    worker = models.CharField(max_length=120, blank=True)
    lease_until = models.DateTimeField(null=True)
    cancel_requested = models.BooleanField(default=False)
    result = models.JSONField(null=True)
    findings = models.JSONField(default=list)
    error_code = models.CharField(max_length=64, blank=True)
    error = models.TextField(blank=True)
    expected_seconds = models.FloatField(null=True)
    is_split = models.BooleanField(default=False)  # its children exist, only its continuation is left
    parent = models.ForeignKey("self", null=True, on_delete=models.CASCADE, related_name="children")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(progress__lte=1000), name="job_progress_per_mille"),
            models.CheckConstraint(condition=Q(attempt__lte=F("max_attempts")), name="job_attempts"),
            models.CheckConstraint(condition=Q(state__in=JobState.values), name="job_state"),
            models.UniqueConstraint(
                fields=["dedupe_key"],
                condition=Q(state__in=["queued", "running", "waiting"], cancel_requested=False),
                name="job_unfinished_once",
            ),
        ]
        indexes = [models.Index(fields=["state", "lease_until"], name="job_reaper")]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk} {self.state}"

    @property
    def is_over(self) -> bool:
        return self.state not in (JobState.QUEUED, JobState.RUNNING, JobState.WAITING)


class JobPart(models.Model):
    """What a split job hands from one part to the next; gone when the job is over. See ``core.jobs.parts``."""

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=24)
    data = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["job", "name"], name="job_part_once")]

    def __str__(self) -> str:
        return f"{self.name} of job {self.job_id}"


class IdempotencyRecord(models.Model):
    """The stored answer of a POST, written in the transaction of its effect."""

    client = models.CharField(max_length=64)
    key = models.CharField(max_length=128)
    request_hash = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField()
    response = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["client", "key"], name="idempotency_client_key")]

    def __str__(self) -> str:
        return f"{self.client} {self.key}"
