"""Balancing runs: what was solved, what is short and why, which ways out there are, which were adopted."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from supply.choices import CauseKind, OptionKind, RunStatus


class BalanceRun(models.Model):
    """One solve of a plan. The numbers stand in the plan store; here is how they came about.

    ``input_heads`` and ``input_hash`` say what was read, so that a later change of it shows. ``values`` keeps by
    code and month what one more hour or unit is worth. A large plan is published before its causes are confirmed and
    its levers priced: ``options_job`` does that, ``options_done`` of ``options_total`` so far.
    """

    version = models.ForeignKey("plans.Version", on_delete=models.PROTECT, related_name="balance_runs")
    job = models.ForeignKey("core.Job", null=True, on_delete=models.SET_NULL, related_name="+")
    first_month = models.IntegerField()
    horizon = models.PositiveSmallIntegerField()
    status = models.CharField(max_length=16, choices=RunStatus)
    solver_name = models.CharField(max_length=32)
    solver_version = models.CharField(max_length=32)
    method = models.CharField(max_length=64)
    seed = models.IntegerField()
    build_seconds = models.FloatField()
    solve_seconds = models.FloatField()
    seconds = models.FloatField()
    rows = models.IntegerField()
    columns = models.IntegerField()
    nonzeros = models.IntegerField()
    objective = models.FloatField()
    gap = models.FloatField(default=0)  # share of the best objective it may be short of; 0 for an exact plan
    check_name = models.CharField(max_length=32, blank=True)  # the other solver that was asked; empty: no answer
    check_objective = models.FloatField(null=True)
    revenue = models.BigIntegerField()  # minor currency units
    profit = models.BigIntegerField()  # contribution: revenue less all costs of the model
    penalty = models.BigIntegerField()  # price of soft rules inside the objective
    input_hash = models.CharField(max_length=64)
    input_heads = models.JSONField(default=dict)
    master_data_revision = models.BigIntegerField()
    values = models.JSONField(default=dict)
    findings = models.JSONField(default=list)
    is_explained = models.BooleanField(default=True)  # leading causes were tried by relaxing them
    options_total = models.PositiveSmallIntegerField(default=0)
    options_done = models.PositiveSmallIntegerField(default=0)
    options_job = models.ForeignKey("core.Job", null=True, on_delete=models.SET_NULL, related_name="+")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    finished_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(options_done__lte=F("options_total")), name="balance_run_options")
        ]
        indexes = [models.Index(fields=["version", "-id"], name="balance_run_latest")]

    def __str__(self) -> str:
        return f"{self.version_id} #{self.pk} {self.status}"


class RunBasis(models.Model):
    """Where the solver stood at a run's plan, so that any process tries changes from there without solving anew.

    ``columns`` and ``rows`` are zlib of one byte each; ``limits`` what the passes by priority held.
    """

    run = models.OneToOneField(BalanceRun, on_delete=models.CASCADE, related_name="basis")
    columns = models.BinaryField()
    rows = models.BinaryField()
    limits = models.JSONField(default=list)

    def __str__(self) -> str:
        return f"basis of #{self.run_id}"


class Shortage(models.Model):
    """Demand of a product in a sales organisation that a month's supply does not reach, with its first cause.

    ``code`` is the external code of what holds supply back; ``further`` are the next causes as
    [kind, code, absolute month].
    """

    run = models.ForeignKey(BalanceRun, on_delete=models.CASCADE, related_name="shortages")
    product = models.ForeignKey("masterdata.Product", on_delete=models.CASCADE, related_name="+")
    org = models.ForeignKey("masterdata.Org", on_delete=models.CASCADE, related_name="+")
    month = models.IntegerField()
    quantity = models.BigIntegerField()  # smallest units
    demand = models.BigIntegerField()
    revenue = models.BigIntegerField()  # minor currency units
    margin = models.BigIntegerField()
    is_late = models.BooleanField(default=False)  # waits, rather than lost
    cause = models.CharField(max_length=16, choices=CauseKind)
    code = models.CharField(max_length=140)
    cause_month = models.IntegerField()
    use = models.FloatField(default=1)  # hours or pieces one more unit takes
    is_confirmed = models.BooleanField(default=False)
    further = models.JSONField(default=list)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "product", "org", "month"], name="shortage_once"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="shortage_positive"),
        ]
        indexes = [models.Index(fields=["run", "cause", "code"], name="shortage_bottleneck")]

    def __str__(self) -> str:
        return f"{self.product_id}@{self.org_id} {self.month}: −{self.quantity}"


class Bottleneck(models.Model):
    """What holds supply back in a run: how much is blamed on it and what came back when it was relaxed."""

    run = models.ForeignKey(BalanceRun, on_delete=models.CASCADE, related_name="bottlenecks")
    kind = models.CharField(max_length=16, choices=CauseKind)
    code = models.CharField(max_length=140)
    blamed = models.FloatField()
    removed = models.FloatField()
    is_confirmed = models.BooleanField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "kind", "code"], name="bottleneck_once")]

    def __str__(self) -> str:
        return f"{self.kind} {self.code}"


class SupplyOption(models.Model):
    """A priced way out of a bottleneck: a patch of the plan's inputs with what it brings and until when.

    ``changes`` are the engine's changes with absolute months. Money and units are differences to the run's plan over
    the horizon. An option ``in_plan`` is a lever the plan counts on already; its figures are what not having it
    loses. A kept trial (``choices.TRIED``) answers no bottleneck: ``cause`` and ``code`` are empty and ``detail`` lists
    the settings as they were asked for.
    """

    run = models.ForeignKey(BalanceRun, on_delete=models.CASCADE, related_name="options")
    kind = models.CharField(max_length=16, choices=OptionKind)
    cause = models.CharField(max_length=16, choices=CauseKind, blank=True)
    code = models.CharField(max_length=140, blank=True)
    target = models.CharField(max_length=140, blank=True)
    changes = models.JSONField(default=list)
    detail = models.JSONField(default=list)
    start_month = models.IntegerField()
    lead_days = models.PositiveIntegerField()
    decide_by = models.DateField()
    amount = models.FloatField()
    units = models.BigIntegerField()
    revenue = models.BigIntegerField()
    gain = models.BigIntegerField()
    cost = models.BigIntegerField()
    stock = models.BigIntegerField()
    service = models.FloatField()  # share of all demand more (or less) served
    is_cost_known = models.BooleanField(default=True)
    in_plan = models.BooleanField(default=False)

    class Meta:
        ordering = ["run", "in_plan", "-gain", "pk"]

    def __str__(self) -> str:
        return f"{self.kind} {self.target}"


class AdoptedOption(models.Model):
    """An option that a plan or scenario takes as given from its next solve on."""

    version = models.ForeignKey("plans.Version", on_delete=models.PROTECT, related_name="adopted_options")
    option = models.ForeignKey(SupplyOption, on_delete=models.PROTECT, related_name="adoptions")
    adopted_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    adopted_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["version", "option"], name="option_adopted_once")]

    def __str__(self) -> str:
        return f"{self.version_id} ← {self.option_id}"
