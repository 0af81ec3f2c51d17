"""Shapes of the planning endpoints. Quantities are whole units, money minor currency units; null where masked."""

from __future__ import annotations

from decimal import Decimal

from drf_spectacular.utils import OpenApiTypes, extend_schema_field
from rest_framework import serializers

from core.months import format_month, parse_month
from masterdata.choices import Fulfilment, InventoryStrategy, SupplyStrategy
from supply.choices import DeviationArea, DeviationCause, DispositionKind, InvestmentKind


@extend_schema_field(OpenApiTypes.STR)
class MonthField(serializers.Field):
    """An absolute month as ``YYYY-MM``."""

    def to_representation(self, value: int) -> str:
        return format_month(value)

    def to_internal_value(self, data: object) -> int:
        try:
            return parse_month(str(data))
        except ValueError as error:
            raise serializers.ValidationError(str(error)) from error


class OutlookSerializer(serializers.Serializer):
    code = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # the field hides Field.label
    level = serializers.CharField()
    now = serializers.FloatField()
    units = serializers.ListField(child=serializers.FloatField())
    days = serializers.ListField(child=serializers.FloatField(allow_null=True))
    service = serializers.ListField(child=serializers.FloatField(allow_null=True))
    value = serializers.IntegerField(allow_null=True)


class ImbalanceSerializer(serializers.Serializer):
    code = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # the field hides Field.label
    family = serializers.CharField()
    quantity = serializers.FloatField()
    money = serializers.IntegerField(allow_null=True)
    month = MonthField()
    days = serializers.FloatField(allow_null=True)
    limit_days = serializers.FloatField()
    also = serializers.BooleanField()


class StockSerializer(serializers.Serializer):
    months = serializers.ListField(child=MonthField())
    is_balanced = serializers.BooleanField()
    rows = OutlookSerializer(many=True)
    too_much = ImbalanceSerializer(many=True)
    too_little = ImbalanceSerializer(many=True)


class AgedLotSerializer(serializers.Serializer):
    product = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # the field hides Field.label
    site = serializers.CharField()
    quantity = serializers.FloatField()
    produced_on = serializers.DateField(allow_null=True)
    age = serializers.FloatField(allow_null=True)
    is_aged = serializers.BooleanField()
    value = serializers.IntegerField(allow_null=True)
    loss = serializers.IntegerField(allow_null=True)
    requested_by = serializers.CharField()
    reason = serializers.CharField()
    left_at_end = serializers.FloatField()


class AgeingSerializer(serializers.Serializer):
    """``aged_units`` and ``buckets`` begin with now, then the month ends."""

    months = serializers.ListField(child=MonthField())
    edges = serializers.ListField(child=serializers.FloatField())
    buckets = serializers.ListField(child=serializers.ListField(child=serializers.FloatField()))
    aged_units = serializers.ListField(child=serializers.FloatField())
    lots = AgedLotSerializer(many=True)


class ArrivalSerializer(serializers.Serializer):
    date = serializers.DateField()
    quantity = serializers.FloatField()


class CoverSerializer(serializers.Serializer):
    code = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # the field hides Field.label
    supplier = serializers.CharField()
    is_core = serializers.BooleanField()
    lead_time_days = serializers.IntegerField()
    stock = serializers.FloatField()
    cover_days = serializers.FloatField(allow_null=True)
    arrivals = ArrivalSerializer(many=True)
    use = serializers.ListField(child=serializers.FloatField())
    short = serializers.ListField(child=serializers.FloatField())
    short_months = serializers.ListField(child=MonthField())
    excess = serializers.FloatField()
    excess_value = serializers.IntegerField(allow_null=True)
    state = serializers.CharField()


class DispositionSerializer(serializers.Serializer):
    item = serializers.CharField()
    site = serializers.CharField()
    kind = serializers.ChoiceField(choices=DispositionKind.choices)
    owner = serializers.CharField(help_text="user name")
    due = serializers.DateField()
    note = serializers.CharField(required=False, allow_blank=True, default="")


class IdleSerializer(serializers.Serializer):
    item = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # the field hides Field.label
    site = serializers.CharField()
    quantity = serializers.FloatField()
    value = serializers.IntegerField(allow_null=True)
    cover_days = serializers.FloatField(allow_null=True)
    oldest = serializers.DateField(allow_null=True)
    requested_by = serializers.CharField()
    disposition = DispositionSerializer(allow_null=True)


class NeedSerializer(serializers.Serializer):
    kind = serializers.CharField()
    code = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # the field hides Field.label
    unit = serializers.CharField()
    load = serializers.ListField(child=serializers.FloatField())
    available = serializers.ListField(child=serializers.FloatField(allow_null=True))


class LongRangeSerializer(serializers.Serializer):
    months = serializers.ListField(child=MonthField())
    rows = NeedSerializer(many=True)


class InvestmentSerializer(serializers.Serializer):
    id = serializers.IntegerField(read_only=True)
    resource = serializers.CharField()
    name = serializers.CharField(max_length=120)
    kind = serializers.ChoiceField(choices=InvestmentKind.choices)
    hours_per_month = serializers.FloatField(min_value=0.001)
    invest = serializers.DecimalField(max_digits=18, decimal_places=4, min_value=0, default=Decimal(0))
    fixed_cost = serializers.DecimalField(max_digits=18, decimal_places=4, min_value=0, default=Decimal(0))
    lead_time_months = serializers.IntegerField(min_value=0, max_value=120, default=0)
    note = serializers.CharField(required=False, allow_blank=True, max_length=300, default="")


class MonthFiguresSerializer(serializers.Serializer):
    """Shares 0 … 1; null where undefined, ``reasons`` says why."""

    month = MonthField()
    plan_of = serializers.CharField()
    mix = serializers.FloatField(allow_null=True, source="attainment.mix")
    volume = serializers.FloatField(allow_null=True, source="attainment.volume")
    adherence = serializers.FloatField(allow_null=True, source="attainment.adherence")
    delivered = serializers.FloatField(allow_null=True)
    on_time_delivery = serializers.FloatField(allow_null=True)
    on_time_receipts = serializers.FloatField(allow_null=True)
    utilisation = serializers.FloatField(allow_null=True)
    reasons = serializers.DictField(child=serializers.CharField())


class DeviationSerializer(serializers.Serializer):
    month = MonthField()
    area = serializers.ChoiceField(choices=DeviationArea.choices)
    product = serializers.CharField()
    cause = serializers.ChoiceField(choices=DeviationCause.choices)
    note = serializers.CharField(max_length=300)


class PolicyChangeSerializer(serializers.Serializer):
    """Fields left out keep their value; none at all confirms the policy."""

    fulfilment = serializers.ChoiceField(choices=Fulfilment.choices, required=False)
    supply_strategy = serializers.ChoiceField(choices=SupplyStrategy.choices, required=False)
    inventory_strategy = serializers.ChoiceField(choices=InventoryStrategy.choices, required=False)
    service_level = serializers.FloatField(required=False)
    safety_stock_days = serializers.FloatField(required=False)
    max_stock_days = serializers.FloatField(required=False, allow_null=True)
    frozen_months = serializers.IntegerField(required=False)
    slushy_months = serializers.IntegerField(required=False)
    flex_capacity_pct = serializers.FloatField(required=False, allow_null=True)
    flex_material_pct = serializers.FloatField(required=False, allow_null=True)
    aged_after_months = serializers.FloatField(required=False, allow_null=True)
    note = serializers.CharField(required=False, allow_blank=True, max_length=300)


class PolicySerializer(serializers.Serializer):
    product = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # the field hides Field.label
    family = serializers.CharField()
    policy = PolicyChangeSerializer()
    proposal = serializers.FloatField(allow_null=True)
    effect = serializers.IntegerField(allow_null=True)
    reviewed_on = serializers.DateField(allow_null=True)
    reviewed_by = serializers.CharField()
    is_due = serializers.BooleanField()
