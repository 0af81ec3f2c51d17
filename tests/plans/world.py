"""A small company to plan for: two families, five products, two regions, four dealers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from django.db.models import F

from accounts.models import User
from core.months import parse_month
from cycles.models import Cycle
from masterdata.models import Company, Org, Product
from plans.cubes import Axis, Cube
from plans.measures import get_measure
from plans.models import Version
from plans.selectors import get_heads, load_measure
from plans.services import CellEdit, SaveResult, create_working_version, measure_scale, publish_cubes, save_cells

MONTH = parse_month("2026-07")


@dataclass
class World:
    """``p`` and ``o`` map codes to ids; ``version`` is the working plan."""

    p: dict[str, int]
    o: dict[str, int]
    cycle: Cycle
    version: Version
    actor: User

    @property
    def leaf_keys(self) -> np.ndarray:
        products = [self.p[c] for c in ("A1", "A2", "A3", "B1", "B2")]
        orgs = [self.o[c] for c in ("n1", "n2", "s1", "s2")]
        return np.array([(p, o) for p in products for o in orgs], np.int64)

    def key(self, product: str, org: str) -> tuple[int, int]:
        return self.p[product], self.o[org]

    def edit(self, measure: str, product: str, org: str, after, *, month: int = 0, **fields) -> CellEdit:
        """An edit ``month`` months into the cycle; unchecked unless a base is given."""
        a_id, b_id = self.key(product, org)
        fields.setdefault("checked", "base" in fields)
        return CellEdit(measure, a_id, b_id, self.cycle.month + month, after, **fields)

    def save(self, *edits: CellEdit, **options) -> SaveResult:
        return save_cells(version_id=self.version.pk, edits=edits, **{"actor": self.actor, **options})

    def read(self, measure: str, product: str, org: str, month: int = 0, version_id: int | None = None):
        cube = load_measure(version_id=version_id or self.version.pk, measure=measure)
        return cube.cell(self.key(product, org), self.cycle.month + month)

    def cube(self, measure: str, values) -> Cube:
        """A cube over all leaves and the horizon; ``values`` broadcast to [20, horizon]."""
        definition = get_measure(measure)
        axis = Axis.of(definition.axis_kind, self.leaf_keys)
        numbers = np.broadcast_to(np.asarray(values, np.int64), (len(axis), self.cycle.horizon))
        mask = np.ones(numbers.shape, bool) if definition.nullable else None
        return Cube(axis, self.cycle.month, numbers, definition.unit, measure_scale(definition), mask)

    def publish(self, measure: str, values, **options):
        options = {"actor": self.actor, "version_id": self.version.pk, **options}
        return publish_cubes(cubes={measure: self.cube(measure, values)}, **options)

    def head(self, measure: str, version_id: int | None = None):
        return get_heads(version_id=version_id or self.version.pk, measures=[measure])[measure]


def change(model, code: str, /, **fields) -> None:
    """A change of master data as its services make it: the row gets a further revision."""
    model.objects.filter(code=code).update(revision=F("revision") + 1, **fields)


def make_world(actor: User, *, horizon: int = 12) -> World:
    Company.objects.get_or_create(name="Test Motors")
    products = {code: Product.objects.create(code=code, name=code, level="family") for code in ("FA", "FB")}
    for code in ("A1", "A2", "A3", "B1", "B2"):
        parent = products["FA" if code.startswith("A") else "FB"]
        products[code] = Product.objects.create(code=code, name=code, level="sku", parent=parent)
    orgs = {code: Org.objects.create(code=code, name=code, level="region") for code in ("N", "S")}
    for code in ("n1", "n2", "s1", "s2"):
        parent = orgs[code[0].upper()]
        orgs[code] = Org.objects.create(code=code, name=code, level="dealer", parent=parent)
    cycle = Cycle.objects.create(month=MONTH, horizon=horizon)
    version = create_working_version(cycle=cycle, actor=actor)
    return World(
        {code: row.pk for code, row in products.items()},
        {code: row.pk for code, row in orgs.items()},
        cycle,
        version,
        actor,
    )
