"""Prices, costs, rates, targets, policies and what really happened."""

from django.db import models

from masterdata.choices import Fulfilment, InventoryStrategy, SupplyStrategy, TargetKind
from masterdata.models.base import MONEY, QUANTITY, Revised, or_none
from masterdata.models.structure import Org, Product, Site

STANDARD_FLEX_PCT = (5.6, 11.1)  # capacity and core materials beyond the demand where nothing is declared or measured


class Price(Revised):
    """A sales price from a month on; a row with an org outranks the general one."""

    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="prices")
    org = models.ForeignKey(Org, null=True, blank=True, on_delete=models.CASCADE, related_name="prices")
    from_month = models.IntegerField()
    price = models.DecimalField(**MONEY)
    currency = models.CharField(max_length=3, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint("product", or_none("org"), "from_month", name="price_once"),
        ]

    def __str__(self) -> str:
        return f"{self.product_id}@{self.from_month}"


class Cost(Revised):
    """Unit costs of a product from a month on, optionally per site."""

    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="costs")
    site = models.ForeignKey(Site, null=True, blank=True, on_delete=models.CASCADE, related_name="costs")
    from_month = models.IntegerField()
    material_cost = models.DecimalField(default=0, **MONEY)
    labour_cost = models.DecimalField(default=0, **MONEY)
    overhead_cost = models.DecimalField(default=0, **MONEY)
    outsourcing_cost = models.DecimalField(null=True, blank=True, **MONEY)  # null: cannot be outsourced
    production_cost = models.DecimalField(null=True, blank=True, **MONEY)  # all-in, instead of its parts
    holding_rate_per_year = models.FloatField(default=0)
    holding_cost_per_month = models.DecimalField(null=True, blank=True, **MONEY)  # absolute, instead of the rate
    shortage_cost = models.DecimalField(null=True, blank=True, **MONEY)
    setup_cost = models.DecimalField(default=0, **MONEY)

    class Meta:
        constraints = [
            models.UniqueConstraint("product", or_none("site"), "from_month", name="cost_once"),
        ]

    def __str__(self) -> str:
        return f"{self.product_id}@{self.from_month}"


class ExchangeRate(Revised):
    """Company currency per unit of a currency in a month."""

    currency = models.CharField(max_length=3)
    month = models.IntegerField()
    rate = models.DecimalField(max_digits=18, decimal_places=8)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["currency", "month"], name="exchange_rate_once")]

    def __str__(self) -> str:
        return f"{self.currency}@{self.month}"


class Target(Revised):
    """A goal of the budget, the latest estimate or the estimated full year, at any level (R-033)."""

    kind = models.CharField(max_length=8, choices=TargetKind)
    month = models.IntegerField()
    product = models.ForeignKey(Product, null=True, blank=True, on_delete=models.CASCADE, related_name="targets")
    org = models.ForeignKey(Org, null=True, blank=True, on_delete=models.CASCADE, related_name="targets")
    quantity = models.DecimalField(null=True, blank=True, **QUANTITY)
    revenue = models.DecimalField(null=True, blank=True, **MONEY)  # company currency
    profit = models.DecimalField(null=True, blank=True, **MONEY)
    version = models.CharField(max_length=40, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint("kind", "month", or_none("product"), or_none("org"), "version", name="target_once"),
        ]

    def __str__(self) -> str:
        return f"{self.kind}@{self.month}"


class Policy(Revised):
    """Fulfilment, inventory and fence policies of a product, optionally per site."""

    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="policies")
    site = models.ForeignKey(Site, null=True, blank=True, on_delete=models.CASCADE, related_name="policies")
    fulfilment = models.CharField(max_length=3, choices=Fulfilment, default=Fulfilment.MTS)
    supply_strategy = models.CharField(max_length=8, choices=SupplyStrategy, default=SupplyStrategy.LEVEL)
    inventory_strategy = models.CharField(max_length=8, choices=InventoryStrategy, default=InventoryStrategy.SAFETY)
    service_level = models.FloatField(default=0.95)
    safety_stock_days = models.FloatField(default=0)
    max_stock_days = models.FloatField(null=True, blank=True)
    frozen_months = models.PositiveSmallIntegerField(default=1)
    slushy_months = models.PositiveSmallIntegerField(default=3)
    flex_capacity_pct = models.FloatField(null=True, blank=True)  # null: as measured, else STANDARD_FLEX_PCT
    flex_material_pct = models.FloatField(null=True, blank=True)
    initial_stock = models.DecimalField(null=True, blank=True, **QUANTITY)
    end_stock = models.DecimalField(null=True, blank=True, **QUANTITY)
    max_stock_units = models.DecimalField(null=True, blank=True, **QUANTITY)
    shelf_life_days = models.PositiveIntegerField(null=True, blank=True)  # null: keeps for ever
    aged_after_months = models.FloatField(null=True, blank=True)  # null: as the company
    reviewed_on = models.DateField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "policies"
        constraints = [models.UniqueConstraint("product", or_none("site"), name="policy_once")]

    def __str__(self) -> str:
        return f"{self.product_id}"


class ActualRecord(Revised):
    """What a month brought: produced, delivered, received; for last cycle's review and the KPIs."""

    month = models.IntegerField()
    product = models.ForeignKey(Product, null=True, blank=True, on_delete=models.CASCADE, related_name="actuals")
    org = models.ForeignKey(Org, null=True, blank=True, on_delete=models.CASCADE, related_name="actuals")
    site = models.ForeignKey(Site, null=True, blank=True, on_delete=models.CASCADE, related_name="actuals")
    produced = models.DecimalField(null=True, blank=True, **QUANTITY)
    delivered = models.DecimalField(null=True, blank=True, **QUANTITY)
    delivered_on_time = models.DecimalField(null=True, blank=True, **QUANTITY)
    returned = models.DecimalField(null=True, blank=True, **QUANTITY)
    purchase_receipts_due = models.DecimalField(null=True, blank=True, **QUANTITY)
    purchase_receipts_on_time = models.DecimalField(null=True, blank=True, **QUANTITY)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "month", or_none("product"), or_none("org"), or_none("site"), name="actual_record_once"
            ),
        ]

    def __str__(self) -> str:
        return str(self.month)
