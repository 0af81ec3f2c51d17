"""resources, capacity, routings."""

from django.utils.translation import gettext_lazy as _

from masterdata.choices import ResourceKind
from masterdata.importers.columns import CHOICE, CODE, EMPTY, INTEGER, MONEY, MONTH, RATE, TEXT, Column
from masterdata.importers.context import ImportContext
from masterdata.importers.sheets.structure import CODE_COLUMN, NAME_COLUMN, NAME_ZH_COLUMN
from masterdata.importers.spec import SheetData, SheetSpec, register_sheet
from masterdata.importers.stores import ModelStore
from masterdata.models import CapacityChange, Resource, Routing

_HOURS_A_MONTH = 1_000_000  # of a pool of people or machines


def _check_routings(sheet: SheetData, context: ImportContext) -> None:
    """Hours per unit may be left out where the resource has jobs per hour: they are one over it."""
    if "resource" not in sheet.columns:
        return
    jph = dict(Resource.objects.exclude(jph=None).values_list("code", "jph"))
    if resources := context.sheets.get("resources"):
        pairs = zip(resources.values("code", ""), resources.values("jph"), strict=True)
        jph |= {code: value for code, value in pairs if value}
    hours = sheet.columns.setdefault("hours_per_unit", [EMPTY] * len(sheet))
    for index, resource in enumerate(sheet["resource"]):
        if hours[index] is not EMPTY or index in sheet.rejected:
            continue
        if rate := jph.get(resource):
            hours[index] = 1 / rate
        else:
            sheet.reject(index, "hours_or_jph", column="hours_per_unit")


RESOURCES = register_sheet(
    SheetSpec(
        name="resources",
        title=_("Resources"),
        order=60,
        aliases=("资源", "产线", "resource"),
        key=("code",),
        store=ModelStore(Resource),
        columns=(
            CODE_COLUMN,
            NAME_COLUMN,
            NAME_ZH_COLUMN,
            Column("site", CODE, required=True, refers_to=("sites",)),
            Column("kind", CHOICE, required=True, choices=ResourceKind),
            Column("jph", RATE, maximum=1e6),
            Column("shifts_per_day", RATE, maximum=24),
            Column("hours_per_shift", RATE, maximum=24),
            Column("efficiency", RATE, maximum=2),
            Column("max_shifts_per_day", RATE, maximum=24),
            Column("max_overtime_share", RATE, maximum=10),
            Column("regular_cost_per_hour", MONEY, sensitive=True),
            Column("overtime_cost_per_hour", MONEY, sensitive=True),
            Column("extra_shift_cost_per_month", MONEY, sensitive=True),
            Column("lead_time_months", INTEGER, maximum=120),
            Column("headcount", RATE, maximum=1e6),
            Column("hours_per_person_month", RATE, maximum=744),
            Column("wage_per_person_month", MONEY, sensitive=True),
            Column("hire_cost", MONEY, sensitive=True),
            Column("layoff_cost", MONEY, sensitive=True),
            Column("overtime_hours_per_person_month", RATE, maximum=744),
        ),
    )
)

CAPACITY = register_sheet(
    SheetSpec(
        name="capacity",
        title=_("Capacity changes"),
        order=70,
        aliases=("产能", "产能变化", "检修计划"),
        key=("resource", "month", "reason"),
        store=ModelStore(CapacityChange, replaces=("resource",)),
        columns=(
            Column("resource", CODE, required=True, refers_to=("resources",)),
            Column("month", MONTH, required=True),
            Column("available_hours", RATE, maximum=_HOURS_A_MONTH),
            Column("lost_hours", RATE, maximum=_HOURS_A_MONTH),
            Column("reason", TEXT, max_length=120),
        ),
    )
)

ROUTINGS = register_sheet(
    SheetSpec(
        name="routings",
        title=_("Routings"),
        order=80,
        aliases=("工艺路线", "工艺", "routing"),
        key=("product", "site", "resource"),
        check=_check_routings,
        store=ModelStore(Routing, replaces=("product",)),
        columns=(
            Column("product", CODE, required=True, refers_to=("products",)),
            Column("site", CODE, required=True, refers_to=("sites",)),
            Column("resource", CODE, required=True, refers_to=("resources",)),
            Column("hours_per_unit", RATE, maximum=1e6),
            Column("setup_hours", RATE, maximum=_HOURS_A_MONTH, aliases=("换型工时", "准备工时")),
            Column("min_lot", RATE, maximum=1e9),
            Column("max_per_month", RATE, maximum=1e9),
        ),
    )
)
