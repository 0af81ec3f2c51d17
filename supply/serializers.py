"""Shapes of the release endpoints in the OpenAPI document."""

from rest_framework import serializers

from supply.choices import AckStatus


class ConsensusLineSerializer(serializers.Serializer):
    product = serializers.CharField()
    org = serializers.CharField()
    month = serializers.CharField(help_text="YYYY-MM")
    unconstrained = serializers.FloatField()
    constrained = serializers.FloatField()
    unit = serializers.CharField()


class ConsensusPlanSerializer(serializers.Serializer):
    snapshot = serializers.CharField()
    release = serializers.IntegerField(allow_null=True)
    cycle = serializers.CharField(help_text="YYYY-MM")
    approved_at = serializers.DateTimeField()
    approved_by = serializers.CharField()
    lines = ConsensusLineSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class ReleaseSerializer(serializers.Serializer):
    number = serializers.IntegerField()
    cycle = serializers.SerializerMethodField()
    snapshot = serializers.CharField(source="snapshot_code")
    state = serializers.CharField()
    lines = serializers.IntegerField(source="document.lines")
    document = serializers.CharField(source="document_id", help_text="SHA-256 of the lines")
    published_at = serializers.DateTimeField()
    published_by = serializers.CharField()

    def get_cycle(self, release) -> str:
        return str(release.cycle)


class ReleaseLineSerializer(serializers.Serializer):
    line = serializers.IntegerField()
    product = serializers.CharField()
    site = serializers.CharField()
    month = serializers.CharField()
    quantity = serializers.FloatField()
    unit = serializers.CharField()


class ReleaseLinesSerializer(serializers.Serializer):
    release = serializers.IntegerField()
    snapshot = serializers.CharField()
    lines = ReleaseLineSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class DeltaLineSerializer(serializers.Serializer):
    product = serializers.CharField()
    site = serializers.CharField()
    month = serializers.CharField()
    before = serializers.FloatField(allow_null=True)
    after = serializers.FloatField(allow_null=True)


class ReleaseDeltaSerializer(serializers.Serializer):
    release = serializers.IntegerField()
    since = serializers.IntegerField()
    lines = DeltaLineSerializer(many=True)


class NewAckSerializer(serializers.Serializer):
    status = serializers.ChoiceField(choices=AckStatus.choices)
    lines_accepted = serializers.IntegerField(required=False, min_value=0)
    message = serializers.CharField(required=False, allow_blank=True, max_length=2000)


class AckSerializer(serializers.Serializer):
    client = serializers.CharField()
    status = serializers.CharField()
    lines_accepted = serializers.IntegerField()
    message = serializers.CharField()
    at = serializers.DateTimeField()


class WhatIfSerializer(serializers.Serializer):
    resource = serializers.CharField(max_length=64)
    month = serializers.CharField(max_length=7, help_text="YYYY-MM")
    shifts = serializers.FloatField(required=False, min_value=0, max_value=6)
    jph = serializers.FloatField(required=False, min_value=0, max_value=100_000)
    lost_hours = serializers.FloatField(required=False, min_value=0, max_value=1_000)


class EffectSerializer(serializers.Serializer):
    units = serializers.IntegerField()
    revenue = serializers.IntegerField(allow_null=True)
    gain = serializers.IntegerField(allow_null=True)
    cost = serializers.IntegerField(allow_null=True)
    short = serializers.IntegerField()
    masked = serializers.ListField(
        child=serializers.CharField(), help_text="Fields that are null because the reader may not see costs."
    )


class WhatIfResultSerializer(serializers.Serializer):
    resource = serializers.CharField()
    month = serializers.CharField()
    hours_before = serializers.FloatField()
    hours_after = serializers.FloatField()
    capacity_before = serializers.IntegerField()
    capacity_after = serializers.IntegerField()
    demand = serializers.IntegerField()
    short_before = serializers.IntegerField()
    short_after = serializers.IntegerField()
    effect = EffectSerializer()


class OptionIdsSerializer(serializers.Serializer):
    options = serializers.ListField(child=serializers.IntegerField(min_value=1), min_length=1, max_length=12)


class OptionScenarioSerializer(serializers.Serializer):
    scenario = serializers.IntegerField(required=False, min_value=1)
    name = serializers.CharField(required=False, allow_blank=True, max_length=120)


class AdoptedScenarioSerializer(serializers.Serializer):
    version = serializers.IntegerField()
    name = serializers.CharField()
    url = serializers.CharField()
