"""What the company sells, where, from which plants, lines and materials, at which prices and costs.

Every row is upserted by its external code; surrogate ids are never reused or re-pointed, because plan
cells are keyed by them. Months are absolute (``core.months``). Money is Decimal in the row's currency.
"""

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import get_language

from masterdata.choices import Fulfilment, ResourceKind, SiteKind

_MONEY = {"max_digits": 18, "decimal_places": 4}
_QUANTITY = {"max_digits": 18, "decimal_places": 6}


def label_of(name: str, name_zh: str) -> str:
    """Choose between two names by the active language; selectors that read values use it too."""
    return name_zh if name_zh and (get_language() or "").startswith("zh") else name


class Coded(models.Model):
    """A thing with an external code and a name, optionally also in Chinese. Pages show ``label``."""

    code = models.CharField(max_length=64, unique=True)
    name = models.CharField(max_length=200)
    name_zh = models.CharField(max_length=200, blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        abstract = True
        ordering = ["code"]

    def __str__(self) -> str:
        return self.code

    @property
    def label(self) -> str:
        """The name in the reader's language."""
        return label_of(self.name, self.name_zh)


class Company(models.Model):
    """The one company of this database: its currency and the decimals its quantities are kept with."""

    name = models.CharField(max_length=200)
    currency = models.CharField(max_length=3, default="CNY")
    currency_decimals = models.PositiveSmallIntegerField(default=2)
    quantity_decimals = models.PositiveSmallIntegerField(default=0)

    class Meta:
        verbose_name_plural = "companies"

    def __str__(self) -> str:
        return self.name


class Product(Coded):
    """A node of the product tree; leaves carry plan cells."""

    parent = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="children"
    )
    level = models.CharField(max_length=24, blank=True)
    uom = models.CharField(max_length=16, default="unit")
    decimals = models.PositiveSmallIntegerField(default=0)
    launch_month = models.IntegerField(null=True, blank=True)
    end_month = models.IntegerField(null=True, blank=True)
    predecessor = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="successors"
    )
    attributes = models.JSONField(default=dict, blank=True)

    class Meta(Coded.Meta):
        constraints = [
            models.CheckConstraint(condition=~Q(parent=F("id")), name="product_not_own_parent"),
            models.CheckConstraint(condition=Q(decimals__lte=6), name="product_decimals"),
        ]


class Org(Coded):
    """A node of the sales organisation; leaves carry plan cells."""

    parent = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="children"
    )
    level = models.CharField(max_length=24, blank=True)
    currency = models.CharField(max_length=3, blank=True)

    class Meta(Coded.Meta):
        constraints = [models.CheckConstraint(condition=~Q(parent=F("id")), name="org_not_own_parent")]


class Site(Coded):
    """A plant or warehouse."""

    kind = models.CharField(max_length=12, choices=SiteKind, default=SiteKind.PLANT)
    storage_units = models.DecimalField(null=True, blank=True, **_QUANTITY)  # null or 0: no limit


class Lane(models.Model):
    """A way from a site to a sales organisation."""

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="lanes")
    org = models.ForeignKey(Org, on_delete=models.CASCADE, related_name="lanes")
    unit_cost = models.DecimalField(default=0, **_MONEY)
    lead_time_days = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["site", "org"], name="lane_once")]

    def __str__(self) -> str:
        return f"{self.site_id}→{self.org_id}"


class Supplier(Coded):
    email = models.EmailField(blank=True)


class Material(Coded):
    """A purchased part or raw material."""

    supplier = models.ForeignKey(
        Supplier, null=True, blank=True, on_delete=models.SET_NULL, related_name="materials"
    )
    unit_cost = models.DecimalField(default=0, **_MONEY)
    lead_time_days = models.PositiveIntegerField(default=0)
    core = models.BooleanField(default=False)
    min_order = models.DecimalField(default=0, **_QUANTITY)
    uom = models.CharField(max_length=16, default="unit")
    shelf_life_days = models.PositiveIntegerField(null=True, blank=True)


class Resource(Coded):
    """Something with hours: labour, equipment, a line, a warehouse, engineering."""

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="resources")
    kind = models.CharField(max_length=12, choices=ResourceKind)
    jph = models.FloatField(null=True, blank=True)
    shifts_per_day = models.FloatField(default=1)
    hours_per_shift = models.FloatField(default=8)
    efficiency = models.FloatField(default=1, validators=[MinValueValidator(0)])
    max_shifts_per_day = models.FloatField(null=True, blank=True)
    max_overtime_share = models.FloatField(default=0)
    regular_cost_per_hour = models.DecimalField(default=0, **_MONEY)
    overtime_cost_per_hour = models.DecimalField(default=0, **_MONEY)
    extra_shift_cost_per_month = models.DecimalField(default=0, **_MONEY)
    lead_time_months = models.PositiveSmallIntegerField(default=0)
    headcount = models.FloatField(null=True, blank=True)
    hours_per_person_month = models.FloatField(null=True, blank=True)
    wage_per_person_month = models.DecimalField(default=0, **_MONEY)
    hire_cost = models.DecimalField(default=0, **_MONEY)
    layoff_cost = models.DecimalField(default=0, **_MONEY)
    overtime_hours_per_person_month = models.FloatField(default=0)


class CapacityChange(models.Model):
    """Hours that override or reduce what calendar × shifts gives (maintenance, holiday …)."""

    resource = models.ForeignKey(Resource, on_delete=models.CASCADE, related_name="capacity_changes")
    month = models.IntegerField()
    available_hours = models.FloatField(null=True, blank=True)
    lost_hours = models.FloatField(default=0)
    reason = models.CharField(max_length=120, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["resource", "month", "reason"], name="capacity_change_once")
        ]

    def __str__(self) -> str:
        return f"{self.resource_id}@{self.month}"


class Routing(models.Model):
    """A product can be made at a site on a resource, at so many hours per unit."""

    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="routings")
    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="routings")
    resource = models.ForeignKey(Resource, on_delete=models.CASCADE, related_name="routings")
    hours_per_unit = models.FloatField(validators=[MinValueValidator(0)])
    min_lot = models.FloatField(default=0)
    max_per_month = models.FloatField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["product", "site", "resource"], name="routing_once")]

    def __str__(self) -> str:
        return f"{self.product_id}@{self.resource_id}"


class BomLine(models.Model):
    """``quantity_per`` of a component, a material or a product, goes into one unit of a product."""

    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="bom_lines")
    material = models.ForeignKey(Material, null=True, on_delete=models.CASCADE, related_name="used_in")
    component = models.ForeignKey(Product, null=True, on_delete=models.CASCADE, related_name="used_in")
    quantity_per = models.FloatField(validators=[MinValueValidator(0)])
    take_rate = models.FloatField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["product", "material"], name="bom_material_once"),
            models.UniqueConstraint(fields=["product", "component"], name="bom_component_once"),
            models.CheckConstraint(
                condition=Q(material__isnull=False, component__isnull=True)
                | Q(material__isnull=True, component__isnull=False),
                name="bom_one_component",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.product_id} ← {self.material_id or self.component_id}"


class MaterialSupply(models.Model):
    """What the supplier can deliver of a material in a month."""

    material = models.ForeignKey(Material, on_delete=models.CASCADE, related_name="supply_limits")
    month = models.IntegerField()
    max_quantity = models.DecimalField(**_QUANTITY)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["material", "month"], name="material_supply_once")]

    def __str__(self) -> str:
        return f"{self.material_id}@{self.month}"


class OpenPurchase(models.Model):
    """A purchase order on its way."""

    order = models.CharField(max_length=64, blank=True)
    material = models.ForeignKey(Material, on_delete=models.CASCADE, related_name="open_purchases")
    arrival_month = models.IntegerField()
    quantity = models.DecimalField(**_QUANTITY)
    promised_date = models.DateField(null=True, blank=True)

    def __str__(self) -> str:
        return self.order or f"{self.material_id}@{self.arrival_month}"


class InventoryLot(models.Model):
    """Stock of a product or material at a site, with its age and who asked for it (R-133)."""

    product = models.ForeignKey(Product, null=True, on_delete=models.CASCADE, related_name="lots")
    material = models.ForeignKey(Material, null=True, on_delete=models.CASCADE, related_name="lots")
    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="lots")
    quantity = models.DecimalField(**_QUANTITY)
    produced_on = models.DateField(null=True, blank=True)
    requested_by = models.CharField(max_length=120, blank=True)
    reason = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(product__isnull=False, material__isnull=True)
                | Q(product__isnull=True, material__isnull=False),
                name="lot_one_item",
            ),
            models.CheckConstraint(condition=Q(quantity__gte=0), name="lot_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.product_id or self.material_id}@{self.site_id}"


class Price(models.Model):
    """A sales price from a month on; a row with an org outranks the general one."""

    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="prices")
    org = models.ForeignKey(Org, null=True, blank=True, on_delete=models.CASCADE, related_name="prices")
    from_month = models.IntegerField()
    price = models.DecimalField(**_MONEY)
    currency = models.CharField(max_length=3, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["product", "org", "from_month"], name="price_once", nulls_distinct=False
            )
        ]

    def __str__(self) -> str:
        return f"{self.product_id}@{self.from_month}"


class Cost(models.Model):
    """Unit costs of a product from a month on, optionally per site."""

    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="costs")
    site = models.ForeignKey(Site, null=True, blank=True, on_delete=models.CASCADE, related_name="costs")
    from_month = models.IntegerField()
    material_cost = models.DecimalField(default=0, **_MONEY)
    labour_cost = models.DecimalField(default=0, **_MONEY)
    overhead_cost = models.DecimalField(default=0, **_MONEY)
    outsourcing_cost = models.DecimalField(null=True, blank=True, **_MONEY)  # null: cannot be outsourced
    production_cost = models.DecimalField(null=True, blank=True, **_MONEY)  # all-in, instead of its parts
    holding_rate_per_year = models.FloatField(default=0)
    holding_cost_per_month = models.DecimalField(
        null=True, blank=True, **_MONEY
    )  # absolute, instead of the rate
    shortage_cost = models.DecimalField(null=True, blank=True, **_MONEY)
    setup_cost = models.DecimalField(default=0, **_MONEY)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["product", "site", "from_month"], name="cost_once", nulls_distinct=False
            )
        ]

    def __str__(self) -> str:
        return f"{self.product_id}@{self.from_month}"


class ExchangeRate(models.Model):
    """Company currency per unit of a currency in a month."""

    currency = models.CharField(max_length=3)
    month = models.IntegerField()
    rate = models.DecimalField(max_digits=18, decimal_places=8)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["currency", "month"], name="exchange_rate_once")]

    def __str__(self) -> str:
        return f"{self.currency}@{self.month}"


class CalendarMonth(models.Model):
    """Working days and, for calendars such as 4-4-5, the first and last day of a planning month."""

    month = models.IntegerField(unique=True)
    working_days = models.FloatField()
    start = models.DateField(null=True, blank=True)
    end = models.DateField(null=True, blank=True)

    def __str__(self) -> str:
        return str(self.month)


class Policy(models.Model):
    """Fulfilment, inventory and fence policies of a product, optionally per site."""

    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="policies")
    site = models.ForeignKey(Site, null=True, blank=True, on_delete=models.CASCADE, related_name="policies")
    fulfilment = models.CharField(max_length=3, choices=Fulfilment, default=Fulfilment.MTS)
    service_level = models.FloatField(default=0.95)
    safety_stock_days = models.FloatField(default=0)
    max_stock_days = models.FloatField(null=True, blank=True)
    frozen_months = models.PositiveSmallIntegerField(default=1)
    slushy_months = models.PositiveSmallIntegerField(default=3)
    flex_capacity_pct = models.FloatField(default=5.6)
    flex_material_pct = models.FloatField(default=11.1)
    initial_stock = models.DecimalField(null=True, blank=True, **_QUANTITY)
    end_stock = models.DecimalField(null=True, blank=True, **_QUANTITY)
    max_stock_units = models.DecimalField(null=True, blank=True, **_QUANTITY)
    reviewed_on = models.DateField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "policies"
        constraints = [
            models.UniqueConstraint(fields=["product", "site"], name="policy_once", nulls_distinct=False)
        ]

    def __str__(self) -> str:
        return f"{self.product_id}"
