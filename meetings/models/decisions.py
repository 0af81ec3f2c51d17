"""Decisions with their options, risks and opportunities, conflicts, and gaps accepted with a note."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from accounts.choices import Department
from meetings.choices import ConflictState, DecisionSource, DecisionState, RiskKind, RiskState

_USER = settings.AUTH_USER_MODEL
_SETTLED = [
    DecisionState.APPROVED,
    DecisionState.REJECTED,
    DecisionState.DEFERRED,
    DecisionState.IMPLEMENTED,
    DecisionState.VERIFIED,
]


class Decision(models.Model):
    """One item of the decision list (R-095): question, recommendation, options with effects, who decided what.

    ``options``: list of ``{"code", "title", "effects": {name: number}, "scenario": version id or null}``.
    ``facts`` feed the sentence of an item made by the system. Money is in the currency's minor unit.
    """

    cycle = models.ForeignKey("cycles.Cycle", on_delete=models.CASCADE, related_name="decisions")
    number = models.PositiveSmallIntegerField()
    meeting = models.ForeignKey("meetings.Meeting", null=True, on_delete=models.SET_NULL, related_name="decisions")
    source = models.CharField(max_length=10, choices=DecisionSource, default=DecisionSource.MANUAL)
    source_key = models.CharField(max_length=80, blank=True)
    facts = models.JSONField(default=dict)
    question = models.TextField(blank=True)
    recommendation = models.TextField(blank=True)
    options = models.JSONField(default=list)
    must_decide = models.BooleanField(default=True)
    decide_by = models.DateField(null=True)
    money_at_stake = models.BigIntegerField(default=0)
    owner = models.ForeignKey(_USER, null=True, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=12, choices=DecisionState, default=DecisionState.DRAFT)
    proposed_by = models.ForeignKey(_USER, null=True, on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(_USER, null=True, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(null=True)
    chosen_option = models.CharField(max_length=8, blank=True)
    deferred_to = models.DateField(null=True)
    note = models.TextField(blank=True)
    scenario = models.ForeignKey("plans.Version", null=True, on_delete=models.PROTECT, related_name="decisions")
    batch = models.ForeignKey("plans.Batch", null=True, on_delete=models.PROTECT, related_name="decisions")
    implemented_by = models.ForeignKey(_USER, null=True, on_delete=models.PROTECT, related_name="+")
    implemented_at = models.DateTimeField(null=True)
    verified_by = models.ForeignKey(_USER, null=True, on_delete=models.PROTECT, related_name="+")
    verified_at = models.DateTimeField(null=True)
    continues = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="continued_by")
    revision = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["cycle", "number"]
        constraints = [
            models.UniqueConstraint(fields=["cycle", "number"], name="decision_number"),
            models.UniqueConstraint(
                fields=["cycle", "source", "source_key"], condition=~Q(source_key=""), name="decision_source_once"
            ),
            models.CheckConstraint(condition=Q(state__in=DecisionState.values), name="decision_state"),
            models.CheckConstraint(
                condition=~Q(state__in=_SETTLED) | Q(decided_by__isnull=False, decided_at__isnull=False),
                name="decision_has_author_and_time",
            ),
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True) | (Q(proposed_by__isnull=False) & ~Q(decided_by=F("proposed_by"))),
                name="decision_four_eyes",
            ),
            models.CheckConstraint(
                condition=~Q(state=DecisionState.DEFERRED) | Q(deferred_to__isnull=False), name="decision_deferral_date"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=[DecisionState.REJECTED, DecisionState.DEFERRED]) | ~Q(note=""),
                name="decision_refusal_reason",
            ),
            models.CheckConstraint(
                condition=Q(verified_by__isnull=True)
                | (Q(implemented_by__isnull=False) & ~Q(verified_by=F("implemented_by"))),
                name="decision_verifier",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.cycle} D{self.number}"


class GapNote(models.Model):
    """A gap between demand and supply answered by a decision, or accepted with a note. No month: every month."""

    cycle = models.ForeignKey("cycles.Cycle", on_delete=models.CASCADE, related_name="gap_notes")
    product = models.ForeignKey("masterdata.Product", on_delete=models.CASCADE, related_name="+")
    month = models.IntegerField(null=True)
    decision = models.ForeignKey(Decision, null=True, on_delete=models.CASCADE, related_name="gaps")
    note = models.TextField(blank=True)
    user = models.ForeignKey(_USER, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["cycle", "product", "month"], name="gap_note_once", condition=Q(month__isnull=False)
            ),
            models.UniqueConstraint(
                fields=["cycle", "product"], name="gap_note_all_months_once", condition=Q(month__isnull=True)
            ),
            models.CheckConstraint(condition=Q(decision__isnull=False) | ~Q(note=""), name="gap_note_says_something"),
        ]

    def __str__(self) -> str:
        return f"{self.product_id}@{self.month}"


class Risk(models.Model):
    """A risk or an opportunity with its probability and money."""

    cycle = models.ForeignKey("cycles.Cycle", on_delete=models.CASCADE, related_name="risks")
    kind = models.CharField(max_length=12, choices=RiskKind)
    title = models.CharField(max_length=200)
    product = models.ForeignKey("masterdata.Product", null=True, on_delete=models.SET_NULL, related_name="+")
    probability_percent = models.PositiveSmallIntegerField()
    units = models.BigIntegerField(default=0)  # effect on demand, smallest units; negative lowers it
    money = models.BigIntegerField(default=0)  # effect on profit, minor units
    mitigation = models.TextField(blank=True)
    owner = models.ForeignKey(_USER, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=12, choices=RiskState, default=RiskState.OPEN)
    continues = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="continued_by")
    revision = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=RiskKind.values), name="risk_kind"),
            models.CheckConstraint(condition=Q(state__in=RiskState.values), name="risk_state"),
            models.CheckConstraint(condition=Q(probability_percent__lte=100), name="risk_probability"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def expected_money(self) -> int:
        """Money weighted by probability, minor units, rounded half away from zero."""
        scaled = abs(self.money) * self.probability_percent
        return (1 if self.money >= 0 else -1) * ((scaled + 50) // 100)


class Conflict(models.Model):
    """A disagreement of two departments with both positions (R-019); it ends decided, escalated or deferred."""

    cycle = models.ForeignKey("cycles.Cycle", on_delete=models.CASCADE, related_name="conflicts")
    meeting = models.ForeignKey("meetings.Meeting", null=True, on_delete=models.SET_NULL, related_name="conflicts")
    subject = models.CharField(max_length=200)
    party_a = models.CharField(max_length=16, choices=Department)
    position_a = models.TextField()
    party_b = models.CharField(max_length=16, choices=Department)
    position_b = models.TextField()
    state = models.CharField(max_length=12, choices=ConflictState, default=ConflictState.OPEN)
    outcome = models.TextField(blank=True)
    deferred_to = models.DateField(null=True)
    decision = models.ForeignKey(Decision, null=True, on_delete=models.PROTECT, related_name="conflicts")
    raised_by = models.ForeignKey(_USER, on_delete=models.PROTECT, related_name="+")
    raised_at = models.DateTimeField()
    settled_by = models.ForeignKey(_USER, null=True, on_delete=models.PROTECT, related_name="+")
    settled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=ConflictState.values), name="conflict_state"),
            models.CheckConstraint(condition=~Q(party_a=F("party_b")), name="conflict_two_parties"),
            models.CheckConstraint(condition=~Q(position_a="") & ~Q(position_b=""), name="conflict_both_positions"),
            models.CheckConstraint(
                condition=Q(state=ConflictState.OPEN)
                | (~Q(outcome="") & Q(settled_by__isnull=False, settled_at__isnull=False)),
                name="conflict_end_has_author",
            ),
            models.CheckConstraint(
                condition=~Q(state=ConflictState.DEFERRED) | Q(deferred_to__isnull=False), name="conflict_deferral_date"
            ),
        ]

    def __str__(self) -> str:
        return self.subject
