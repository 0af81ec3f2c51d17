"""What the company sells, where, from which plants, lines and materials, at which prices and costs.

Every row is upserted by its external code; surrogate ids are never reused or re-pointed, because plan
cells are keyed by them. Months are absolute (``core.months``). Money is Decimal in the row's currency.
"""

from masterdata.models.base import Coded, Company, Revised, label_of
from masterdata.models.imports import ImportBatch, ImportFile, ImportFinding, ImportFix
from masterdata.models.money import STANDARD_FLEX_PCT, ActualRecord, Cost, ExchangeRate, Policy, Price, Target
from masterdata.models.structure import CalendarMonth, Lane, Org, Product, Site, Transfer, Way
from masterdata.models.supply import (
    BomLine,
    CapacityChange,
    InventoryLot,
    Material,
    MaterialSupply,
    OpenPurchase,
    Resource,
    Routing,
    Supplier,
    TypedPurchase,
)

__all__ = [
    "STANDARD_FLEX_PCT",
    "ActualRecord",
    "BomLine",
    "CalendarMonth",
    "CapacityChange",
    "Coded",
    "Company",
    "Cost",
    "ExchangeRate",
    "ImportBatch",
    "ImportFile",
    "ImportFinding",
    "ImportFix",
    "InventoryLot",
    "Lane",
    "Material",
    "MaterialSupply",
    "OpenPurchase",
    "Org",
    "Policy",
    "Price",
    "Product",
    "Resource",
    "Revised",
    "Routing",
    "Site",
    "Supplier",
    "Target",
    "Transfer",
    "TypedPurchase",
    "Way",
    "label_of",
]
