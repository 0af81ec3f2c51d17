"""What the demand endpoints take."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from core.months import format_month, parse_month
from demand.choices import AssumptionState, EventKind, NoteKind, OutlierVerdict, TriggerKind
from demand.triggers import MOST_MONTHS
from plans.choices import SpreadRule


@extend_schema_field(OpenApiTypes.STR)
class MonthField(serializers.Field):
    """``YYYY-MM`` in, absolute month out."""

    def to_internal_value(self, data: Any) -> int:
        try:
            return parse_month(serializers.CharField().run_validation(data))
        except ValueError as error:
            raise serializers.ValidationError(str(error)) from error

    def to_representation(self, value: int) -> str:
        return format_month(value)


class CellSerializer(serializers.Serializer):
    """A cell of the grid at any level."""

    measure = serializers.CharField(max_length=32)
    product = serializers.CharField(max_length=64)
    org = serializers.CharField(max_length=64)
    month = MonthField()


class CommentSerializer(CellSerializer):
    text = serializers.CharField(max_length=1000)
    kind = serializers.ChoiceField(choices=NoteKind.choices, required=False, default=NoteKind.REMARK)


class AdviceCellSerializer(serializers.Serializer):
    measure = serializers.CharField(max_length=32)
    month = MonthField()
    value = serializers.FloatField(allow_null=True)


class AdviceSerializer(serializers.Serializer):
    """Figures a person is about to set at a place."""

    product = serializers.CharField(max_length=64, required=False, allow_null=True, default=None)
    org = serializers.CharField(max_length=64, required=False, allow_null=True, default=None)
    cells = serializers.ListField(child=AdviceCellSerializer(), allow_empty=False, max_length=2000)


class PreviewSerializer(CellSerializer):
    value = serializers.DecimalField(max_digits=18, decimal_places=6)
    spread = serializers.ChoiceField(choices=SpreadRule.choices, default=SpreadRule.BASELINE)


class LockSerializer(serializers.Serializer):
    cells = CellSerializer(many=True, allow_empty=False)
    locked = serializers.BooleanField()


class CorrectionSerializer(serializers.Serializer):
    """What a month of history should have been."""

    month = MonthField()
    value = serializers.FloatField(min_value=0)


class TriedActivitySerializer(serializers.Serializer):
    """An activity tried out on one series."""

    from_month = MonthField()
    to_month = MonthField()
    uplift_pct = serializers.FloatField(min_value=-100, max_value=1000)


class NodeForecastSerializer(serializers.Serializer):
    product = serializers.CharField(max_length=64, required=False, default=None)
    org = serializers.CharField(max_length=64, required=False, default=None)
    ignore_months = serializers.ListField(child=MonthField(), default=list, max_length=60)
    corrections = serializers.ListField(child=CorrectionSerializer(), default=list, max_length=60)
    activities = serializers.ListField(child=TriedActivitySerializer(), default=list, max_length=20)
    start_month = MonthField(required=False, default=None, allow_null=True)


class OutlierSerializer(serializers.Serializer):
    product = serializers.CharField(max_length=64)
    org = serializers.CharField(max_length=64)
    month = MonthField()
    verdict = serializers.ChoiceField(choices=OutlierVerdict.choices)
    reason = serializers.CharField(max_length=300)


class NewAssumptionSerializer(serializers.Serializer):
    text = serializers.CharField(max_length=300)
    evidence = serializers.CharField(required=False, default="", allow_blank=True)
    product = serializers.CharField(max_length=64, required=False, default=None)
    org = serializers.CharField(max_length=64, required=False, default=None)
    impact_quantity = serializers.IntegerField(
        required=False, default=None, allow_null=True, min_value=-(2**31), max_value=2**31 - 1
    )
    trigger = serializers.ChoiceField(choices=TriggerKind.choices, required=False, default="", allow_blank=True)
    trigger_value = serializers.FloatField(required=False, default=None, allow_null=True)
    trigger_months = serializers.IntegerField(required=False, default=1, min_value=1, max_value=MOST_MONTHS)
    trigger_misses = serializers.IntegerField(required=False, default=1, min_value=1, max_value=MOST_MONTHS)
    trigger_is_sum = serializers.BooleanField(required=False, default=False)
    until = MonthField(required=False, default=None, allow_null=True)


class AssessmentSerializer(serializers.Serializer):
    state = serializers.ChoiceField(choices=AssumptionState.choices)
    note = serializers.CharField(required=False, default="", allow_blank=True)


class EventSerializer(serializers.Serializer):
    """What is said about an activity; what is left out is not said."""

    code = serializers.CharField(max_length=64, required=False, default="", allow_blank=True)
    kind = serializers.ChoiceField(choices=EventKind.choices)
    from_month = MonthField()
    to_month = MonthField(required=False, default=None, allow_null=True)
    product = serializers.CharField(max_length=64, required=False, default=None, allow_null=True)
    org = serializers.CharField(max_length=64, required=False, default=None, allow_null=True)
    uplift_pct = serializers.FloatField(required=False, default=None, allow_null=True)
    uplift_quantity = serializers.DecimalField(
        max_digits=18, decimal_places=6, required=False, default=None, allow_null=True
    )
    price_change_pct = serializers.FloatField(required=False, default=None, allow_null=True)
    owner = serializers.CharField(max_length=120, required=False, default="", allow_blank=True)
    note = serializers.CharField(max_length=500, required=False, default="", allow_blank=True)


class LaunchPreviewSerializer(serializers.Serializer):
    """A launch tried out: the earlier launches it follows and its size beside them."""

    product = serializers.CharField(max_length=64)
    org = serializers.CharField(max_length=64, required=False, default=None, allow_null=True)
    analogues = serializers.ListField(child=serializers.CharField(max_length=64), max_length=20)
    scale = serializers.FloatField(required=False, default=1.0)
    first_month = MonthField(required=False, default=None, allow_null=True)


class LaunchSerializer(LaunchPreviewSerializer):
    note = serializers.CharField(max_length=500, required=False, default="", allow_blank=True)


class FlexFamilySerializer(serializers.Serializer):
    product = serializers.CharField()
    demand = serializers.ListField(child=serializers.FloatField())
    capacity = serializers.ListField(child=serializers.FloatField())
    material = serializers.ListField(child=serializers.FloatField())
    why_capacity = serializers.CharField()
    why_material = serializers.CharField()


class FlexSerializer(serializers.Serializer):
    months = serializers.ListField(child=serializers.CharField())
    families = FlexFamilySerializer(many=True)
