"""Shapes of the supply room's endpoints in the OpenAPI document."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from core.months import month_of, parse_month
from engine.balancing.allocation import FAIR, MARGIN, PRIORITY
from supply.choices import AckStatus, PricingState

LARGEST_ID = 2**63 - 1  # of a 64-bit column


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


class InvalidSerializer(serializers.Serializer):
    at = serializers.DateTimeField()
    reason = serializers.CharField()


class ReleaseSerializer(serializers.Serializer):
    number = serializers.IntegerField()
    cycle = serializers.SerializerMethodField()
    snapshot = serializers.CharField(source="snapshot_code")
    state = serializers.CharField()
    lines = serializers.IntegerField(source="document.lines")
    document = serializers.CharField(source="document_id", help_text="SHA-256 of the lines")
    published_at = serializers.DateTimeField()
    published_by = serializers.CharField()
    invalid = serializers.SerializerMethodField(
        help_text="When and why the plan was reopened: wait for the next release. null while the release is good"
    )

    def get_cycle(self, release) -> str:
        return str(release.cycle)

    @extend_schema_field(InvalidSerializer(allow_null=True))
    def get_invalid(self, release) -> dict[str, Any] | None:
        if release.invalid_at is None:
            return None
        return {"at": release.invalid_at, "reason": release.invalid_reason}


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
    lines_accepted = serializers.IntegerField(required=False, min_value=0, max_value=2**31 - 1)
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
    overtime_hours = serializers.FloatField(required=False, min_value=0, max_value=10_000)


class EffectSerializer(serializers.Serializer):
    units = serializers.IntegerField()
    revenue = serializers.IntegerField(allow_null=True)
    gain = serializers.IntegerField(allow_null=True)
    cost = serializers.IntegerField(allow_null=True)
    short = serializers.IntegerField()
    stock = serializers.IntegerField()
    service = serializers.FloatField(help_text="change of the share of demand served in its month")
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
    options = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=LARGEST_ID), min_length=1, max_length=12
    )


class OptionPricingSerializer(serializers.Serializer):
    state = serializers.ChoiceField(choices=PricingState.values)
    done = serializers.IntegerField(help_text="levers priced")
    total = serializers.IntegerField(help_text="levers to price")
    is_explained = serializers.BooleanField(help_text="leading causes were confirmed by trials")
    is_over = serializers.BooleanField(help_text="whether the options listed are all there will be")
    percent = serializers.IntegerField()
    text = serializers.CharField(help_text="what is still to come, in words")
    job = serializers.IntegerField(allow_null=True)


class OptionScenarioSerializer(serializers.Serializer):
    scenario = serializers.IntegerField(required=False, min_value=1, max_value=LARGEST_ID)
    name = serializers.CharField(required=False, allow_blank=True, max_length=120)


class AdoptedScenarioSerializer(serializers.Serializer):
    version = serializers.IntegerField()
    name = serializers.CharField()
    url = serializers.CharField()


_KINDS = {
    "capacity": ("resource",),
    "supply": ("material", "max_quantity"),
    "demand": ("product", "org", "quantity"),
    "order": ("product", "org", "quantity"),
    "allocate": ("product", "rule"),
}


class SettingSerializer(serializers.Serializer):
    """One thing to try. Which fields a kind needs: capacity: resource and any of shifts, jph, lost_hours,
    overtime_hours; supply: material, max_quantity; demand, order: product, org, quantity; allocate: product, rule, and
    for the rule priority the orgs served first.
    """

    kind = serializers.ChoiceField(choices=list(_KINDS))
    month = serializers.CharField(max_length=7, required=False, help_text="YYYY-MM; an order may give due_date instead")
    due_date = serializers.DateField(required=False)
    resource = serializers.CharField(max_length=64, required=False)
    shifts = serializers.FloatField(required=False, min_value=0, max_value=6)
    jph = serializers.FloatField(required=False, min_value=0, max_value=100_000)
    lost_hours = serializers.FloatField(required=False, min_value=0, max_value=10_000)
    overtime_hours = serializers.FloatField(required=False, min_value=0, max_value=10_000)
    material = serializers.CharField(max_length=64, required=False)
    max_quantity = serializers.FloatField(required=False, min_value=0, max_value=1e12)
    product = serializers.CharField(max_length=64, required=False)
    org = serializers.CharField(max_length=64, required=False)
    quantity = serializers.FloatField(required=False, min_value=0, max_value=1e12)
    rule = serializers.ChoiceField(choices=[FAIR, MARGIN, PRIORITY], required=False)
    orgs = serializers.ListField(child=serializers.CharField(max_length=64), required=False, max_length=12)
    order = serializers.CharField(max_length=64, required=False, allow_blank=True)
    customer = serializers.CharField(max_length=120, required=False, allow_blank=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Months become absolute, an order's date its month; every kind has its fields."""
        missing = [name for name in _KINDS[attrs["kind"]] if attrs.get(name) is None]
        if missing:
            raise serializers.ValidationError(dict.fromkeys(missing, _("This field is required.")))
        if attrs.get("rule") == PRIORITY and not attrs.get("orgs"):
            raise serializers.ValidationError({"orgs": _("Name who is served first.")})
        due = attrs.pop("due_date", None)
        if due is None and "month" not in attrs:
            raise serializers.ValidationError({"month": _("This field is required.")})
        try:
            attrs["month"] = month_of(due) if due is not None else parse_month(attrs["month"])
        except ValueError as error:
            raise serializers.ValidationError({"month": str(error)}) from None
        return attrs


class TrialSerializer(serializers.Serializer):
    settings: Any = serializers.ListSerializer(child=SettingSerializer(), required=False, default=list, max_length=24)
    options = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=LARGEST_ID), required=False, default=list, max_length=12
    )


class KeepSerializer(TrialSerializer):
    scenario = serializers.IntegerField(required=False, min_value=1, max_value=LARGEST_ID)
    name = serializers.CharField(required=False, allow_blank=True, max_length=120)


class MoneyLineSerializer(serializers.Serializer):
    code = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    before = serializers.IntegerField(allow_null=True)
    after = serializers.IntegerField(allow_null=True)


class ResourceViewSerializer(serializers.Serializer):
    resource = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    month = serializers.CharField()
    hours_before = serializers.FloatField()
    hours_after = serializers.FloatField()
    load_before = serializers.FloatField()
    load_after = serializers.FloatField()
    capacity_before = serializers.IntegerField()
    capacity_after = serializers.IntegerField()
    demand = serializers.IntegerField()
    short_before = serializers.IntegerField()
    short_after = serializers.IntegerField()
    band = serializers.ListField(child=serializers.IntegerField(), help_text="delivered, capacity, core materials")


class ShortCellSerializer(serializers.Serializer):
    product = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    month = serializers.CharField()
    before = serializers.IntegerField()
    after = serializers.IntegerField()


class LoserSerializer(serializers.Serializer):
    product = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    org = serializers.CharField()
    org_label = serializers.CharField()
    month = serializers.CharField(help_text="the first month it gets less in")
    less = serializers.IntegerField()
    later = serializers.IntegerField()
    revenue = serializers.IntegerField(allow_null=True)


class OrderViewSerializer(serializers.Serializer):
    product = serializers.CharField()
    org = serializers.CharField()
    month = serializers.CharField()
    asked = serializers.IntegerField()
    served = serializers.IntegerField()


class TrialResultSerializer(serializers.Serializer):
    effect = EffectSerializer()
    money = MoneyLineSerializer(many=True)
    resource = ResourceViewSerializer(allow_null=True)
    shortages = ShortCellSerializer(many=True)
    losers = LoserSerializer(many=True)
    losers_total = serializers.IntegerField()
    orders = OrderViewSerializer(many=True)


class KeptSerializer(serializers.Serializer):
    version = serializers.IntegerField()
    name = serializers.CharField()
    url = serializers.CharField()
    job = serializers.IntegerField(help_text="the balance of the scenario")


class WorthQuerySerializer(serializers.Serializer):
    what = serializers.ChoiceField(choices=["hour", "material", "storage"])
    code = serializers.CharField(max_length=64)
    month = serializers.CharField(max_length=7, help_text="YYYY-MM")


class WorthSerializer(serializers.Serializer):
    value = serializers.FloatField(allow_null=True, help_text="minor units for each of the next ones")
    holds_for = serializers.FloatField(help_text="how many of them")
    then = serializers.FloatField(allow_null=True, help_text="minor units for each after those")
    reach = serializers.FloatField(help_text="how far was looked")
    masked = serializers.ListField(child=serializers.CharField())


class WarmSerializer(serializers.Serializer):
    ready = serializers.BooleanField()
    seconds = serializers.FloatField()
