"""prices, costs, exchange_rates, targets, policies, actuals."""

from django.utils.translation import gettext_lazy as _

from masterdata.choices import Fulfilment, InventoryStrategy, SupplyStrategy, TargetKind
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
from masterdata.importers.sheets.structure import DAYS
from masterdata.importers.spec import SheetSpec, register_sheet
from masterdata.importers.stores import ModelStore
from masterdata.models import ActualRecord, Cost, ExchangeRate, Policy, Price, Target

_PRODUCT = Column("product", CODE, required=True, refers_to=("products",))
_ANY_PRODUCT = Column("product", CODE, refers_to=("products",))
_ANY_ORG = Column("org", CODE, refers_to=("orgs",))
_ANY_SITE = Column("site", CODE, refers_to=("sites",))
_FROM_MONTH = Column("from_month", MONTH, required=True)

PRICES = register_sheet(
    SheetSpec(
        name="prices",
        title=_("Prices"),
        order=150,
        aliases=("价格", "价目表", "price"),
        key=("product", "org", "from_month"),
        store=ModelStore(Price),
        columns=(
            _PRODUCT,
            _ANY_ORG,
            _FROM_MONTH,
            Column("price", MONEY, required=True, sensitive=True),
            Column("currency", CURRENCY),
        ),
    )
)

COSTS = register_sheet(
    SheetSpec(
        name="costs",
        title=_("Costs"),
        order=160,
        aliases=("成本", "cost"),
        key=("product", "site", "from_month"),
        store=ModelStore(Cost),
        columns=(
            _PRODUCT,
            _ANY_SITE,
            _FROM_MONTH,
            Column("material_cost", MONEY, sensitive=True),
            Column("labour_cost", MONEY, sensitive=True),
            Column("overhead_cost", MONEY, sensitive=True),
            Column("outsourcing_cost", MONEY, sensitive=True),
            Column("production_cost", MONEY, sensitive=True),
            Column("holding_rate_per_year", RATE, maximum=10, sensitive=True),
            Column("holding_cost_per_month", MONEY, sensitive=True),
            Column("shortage_cost", MONEY, sensitive=True),
            Column("setup_cost", MONEY, sensitive=True),
        ),
    )
)

EXCHANGE_RATES = register_sheet(
    SheetSpec(
        name="exchange_rates",
        title=_("Exchange rates"),
        order=170,
        aliases=("汇率", "exchange_rate"),
        key=("currency", "month"),
        store=ModelStore(ExchangeRate),
        columns=(
            Column("currency", CURRENCY, required=True),
            Column("month", MONTH, required=True),
            Column("rate", QUANTITY, required=True, decimals=8, minimum=0.00000001, maximum=1e9),
        ),
    )
)

TARGETS = register_sheet(
    SheetSpec(
        name="targets",
        title=_("Targets"),
        order=180,
        aliases=("目标", "预算", "target"),
        key=("kind", "month", "product", "org", "version"),
        store=ModelStore(Target),
        columns=(
            Column("kind", CHOICE, required=True, choices=TargetKind),
            Column("month", MONTH, required=True),
            _ANY_PRODUCT,
            _ANY_ORG,
            Column("quantity", QUANTITY),
            Column("revenue", MONEY),
            Column("profit", MONEY, minimum=None, sensitive=True),
            Column("version", TEXT, max_length=40),
        ),
    )
)

POLICIES = register_sheet(
    SheetSpec(
        name="policies",
        title=_("Policies"),
        order=190,
        aliases=("策略", "计划策略", "policy"),
        key=("product", "site"),
        store=ModelStore(Policy),
        columns=(
            _PRODUCT,
            _ANY_SITE,
            Column("fulfilment", CHOICE, choices=Fulfilment),
            Column("supply_strategy", CHOICE, choices=SupplyStrategy),
            Column("inventory_strategy", CHOICE, choices=InventoryStrategy),
            Column("service_level", RATE, maximum=1),
            Column("safety_stock_days", RATE, maximum=3_650),
            Column("max_stock_days", RATE, maximum=3_650),
            Column("frozen_months", INTEGER, maximum=120),
            Column("slushy_months", INTEGER, maximum=120),
            Column("flex_capacity_pct", RATE, maximum=1_000),
            Column("flex_material_pct", RATE, maximum=1_000),
            Column("initial_stock", QUANTITY),
            Column("end_stock", QUANTITY),
            Column("max_stock_units", QUANTITY),
            Column("shelf_life_days", INTEGER, maximum=DAYS),
            Column("aged_after_months", RATE, maximum=120),
            Column("reviewed_on", DATE),
        ),
    )
)

ACTUALS = register_sheet(
    SheetSpec(
        name="actuals",
        title=_("Actuals"),
        order=195,
        aliases=("实际", "实绩", "actual"),
        key=("month", "product", "org", "site"),
        store=ModelStore(ActualRecord),
        columns=(
            Column("month", MONTH, required=True),
            _ANY_PRODUCT,
            _ANY_ORG,
            _ANY_SITE,
            Column("produced", QUANTITY),
            Column("delivered", QUANTITY),
            Column("delivered_on_time", QUANTITY),
            Column("returned", QUANTITY),
            Column("purchase_receipts_due", QUANTITY),
            Column("purchase_receipts_on_time", QUANTITY),
        ),
    )
)
