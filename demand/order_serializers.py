"""Shapes of the order book's endpoints."""

from __future__ import annotations

from rest_framework import serializers

from demand.choices import OrderKind, OrderStatus
from demand.models import Order


class OrderSerializer(serializers.ModelSerializer):
    """A line as the book keeps it."""

    product = serializers.CharField(source="product.code")
    org = serializers.CharField(source="org.code")
    quantity = serializers.FloatField()

    class Meta:
        model = Order
        fields = (
            "id", "order", "line", "product", "org", "quantity", "due_date", "kind", "customer", "priority", "custom",
            "status", "requested_by", "reason", "for_order", "updated_at",
        )  # fmt: skip


class OrderChangeSerializer(serializers.Serializer):
    """A line by hand. Number and line are made when they are not given."""

    order = serializers.CharField(max_length=64, required=False, allow_blank=True, default="")
    line = serializers.CharField(max_length=16, required=False, default="1")
    product = serializers.CharField(max_length=64)
    org = serializers.CharField(max_length=64)
    quantity = serializers.DecimalField(max_digits=18, decimal_places=6)
    due_date = serializers.DateField()
    kind = serializers.ChoiceField(choices=OrderKind.choices, required=False, default=OrderKind.CUSTOMER)
    customer = serializers.CharField(max_length=120, required=False, allow_blank=True, default="")
    priority = serializers.IntegerField(min_value=1, max_value=99, required=False, default=5)
    custom = serializers.BooleanField(required=False, default=False)
    status = serializers.ChoiceField(choices=OrderStatus.choices, required=False, default=OrderStatus.OPEN)
    requested_by = serializers.CharField(max_length=120, required=False, allow_blank=True, default="")
    reason = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    for_order = serializers.CharField(max_length=64, required=False, allow_blank=True, default="")


class _LeafSerializer(serializers.Serializer):
    product = serializers.CharField()
    org = serializers.CharField()


class ConsumptionLineSerializer(_LeafSerializer):
    """Figures of a leaf, one per month; ``overdue`` was due before the first."""

    overdue = serializers.FloatField()
    forecast = serializers.ListField(child=serializers.FloatField())
    ordered = serializers.ListField(child=serializers.FloatField())
    consumed = serializers.ListField(child=serializers.FloatField())
    unconsumed = serializers.ListField(child=serializers.FloatField())
    over = serializers.ListField(child=serializers.FloatField())
    fenced = serializers.ListField(child=serializers.FloatField())
    demand = serializers.ListField(child=serializers.FloatField())


class LeftOutSerializer(serializers.Serializer):
    unplaced = serializers.FloatField()
    later = serializers.FloatField()


class ConsumptionSerializer(serializers.Serializer):
    months = serializers.ListField(child=serializers.CharField())
    lines = ConsumptionLineSerializer(many=True)
    left_out = LeftOutSerializer()


class ExcessLineSerializer(_LeafSerializer):
    month = serializers.CharField()
    consensus = serializers.FloatField()
    over = serializers.FloatField()


class ExcessOrdersSerializer(serializers.Serializer):
    places = serializers.IntegerField()
    units = serializers.FloatField()
    finding = serializers.CharField()
    lines = ExcessLineSerializer(many=True)


class BucketSerializer(serializers.Serializer):
    month = serializers.CharField()
    first = serializers.DateField()
    last = serializers.DateField()
    working_days = serializers.FloatField()


class NearLineSerializer(_LeafSerializer):
    consensus = serializers.ListField(child=serializers.FloatField())
    demand = serializers.ListField(child=serializers.FloatField())


class NearZoneSerializer(serializers.Serializer):
    granularity = serializers.CharField()
    buckets = BucketSerializer(many=True)
    lines = NearLineSerializer(many=True)
