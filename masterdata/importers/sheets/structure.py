"""products, orgs, calendar, sites, lanes, transfers."""

from django.utils.translation import gettext_lazy as _

from masterdata.choices import SiteKind
from masterdata.importers.checks import check_order
from masterdata.importers.columns import (
    CHOICE,
    CODE,
    CURRENCY,
    DATE,
    INTEGER,
    MONEY,
    MONTH,
    QUANTITY,
    RATE,
    TEXT,
    Column,
)
from masterdata.importers.context import ImportContext
from masterdata.importers.spec import SheetData, SheetSpec, register_sheet
from masterdata.importers.stores import ModelStore
from masterdata.models import CalendarMonth, Lane, Org, Product, Site, Transfer

CODE_COLUMN = Column("code", CODE, required=True)
NAME_COLUMN = Column("name", TEXT, required=True)
NAME_ZH_COLUMN = Column("name_zh", TEXT)
DAYS = 3_650  # the longest lead time or shelf life that makes sense


def _check_products(sheet: SheetData, _context: ImportContext) -> None:
    check_order(sheet, "launch_month", "end_month", "month_order")


def _check_calendar(sheet: SheetData, _context: ImportContext) -> None:
    check_order(sheet, "start", "end", "date_order")


PRODUCTS = register_sheet(
    SheetSpec(
        name="products",
        title=_("Products"),
        order=10,
        required=True,
        attributes=True,
        aliases=("产品", "product", "产品主数据"),
        key=("code",),
        tree=("parent", "predecessor"),
        check=_check_products,
        store=ModelStore(Product),
        columns=(
            Column("code", CODE, required=True, aliases=("产品", "产品编码", "型号编码", "sku")),
            Column("name", TEXT, required=True, aliases=("产品名称",)),
            NAME_ZH_COLUMN,
            Column("parent", CODE, refers_to=("products",)),
            Column("level", TEXT, max_length=24),
            Column("uom", TEXT, max_length=16),
            Column("decimals", INTEGER, maximum=6),
            Column("launch_month", MONTH),
            Column("end_month", MONTH),
            Column("predecessor", CODE, refers_to=("products",)),
        ),
    )
)

ORGS = register_sheet(
    SheetSpec(
        name="orgs",
        title=_("Sales organisation"),
        order=20,
        required=True,
        aliases=("区域", "组织", "销售组织", "org", "organisations", "organizations"),
        key=("code",),
        tree=("parent",),
        store=ModelStore(Org),
        columns=(
            Column("code", CODE, required=True, aliases=("区域", "组织", "区域编码", "组织编码")),
            Column("name", TEXT, required=True, aliases=("区域名称", "组织名称")),
            NAME_ZH_COLUMN,
            Column("parent", CODE, refers_to=("orgs",)),
            Column("level", TEXT, max_length=24),
            Column("currency", CURRENCY),
        ),
    )
)

CALENDAR = register_sheet(
    SheetSpec(
        name="calendar",
        title=_("Calendar"),
        order=30,
        aliases=("日历", "工作日历"),
        key=("month",),
        check=_check_calendar,
        store=ModelStore(CalendarMonth),
        columns=(
            Column("month", MONTH, required=True),
            Column("working_days", RATE, required=True, maximum=31),
            Column("start", DATE),
            Column("end", DATE),
        ),
    )
)

SITES = register_sheet(
    SheetSpec(
        name="sites",
        title=_("Sites"),
        order=40,
        aliases=("工厂", "地点", "site"),
        key=("code",),
        store=ModelStore(Site),
        columns=(
            CODE_COLUMN,
            NAME_COLUMN,
            NAME_ZH_COLUMN,
            Column("kind", CHOICE, choices=SiteKind),
            Column("storage_units", QUANTITY),
        ),
    )
)

LANES = register_sheet(
    SheetSpec(
        name="lanes",
        title=_("Lanes"),
        order=50,
        aliases=("线路", "运输线路", "lane"),
        key=("site", "org"),
        store=ModelStore(Lane),
        columns=(
            Column("site", CODE, required=True, refers_to=("sites",)),
            Column("org", CODE, required=True, refers_to=("orgs",)),
            Column("unit_cost", MONEY, sensitive=True),
            Column("lead_time_days", INTEGER, maximum=DAYS),
            Column("transport_mode", TEXT, max_length=40, aliases=("运输方式",)),
            Column("units_per_load", QUANTITY, aliases=("每车装载量", "装载量")),
        ),
    )
)

TRANSFERS = register_sheet(
    SheetSpec(
        name="transfers",
        title=_("Transfers"),
        order=55,
        aliases=("调拨", "调拨线路", "transfer"),
        key=("from_site", "to_site"),
        store=ModelStore(Transfer),
        columns=(
            Column("from_site", CODE, required=True, refers_to=("sites",)),
            Column("to_site", CODE, required=True, refers_to=("sites",)),
            Column("unit_cost", MONEY, sensitive=True),
            Column("lead_time_days", INTEGER, maximum=DAYS),
        ),
    )
)
