"""What the sheets of one import know of each other and of the database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from masterdata.importers.columns import EMPTY, Scales
from masterdata.importers.findings import FindingLog
from masterdata.models import Coded, Material, Org, Product, Resource, Site, Supplier

if TYPE_CHECKING:
    from accounts.models import User
    from masterdata.importers.sandbox import PlainSheet
    from masterdata.importers.spec import SheetData

# sheet → the model whose codes it brings
CODED_MODELS: dict[str, type[Coded]] = {
    "products": Product,
    "orgs": Org,
    "sites": Site,
    "resources": Resource,
    "suppliers": Supplier,
    "materials": Material,
}


REJECTED_KEPT = 50_000  # rows of a sheet given back as text; a sheet with more is wrong as a whole


@dataclass
class RejectedRows:
    """Rows left out of a sheet, as they came: (row number, cells)."""

    header: list[str]
    rows: list[tuple[int, list[str]]] = field(default_factory=list)


@dataclass
class ImportContext:
    """One import's parsed sheets, findings and code tables.

    ``since``: rows with a later revision were changed by somebody else meanwhile. ``revision``: the one this
    commit writes, 0 before the commit.
    """

    log: FindingLog
    scales: Scales = field(default_factory=Scales)
    actor: User | None = None
    sheets: dict[str, SheetData] = field(default_factory=dict)
    row_counts: dict[str, int] = field(default_factory=dict)
    rejected: dict[str, RejectedRows] = field(default_factory=dict)
    since: int | None = None
    revision: int = 0
    _ids: dict[str, Mapping[str, int]] = field(default_factory=dict)

    def stored_ids(self, entity: str) -> Mapping[str, int]:
        """code → id of what the database holds; ``entity`` is a sheet name such as ``products``."""
        if entity not in self._ids:
            rows = CODED_MODELS[entity]._default_manager.order_by().values_list("code", "pk")
            self._ids[entity] = dict(rows)
        return self._ids[entity]

    def forget_ids(self, entity: str) -> None:
        """After rows of ``entity`` were written."""
        self._ids.pop(entity, None)

    def forget_all_ids(self) -> None:
        """At the start of the commit, which must see the database as it is now."""
        self._ids.clear()

    def sheet_codes(self, entity: str) -> set[str]:
        """Codes that this import's own sheet brings, rejected rows included."""
        sheet = self.sheets.get(entity)
        if sheet is None or "code" not in sheet.columns:
            return set()
        return {code for code in sheet["code"] if isinstance(code, str)}

    def rejected_codes(self, entity: str) -> set[str]:
        """Codes that only rejected rows bring: nobody may refer to them."""
        sheet = self.sheets.get(entity)
        if sheet is None or not sheet.rejected:
            return set()
        codes = sheet["code"]
        bad = {codes[i] for i in sheet.rejected if isinstance(codes[i], str)}
        good = {code for i, code in enumerate(codes) if i not in sheet.rejected and code is not EMPTY}
        return bad - good - self.stored_ids(entity).keys()

    def set_aside(self, sheet: SheetData, plain: PlainSheet) -> None:
        """Drop the rejected rows of a sheet, keeping their text to give back."""
        self.row_counts[sheet.spec.name] = len(sheet)
        if not sheet.rejected:
            return
        numbers = {sheet.rows[index] for index in sheet.rejected}
        records = plain.records()
        _row, header = next(records)
        rows = ((row, cells) for row, cells in records if row in numbers)
        self.rejected[sheet.spec.name] = RejectedRows(header, list(islice(rows, REJECTED_KEPT)))
        sheet.drop_rejected()
