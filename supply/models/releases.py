"""What execution gets: numbered releases whose lines never change, and who acknowledged them."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from supply.choices import AckStatus, ReleaseState


class ReleaseDocument(models.Model):
    """The lines of a release as one compressed text, addressed by the hash of the text. Append-only."""

    sha = models.CharField(max_length=64, primary_key=True)
    body = models.BinaryField()
    lines = models.PositiveIntegerField()

    class Meta:
        db_table = "supply_release_document"

    def __str__(self) -> str:
        return self.sha[:12]


class Release(models.Model):
    """Release ``number`` of the approved plan. Only its state moves."""

    number = models.PositiveIntegerField(unique=True)
    cycle = models.ForeignKey("cycles.Cycle", on_delete=models.PROTECT, related_name="releases")
    snapshot_code = models.CharField(max_length=64)
    document = models.ForeignKey(ReleaseDocument, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=20, choices=ReleaseState, default=ReleaseState.PUBLISHED)
    published_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    published_at = models.DateTimeField()

    class Meta:
        ordering = ["-number"]
        constraints = [models.CheckConstraint(condition=Q(state__in=ReleaseState.values), name="release_state")]

    def __str__(self) -> str:
        return f"release {self.number}"


class ReleaseAck(models.Model):
    """What one client answered to a release; a repeated answer takes the place of its first."""

    release = models.ForeignKey(Release, on_delete=models.CASCADE, related_name="acks")
    client = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    status = models.CharField(max_length=12, choices=AckStatus)
    lines_accepted = models.PositiveIntegerField()
    message = models.TextField(blank=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["release", "client"], name="release_ack_once")]

    def __str__(self) -> str:
        return f"{self.release_id} {self.status}"
