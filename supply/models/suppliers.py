"""What suppliers say: answers to the plan that was shared with them, new dates of purchases, what was accepted.

All of it is append-only: the newest row of a cell or purchase counts, the earlier ones are the trace.
"""

from __future__ import annotations

from decimal import Decimal

from django.conf import settings
from django.db import models
from django.db.models import Q

from masterdata.models.base import QUANTITY
from supply.choices import AnswerKind


class SupplierAnswer(models.Model):
    """What can be delivered of a material in a month of a release.

    ``asked`` is what the release buys there. ``quantity`` is what comes in the month where less or more than that is
    possible; of a late one, what comes on ``date`` instead.
    """

    release = models.ForeignKey("supply.Release", on_delete=models.PROTECT, related_name="answers")
    material = models.ForeignKey("masterdata.Material", on_delete=models.PROTECT, related_name="+")
    month = models.IntegerField()
    kind = models.CharField(max_length=10, choices=AnswerKind)
    asked = models.DecimalField(**QUANTITY)
    quantity = models.DecimalField(**QUANTITY)
    date = models.DateField(null=True)
    note = models.CharField(max_length=300, blank=True)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "supply_supplier_answer"
        ordering = ["-pk"]
        indexes = [models.Index(fields=["release", "material", "month", "-id"], name="supplier_answer_latest")]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=AnswerKind.values), name="supplier_answer_kind"),
            models.CheckConstraint(condition=Q(asked__gt=0, quantity__gte=0), name="supplier_answer_quantity"),
            models.CheckConstraint(
                condition=Q(kind=AnswerKind.LATER, date__isnull=False) | (~Q(kind=AnswerKind.LATER) & Q(date=None)),
                name="supplier_answer_date",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.material_id}@{self.month} {self.kind}"

    @property
    def in_time(self) -> Decimal:
        """What arrives in the month."""
        if self.kind == AnswerKind.LATER:
            return self.asked - self.quantity
        return self.asked if self.kind == AnswerKind.CONFIRMED else self.quantity

    @property
    def short(self) -> Decimal:
        """What is missing of the month's asked."""
        return max(Decimal(0), self.asked - self.in_time)


class AcceptedAnswer(models.Model):
    """An answer that purchasing took into the plan: ``limit`` is what the supplier delivers in the month in all.

    ``before`` is the limit that was stated until then.
    """

    answer = models.OneToOneField(SupplierAnswer, on_delete=models.PROTECT, related_name="acceptance")
    limit = models.DecimalField(**QUANTITY)
    before = models.DecimalField(null=True, **QUANTITY)
    accepted_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "supply_accepted_answer"
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.answer_id} ≤ {self.limit}"


class PurchasePromise(models.Model):
    """A purchase on its way got a date: another one, or its first where an accepted answer comes late.

    ``revision`` is that of the master data which wrote the purchase, ``revision_before`` the one it had until then.
    With ``month_before`` empty the purchase is new.
    """

    material = models.ForeignKey("masterdata.Material", on_delete=models.PROTECT, related_name="+")
    order = models.CharField(max_length=64, blank=True)
    quantity = models.DecimalField(**QUANTITY)
    month_before = models.IntegerField(null=True)
    date_before = models.DateField(null=True)
    date = models.DateField()
    answer = models.OneToOneField(SupplierAnswer, null=True, on_delete=models.PROTECT, related_name="promise")
    note = models.CharField(max_length=300, blank=True)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(auto_now_add=True)
    revision = models.BigIntegerField(unique=True)
    revision_before = models.BigIntegerField(default=0)

    class Meta:
        db_table = "supply_purchase_promise"
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.order or self.material_id} {self.date}"
