"""Shapes of what suppliers are asked and answer. Quantities are whole units of the material."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from supply.choices import AnswerKind
from supply.models import PurchasePromise, SupplierAnswer
from supply.planning_serializers import MonthField
from supply.selectors.supplier_plan import AskedCell, AskedRow, PurchaseRow, SupplierPlan

_KIND = "confirmed: as asked; less: `quantity` comes; later: `quantity` (or all) on `date`; more: up to `quantity`"


class SupplierAnswerSerializer(serializers.Serializer):
    """``in_time`` comes in the month, ``short`` is missing of what is asked; ``limit`` is what was accepted."""

    id = serializers.IntegerField()
    release = serializers.IntegerField(source="release.number")
    material = serializers.CharField(source="material.code")
    supplier = serializers.CharField(source="material.supplier.code")
    month = MonthField()
    kind = serializers.ChoiceField(choices=AnswerKind.choices)
    asked = serializers.FloatField()
    quantity = serializers.FloatField()
    date = serializers.DateField(allow_null=True)
    in_time = serializers.FloatField()
    short = serializers.FloatField()
    note = serializers.CharField()
    by = serializers.CharField(source="author")
    at = serializers.DateTimeField()
    limit = serializers.SerializerMethodField()

    def get_limit(self, answer: SupplierAnswer) -> float | None:
        acceptance = getattr(answer, "acceptance", None)
        return None if acceptance is None else float(acceptance.limit)


class AskedSiteSerializer(serializers.Serializer):
    site = serializers.CharField()
    quantity = serializers.FloatField()


class AskedMonthSerializer(serializers.Serializer):
    """``zone``: call-off is firm, forecast may change. ``change`` is against the release before, null where it said
    nothing of the month; ``up_to`` the most that may be called off at the outer flex band."""

    month = MonthField()
    zone = serializers.ChoiceField(choices=["call-off", "forecast"])
    asked = serializers.FloatField()
    change = serializers.FloatField(allow_null=True)
    up_to = serializers.FloatField(allow_null=True, source="outer")
    sites = AskedSiteSerializer(many=True)
    answer = SupplierAnswerSerializer(allow_null=True)


class AskedMaterialSerializer(serializers.Serializer):
    material = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # the field hides Field.label
    supplier = serializers.CharField()
    unit = serializers.CharField()
    lead_time_days = serializers.IntegerField()
    months = AskedMonthSerializer(many=True)


class PurchaseSerializer(serializers.Serializer):
    """``date_before`` is what was promised before the supplier's newest date."""

    id = serializers.IntegerField()
    order = serializers.CharField()
    material = serializers.CharField()
    quantity = serializers.FloatField()
    arrival_month = MonthField()
    promised_date = serializers.DateField(allow_null=True)
    is_moved = serializers.BooleanField()
    date_before = serializers.DateField(allow_null=True)
    note = serializers.CharField()


class SupplierPlanSerializer(serializers.Serializer):
    """``since`` is the release that changes are against; ``closed`` says why no answer is taken any more."""

    release = serializers.IntegerField()
    since = serializers.IntegerField(allow_null=True)
    published_at = serializers.DateTimeField()
    due = serializers.DateTimeField()
    is_open = serializers.BooleanField()
    closed = serializers.CharField()
    unanswered = serializers.IntegerField()
    materials = AskedMaterialSerializer(many=True)
    purchases = PurchaseSerializer(many=True)


class NewAnswerSerializer(serializers.Serializer):
    material = serializers.CharField(max_length=64)
    month = MonthField()
    kind = serializers.ChoiceField(choices=AnswerKind.choices, help_text=_KIND)
    quantity = serializers.DecimalField(max_digits=18, decimal_places=6, min_value=0, required=False, allow_null=True)
    date = serializers.DateField(required=False, allow_null=True)
    note = serializers.CharField(max_length=300, required=False, allow_blank=True, default="")


class NewPromiseSerializer(serializers.Serializer):
    purchase = serializers.IntegerField(help_text="`id` of the purchase in the supplier plan")
    date = serializers.DateField()
    note = serializers.CharField(max_length=300, required=False, allow_blank=True, default="")


class NewAnswersSerializer(serializers.Serializer):
    """All of it is kept or nothing. ``release`` is the one that was read; needed with ``answers``."""

    release = serializers.IntegerField(min_value=1, required=False)
    answers = NewAnswerSerializer(many=True, required=False, default=list)
    promises = NewPromiseSerializer(many=True, required=False, default=list)


class PromiseSerializer(serializers.ModelSerializer):
    material = serializers.CharField(source="material.code")
    quantity = serializers.FloatField()

    class Meta:
        model = PurchasePromise
        fields = ["order", "material", "quantity", "date_before", "date", "note", "at"]


class GivenSerializer(serializers.Serializer):
    answers = SupplierAnswerSerializer(many=True)
    promises = PromiseSerializer(many=True)


class AcceptSerializer(serializers.Serializer):
    """Into the plan by default; ``scenario`` is the id of one, or ``new``."""

    scenario = serializers.CharField(required=False, allow_blank=True, default="", max_length=20)


class AcceptedSerializer(serializers.Serializer):
    """``limit`` is the supplier's limit of the month now; of a scenario ``job`` is its balance."""

    limit = serializers.FloatField()
    before = serializers.FloatField(allow_null=True)
    scenario = serializers.IntegerField(allow_null=True)
    job = serializers.IntegerField(allow_null=True)


def plan_as_json(plan: SupplierPlan) -> dict[str, Any]:
    """The plan in the shape of ``SupplierPlanSerializer``."""
    return {
        "release": plan.release.number,
        "since": plan.since.number if plan.since else None,
        "published_at": plan.release.published_at,
        "due": plan.due,
        "is_open": plan.is_open,
        "closed": plan.closed,
        "unanswered": plan.open_count,
        "materials": [_material(row) for row in plan.rows],
        "purchases": [_purchase(row) for row in plan.purchases],
    }


def _material(row: AskedRow) -> dict[str, Any]:
    material = row.material
    return {
        "material": material.code,
        "label": material.label,
        "supplier": material.supplier.code if material.supplier else "",
        "unit": material.uom,
        "lead_time_days": material.lead_time_days,
        "months": [_month(cell) for cell in row.cells if cell.asked or cell.change],
    }


def _month(cell: AskedCell) -> dict[str, Any]:
    return {
        "month": cell.month,
        "zone": "call-off" if cell.is_firm else "forecast",
        "asked": cell.asked,
        "change": cell.change,
        "outer": cell.outer,
        "sites": [{"site": site, "quantity": quantity} for site, quantity in cell.sites],
        "answer": cell.answer,
    }


def _purchase(row: PurchaseRow) -> dict[str, Any]:
    purchase, promise = row.purchase, row.promise
    return {
        "id": purchase.pk,
        "order": purchase.order,
        "material": purchase.material.code,
        "quantity": purchase.quantity,
        "arrival_month": purchase.arrival_month,
        "promised_date": purchase.promised_date,
        "is_moved": promise is not None,
        "date_before": promise.date_before if promise else None,
        "note": promise.note if promise else "",
    }
