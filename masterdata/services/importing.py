"""A folder or file imported at once, and the commit every import ends in."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.db.models import F

from accounts.models import User
from accounts.policies import require
from core import audit
from core.db import write_transaction
from masterdata.importers.context import ImportContext
from masterdata.importers.findings import ERROR, WARNING, Finding, FindingLog
from masterdata.importers.run import (
    Progress,
    ReadOptions,
    compare_import,
    make_company,
    no_progress,
    read_import,
    write_import,
)
from masterdata.importers.sandbox import list_files
from masterdata.importers.spec import SheetChanges
from masterdata.models import Company


@dataclass(frozen=True)
class SheetReport:
    """Rows of one sheet: read, refused, and what writing changes."""

    name: str
    title: str
    rows: int
    rejected: int
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    removed: int = 0
    overwrites: int = 0


@dataclass(frozen=True)
class ImportReport:
    """What an import found and, when ``is_committed``, wrote."""

    sheets: tuple[SheetReport, ...]
    log: FindingLog
    is_committed: bool
    revision: int
    seconds: float
    changes: Mapping[str, SheetChanges] = field(default_factory=dict, repr=False)

    @property
    def findings(self) -> list[Finding]:
        """Errors first; of each sheet at most ``findings.KEPT_PER_SHEET``."""
        return self.log.sorted()

    @property
    def error_count(self) -> int:
        """All errors, also those not kept."""
        return self.log.count(ERROR)

    @property
    def warning_count(self) -> int:
        """All warnings."""
        return self.log.count(WARNING)

    @property
    def has_errors(self) -> bool:
        """Whether all-or-nothing means nothing."""
        return self.error_count > 0

    def to_json(self) -> dict[str, Any]:
        """For ``--json``, the API and job results."""
        return {
            "committed": self.is_committed,
            "revision": self.revision,
            "seconds": round(self.seconds, 2),
            "errors": self.error_count,
            "warnings": self.warning_count,
            "sheets": [vars(sheet) for sheet in self.sheets],
            "findings": [finding.to_json() for finding in self.findings],
        }


def import_folder(
    *,
    path: Path,
    actor: User | None,
    check: bool = False,
    valid_rows_only: bool = False,
    encoding: str | None = None,
    progress: Progress = no_progress,
) -> ImportReport:
    """Import a folder of CSV files, one workbook, a zip or one CSV file, all or nothing.

    With errors nothing is written, unless ``valid_rows_only``; ``check`` never writes. ``actor`` None is the
    command line. Audit ``masterdata.import.committed``. Raises ``Denied``.
    """
    if actor is not None:
        require(actor, "import.run")
    started = time.monotonic()
    options = ReadOptions(encoding=encoding, valid_rows_only=valid_rows_only)
    context = read_import(list_files(path), actor=actor, options=options, progress=progress)
    is_refused = context.log.count(ERROR) > 0 and not valid_rows_only
    if check or is_refused:
        changes = compare_import(context)
        return make_report(context, changes, started, is_committed=False)
    with write_transaction():
        changes = commit_import(context=context, actor=actor, source=path.name, progress=progress)
    return make_report(context, changes, started, is_committed=True)


def commit_import(
    *, context: ImportContext, actor: User | None, source: str, progress: Progress = no_progress
) -> dict[str, SheetChanges]:
    """Compare once more and write; inside the caller's transaction.

    The company's lock is taken first, which makes imports queue; the audit entry is written last. An import that
    changes nothing takes no revision and leaves no entry.
    """
    company = make_company(context)
    take_lock(company)
    context.forget_all_ids()
    changes = compare_import(context)
    if all(change.is_empty for change in changes.values()):
        return changes
    context.revision = take_revision(company)
    write_import(context, changes, progress)
    audit.record(
        chain=audit.SYSTEM,
        actor=actor,
        verb="masterdata.import.committed",
        obj=("masterdata.revision", str(context.revision)),
        detail={
            "source": source,
            "sheets": {name: {"new": c.new, "changed": c.changed, "removed": c.removed} for name, c in changes.items()},
        },
    )
    return changes


def take_lock(company: Company) -> None:
    """Queue behind other writers of master data; the row lock holds until commit."""
    Company.objects.filter(pk=company.pk).update(revision=F("revision"))


def take_revision(company: Company) -> int:
    """The next master data revision; revisions are in commit order, because the company's row is locked."""
    Company.objects.filter(pk=company.pk).update(revision=F("revision") + 1)
    return Company.objects.values_list("revision", flat=True).get(pk=company.pk)


def make_report(
    context: ImportContext,
    changes: Mapping[str, SheetChanges],
    started: float,
    *,
    is_committed: bool,
) -> ImportReport:
    """Collect the counts of an import; ``started`` is ``time.monotonic()`` at its begin."""
    sheets = tuple(
        SheetReport(
            name=name,
            title=str(sheet.spec.title),
            rows=context.row_counts[name],
            rejected=context.row_counts[name] - len(sheet),
            new=changes[name].new,
            changed=changes[name].changed,
            unchanged=changes[name].unchanged,
            removed=changes[name].removed,
            overwrites=changes[name].overwrites,
        )
        for name, sheet in context.sheets.items()
    )
    return ImportReport(
        sheets=sheets,
        log=context.log,
        is_committed=is_committed,
        revision=context.revision,
        seconds=time.monotonic() - started,
        changes=changes,
    )
