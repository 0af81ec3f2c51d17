"""Reading master data."""

from __future__ import annotations

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any

import zstandard
from django.db import connection
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.selectors import get_scope
from core.errors import Missing
from core.models import AuditEntry
from masterdata.importers.context import RejectedRows
from masterdata.importers.findings import Finding
from masterdata.importers.spec import SheetData, SheetSpec
from masterdata.importers.stores import ModelStore, empty_value
from masterdata.models import (
    Company,
    Cost,
    ExchangeRate,
    ImportBatch,
    ImportFinding,
    Org,
    Price,
    Product,
    Revised,
    Target,
    Way,
)

WayKey = tuple[int, int, int, int]  # site, org and other site by id, 0 for none; months on the way

_OVERLAP = dt.timedelta(hours=1)


def get_company() -> Company:
    """The company; before the first import an unsaved one with the defaults."""
    return Company.objects.first() or Company(name="")


def get_money_mark() -> Hashable:
    """Changes with every price, cost, exchange rate and target, and with the decimals of money and quantities."""
    company = get_company()
    rules = company.currency, company.currency_decimals, company.quantity_decimals
    return rules, get_master_mark(Price, Cost, ExchangeRate, Target)


def get_master_mark(*models: type[Revised]) -> Hashable:
    """Changes with every row of the models, by one statement over indexes: a writer gives a row the next revision."""
    tables = (model._meta.db_table for model in models)
    marks = ", ".join(
        f"(SELECT {what} FROM {table})" for table in tables for what in ("count(*)", "max(id)", "max(revision)")
    )
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {marks}")
        return cursor.fetchone()


def list_leaf_products() -> QuerySet[Product]:
    """Products without children, by code: those carry plan cells."""
    return Product.objects.filter(children=None)


def list_leaf_orgs() -> QuerySet[Org]:
    """Sales organisations without children, by code."""
    return Org.objects.filter(children=None)


def load_way_ids() -> dict[WayKey, int]:
    """Way → id."""
    rows = Way.objects.values_list("site_id", "org_id", "to_site_id", "months", "pk")
    return {(site or 0, org or 0, to_site or 0, months): pk for site, org, to_site, months, pk in rows}


def list_batches(user: User) -> QuerySet[ImportBatch]:
    """The user's own imports, newest first, without the rejected rows' bytes."""
    return ImportBatch.objects.filter(created_by=user).defer("rejected").order_by("-pk")


def get_batch(*, batch_id: int, user: User) -> ImportBatch:
    """An own import. Raises ``Missing`` for a foreign one as for none."""
    batch = list_batches(user).filter(pk=batch_id).first()
    if batch is None:
        raise Missing(_("There is no such import, or it is not yours."))
    return batch


def list_findings(batch: ImportBatch, *, severity: str = "", limit: int | None = None) -> list[Finding]:
    """What the last check found, errors first as stored; ``severity`` narrows."""
    rows = batch.findings.order_by("pk")
    if severity:
        rows = rows.filter(severity=severity)
    return [to_finding(row) for row in rows[:limit]]


def to_finding(row: ImportFinding) -> Finding:
    """A stored finding with its sentences."""
    return Finding(row.sheet, row.row, row.column, row.code, row.value, row.severity, row.params)


@dataclass(frozen=True)
class Fix:
    """A value typed for one cell."""

    sheet: str
    row: int
    column: str
    value: str


def find_fixes(batch: ImportBatch, form: Mapping[str, Any]) -> list[Fix]:
    """The cells of a posted findings table whose value was changed: fields are named ``fix-<finding>``."""
    typed = {name.removeprefix("fix-"): str(value) for name, value in form.items() if name.startswith("fix-")}
    rows = batch.findings.filter(pk__in=[int(pk) for pk in typed if pk.isdigit() and len(pk) < 19])
    return _fixes((row, typed[str(row.pk)]) for row in rows.order_by("pk"))


def list_suggestions(batch: ImportBatch) -> list[Fix]:
    """The suggested value of every cell that has one."""
    rows = batch.findings.filter(row__gt=0, params__has_key="suggestion").exclude(params__suggestion="")
    return _fixes((row, row.params["suggestion"]) for row in rows.order_by("pk"))


def _fixes(pairs: Iterable[tuple[ImportFinding, str]]) -> list[Fix]:
    """One fix a cell: the last one typed for it."""
    cells = {(row.sheet, row.row, row.column): value for row, value in pairs if value != row.value}
    return [Fix(*cell, value) for cell, value in cells.items()]


def load_rejected(batch: ImportBatch) -> dict[str, RejectedRows]:
    """The rows the last check left out, by sheet."""
    packed = ImportBatch.objects.values_list("rejected", flat=True).get(pk=batch.pk)
    if not packed:
        return {}
    plain = json.loads(zstandard.decompress(bytes(packed)))
    return {
        name: RejectedRows(rows["header"], [(row, cells) for row, cells in rows["rows"]])
        for name, rows in plain.items()
    }


def find_row(sheet: SheetData) -> Revised | None:
    """The stored row with the key of a sheet of one row, or None."""
    links = _store(sheet.spec).links(sheet.spec)
    wanted = Q()
    for name in sheet.spec.key:
        value = sheet.values(name)[0]
        if name not in links:
            plain = empty_value(_store(sheet.spec).model, name) if value is None else value
            wanted &= Q(**{name: plain})
        elif value is None:
            wanted &= Q(**dict.fromkeys(links[name].values()))
        else:
            wanted &= reduce(or_, (Q(**{f"{fk}__code": value}) for fk in links[name].values()))
    return list_rows(sheet.spec).filter(wanted).first()


def list_rows(spec: SheetSpec) -> QuerySet[Any]:
    """All rows of a sheet in the order they were last written, references joined."""
    store = _store(spec)
    links = [fk for fks in store.links(spec).values() for fk in fks.values()]
    return store.model._default_manager.select_related(*links).order_by("revision", "pk")


def _store(spec: SheetSpec) -> ModelStore:
    assert isinstance(spec.store, ModelStore)
    return spec.store


def rows_in_scope(rows: QuerySet[Any], spec: SheetSpec, user: User) -> QuerySet[Any]:
    """Narrow rows to the user's products and organisations; rows without one are everybody's."""
    scope = get_scope(user)
    links = _store(spec).links(spec)
    for entity, model, nodes in (("products", Product, scope.products), ("orgs", Org, scope.orgs)):
        if nodes is None:
            continue
        ids = _ids_below(model, nodes)
        if spec.name == entity:
            rows = rows.filter(pk__in=ids)
        for column in spec.columns:
            if entity in column.refers_to and column.name not in spec.tree:
                fk = links[column.name][entity]
                rows = rows.filter(Q(**{f"{fk}__in": ids}) | Q(**{fk: None}))
    return rows


def _ids_below(model: type[Product] | type[Org], nodes: frozenset[str]) -> set[int]:
    """Ids of the nodes and everything under them."""
    children: dict[int | None, list[int]] = defaultdict(list)
    front: list[int] = []
    for pk, code, parent_id in model._default_manager.order_by().values_list("pk", "code", "parent_id"):
        children[parent_id].append(pk)
        if code in nodes:
            front.append(pk)
    found: set[int] = set()
    while front:
        pk = front.pop()
        if pk not in found:
            found.add(pk)
            front.extend(children[pk])
    return found


def get_revision() -> int:
    """The revision of the latest committed change of master data."""
    return Company.objects.values_list("revision", flat=True).first() or 0


def get_revision_at(moment: dt.datetime) -> int:
    """The latest revision surely committed before ``moment``: an hour's overlap repeats rows, but loses none.

    A transaction writes its time before it commits, so the time alone could hide a row for ever.
    """
    entry = (
        AuditEntry.objects.filter(object_type="masterdata.revision", at__lt=moment - _OVERLAP).order_by("-pk").first()
    )
    return int(entry.object_id) if entry else 0
