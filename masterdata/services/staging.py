"""The way of an upload: stage → check → mend → check again → commit or discard.

Between the steps only the batch's own rows change. The commit reads the stored files again and writes all sheets
in one transaction, so whatever is killed leaves nothing half imported.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from textwrap import shorten
from typing import Any

import zstandard
from django.core.files.uploadedfile import UploadedFile
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.policies import require
from core import audit
from core.db import write_transaction
from core.errors import Conflict, GuardFailed, InvalidInput
from masterdata.choices import ImportState
from masterdata.importers.columns import as_text
from masterdata.importers.context import ImportContext, RejectedRows
from masterdata.importers.findings import ERROR
from masterdata.importers.run import Progress, ReadOptions, compare_import, no_progress, read_import
from masterdata.importers.sandbox import ENCODINGS, SUFFIXES, SourceFile
from masterdata.importers.spec import SheetChanges, SheetSpec
from masterdata.models import Company, ImportBatch, ImportFile, ImportFinding, ImportFix
from masterdata.selectors import Fix
from masterdata.services.importing import commit_import, make_report

MAX_UPLOAD = 128 << 20
MAX_FILES = 60
_PREVIEW = 40  # changes of a sheet kept for the page
_FINDINGS = 10_000  # kept for the page; the counts in the report are exact
Fence = Callable[[], None]  # raises inside the commit's transaction when the caller no longer owns the work


def stage_upload(*, files: Sequence[UploadedFile], actor: User, encoding: str = "") -> ImportBatch:
    """Store uploaded files as a new batch. Audit ``masterdata.import.staged``. Raises ``Denied, InvalidInput``."""
    require(actor, "import.run")
    _guard_files(files, encoding)
    name = ", ".join(sorted(Path(file.name or "").name for file in files))
    with write_transaction():
        batch = ImportBatch.objects.create(
            name=shorten(name, 80, placeholder=" …"), encoding=encoding, created_by=actor, since=_current_revision()
        )
        for file in files:
            content = b"".join(file.chunks())
            ImportFile.objects.create(
                batch=batch,
                name=Path(file.name or "").name[:200],
                size=len(content),
                sha256=hashlib.sha256(content).hexdigest(),
                content=zstandard.compress(content, 3),
            )
        audit.record(
            chain=audit.SYSTEM,
            actor=actor,
            verb="masterdata.import.staged",
            obj=batch,
            detail={"files": list(batch.files.order_by("name").values_list("name", "sha256"))},
        )
    return batch


def _guard_files(files: Sequence[UploadedFile], encoding: str) -> None:
    if not files:
        raise InvalidInput(_("Choose at least one CSV, XLSX or ZIP file."), code="no_file")
    if len(files) > MAX_FILES or sum(file.size or 0 for file in files) > MAX_UPLOAD:
        raise InvalidInput(
            _("At most %(files)d files and %(size)d MB at once. Split the upload.")
            % {"files": MAX_FILES, "size": MAX_UPLOAD >> 20},
            code="upload_too_large",
        )
    names = [Path(file.name or "").name for file in files]
    for name in names:
        if Path(name).suffix.lower() not in SUFFIXES:
            raise InvalidInput(
                _("“%(name)s” is not a CSV, XLSX or ZIP file.") % {"name": name}, code="unknown_file_type"
            )
        if names.count(name) > 1:
            raise InvalidInput(_("“%(name)s” comes twice.") % {"name": name}, code="file_twice")
    if encoding and encoding not in ENCODINGS:
        raise InvalidInput(_("This encoding cannot be chosen."), code="unknown_encoding")


def _current_revision() -> int:
    return Company.objects.values_list("revision", flat=True).first() or 0


def check_batch(*, batch: ImportBatch, progress: Progress = no_progress) -> ImportBatch:
    """Read and compare the batch's files; store findings, preview and rejected rows. Repeating is harmless.

    Only the latest round is stored: a check overtaken by newer fixes leaves nothing.
    """
    started = time.monotonic()
    context, changes = _read(batch, progress)
    report = make_report(context, changes, started, is_committed=False)
    stored = {
        "seconds": round(report.seconds, 2),
        "errors": report.error_count,
        "warnings": report.warning_count,
        "sheets": [vars(sheet) for sheet in report.sheets],
        "preview": {name: _preview(context.sheets[name].spec, change) for name, change in changes.items()},
    }
    findings = [
        ImportFinding(
            batch=batch,
            sheet=finding.sheet[:80],
            row=finding.row,
            column=finding.column[:64],
            code=finding.code,
            severity=finding.severity,
            value=finding.value,
            params={name: str(value) for name, value in finding.params.items()},
        )
        for finding in report.findings[:_FINDINGS]
    ]
    with write_transaction():
        is_latest = ImportBatch.objects.filter(
            pk=batch.pk, round=batch.round, state__in=(ImportState.UPLOADED, ImportState.CHECKED)
        ).update(
            state=ImportState.CHECKED,
            report=stored,
            digest=_digest(changes),
            rejected=_pack(context.rejected),
        )
        if is_latest:
            ImportFinding.objects.filter(batch=batch).delete()
            ImportFinding.objects.bulk_create(findings, batch_size=2000)
    batch.refresh_from_db()
    return batch


def save_fixes(*, batch: ImportBatch, fixes: Sequence[Fix], actor: User) -> ImportBatch:
    """Keep values typed for cells and ask for a new check. Audit ``masterdata.import.mended``.

    Raises ``Denied``, ``InvalidInput`` for a cell that no finding names, ``GuardFailed`` when the batch is closed.
    """
    require(actor, "import.run")
    named = set(batch.findings.filter(row__gt=0).exclude(column="").values_list("sheet", "row", "column"))
    for fix in fixes:
        if (fix.sheet, fix.row, fix.column) not in named:
            raise InvalidInput(
                _("Row %(row)d, column %(column)s of “%(sheet)s” has no finding to mend.") % vars(fix),
                code="nothing_to_mend",
            )
    with write_transaction():
        _reopen(batch)
        ImportFix.objects.bulk_create(
            [ImportFix(batch=batch, **{**vars(fix), "value": fix.value[:200]}) for fix in fixes],
            update_conflicts=True,
            unique_fields=["batch", "sheet", "row", "column"],
            update_fields=["value"],
        )
        audit.record(
            chain=audit.SYSTEM,
            actor=actor,
            verb="masterdata.import.mended",
            obj=batch,
            detail={"fixes": [vars(fix) for fix in fixes]},
        )
    batch.refresh_from_db()
    return batch


def recheck_batch(*, batch: ImportBatch, actor: User) -> ImportBatch:
    """Ask for a new check, e.g. after master data changed meanwhile; overwriting what is stored now is accepted."""
    require(actor, "import.run")
    with write_transaction():
        _reopen(batch)
        audit.record(chain=audit.SYSTEM, actor=actor, verb="masterdata.import.rechecked", obj=batch)
    batch.refresh_from_db()
    return batch


def _reopen(batch: ImportBatch) -> None:
    """A new round, unless the batch is committed or discarded."""
    is_open = ImportBatch.objects.filter(pk=batch.pk, state__in=(ImportState.UPLOADED, ImportState.CHECKED)).update(
        round=F("round") + 1, state=ImportState.UPLOADED
    )
    if not is_open:
        raise _closed()


def _closed() -> GuardFailed:
    return GuardFailed(_("This import is saved or discarded already. Upload the files again."), code="import_closed")


def commit_batch(
    *,
    batch: ImportBatch,
    actor: User | None,
    valid_rows_only: bool = False,
    fence: Fence = lambda: None,
    progress: Progress = no_progress,
) -> ImportBatch:
    """Write what the preview showed, in one transaction. Audit ``masterdata.import.committed``.

    Raises ``GuardFailed`` with errors left and not ``valid_rows_only``, ``Conflict`` ``import_outdated`` when the
    stored rows are no longer those of the preview.
    """
    context, _changes = _read(batch, progress)
    if context.log.count(ERROR) and not valid_rows_only:
        raise GuardFailed(
            _("%(count)d errors must be mended first, or save the valid rows only.")
            % {"count": context.log.count(ERROR)},
            code="import_has_errors",
        )
    with write_transaction():
        fence()
        is_ours = ImportBatch.objects.filter(pk=batch.pk, round=batch.round, state=ImportState.CHECKED).update(
            state=ImportState.COMMITTED, finished_at=timezone.now()
        )
        if not is_ours:
            raise _closed()
        changes = commit_import(context=context, actor=actor, source=batch.name, progress=no_progress)
        if _digest(changes) != batch.digest:
            raise Conflict(
                _("The stored data changed since the preview. Nothing was saved; look at the new preview."),
                code="import_outdated",
            )
    batch.refresh_from_db()
    return batch


def discard_batch(*, batch: ImportBatch, actor: User) -> ImportBatch:
    """Close a batch unsaved. Audit ``masterdata.import.discarded``; repeating it changes nothing."""
    require(actor, "import.run")
    with write_transaction():
        is_open = ImportBatch.objects.filter(pk=batch.pk, state__in=(ImportState.UPLOADED, ImportState.CHECKED)).update(
            state=ImportState.DISCARDED, finished_at=timezone.now()
        )
        if is_open:
            audit.record(chain=audit.SYSTEM, actor=actor, verb="masterdata.import.discarded", obj=batch)
    batch.refresh_from_db()
    return batch


def _read(batch: ImportBatch, progress: Progress) -> tuple[ImportContext, dict[str, SheetChanges]]:
    fixes = {(fix.sheet, fix.row, fix.column): fix.value for fix in batch.fixes.all()}
    options = ReadOptions(encoding=batch.encoding or None, fixes=fixes, since=batch.since)
    if batch.created_by is None:
        raise _closed()  # nobody is left whose rights decide what may be imported
    with _files_on_disk(batch) as files:
        context = read_import(files, actor=batch.created_by, options=options, progress=progress)
    return context, compare_import(context, progress)


@contextmanager
def _files_on_disk(batch: ImportBatch) -> Iterator[list[SourceFile]]:
    with TemporaryDirectory(prefix="upload-") as folder:
        files = []
        for number, file in enumerate(batch.files.order_by("name")):
            path = Path(folder) / str(number)
            path.write_bytes(zstandard.decompress(bytes(file.content)))
            files.append(SourceFile(path, file.name))
        yield files


def _digest(changes: Mapping[str, SheetChanges]) -> str:
    """Of every change of every sheet: equal digests write equal rows."""
    parts = [(name, change.digest) for name, change in sorted(changes.items())]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _preview(spec: SheetSpec, changes: SheetChanges) -> list[dict[str, Any]]:
    keys = [spec.column(name) for name in spec.key]
    return [
        {
            "kind": change.kind,
            "row": change.row,
            "key": [as_text(value, column) for value, column in zip(change.key, keys, strict=False)],
            "cells": {name: [as_text(value, None) for value in pair] for name, pair in change.cells.items()},
            "overwrites": change.is_overwrite,
        }
        for change in changes.sample[:_PREVIEW]
    ]


def _pack(rejected: Mapping[str, RejectedRows]) -> bytes:
    plain = {name: {"header": rows.header, "rows": rows.rows} for name, rows in rejected.items()}
    return zstandard.compress(json.dumps(plain, ensure_ascii=False).encode("utf-8", "replace"), 3)
