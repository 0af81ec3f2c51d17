"""What people decide about stock and performance: dispositions, root causes, policy reviews."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q

from masterdata.models.base import or_none
from supply.choices import DeviationArea, DeviationCause, DispositionKind

_PERSON: dict[str, Any] = {"null": True, "on_delete": models.SET_NULL, "related_name": "+"}


class Disposition(models.Model):
    """What will be done with the slow or dead stock of one item at a site, by whom and until when."""

    product = models.ForeignKey("masterdata.Product", null=True, on_delete=models.CASCADE, related_name="+")
    material = models.ForeignKey("masterdata.Material", null=True, on_delete=models.CASCADE, related_name="+")
    site = models.ForeignKey("masterdata.Site", on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=8, choices=DispositionKind)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, **_PERSON)
    due = models.DateField()
    note = models.CharField(max_length=300, blank=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, **_PERSON)
    decided_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(or_none("product"), or_none("material"), "site", name="disposition_once"),
            models.CheckConstraint(
                condition=Q(product__isnull=False, material__isnull=True)
                | Q(product__isnull=True, material__isnull=False),
                name="disposition_one_item",
            ),
            models.CheckConstraint(condition=Q(kind__in=DispositionKind.values), name="disposition_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.product_id or self.material_id}@{self.site_id} {self.kind}"


class Deviation(models.Model):
    """Why something fell behind the plan of a month. Causes are added, never changed."""

    month = models.IntegerField()
    area = models.CharField(max_length=10, choices=DeviationArea)
    product = models.ForeignKey("masterdata.Product", on_delete=models.CASCADE, related_name="+")
    cause = models.CharField(max_length=12, choices=DeviationCause)
    note = models.CharField(max_length=300)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index(fields=["month", "product"], name="deviation_month")]
        constraints = [
            models.CheckConstraint(condition=Q(area__in=DeviationArea.values), name="deviation_area"),
            models.CheckConstraint(condition=Q(cause__in=DeviationCause.values), name="deviation_cause"),
        ]

    def __str__(self) -> str:
        return f"{self.month} {self.product_id} {self.cause}"


class PolicyReview(models.Model):
    """Somebody looked at a policy in a cycle: confirmed it, or changed what ``changes`` says as {field: [old, new]}."""

    policy = models.ForeignKey("masterdata.Policy", on_delete=models.CASCADE, related_name="reviews")
    cycle = models.ForeignKey("cycles.Cycle", null=True, on_delete=models.CASCADE, related_name="+")
    changes = models.JSONField(default=dict)
    note = models.CharField(max_length=300, blank=True)
    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index(fields=["policy", "-id"], name="policy_review_latest")]

    def __str__(self) -> str:
        return f"{self.policy_id} {self.at:%Y-%m-%d}"
