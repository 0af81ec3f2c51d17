"""How meetings, decisions, actions, risks and conflicts look over REST, and what their commands take."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.choices import AttendeeLevel, Department
from accounts.models import User
from core.months import format_month
from cycles.template import translate_texts
from masterdata.models import Org, Product
from meetings.choices import ConflictState, Presence, RiskKind, RiskState
from meetings.masking import mask_option
from meetings.models import ActionItem, Attendance, Conflict, Decision, Meeting, Risk
from meetings.selectors import get_quorum, is_overdue, list_attendance, list_flags, question_of, render_minutes
from plans.serializers import MonthField

_LARGEST_MONEY = 10**15


def person_field(**options: Any) -> serializers.SlugRelatedField:
    """A person by user name."""
    people = User.objects.filter(is_active=True, is_service=False)
    return serializers.SlugRelatedField("username", queryset=people, **options)


class AttendanceSerializer(serializers.ModelSerializer):
    user = serializers.CharField(source="user.username")
    name = serializers.CharField(source="user")

    class Meta:
        model = Attendance
        fields = ["user", "name", "department", "presence", "delegate_name", "level"]


class AgendaItemSerializer(serializers.Serializer):
    title = serializers.CharField(max_length=200)
    minutes = serializers.IntegerField(min_value=1, max_value=480, default=10)


class MeetingSerializer(serializers.ModelSerializer):
    """A meeting with agenda, attendance, minutes and the flags of R-018."""

    step = serializers.CharField(source="step.code")
    chair = serializers.CharField(source="chair.username", default=None)
    agenda = serializers.SerializerMethodField()
    attendance = serializers.SerializerMethodField()
    quorum = serializers.SerializerMethodField()
    flags = serializers.SerializerMethodField()
    minutes = serializers.SerializerMethodField()

    class Meta:
        model = Meeting
        fields = [
            "step",
            "scheduled_at",
            "chair",
            "pre_read_at",
            "begun_at",
            "ended_at",
            "agenda",
            "attendance",
            "quorum",
            "flags",
            "minutes",
        ]

    def get_agenda(self, meeting: Meeting) -> list[dict[str, Any]]:
        return [{"title": translate_texts([i.title])[0], "minutes": i.minutes} for i in meeting.agenda.all()]

    def get_attendance(self, meeting: Meeting) -> list[dict[str, Any]]:
        return list(AttendanceSerializer(list_attendance(meeting.step), many=True).data)

    def get_quorum(self, meeting: Meeting) -> dict[str, Any] | None:
        if meeting.step.code != "executive":
            return None
        quorum = get_quorum(meeting.cycle)
        return {"present": quorum.present, "of": quorum.of, "needed": quorum.needed, "is_met": quorum.is_met}

    def get_flags(self, meeting: Meeting) -> list[dict[str, str]]:
        return [{"code": flag.code, "sentence": flag.sentence} for flag in list_flags(meeting) if meeting.begun_at]

    def get_minutes(self, meeting: Meeting) -> str:
        return render_minutes(meeting) if meeting.ended_at else ""


class MeetingCommandSerializer(serializers.Serializer):
    """``attendance`` takes ``user``, ``presence`` and for a delegate name and level; ``agenda`` takes ``items``."""

    command = serializers.ChoiceField(["begin", "attendance", "agenda", "end"])
    step = serializers.ChoiceField(["demand_review", "supply_review", "pre_sop", "executive"])
    user = person_field(required=False)
    presence = serializers.ChoiceField(Presence.choices, required=False)
    delegate_name = serializers.CharField(required=False, default="", allow_blank=True, max_length=120)
    level = serializers.ChoiceField(AttendeeLevel.choices, required=False)
    items = AgendaItemSerializer(many=True, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["command"] == "attendance" and not {"user", "presence"} <= attrs.keys():
            raise serializers.ValidationError({"user": "user and presence are needed", "presence": "needed"})
        return attrs


class OptionSerializer(serializers.Serializer):
    code = serializers.CharField(max_length=8)
    title = serializers.CharField(max_length=2000)
    effects = serializers.DictField(child=serializers.FloatField(allow_null=True), required=False, default=dict)
    scenario = serializers.IntegerField(required=False, allow_null=True, default=None, min_value=1, max_value=2**62)
    supply_option = serializers.IntegerField(
        required=False, allow_null=True, default=None, min_value=1, max_value=2**62, help_text="a priced way out"
    )


class MaskedSerializer(serializers.ModelSerializer):
    """Without ``sees_costs`` in its context the ``hidden`` fields are ``null`` and named in ``masked``."""

    hidden: tuple[str, ...] = ()
    masked = serializers.SerializerMethodField(help_text="Fields that are null because the role may not see costs")

    def get_masked(self, _row: Any) -> list[str]:
        return [] if self.context.get("sees_costs") else list(self.hidden)

    def to_representation(self, instance: Any) -> dict[str, Any]:
        shown = super().to_representation(instance)
        return {**shown, **dict.fromkeys(shown["masked"])}


class DecisionSerializer(MaskedSerializer):
    """An item of the decision list. Money in the currency's minor unit."""

    hidden = ("money_at_stake",)
    money_at_stake = serializers.IntegerField(allow_null=True)
    cycle = serializers.SerializerMethodField()
    question = serializers.SerializerMethodField()
    options = OptionSerializer(many=True)
    owner = serializers.CharField(source="owner.username", default=None)
    proposed_by = serializers.CharField(source="proposed_by.username", default=None)
    decided_by = serializers.CharField(source="decided_by.username", default=None)

    class Meta:
        model = Decision
        fields = [
            "cycle",
            "number",
            "source",
            "question",
            "recommendation",
            "options",
            "must_decide",
            "decide_by",
            "money_at_stake",
            "owner",
            "state",
            "proposed_by",
            "proposed_at",
            "decided_by",
            "decided_at",
            "chosen_option",
            "deferred_to",
            "note",
            "scenario",
            "revision",
            "masked",
        ]

    def to_representation(self, instance: Decision) -> dict[str, Any]:
        shown = super().to_representation(instance)
        sees_costs = bool(self.context.get("sees_costs"))
        return {**shown, "options": [mask_option(option, sees_costs=sees_costs) for option in shown["options"]]}

    def get_cycle(self, decision: Decision) -> str:
        return format_month(decision.cycle.month)

    def get_question(self, decision: Decision) -> str:
        return question_of(decision)


class NewDecisionSerializer(serializers.Serializer):
    question = serializers.CharField(max_length=4000)
    recommendation = serializers.CharField(max_length=4000, required=False, default="", allow_blank=True)
    options = OptionSerializer(many=True, required=False, default=list)
    decide_by = serializers.DateField(required=False, allow_null=True, default=None)
    money_at_stake = serializers.IntegerField(
        required=False, default=0, min_value=-_LARGEST_MONEY, max_value=_LARGEST_MONEY
    )
    must_decide = serializers.BooleanField(required=False, default=True)
    owner = person_field(required=False, allow_null=True)
    draft = serializers.BooleanField(required=False, default=False)


class SupplyQuestionSerializer(serializers.Serializer):
    """``options`` of the supply page or ``scenarios``, at most five, as the ways to choose from."""

    options = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**62), required=False, default=list, max_length=5
    )
    scenarios = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**62), required=False, default=list, max_length=5
    )
    recommendation = serializers.CharField(max_length=4000, required=False, default="", allow_blank=True)
    draft = serializers.BooleanField(required=False, default=False)


class DecisionEditSerializer(serializers.Serializer):
    """Each field optional; ``propose`` puts a draft on the list."""

    question = serializers.CharField(max_length=4000)
    recommendation = serializers.CharField(max_length=4000, allow_blank=True)
    options = OptionSerializer(many=True)
    decide_by = serializers.DateField(allow_null=True)
    money_at_stake = serializers.IntegerField(min_value=-_LARGEST_MONEY, max_value=_LARGEST_MONEY)
    must_decide = serializers.BooleanField()
    owner = person_field()
    propose = serializers.BooleanField()


class DecisionCommandSerializer(serializers.Serializer):
    """``approve`` takes ``option``, ``reject`` a ``note``, ``defer`` a date and a ``note``, ``escalate`` a ``note``."""

    command = serializers.ChoiceField(["approve", "reject", "defer", "escalate", "implement", "verify"])
    option = serializers.CharField(required=False, default="", allow_blank=True, max_length=8)
    deferred_to = serializers.DateField(required=False, allow_null=True, default=None)
    note = serializers.CharField(required=False, default="", allow_blank=True, max_length=4000)


class DeviationPlaceSerializer(serializers.Serializer):
    """Where a closed month differed from its forecast."""

    product = serializers.SlugRelatedField("code", queryset=Product.objects.all())
    org = serializers.SlugRelatedField("code", queryset=Org.objects.all())
    month = MonthField()


class ActionSerializer(serializers.ModelSerializer):
    """Who does what by when."""

    cycle = serializers.SerializerMethodField()
    owner = serializers.CharField(source="owner.username")
    follower = serializers.CharField(source="follower.username")
    initiator = serializers.CharField(source="initiator.username")
    decision = serializers.IntegerField(source="decision.number", default=None)
    assumption = serializers.IntegerField(source="assumption_id", allow_null=True)
    deviation = serializers.SerializerMethodField()
    overdue = serializers.SerializerMethodField()

    class Meta:
        model = ActionItem
        fields = [
            "id",
            "cycle",
            "title",
            "owner",
            "follower",
            "initiator",
            "due",
            "state",
            "overdue",
            "result",
            "decision",
            "assumption",
            "deviation",
            "done_at",
            "verified_at",
            "revision",
        ]

    def get_cycle(self, action: ActionItem) -> str:
        return format_month(action.cycle.month)

    @extend_schema_field(DeviationPlaceSerializer(allow_null=True))
    def get_deviation(self, action: ActionItem) -> dict[str, str] | None:
        product, org, month = action.deviation_product, action.deviation_org, action.deviation_month
        if product is None or org is None or month is None:
            return None
        return {"product": product.code, "org": org.code, "month": format_month(month)}

    def get_overdue(self, action: ActionItem) -> bool:
        return is_overdue(action)


class NewActionSerializer(serializers.Serializer):
    title = serializers.CharField(max_length=200)
    owner = person_field()
    follower = person_field(required=False, allow_null=True)
    due = serializers.DateField()
    decision = serializers.IntegerField(required=False, allow_null=True, min_value=1, max_value=32767)
    assumption = serializers.IntegerField(required=False, allow_null=True, min_value=1)
    deviation = DeviationPlaceSerializer(required=False, allow_null=True)


class ActionCommandSerializer(serializers.Serializer):
    command = serializers.ChoiceField(["begin", "done", "reopen", "cancel", "verify"])
    result = serializers.CharField(required=False, default="", allow_blank=True, max_length=4000)


class RiskSerializer(MaskedSerializer):
    """A risk or an opportunity; ``expected_money`` is weighted by probability."""

    product = serializers.CharField(source="product.code", default=None)
    owner = serializers.CharField(source="owner.username")
    hidden = ("money", "expected_money")
    money = serializers.IntegerField(allow_null=True)
    expected_money = serializers.IntegerField(allow_null=True)

    class Meta:
        model = Risk
        fields = [
            "id",
            "kind",
            "title",
            "product",
            "probability_percent",
            "units",
            "money",
            "expected_money",
            "mitigation",
            "owner",
            "state",
            "revision",
            "masked",
        ]


class RiskFieldsSerializer(serializers.Serializer):
    title = serializers.CharField(max_length=200)
    probability_percent = serializers.IntegerField(min_value=0, max_value=100)
    units = serializers.IntegerField(required=False, default=0, min_value=-_LARGEST_MONEY, max_value=_LARGEST_MONEY)
    money = serializers.IntegerField(required=False, default=0, min_value=-_LARGEST_MONEY, max_value=_LARGEST_MONEY)
    mitigation = serializers.CharField(required=False, default="", allow_blank=True, max_length=4000)
    owner = person_field(required=False)


class NewRiskSerializer(RiskFieldsSerializer):
    kind = serializers.ChoiceField(RiskKind.choices)
    product = serializers.SlugRelatedField("code", queryset=Product.objects.all(), required=False, allow_null=True)


class RiskEditSerializer(RiskFieldsSerializer):
    """Each field optional; ``state`` ends it."""

    state = serializers.ChoiceField([RiskState.HAPPENED, RiskState.CLOSED], required=False)


class ConflictSerializer(serializers.ModelSerializer):
    """A disagreement with both positions and its end."""

    decision = serializers.IntegerField(source="decision.number", default=None)
    raised_by = serializers.CharField(source="raised_by.username")
    settled_by = serializers.CharField(source="settled_by.username", default=None)

    class Meta:
        model = Conflict
        fields = [
            "id",
            "subject",
            "party_a",
            "position_a",
            "party_b",
            "position_b",
            "state",
            "outcome",
            "deferred_to",
            "decision",
            "raised_by",
            "raised_at",
            "settled_by",
            "settled_at",
        ]


class NewConflictSerializer(serializers.Serializer):
    subject = serializers.CharField(max_length=200)
    party_a = serializers.ChoiceField(Department.choices)
    position_a = serializers.CharField(max_length=4000)
    party_b = serializers.ChoiceField(Department.choices)
    position_b = serializers.CharField(max_length=4000)


class ConflictCommandSerializer(serializers.Serializer):
    state = serializers.ChoiceField([ConflictState.DECIDED, ConflictState.ESCALATED, ConflictState.DEFERRED])
    outcome = serializers.CharField(max_length=4000)
    deferred_to = serializers.DateField(required=False, allow_null=True, default=None)
