"""Reading master data."""

from __future__ import annotations

import json

import zstandard
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.models import User
from core.errors import Missing
from masterdata.importers.context import RejectedRows
from masterdata.importers.findings import Finding
from masterdata.models import Company, ImportBatch, Org, Product


def get_company() -> Company:
    """The company; before the first import an unsaved one with the defaults."""
    return Company.objects.first() or Company(name="")


def list_leaf_products() -> QuerySet[Product]:
    """Products without children, by code: those carry plan cells."""
    return Product.objects.filter(children=None)


def list_leaf_orgs() -> QuerySet[Org]:
    """Sales organisations without children, by code."""
    return Org.objects.filter(children=None)


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
    return [
        Finding(row.sheet, row.row, row.column, row.code, row.value, row.severity, row.params) for row in rows[:limit]
    ]


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
