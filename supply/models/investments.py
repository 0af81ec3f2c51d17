"""Capacity for good: new lines, plants, people, with what they cost and how long they take."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from masterdata.models.base import MONEY
from supply.choices import InvestmentKind


class Investment(models.Model):
    """An option of the long range. ``hours_per_month`` (units for storage) come on top of its resource."""

    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=10, choices=InvestmentKind)
    resource = models.ForeignKey("masterdata.Resource", on_delete=models.CASCADE, related_name="+")
    hours_per_month = models.FloatField()
    invest = models.DecimalField(default=0, **MONEY)
    fixed_cost = models.DecimalField(default=0, **MONEY)  # a month, once it works
    lead_time_months = models.PositiveSmallIntegerField(default=0)
    note = models.CharField(max_length=300, blank=True)
    updated_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["resource__code", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["resource", "name"], name="investment_once"),
            models.CheckConstraint(condition=Q(hours_per_month__gt=0), name="investment_adds_hours"),
            models.CheckConstraint(condition=Q(invest__gte=0, fixed_cost__gte=0), name="investment_money"),
            models.CheckConstraint(condition=Q(kind__in=InvestmentKind.values), name="investment_kind"),
        ]

    def __str__(self) -> str:
        return self.name
