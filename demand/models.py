"""What the departments say about demand, the orders and events behind it, and how it was forecast.

The figures themselves are plan cells (``plans``); rows here are their sources and their reasons. Months are
absolute (``core.months``), quantities are in the product's unit.
"""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce

from demand.choices import (
    AssumptionState,
    DealerOrders,
    DeviationCause,
    EventKind,
    NoteKind,
    OrderKind,
    OrderStatus,
    OutlierVerdict,
    RollKind,
    RuleKind,
    Stream,
    TriggerKind,
)
from masterdata.models import Revised
from masterdata.models.base import QUANTITY


class StreamInput(Revised):
    """One row of the sheet *inputs*: what a stream says for a product and an org at any level in a month.

    Kept as given; spread to the leaves of the working version when one is open (``applied_to``).
    """

    stream = models.CharField(max_length=16, choices=Stream)
    product = models.ForeignKey("masterdata.Product", on_delete=models.CASCADE, related_name="+")
    org = models.ForeignKey("masterdata.Org", on_delete=models.CASCADE, related_name="+")
    month = models.IntegerField()
    quantity = models.DecimalField(**QUANTITY)
    reason = models.CharField(max_length=500, blank=True)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    updated_at = models.DateTimeField(auto_now=True)
    applied_to = models.ForeignKey("plans.Version", null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["stream", "product", "org", "month"], name="stream_input_once"),
            models.CheckConstraint(condition=Q(stream__in=Stream.values), name="stream_input_stream"),
            models.CheckConstraint(condition=Q(quantity__gte=0), name="stream_input_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.stream} {self.product_id}/{self.org_id}@{self.month}"


class Order(Revised):
    """A line of an order. Stock-building lines keep who asked for them and why (R-133)."""

    order = models.CharField(max_length=64)
    line = models.CharField(max_length=16, default="1")
    product = models.ForeignKey("masterdata.Product", on_delete=models.PROTECT, related_name="orders")
    org = models.ForeignKey("masterdata.Org", on_delete=models.PROTECT, related_name="orders")
    quantity = models.DecimalField(**QUANTITY)
    due_date = models.DateField()
    customer = models.CharField(max_length=120, blank=True)
    kind = models.CharField(max_length=10, choices=OrderKind, default=OrderKind.CUSTOMER)
    priority = models.PositiveSmallIntegerField(default=5)  # 1 is the most urgent
    custom = models.BooleanField(default=False)
    status = models.CharField(max_length=10, choices=OrderStatus, default=OrderStatus.OPEN)
    requested_by = models.CharField(max_length=120, blank=True)
    reason = models.CharField(max_length=200, blank=True)
    for_order = models.CharField(max_length=64, blank=True)  # of a dealer order: the customer's order behind it
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["due_date", "order", "line"]
        constraints = [
            models.UniqueConstraint(fields=["order", "line"], name="order_line_once"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="order_quantity_positive"),
            models.CheckConstraint(condition=Q(kind__in=OrderKind.values), name="order_kind"),
            models.CheckConstraint(condition=Q(status__in=OrderStatus.values), name="order_status"),
        ]
        indexes = [models.Index(fields=["status", "due_date"], name="order_due")]

    def __str__(self) -> str:
        return f"{self.order}/{self.line}"


class Event(Revised):
    """An activity inside or outside the company that moves demand (R-031, R-032)."""

    code = models.CharField(max_length=64, unique=True)
    kind = models.CharField(max_length=12, choices=EventKind)
    from_month = models.IntegerField()
    to_month = models.IntegerField(null=True, blank=True)  # null: open end
    product = models.ForeignKey("masterdata.Product", null=True, on_delete=models.CASCADE, related_name="+")
    org = models.ForeignKey("masterdata.Org", null=True, on_delete=models.CASCADE, related_name="+")
    uplift_pct = models.FloatField(null=True, blank=True)
    uplift_quantity = models.DecimalField(null=True, blank=True, **QUANTITY)
    price_change_pct = models.FloatField(null=True, blank=True)
    owner = models.CharField(max_length=120, blank=True)
    note = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["from_month", "code"]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=EventKind.values), name="event_kind"),
            models.CheckConstraint(
                condition=Q(to_month__isnull=True) | Q(from_month__lte=F("to_month")), name="event_months"
            ),
        ]

    def __str__(self) -> str:
        return self.code


class Launch(models.Model):
    """How a product without a history of its own is expected to start: like earlier launches somebody picked.

    ``analogues`` are product codes of any level whose curves the forecast takes, ``scale`` multiplies them. Without
    ``first_month`` the product's own launch month holds, without ``org`` the launch is everywhere.
    """

    product = models.OneToOneField("masterdata.Product", on_delete=models.CASCADE, related_name="launch")
    org = models.ForeignKey("masterdata.Org", null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    analogues = models.JSONField(default=list)
    scale = models.FloatField(default=1)
    first_month = models.IntegerField(null=True, blank=True)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    note = models.CharField(max_length=500, blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["product"]
        constraints = [models.CheckConstraint(condition=Q(scale__gt=0), name="launch_scale_positive")]

    def __str__(self) -> str:
        return f"{self.product_id}: {', '.join(self.analogues)}"


class Assumption(models.Model):
    """What the forecast rests on, re-assessed every cycle (R-041)."""

    cycle = models.ForeignKey("cycles.Cycle", on_delete=models.CASCADE, related_name="assumptions")
    text = models.CharField(max_length=300)
    evidence = models.TextField(blank=True)
    product = models.ForeignKey("masterdata.Product", null=True, on_delete=models.SET_NULL, related_name="+")
    org = models.ForeignKey("masterdata.Org", null=True, on_delete=models.SET_NULL, related_name="+")
    impact_quantity = models.IntegerField(null=True, blank=True)  # units a month at stake when it breaks
    state = models.CharField(max_length=10, choices=AssumptionState, default=AssumptionState.ACTIVE)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    carried_from = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="+")
    reviewed_at = models.DateTimeField(null=True)  # null: not yet looked at in this cycle
    reviewed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    review_note = models.TextField(blank=True)
    trigger = models.CharField(max_length=12, blank=True, choices=TriggerKind)  # empty: only people can judge it
    trigger_value = models.FloatField(null=True)  # per cent or units a month
    trigger_months = models.PositiveSmallIntegerField(default=1)  # closed months that are looked at
    trigger_misses = models.PositiveSmallIntegerField(default=1)  # of them missed: broken
    trigger_is_sum = models.BooleanField(default=False)  # the months are taken together instead
    until = models.IntegerField(null=True)  # last month it is about; afterwards it is confirmed or broken
    measured = models.FloatField(null=True)  # what the last check found, in the trigger's unit
    readings = models.JSONField(default=list)  # behind it: [month, units sold, units forecast or null] each
    checked_month = models.IntegerField(null=True)  # the closed month that was checked last

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=AssumptionState.values), name="assumption_state"),
            models.CheckConstraint(
                condition=Q(trigger="", trigger_value__isnull=True)
                | Q(trigger__in=TriggerKind.values, trigger_value__isnull=False),
                name="assumption_trigger_has_value",
            ),
            models.CheckConstraint(
                condition=Q(trigger_misses__gte=1, trigger_misses__lte=F("trigger_months")),
                name="assumption_misses_within_months",
            ),
            models.UniqueConstraint(
                fields=["cycle", "carried_from"],
                condition=Q(carried_from__isnull=False),
                name="assumption_carried_once",
            ),
        ]

    def __str__(self) -> str:
        return self.text


class RootCause(models.Model):
    """Why a closed month deviated from its forecast at a product and an org of any level (R-040)."""

    cycle = models.ForeignKey("cycles.Cycle", on_delete=models.CASCADE, related_name="+")  # whose review found it
    product = models.ForeignKey("masterdata.Product", on_delete=models.CASCADE, related_name="+")
    org = models.ForeignKey("masterdata.Org", on_delete=models.CASCADE, related_name="+")
    month = models.IntegerField()
    cause = models.CharField(max_length=12, choices=DeviationCause)
    note = models.CharField(max_length=300, blank=True)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["product", "org", "month"], name="root_cause_once"),
            models.CheckConstraint(condition=Q(cause__in=DeviationCause.values), name="root_cause_known"),
        ]

    def __str__(self) -> str:
        return f"{self.cause} {self.product_id}/{self.org_id}@{self.month}"


class CellComment(models.Model):
    """A remark at one cell of the demand grid, at any level. ``@username`` addresses a colleague."""

    version = models.ForeignKey("plans.Version", on_delete=models.CASCADE, related_name="+")
    measure = models.CharField(max_length=32)
    product = models.ForeignKey("masterdata.Product", on_delete=models.CASCADE, related_name="+")
    org = models.ForeignKey("masterdata.Org", on_delete=models.CASCADE, related_name="+")
    month = models.IntegerField()
    kind = models.CharField(max_length=8, choices=NoteKind, default=NoteKind.REMARK)
    text = models.CharField(max_length=1000)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    mentions = models.ManyToManyField(settings.AUTH_USER_MODEL, related_name="mentioned_in", blank=True)
    resolved_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["at", "id"]
        indexes = [models.Index(fields=["version", "product", "org"], name="comment_place")]

    def __str__(self) -> str:
        return f"{self.measure}@{self.month}: {self.text[:40]}"


class OutlierDecision(models.Model):
    """A person's word on an odd month of history; the forecast obeys it."""

    product = models.ForeignKey("masterdata.Product", on_delete=models.CASCADE, related_name="+")
    org = models.ForeignKey("masterdata.Org", on_delete=models.CASCADE, related_name="+")
    month = models.IntegerField()
    verdict = models.CharField(max_length=8, choices=OutlierVerdict)
    reason = models.CharField(max_length=300)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["product", "org", "month"], name="outlier_decision_once"),
            models.CheckConstraint(condition=Q(verdict__in=OutlierVerdict.values), name="outlier_verdict"),
        ]

    def __str__(self) -> str:
        return f"{self.product_id}/{self.org_id}@{self.month} {self.verdict}"


class ConsensusRule(models.Model):
    """The declared rule by which a proposal is made. No product: the company's rule; else a family's."""

    product = models.ForeignKey("masterdata.Product", null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=10, choices=RuleKind, default=RuleKind.BASELINE)
    sales_weight = models.FloatField(null=True, blank=True)  # of "weighted"; null: one half until one is accepted
    add_activities = models.BooleanField(default=True)  # market activities and stock-building on top
    at_least_orders = models.BooleanField(default=True)  # never below what customers have ordered
    measured = models.JSONField(default=dict, blank=True)  # source → WMAPE that an accepted weight rests on
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    decided_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(Coalesce("product", 0), name="consensus_rule_once"),
            models.CheckConstraint(condition=Q(kind__in=RuleKind.values), name="consensus_rule_kind"),
            models.CheckConstraint(
                condition=Q(sales_weight__isnull=True) | Q(sales_weight__gte=0, sales_weight__lte=1),
                name="consensus_rule_weight",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.product_id or 'company'}: {self.kind}"


class ForecastRun(models.Model):
    """One published statistical forecast: its settings, cost, routes and what went in."""

    version = models.ForeignKey("plans.Version", on_delete=models.CASCADE, related_name="forecast_runs")
    job = models.OneToOneField("core.Job", null=True, on_delete=models.SET_NULL, related_name="+")
    first_month = models.IntegerField()
    horizon = models.PositiveSmallIntegerField()
    settings = models.JSONField(default=dict)
    series = models.PositiveIntegerField()
    routes = models.JSONField(default=dict)  # route → number of series
    accuracy = models.JSONField(default=dict)  # back-test figures of the run
    events = models.JSONField(default=dict)  # code → what the event does to the forecast; see demand.drivers
    seconds = models.FloatField()
    input_hash = models.CharField(max_length=64)
    finished_at = models.DateTimeField()

    class Meta:
        ordering = ["-finished_at", "-id"]

    def __str__(self) -> str:
        return f"{self.version_id}@{self.first_month}"


class ForecastErrors(models.Model):
    """How large the errors of each series add up to over a lead time, packed (see ``demand.selectors.errors``)."""

    run = models.OneToOneField(ForecastRun, on_delete=models.CASCADE, related_name="errors")
    data = models.BinaryField()

    def __str__(self) -> str:
        return f"errors of {self.run_id}"


class FlexBasis(models.Model):
    """How far a plan prepares beyond its demand and why (see ``demand.selectors.flex``); replaced as one."""

    version = models.OneToOneField("plans.Version", on_delete=models.CASCADE, related_name="flex_basis")
    data = models.JSONField()
    at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"flex band of {self.version_id}"


class ConsumptionRule(models.Model):
    """How orders consume the forecast. No product: the company's rule; else that of everything below it.

    ``fence_months`` null: the frozen months of the product's policy.
    """

    product = models.ForeignKey("masterdata.Product", null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    back_months = models.PositiveSmallIntegerField(default=1)
    forward_months = models.PositiveSmallIntegerField(default=1)
    fence_months = models.PositiveSmallIntegerField(null=True, blank=True)
    dealers = models.CharField(max_length=8, choices=DealerOrders, default=DealerOrders.LARGER)
    at_roll = models.CharField(max_length=8, choices=RollKind, default=RollKind.DROP)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    decided_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(Coalesce("product", 0), name="consumption_rule_once"),
            models.CheckConstraint(condition=Q(dealers__in=DealerOrders.values), name="consumption_rule_dealers"),
            models.CheckConstraint(condition=Q(at_roll__in=RollKind.values), name="consumption_rule_roll"),
        ]

    def __str__(self) -> str:
        return f"{self.product_id or 'company'}: {self.back_months}/{self.forward_months}"


class RolledForecast(models.Model):
    """What a closed month's forecast came to when the cycle rolled on, leaf by leaf; smallest units.

    ``forecast`` = what was taken of it + ``unconsumed``; ``over``: taken beyond it. ``kept`` goes into the next
    plan's first month, the rest of ``unconsumed`` is dropped.
    """

    cycle = models.ForeignKey("cycles.Cycle", on_delete=models.CASCADE, related_name="+")  # the one that rolled in
    month = models.IntegerField()  # the closed one
    product = models.ForeignKey("masterdata.Product", on_delete=models.CASCADE, related_name="+")
    org = models.ForeignKey("masterdata.Org", on_delete=models.CASCADE, related_name="+")
    forecast = models.BigIntegerField()
    ordered = models.BigIntegerField()
    sold = models.BigIntegerField()
    unconsumed = models.BigIntegerField()
    over = models.BigIntegerField()
    kept = models.BigIntegerField()
    rule = models.CharField(max_length=8, choices=RollKind)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["cycle", "month", "product", "org"], name="rolled_forecast_once"),
            models.CheckConstraint(condition=Q(kept__gte=0, kept__lte=F("unconsumed")), name="rolled_forecast_kept"),
        ]

    def __str__(self) -> str:
        return f"{self.product_id}/{self.org_id}@{self.month}: {self.unconsumed}"


class TakeRate(models.Model):
    """A typed share of one attribute value within a series (or a model), e.g. colour white 45 %."""

    product = models.ForeignKey("masterdata.Product", on_delete=models.CASCADE, related_name="+")
    attribute = models.CharField(max_length=40)  # key of Product.attributes
    value = models.CharField(max_length=120)
    share = models.FloatField()
    reason = models.CharField(max_length=200)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["product", "attribute", "value"], name="take_rate_once"),
            models.CheckConstraint(condition=Q(share__gte=0, share__lte=1), name="take_rate_share"),
        ]

    def __str__(self) -> str:
        return f"{self.product_id} {self.attribute} {self.value}: {self.share}"
