"""What the company sells, where, and its calendar."""

from django.db import models
from django.db.models import F, Q

from masterdata.choices import SiteKind
from masterdata.models.base import MONEY, QUANTITY, Coded, Revised, or_none


class Product(Coded):
    """A node of the product tree; leaves carry plan cells."""

    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="children")
    level = models.CharField(max_length=24, blank=True)
    uom = models.CharField(max_length=16, default="unit")
    decimals = models.PositiveSmallIntegerField(default=0)
    launch_month = models.IntegerField(null=True, blank=True)
    end_month = models.IntegerField(null=True, blank=True)
    predecessor = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="successors")
    attributes = models.JSONField(default=dict, blank=True)

    class Meta(Coded.Meta):
        constraints = [
            models.CheckConstraint(condition=~Q(parent=F("id")), name="product_not_own_parent"),
            models.CheckConstraint(condition=Q(decimals__lte=6), name="product_decimals"),
        ]


class Org(Coded):
    """A node of the sales organisation; leaves carry plan cells."""

    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="children")
    level = models.CharField(max_length=24, blank=True)
    currency = models.CharField(max_length=3, blank=True)

    class Meta(Coded.Meta):
        constraints = [models.CheckConstraint(condition=~Q(parent=F("id")), name="org_not_own_parent")]


class Site(Coded):
    """A plant or warehouse."""

    kind = models.CharField(max_length=12, choices=SiteKind, default=SiteKind.PLANT)
    storage_units = models.DecimalField(null=True, blank=True, **QUANTITY)  # null or 0: no limit


class Lane(Revised):
    """A way from a site to a sales organisation. ``units_per_load`` go on one truck, wagon or container."""

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="lanes")
    org = models.ForeignKey(Org, on_delete=models.CASCADE, related_name="lanes")
    unit_cost = models.DecimalField(default=0, **MONEY)
    lead_time_days = models.PositiveIntegerField(default=0)
    transport_mode = models.CharField(max_length=40, blank=True)
    units_per_load = models.DecimalField(null=True, blank=True, **QUANTITY)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["site", "org"], name="lane_once")]

    def __str__(self) -> str:
        return f"{self.site_id}→{self.org_id}"


class Transfer(Revised):
    """A way between two sites, for goods to a store and components to where they are needed."""

    from_site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="transfers_out")
    to_site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="transfers_in")
    unit_cost = models.DecimalField(default=0, **MONEY)
    lead_time_days = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["from_site", "to_site"], name="transfer_once")]

    def __str__(self) -> str:
        return f"{self.from_site_id}→{self.to_site_id}"


class Way(models.Model):
    """A way that goods took in a plan: from a site to a sales organisation or another site, there ``months`` later.

    Shipments are keyed by it. A row is made when a plan first uses it and never changes, so that a frozen plan keeps
    its months of arrival whatever becomes of the lane. A company without sites has ways without a site.
    """

    site = models.ForeignKey(Site, null=True, on_delete=models.CASCADE, related_name="+")
    org = models.ForeignKey(Org, null=True, on_delete=models.CASCADE, related_name="+")
    to_site = models.ForeignKey(Site, null=True, on_delete=models.CASCADE, related_name="+")
    months = models.PositiveSmallIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(or_none("site"), or_none("org"), or_none("to_site"), "months", name="way_once"),
            models.CheckConstraint(condition=Q(org__isnull=True) | Q(to_site__isnull=True), name="way_one_end"),
        ]

    def __str__(self) -> str:
        return f"{self.site_id}→{self.org_id or self.to_site_id}+{self.months}"


class CalendarMonth(Revised):
    """Working days and, for calendars such as 4-4-5, the first and last day of a planning month."""

    month = models.IntegerField(unique=True)
    working_days = models.FloatField()
    start = models.DateField(null=True, blank=True)
    end = models.DateField(null=True, blank=True)

    def __str__(self) -> str:
        return str(self.month)
