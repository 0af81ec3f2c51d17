"""Closed lists of the master data."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class SiteKind(TextChoices):
    PLANT = "plant", _("Plant")
    WAREHOUSE = "warehouse", _("Warehouse")


class ResourceKind(TextChoices):
    LABOUR = "labour", _("Direct labour")
    EQUIPMENT = "equipment", _("Equipment")
    LINE = "line", _("Production line")
    MATERIAL = "material", _("Material and supplier")
    WAREHOUSE = "warehouse", _("Warehouse space")
    ENGINEERING = "engineering", _("Engineering capacity")


class Fulfilment(TextChoices):
    MTS = "MTS", _("Make to stock")
    ATO = "ATO", _("Assemble to order")
    MTO = "MTO", _("Make to order")


class SupplyStrategy(TextChoices):
    """How production follows demand."""

    LEVEL = "level", _("Level production")
    CHASE = "chase", _("Follow demand")
    PREBUILD = "prebuild", _("Build ahead of peaks")
    BUY_IN = "buy_in", _("Buy in")


class InventoryStrategy(TextChoices):
    """What stock is kept for."""

    NONE = "none", _("No stock")
    SAFETY = "safety", _("Safety stock")
    SEASON = "season", _("Seasonal stock")
    PARTS = "parts", _("Stock of parts only")
    RUN_OUT = "run_out", _("Run out")


class TargetKind(TextChoices):
    BUDGET = "budget", _("Budget")
    LE = "le", _("Latest estimate")
    EFY = "efy", _("Estimated full year")


class ImportState(TextChoices):
    UPLOADED = "uploaded", _("being checked")
    CHECKED = "checked", _("checked")
    COMMITTED = "committed", _("saved")
    DISCARDED = "discarded", _("discarded")
    FAILED = "failed", _("failed")
