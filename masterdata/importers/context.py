"""What the sheets of one import know of each other and of the database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from masterdata.importers.columns import EMPTY, Scales
from masterdata.importers.findings import FindingLog
from masterdata.models import Coded, Material, Org, Product, Resource, Site, Supplier

if TYPE_CHECKING:
    from accounts.models import User
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
    rejected_rows: dict[str, set[int]] = field(default_factory=dict)
    since: int | None = None
    revision: int = 0
    _ids: dict[str, Mapping[str, int]] = field(default_factory=dict)

    def stored_ids(self, entity: str) -> Mapping[str, int]:
        """code → id of what the database holds; ``entity`` is a sheet name such as ``products``."""
        if entity not in self._ids:
            rows = CODED_MODELS[entity].objects.order_by().values_list("code", "pk")
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
