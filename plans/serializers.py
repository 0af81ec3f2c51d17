"""Shapes of the plan endpoints: what is accepted, what the OpenAPI document shows."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from core.months import format_month, parse_month
from plans.choices import SaveMode, SpreadRule

MOST_EDITS = 20_000


@extend_schema_field({"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}$"})
class MonthField(serializers.Field):
    """``YYYY-MM`` ↔ absolute month."""

    def to_internal_value(self, data: Any) -> int:
        try:
            return parse_month(str(data))
        except ValueError as error:
            raise serializers.ValidationError(_("Write the month as YYYY-MM.")) from error

    def to_representation(self, value: int) -> str:
        return format_month(value)


@extend_schema_field({"type": ["number", "string", "null"]})
class FigureField(serializers.Field):
    """A number in whole units, as JSON number or text; null is an empty cell. Parsed with the measure's decimals."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"allow_null": True, **options})

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, bool) or not isinstance(data, int | float | str):
            raise serializers.ValidationError(_("Write a number or null."), code="not_a_number")
        return data

    def to_representation(self, value: Any) -> Any:
        return value


class EditSerializer(serializers.Serializer):
    measure = serializers.CharField(max_length=32)
    product = serializers.CharField(max_length=64, allow_null=True, required=False, default=None)
    org = serializers.CharField(max_length=64, allow_null=True, required=False, default=None)
    month = MonthField(help_text="YYYY-MM")
    value = FigureField()
    base = FigureField(required=False, help_text="The value the writer saw; not compared when it is left out.")
    reason = serializers.CharField(max_length=64, allow_blank=True, allow_null=True, required=False)
    cause = serializers.CharField(max_length=64, allow_blank=True, allow_null=True, required=False)
    comment = serializers.CharField(max_length=2000, allow_blank=True, allow_null=True, required=False)
    spread = serializers.ChoiceField(SpreadRule.values, required=False, allow_null=True)


class BatchSerializer(serializers.Serializer):
    mode = serializers.ChoiceField(SaveMode.values, default=SaveMode.PARTIAL)
    edits = EditSerializer(many=True, allow_empty=False, max_length=MOST_EDITS)  # type: ignore[call-arg]


class TheirsSerializer(serializers.Serializer):
    value = FigureField()
    by = serializers.CharField()
    at = serializers.CharField()


class OutcomeSerializer(serializers.Serializer):
    status = serializers.ChoiceField(["applied", "conflict", "refused"])
    value = FigureField()
    code = serializers.CharField(required=False)
    message = serializers.CharField(required=False)
    theirs = TheirsSerializer(required=False)


class BatchResultSerializer(serializers.Serializer):
    revision = serializers.IntegerField()
    batch = serializers.IntegerField(allow_null=True, help_text="What an undo names; null when nothing was written.")
    results = OutcomeSerializer(many=True)


class LineSerializer(serializers.Serializer):
    measure = serializers.CharField()
    product = serializers.CharField(allow_null=True)
    org = serializers.CharField(allow_null=True)
    unit = serializers.CharField()
    values = serializers.ListField(child=serializers.FloatField(allow_null=True))


class SliceSerializer(serializers.Serializer):
    version = serializers.IntegerField()
    months = serializers.ListField(child=serializers.CharField())
    lines = LineSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class ComparedLineSerializer(serializers.Serializer):
    measure = serializers.CharField()
    product = serializers.CharField(allow_null=True)
    org = serializers.CharField(allow_null=True)
    unit = serializers.CharField()
    a = serializers.ListField(child=serializers.FloatField(allow_null=True))
    b = serializers.ListField(child=serializers.FloatField(allow_null=True))
    difference = serializers.ListField(child=serializers.FloatField(), help_text="b − a, empty counted as 0")


class ComparisonSerializer(serializers.Serializer):
    a = serializers.IntegerField()
    b = serializers.IntegerField()
    months = serializers.ListField(child=serializers.CharField())
    lines = ComparedLineSerializer(many=True)


class NewScenarioSerializer(serializers.Serializer):
    name = serializers.CharField(max_length=120)
    note = serializers.CharField(required=False, allow_blank=True, default="", max_length=2000)


class ScenarioSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    name = serializers.CharField()
    note = serializers.CharField()
    state = serializers.CharField()
    parent = serializers.IntegerField(source="parent_id")  # type: ignore[assignment]
    created_by = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(allow_null=True)
    stale = serializers.ListField(child=serializers.CharField(), help_text="Measures the parent changed since")


class MergeSerializer(serializers.Serializer):
    into = serializers.CharField(default="working")
    measures = serializers.ListField(child=serializers.CharField(), required=False)
    product = serializers.CharField(required=False, allow_null=True, default=None)
    org = serializers.CharField(required=False, allow_null=True, default=None)
    default = serializers.ChoiceField(["mine", "theirs"], required=False, allow_null=True, default=None)


class CellChangeSerializer(serializers.Serializer):
    at = serializers.DateTimeField()
    by = serializers.CharField()
    measure = serializers.CharField()
    kind = serializers.CharField()
    source = serializers.CharField()  # type: ignore[assignment]
    reason = serializers.CharField()
    cause = serializers.CharField()
    comment = serializers.CharField()
    before = FigureField()
    after = FigureField()
    batch = serializers.IntegerField(source="batch_id", allow_null=True)


class PassportPartSerializer(serializers.Serializer):
    label = serializers.CharField()  # type: ignore[assignment]
    value = FigureField()
    text = serializers.CharField()
    detail = serializers.CharField(help_text="Quantity × average price of a part of a money figure")


class PassportSerializer(serializers.Serializer):
    """Texts are in the reader's language, ``value`` in whole units. ``parts`` and ``others`` add up to ``value``."""

    code = serializers.CharField(help_text="What is printed under the figure; the finder opens it")
    version = serializers.IntegerField()
    plan = serializers.CharField()
    measure = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    value = FigureField()
    text = serializers.CharField()
    unit = serializers.CharField()
    undefined = serializers.CharField(help_text="Why there is no value")
    formula = serializers.CharField()
    product = serializers.CharField(allow_null=True)
    org = serializers.CharField(allow_null=True)
    to = serializers.CharField()
    scope = serializers.CharField()
    frozen = serializers.DictField(allow_null=True, help_text="snapshot, kind, by, at, text")
    sources = serializers.ListField(child=serializers.DictField(), help_text="measure, label, job, by, at, text")
    parts = PassportPartSerializer(many=True)
    others = serializers.DictField(allow_null=True, help_text="count, value, text")
    edits = serializers.ListField(child=serializers.DictField(), help_text="where, before, after, by, at, why")
    more_edits = serializers.BooleanField()

    def get_fields(self) -> dict[str, serializers.Field]:
        """``from`` is a word of Python's."""
        return {**super().get_fields(), "from": serializers.CharField()}
