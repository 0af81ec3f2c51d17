"""What pages and API show of an import: sheets, changes, files to download."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from django.http import HttpResponse
from django.utils.text import get_valid_filename

from accounts.models import User
from accounts.policies import can
from masterdata.importers.findings import ERROR
from masterdata.importers.output import rejected_sheet, template_rows, write_csv, write_workbook
from masterdata.importers.spec import SheetSpec, get_sheet, list_sheets
from masterdata.importers.stores import ModelStore, stored_sheet
from masterdata.models import ImportBatch
from masterdata.selectors import list_findings, list_rows, load_rejected, rows_in_scope

_WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MASKED = "•••"


def batch_sheets(batch: ImportBatch) -> list[dict[str, Any]]:
    """The sheets of the last check with their counts and titles in the reader's language."""
    return [{**sheet, "title": _title(sheet["name"])} for sheet in batch.report.get("sheets", [])]


def _title(name: str) -> str:
    spec = get_sheet(name)
    return str(spec.title) if spec else name


def batch_preview(batch: ImportBatch, *, show_costs: bool) -> dict[str, list[dict[str, Any]]]:
    """Sheet → first changes, before and after; costs masked for those who may not see them."""
    preview: dict[str, list[dict[str, Any]]] = batch.report.get("preview", {})
    if show_costs:
        return preview
    masked = {}
    for name, changes in preview.items():
        spec = get_sheet(name)
        hidden = {column.name for column in spec.columns if column.sensitive} if spec else set()
        masked[name] = [
            {**change, "cells": {c: [MASKED, MASKED] if c in hidden else v for c, v in change["cells"].items()}}
            for change in changes
        ]
    return masked


def rejected_file(batch: ImportBatch) -> HttpResponse:
    """A workbook of the rows left out, one worksheet a sheet."""
    reasons = defaultdict(list)
    for finding in list_findings(batch, severity=ERROR):
        reasons[finding.sheet].append(finding)
    sheets = {name: rejected_sheet(rows, reasons[name]) for name, rows in load_rejected(batch).items()}
    return download(write_workbook(sheets or {"rows": [[]]}), f"rejected_{batch.pk}.xlsx", _WORKBOOK)


def stored_workbook(user: User) -> HttpResponse:
    """One workbook of the stored master data inside the user's scope; it imports again unchanged."""
    show_costs = can(user, "finance.view_costs")
    sheets = {
        spec.name: stored_sheet(spec, rows_in_scope(list_rows(spec), spec, user), show_costs=show_costs)
        for spec in list_sheets()
        if isinstance(spec.store, ModelStore)
    }
    return download(write_workbook(sheets), "stored_sheets.xlsx", _WORKBOOK)


def template_workbook() -> HttpResponse:
    """One workbook with every sheet's header."""
    sheets = {spec.name: template_rows(spec) for spec in list_sheets()}
    return download(write_workbook(sheets), "sheets.xlsx", _WORKBOOK)


def template_csv(spec: SheetSpec) -> HttpResponse:
    """One sheet's header as CSV."""
    return download(write_csv(template_rows(spec)), f"{spec.name}.csv", "text/csv; charset=utf-8")


def download(content: bytes, name: str, content_type: str) -> HttpResponse:
    """A file to save."""
    return HttpResponse(
        content,
        content_type=content_type,
        headers={"Content-Disposition": f'attachment; filename="{get_valid_filename(name)}"'},
    )
