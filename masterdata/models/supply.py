"""Resources, materials and how products are made of them."""

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q

from masterdata.choices import ResourceKind
from masterdata.models.base import MONEY, QUANTITY, Coded, Revised
from masterdata.models.structure import Product, Site


class Supplier(Coded):
    email = models.EmailField(blank=True)


class Material(Coded):
    """A purchased part or raw material."""

    supplier = models.ForeignKey(Supplier, null=True, blank=True, on_delete=models.SET_NULL, related_name="materials")
    unit_cost = models.DecimalField(default=0, **MONEY)
    lead_time_days = models.PositiveIntegerField(default=0)
    core = models.BooleanField(default=False)
    min_order = models.DecimalField(default=0, **QUANTITY)
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
    regular_cost_per_hour = models.DecimalField(default=0, **MONEY)
    overtime_cost_per_hour = models.DecimalField(default=0, **MONEY)
    extra_shift_cost_per_month = models.DecimalField(default=0, **MONEY)
    lead_time_months = models.PositiveSmallIntegerField(default=0)
    headcount = models.FloatField(null=True, blank=True)
    hours_per_person_month = models.FloatField(null=True, blank=True)
    wage_per_person_month = models.DecimalField(default=0, **MONEY)
    hire_cost = models.DecimalField(default=0, **MONEY)
    layoff_cost = models.DecimalField(default=0, **MONEY)
    overtime_hours_per_person_month = models.FloatField(default=0)


class CapacityChange(Revised):
    """Hours that override or reduce what calendar × shifts gives (maintenance, holiday …)."""

    resource = models.ForeignKey(Resource, on_delete=models.CASCADE, related_name="capacity_changes")
    month = models.IntegerField()
    available_hours = models.FloatField(null=True, blank=True)
    lost_hours = models.FloatField(default=0)
    reason = models.CharField(max_length=120, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["resource", "month", "reason"], name="capacity_change_once")]

    def __str__(self) -> str:
        return f"{self.resource_id}@{self.month}"


class Routing(Revised):
    """A product can be made at a site on a resource, at so many hours per unit.

    ``setup_hours`` go to the scheduling system; the balance prices set-ups by ``Cost.setup_cost``.
    """

    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="routings")
    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="routings")
    resource = models.ForeignKey(Resource, on_delete=models.CASCADE, related_name="routings")
    hours_per_unit = models.FloatField(validators=[MinValueValidator(0)])
    setup_hours = models.FloatField(default=0, validators=[MinValueValidator(0)])  # of a changeover, for scheduling
    min_lot = models.FloatField(default=0)
    max_per_month = models.FloatField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["product", "site", "resource"], name="routing_once")]

    def __str__(self) -> str:
        return f"{self.product_id}@{self.resource_id}"


class BomLine(Revised):
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


class MaterialSupply(Revised):
    """What the supplier can deliver of a material in a month."""

    material = models.ForeignKey(Material, on_delete=models.CASCADE, related_name="supply_limits")
    month = models.IntegerField()
    max_quantity = models.DecimalField(**QUANTITY)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["material", "month"], name="material_supply_once")]

    def __str__(self) -> str:
        return f"{self.material_id}@{self.month}"


class OpenPurchase(Revised):
    """A purchase order on its way."""

    order = models.CharField(max_length=64, blank=True)
    material = models.ForeignKey(Material, on_delete=models.CASCADE, related_name="open_purchases")
    arrival_month = models.IntegerField()
    quantity = models.DecimalField(**QUANTITY)
    promised_date = models.DateField(null=True, blank=True)

    def __str__(self) -> str:
        return self.order or f"{self.material_id}@{self.arrival_month}"


class TypedPurchase(models.Model):
    """Somebody typed a purchase over, or in: a word on this one row, which makes its sheet no newer.

    ``revision`` is the one that wrote the purchase then, ``revision_before`` the one it had until then, and
    ``month_before`` the month it was expected in; empty where the purchase is new.
    """

    purchase = models.ForeignKey(OpenPurchase, on_delete=models.CASCADE, related_name="typed")
    revision = models.BigIntegerField()
    revision_before = models.BigIntegerField(default=0)
    month_before = models.IntegerField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["purchase", "revision"], name="typed_purchase_once")]

    def __str__(self) -> str:
        return f"{self.purchase_id}@{self.revision}"


class InventoryLot(Revised):
    """Stock of a product or material at a site, with its age and who asked for it (R-133).

    ``counted_on`` says of which day the quantity is; without it the count is as new as its import.
    """

    product = models.ForeignKey(Product, null=True, on_delete=models.CASCADE, related_name="lots")
    material = models.ForeignKey(Material, null=True, on_delete=models.CASCADE, related_name="lots")
    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="lots")
    quantity = models.DecimalField(**QUANTITY)
    produced_on = models.DateField(null=True, blank=True)
    counted_on = models.DateField(null=True, blank=True)
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
