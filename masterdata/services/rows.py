"""One row of master data written by its key, as the API does it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from accounts.models import User
from accounts.policies import require
from core import audit
from core.db import write_transaction
from masterdata.adapters import missing_fields, raise_findings
from masterdata.importers.context import ImportContext
from masterdata.importers.run import check_sheet, make_company
from masterdata.importers.spec import SheetData
from masterdata.importers.stores import ModelStore
from masterdata.models import Revised
from masterdata.selectors import find_row
from masterdata.services.importing import take_lock, take_revision

Guard = Callable[[Revised | None], None]  # refuses by raising when the stored row is not the one the caller saw


def save_row(*, sheet: SheetData, actor: User, guard: Guard) -> tuple[Revised, bool]:
    """Insert or change the one row of ``sheet``; returns it and whether it is new.

    Fields the sheet lacks keep their stored values; an equal row is left as it is. Audit
    ``masterdata.row.saved``. Raises ``Denied``, ``InvalidInput`` with the findings, and whatever ``guard`` raises.
    """
    require(actor, "masterdata.edit")
    spec = sheet.spec
    context = ImportContext(sheet.log, actor=actor, sheets={spec.name: sheet})
    with write_transaction():
        company = make_company(context)
        take_lock(company)
        before = find_row(sheet)
        guard(before)
        check_sheet(sheet, context)
        raise_findings(sheet.log, missing_fields(sheet) if before is None else ())
        store = spec.store
        assert isinstance(store, ModelStore)
        single = replace(store, replaces=None)
        changes = single.compare(sheet, context)
        if not changes.is_empty:
            context.revision = take_revision(company)
            single.write(sheet, changes, context)
            audit.record(
                chain=audit.SYSTEM,
                actor=actor,
                verb="masterdata.row.saved",
                obj=("masterdata.revision", str(context.revision)),
                detail={
                    "sheet": spec.name,
                    "changes": [{"kind": c.kind, "key": c.key, "cells": c.cells} for c in changes.sample],
                },
            )
        row = find_row(sheet)
    assert row is not None
    return row, before is None
