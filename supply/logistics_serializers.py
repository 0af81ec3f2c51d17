"""Shapes of the endpoints of chains, shipping and scheduling in the OpenAPI document."""

from __future__ import annotations

from rest_framework import serializers

_FIGURES = "figure → a value a month, in the order of `months`"


class ChainSummarySerializer(serializers.Serializer):
    code = serializers.CharField(help_text="site:CODE, supplier:CODE or outsourcing")
    kind = serializers.CharField()
    name = serializers.CharField()
    figures = serializers.DictField(child=serializers.ListField(child=serializers.FloatField()), help_text=_FIGURES)


class ChainsSerializer(serializers.Serializer):
    release = serializers.IntegerField()
    snapshot = serializers.CharField()
    months = serializers.ListField(child=serializers.CharField(help_text="YYYY-MM"))
    main = serializers.DictField(child=serializers.ListField(child=serializers.FloatField()), help_text=_FIGURES)
    chains = ChainSummarySerializer(many=True)


class ChainRowSerializer(serializers.Serializer):
    item = serializers.CharField()
    name = serializers.CharField()
    note = serializers.CharField(allow_blank=True)
    values = serializers.ListField(child=serializers.FloatField())


class ChainSectionSerializer(serializers.Serializer):
    section = serializers.CharField()
    unit = serializers.CharField()
    rows = ChainRowSerializer(many=True)
    total = serializers.ListField(child=serializers.FloatField())


class ChainSerializer(ChainSummarySerializer):
    release = serializers.IntegerField()
    snapshot = serializers.CharField()
    months = serializers.ListField(child=serializers.CharField())
    sections = ChainSectionSerializer(many=True)


class LaneSerializer(serializers.Serializer):
    site = serializers.CharField()
    to = serializers.CharField()
    to_kind = serializers.ChoiceField(["org", "site"])
    transit_days = serializers.IntegerField(allow_null=True)
    transport_mode = serializers.CharField(allow_blank=True)
    units_per_load = serializers.FloatField(allow_null=True)
    leaves = serializers.ListField(child=serializers.FloatField(), help_text="units a month, by month of leaving")
    arrives = serializers.ListField(child=serializers.FloatField(), help_text="units a month, by month of arrival")
    loads = serializers.ListField(child=serializers.IntegerField(), allow_null=True)


class SpaceSerializer(serializers.Serializer):
    site = serializers.CharField()
    room = serializers.FloatField(allow_null=True)
    opening = serializers.FloatField()
    inbound = serializers.ListField(child=serializers.FloatField())
    outbound = serializers.ListField(child=serializers.FloatField())
    used = serializers.ListField(child=serializers.FloatField())
    kept = serializers.ListField(child=serializers.FloatField(), help_text="units at the month's end")


class OrderDeliverySerializer(serializers.Serializer):
    site = serializers.CharField()
    units = serializers.FloatField()
    leaves = serializers.CharField(help_text="YYYY-MM")
    arrives = serializers.CharField(help_text="YYYY-MM")
    origin = serializers.ChoiceField(["stock", "made", "outsourced", "received"])
    came = serializers.CharField(help_text="YYYY-MM, when the units came to the site")


class ShippedOrderSerializer(serializers.Serializer):
    order = serializers.CharField()
    line = serializers.CharField()
    customer = serializers.CharField(allow_blank=True)
    product = serializers.CharField()
    org = serializers.CharField()
    due = serializers.DateField()
    quantity = serializers.FloatField()
    on_time = serializers.FloatField(help_text="units that arrive in the month they are due")
    open = serializers.FloatField(help_text="units that no shipment serves")
    deliveries = OrderDeliverySerializer(many=True)


class ShippingSerializer(serializers.Serializer):
    version = serializers.IntegerField()
    months = serializers.ListField(child=serializers.CharField())
    are_shipments_kept = serializers.BooleanField()
    lanes = LaneSerializer(many=True)
    space = SpaceSerializer(many=True)
    orders = ShippedOrderSerializer(many=True)
    ordered = serializers.FloatField()
    on_time = serializers.FloatField()
    without_order = serializers.FloatField()
