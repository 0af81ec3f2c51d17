"""How cycles look over REST, and what their commands take."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from accounts.choices import Department
from accounts.models import User
from core.months import format_month
from cycles.choices import StepCode
from cycles.models import Cycle, SignOff, Step, Submission
from cycles.selectors import available_actions, is_late, list_readiness, list_signoffs
from cycles.template import translate_texts


class CommandSerializer(serializers.Serializer):
    """One of ``available_actions``."""

    command = serializers.CharField()
    step = serializers.CharField(allow_null=True)
    label = serializers.CharField()  # type: ignore[assignment]
    enabled = serializers.BooleanField()
    reasons = serializers.ListField(child=serializers.CharField())


class ReadinessSerializer(serializers.Serializer):
    """One line of the readiness list."""

    code = serializers.CharField()
    title = serializers.CharField()
    is_met = serializers.BooleanField()
    reasons = serializers.ListField(child=serializers.CharField())
    is_waivable = serializers.BooleanField()
    waived_because = serializers.CharField()


class SignOffSerializer(serializers.ModelSerializer):
    user = serializers.CharField(source="user.username")
    name = serializers.CharField(source="user")

    class Meta:
        model = SignOff
        fields = ["department", "user", "name", "at", "lead", "snapshot_code"]


class SubmissionSerializer(serializers.ModelSerializer):
    """A department's material and its state."""

    step = serializers.CharField(source="step.code")
    submitted_by = serializers.CharField(source="submitted_by.username", default=None)
    waived_by = serializers.CharField(source="waived_by.username", default=None)
    has_attachment = serializers.SerializerMethodField()

    class Meta:
        model = Submission
        fields = [
            "step",
            "department",
            "status",
            "content",
            "has_attachment",
            "submitted_by",
            "submitted_at",
            "waived_by",
            "waived_at",
            "waive_reason",
            "revision",
        ]

    def get_has_attachment(self, submission: Submission) -> bool:
        return bool(submission.attachment)


class StepSerializer(serializers.ModelSerializer):
    """A step with its people, lists, dates and signatures."""

    title = serializers.CharField(source="get_code_display")
    owner = serializers.CharField(source="owner.username", default=None)
    purpose = serializers.SerializerMethodField()
    inputs = serializers.SerializerMethodField()
    outputs = serializers.SerializerMethodField()
    participants: serializers.Field = serializers.SlugRelatedField("username", many=True, read_only=True)
    is_late = serializers.SerializerMethodField()
    signatures = serializers.SerializerMethodField()

    class Meta:
        model = Step
        fields = [
            "code",
            "title",
            "position",
            "state",
            "owner",
            "owner_role",
            "purpose",
            "inputs",
            "outputs",
            "participants",
            "opens_at",
            "cutoff_at",
            "meets_at",
            "due_at",
            "opened_at",
            "signed_at",
            "is_late",
            "signatures",
            "revision",
        ]

    def get_purpose(self, step: Step) -> str:
        return translate_texts([step.purpose])[0] if step.purpose else ""

    def get_inputs(self, step: Step) -> list[str]:
        return translate_texts(step.inputs)

    def get_outputs(self, step: Step) -> list[str]:
        return translate_texts(step.outputs)

    def get_is_late(self, step: Step) -> bool:
        return is_late(step)

    def get_signatures(self, step: Step) -> list[dict[str, Any]]:
        return list(SignOffSerializer(list_signoffs(step), many=True).data)


class CycleSerializer(serializers.ModelSerializer):
    """A cycle in a list."""

    month = serializers.SerializerMethodField()
    approved_by = serializers.CharField(source="approved_by.username", default=None)

    class Meta:
        model = Cycle
        fields = ["month", "state", "horizon", "near_months", "created_at", "approved_at", "approved_by", "revision"]

    def get_month(self, cycle: Cycle) -> str:
        return format_month(cycle.month)


class CycleDetailSerializer(CycleSerializer):
    """A cycle with its steps, the gates ahead and what the caller can do (pass ``user`` in the context)."""

    steps = StepSerializer(many=True)
    readiness = serializers.SerializerMethodField()
    available_actions = serializers.SerializerMethodField()

    class Meta(CycleSerializer.Meta):
        fields = [*CycleSerializer.Meta.fields, "steps", "readiness", "available_actions"]

    def get_readiness(self, cycle: Cycle) -> list[dict[str, Any]]:
        return list(ReadinessSerializer(list_readiness(cycle), many=True).data)

    def get_available_actions(self, cycle: Cycle) -> list[dict[str, Any]]:
        return list(CommandSerializer(available_actions(cycle, self.context["user"]), many=True).data)


class NewCycleSerializer(serializers.Serializer):
    month = serializers.RegexField(r"^(19|2[01])[0-9]{2}-(0[1-9]|1[0-2])$", help_text="YYYY-MM, first planned month")
    horizon = serializers.IntegerField(min_value=12, max_value=24, default=18)


class CycleCommandSerializer(serializers.Serializer):
    """``waive`` takes ``transition``, ``gate`` and ``reason``; ``cancel`` takes ``reason``."""

    command = serializers.ChoiceField(["start", "approve", "release", "close", "roll", "cancel", "waive"])
    reason = serializers.CharField(required=False, default="", allow_blank=True, max_length=4000)
    transition = serializers.CharField(required=False, default="", allow_blank=True, max_length=40)
    gate = serializers.CharField(required=False, default="", allow_blank=True, max_length=64)


class StepCommandSerializer(serializers.Serializer):
    """``sign`` closes the step; ``co_sign`` signs for ``department``; ``reopen`` and ``waive`` take ``reason``."""

    command = serializers.ChoiceField(["open", "begin_meeting", "submit", "co_sign", "sign", "reopen", "waive"])
    department = serializers.ChoiceField(Department.choices, required=False)
    content = serializers.JSONField(required=False, default=dict, help_text="a JSON object")
    draft = serializers.BooleanField(required=False, default=False)
    reason = serializers.CharField(required=False, default="", allow_blank=True, max_length=4000)


class StepEditSerializer(serializers.Serializer):
    """The fields of a step the coordinator changes; each optional."""

    owner = serializers.SlugRelatedField("username", queryset=User.objects.filter(is_active=True, is_service=False))
    participants = serializers.SlugRelatedField(
        "username", many=True, queryset=User.objects.filter(is_active=True, is_service=False)
    )
    purpose = serializers.CharField(max_length=2000)
    inputs = serializers.ListField(child=serializers.CharField(max_length=200), max_length=50)
    outputs = serializers.ListField(child=serializers.CharField(max_length=200), max_length=50)
    opens_at = serializers.DateTimeField()
    cutoff_at = serializers.DateTimeField(allow_null=True)
    meets_at = serializers.DateTimeField(allow_null=True)
    due_at = serializers.DateTimeField()


class NewSubmissionSerializer(serializers.Serializer):
    step = serializers.ChoiceField(StepCode.choices, default=StepCode.DEMAND_REVIEW)
    department = serializers.ChoiceField(Department.choices, required=False, help_text="default: your own")
    content = serializers.JSONField(default=dict, help_text="a JSON object")
    draft = serializers.BooleanField(default=False)
    attachment = serializers.FileField(required=False, max_length=200)
