"""suppliers, materials, bom, material_supply, open_purchases, inventory."""

from itertools import pairwise

from django.utils.translation import gettext_lazy as _

from masterdata.importers.checks import find_cycles
from masterdata.importers.columns import (
    CODE,
    DATE,
    EMAIL,
    EMPTY,
    INTEGER,
    MONEY,
    MONTH,
    QUANTITY,
    RATE,
    TEXT,
    YES_NO,
    Column,
)
from masterdata.importers.context import ImportContext
from masterdata.importers.sheets.structure import CODE_COLUMN, DAYS, NAME_COLUMN, NAME_ZH_COLUMN
from masterdata.importers.spec import SheetData, SheetSpec, register_sheet
from masterdata.importers.stores import ModelStore
from masterdata.models import BomLine, InventoryLot, Material, MaterialSupply, OpenPurchase, Supplier


def _check_bom(sheet: SheetData, _context: ImportContext) -> None:
    """No product may contain itself, through however many levels, counting stored lines of other products."""
    if "product" not in sheet.columns or "component" not in sheet.columns:
        return
    graph: dict[str, set[str]] = {}
    named = set(sheet["product"])
    for product, component in BomLine.objects.exclude(component=None).values_list("product__code", "component__code"):
        if product not in named:
            graph.setdefault(product, set()).add(component)
    for product, component in zip(sheet["product"], sheet["component"], strict=True):
        if product is not EMPTY and component is not EMPTY:
            graph.setdefault(product, set()).add(component)
    for cycle in find_cycles(graph):
        lines = set(pairwise(cycle))
        for index, line in enumerate(zip(sheet["product"], sheet["component"], strict=True)):
            if line in lines:
                sheet.reject(index, "bom_cycle", column="component", value=line[1], path=" → ".join(cycle))


SUPPLIERS = register_sheet(
    SheetSpec(
        name="suppliers",
        title=_("Suppliers"),
        order=90,
        aliases=("供应商", "supplier"),
        key=("code",),
        store=ModelStore(Supplier),
        columns=(CODE_COLUMN, NAME_COLUMN, NAME_ZH_COLUMN, Column("email", EMAIL)),
    )
)

MATERIALS = register_sheet(
    SheetSpec(
        name="materials",
        title=_("Materials"),
        order=100,
        aliases=("物料", "材料", "material"),
        key=("code",),
        store=ModelStore(Material),
        columns=(
            Column("code", CODE, required=True, aliases=("物料", "物料编码")),
            Column("name", TEXT, required=True, aliases=("物料名称",)),
            NAME_ZH_COLUMN,
            Column("supplier", CODE, refers_to=("suppliers",)),
            Column("unit_cost", MONEY, sensitive=True),
            Column("lead_time_days", INTEGER, maximum=DAYS),
            Column("core", YES_NO),
            Column("min_order", QUANTITY),
            Column("uom", TEXT, max_length=16),
            Column("shelf_life_days", INTEGER, maximum=DAYS),
        ),
    )
)

BOM = register_sheet(
    SheetSpec(
        name="bom",
        title=_("Bill of materials"),
        order=110,
        aliases=("物料清单", "bill_of_materials"),
        key=("product", "component"),
        check=_check_bom,
        store=ModelStore(
            BomLine,
            foreign_keys={"component": {"materials": "material", "products": "component"}},
            replaces=("product",),
        ),
        columns=(
            Column("product", CODE, required=True, refers_to=("products",)),
            Column("component", CODE, required=True, refers_to=("materials", "products"), aliases=("物料",)),
            Column("quantity_per", RATE, required=True, maximum=1e9),
            Column("take_rate", RATE, maximum=1),
        ),
    )
)

MATERIAL_SUPPLY = register_sheet(
    SheetSpec(
        name="material_supply",
        title=_("Material supply"),
        order=120,
        aliases=("物料供应", "供应上限"),
        key=("material", "month"),
        store=ModelStore(MaterialSupply),
        columns=(
            Column("material", CODE, required=True, refers_to=("materials",)),
            Column("month", MONTH, required=True),
            Column("max_quantity", QUANTITY, required=True, aliases=("数量",)),
        ),
    )
)

OPEN_PURCHASES = register_sheet(
    SheetSpec(
        name="open_purchases",
        title=_("Open purchases"),
        order=130,
        aliases=("在途采购", "未结采购"),
        key=("order", "material", "arrival_month", "promised_date"),
        store=ModelStore(OpenPurchase, replaces=()),
        columns=(
            Column("material", CODE, required=True, refers_to=("materials",)),
            Column("arrival_month", MONTH, required=True),
            Column("quantity", QUANTITY, required=True),
            Column("promised_date", DATE),
            Column("order", CODE),
        ),
    )
)

INVENTORY = register_sheet(
    SheetSpec(
        name="inventory",
        title=_("Inventory"),
        order=140,
        aliases=("库存", "stock"),
        key=("item", "site", "produced_on", "requested_by", "reason"),
        store=ModelStore(
            InventoryLot,
            foreign_keys={"item": {"products": "product", "materials": "material"}},
            replaces=("site",),
        ),
        columns=(
            Column("item", CODE, required=True, refers_to=("products", "materials"), aliases=("产品", "物料")),
            Column("site", CODE, required=True, refers_to=("sites",)),
            Column("quantity", QUANTITY, required=True),
            Column("produced_on", DATE),
            Column("counted_on", DATE),
            Column("requested_by", TEXT, max_length=120),
            Column("reason", TEXT),
        ),
    )
)
