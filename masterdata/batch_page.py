"""What the import page says of one batch: message, figures, findings to mend, changes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.core.paginator import Page, Paginator
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core import formats
from core.choices import JobState
from core.models import Job
from masterdata.choices import ImportState
from masterdata.importers.findings import ERROR, WARNING
from masterdata.importers.spec import get_sheet
from masterdata.models import ImportBatch, ImportFinding
from masterdata.reports import batch_preview, batch_sheets
from masterdata.selectors import to_finding

ROWS_A_PAGE = 100
_UNFINISHED = (JobState.QUEUED, JobState.RUNNING, JobState.WAITING)
ERRORS, WARNINGS, CHANGES, OTHERS = "errors", "warnings", "changes", "others"


@dataclass(frozen=True)
class FindingRow:
    """One finding and, where a cell can be mended here, what to offer."""

    pk: int
    sheet: str
    row: int
    column: str
    value: str
    problem: str
    remedy: str
    suggestion: str
    is_mendable: bool
    choices: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class BatchPage:
    """Everything the template needs; no query is left to it."""

    batch: ImportBatch
    job: Job | None
    show: str
    sheets: list[dict[str, Any]]
    totals: dict[str, int]
    findings: list[FindingRow]
    page: Page[Any]
    suggestion_count: int
    changes: list[dict[str, Any]]

    @property
    def is_busy(self) -> bool:
        """Whether a check or commit waits or runs."""
        return self.job is not None and self.job.state in _UNFINISHED

    @property
    def is_open(self) -> bool:
        """Whether it may still be mended, saved or discarded."""
        return self.batch.state in (ImportState.UPLOADED, ImportState.CHECKED)

    @property
    def is_failed(self) -> bool:
        """Whether the last run ended without a result."""
        return self.is_open and self.job is not None and self.job.state in (JobState.FAILED, JobState.STALE)

    @property
    def can_save(self) -> bool:
        """Whether all rows may be saved."""
        return self._is_ready and not self.totals["errors"] and self.totals["to_save"] > 0

    @property
    def can_save_valid(self) -> bool:
        """Whether there are errors, but also rows without."""
        return self._is_ready and self.totals["errors"] > 0 and self.totals["to_save"] > 0

    @property
    def _is_ready(self) -> bool:
        return self.batch.state == ImportState.CHECKED and not self.is_busy

    @property
    def message(self) -> str:
        """The page's title: the finding, with its number."""
        errors, to_save = self.totals["errors"], self.totals["to_save"]
        numbers = {"count": formats.number(errors), "rows": formats.number(to_save)}
        if self.batch.state == ImportState.COMMITTED:
            return ngettext("%(rows)s row saved", "%(rows)s rows saved", to_save) % numbers
        if self.batch.state == ImportState.DISCARDED:
            return _("Discarded: nothing was saved")
        if self.batch.state == ImportState.UPLOADED:
            return _("Checking the upload: nothing is saved yet") if self.is_busy else _("The upload is not checked")
        if errors:
            return (
                ngettext(
                    "%(count)s error must be fixed before these sheets can be saved",
                    "%(count)s errors must be fixed before these sheets can be saved",
                    errors,
                )
                % numbers
            )
        if to_save:
            return ngettext("%(rows)s row is ready to save", "%(rows)s rows are ready to save", to_save) % numbers
        return _("Nothing to save: the stored data say the same already")


def build_batch_page(batch: ImportBatch, job: Job | None, *, show: str, page: str | int, show_costs: bool) -> BatchPage:
    """Read the batch for the page; ``show`` is errors, warnings, changes or others."""
    sheets = batch_sheets(batch)
    totals = _totals(batch, sheets)
    if show not in (ERRORS, WARNINGS, CHANGES, OTHERS):
        show = ERRORS if totals["errors"] or not totals["warnings"] else WARNINGS
        if not totals["errors"] and not totals["warnings"]:
            show = CHANGES
    rows = batch.findings.filter(severity=WARNING if show == WARNINGS else ERROR).order_by("pk")
    shown = Paginator(rows, ROWS_A_PAGE).get_page(page)
    suggested = batch.findings.filter(severity=ERROR, row__gt=0).exclude(params__suggestion="")
    return BatchPage(
        batch=batch,
        job=job,
        show=show,
        sheets=sheets,
        totals=totals,
        findings=[_finding_row(row) for row in shown],
        page=shown,
        suggestion_count=suggested.filter(params__has_key="suggestion").count(),
        changes=_changes(batch, show_costs=show_costs, only_others=show == OTHERS),
    )


def _totals(batch: ImportBatch, sheets: list[dict[str, Any]]) -> dict[str, int]:
    def add(*names: str) -> int:
        return sum(sheet[name] for sheet in sheets for name in names)

    rows, rejected = add("rows"), add("rejected")
    return {
        "rows": rows,
        "rejected": rejected,
        "fine": rows - rejected,
        "to_save": add("new", "changed", "removed"),
        "unchanged": add("unchanged"),
        "others": add("overwrites"),
        "errors": batch.report.get("errors", 0),
        "warnings": batch.report.get("warnings", 0),
    }


def _finding_row(row: ImportFinding) -> FindingRow:
    finding = to_finding(row)
    spec = get_sheet(row.sheet)
    column = spec.column(row.column) if spec and row.column else None
    return FindingRow(
        pk=row.pk,
        sheet=row.sheet,
        row=row.row,
        column=row.column,
        value=row.value,
        problem=finding.problem,
        remedy=finding.remedy,
        suggestion=finding.suggestion,
        is_mendable=row.severity == ERROR and row.row > 1 and column is not None,
        choices=list(column.choices.values) if column and column.choices else [],
    )


def _changes(batch: ImportBatch, *, show_costs: bool, only_others: bool) -> list[dict[str, Any]]:
    """One line per changed cell group: sheet, row, key, cells before → after."""
    return [
        {**change, "sheet": name, "key": " · ".join(part for part in change["key"] if part)}
        for name, changes in batch_preview(batch, show_costs=show_costs).items()
        for change in changes
        if change["overwrites"] or not only_others
    ]
