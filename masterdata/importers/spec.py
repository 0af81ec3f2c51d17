"""Sheets declared as data, and the registry that upper rooms add theirs to.

A room declares a ``SheetSpec`` and calls ``register_sheet`` in ``AppConfig.ready()``. Reading, findings, the
preview and the rejected rows then come from the framework; the spec's ``store`` compares with what is stored and
writes. Master data use ``ModelStore`` (``stores.py``); a sheet of a million rows brings its own store and reads
``sheet.array(column, dtype)``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from django.utils.functional import Promise

from masterdata.importers.columns import EMPTY, Column, Scales
from masterdata.importers.findings import FindingLog
from masterdata.importers.headers import COLUMN_ALIASES, normalise_name, strip_version

if TYPE_CHECKING:
    from masterdata.importers.context import ImportContext

ATTRIBUTE_PREFIX = "attr_"
UPPER_ROOMS = 200  # sheets of rooms above have orders from here on: master data and the company's scales are known


@dataclass(frozen=True)
class RowChange:
    """One row of the preview: ``kind`` is new, changed or removed; ``cells`` maps a column to (before, after)."""

    kind: str
    key: tuple[Any, ...]
    row: int
    cells: Mapping[str, tuple[Any, Any]]
    is_overwrite: bool = False  # somebody else changed the stored row since the upload


@dataclass
class SheetChanges:
    """What committing a sheet would do. Counts are exact, ``sample`` holds the first rows, ``digest`` all of them.

    ``payload`` is the store's own: what ``write`` needs again.
    """

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    removed: int = 0
    overwrites: int = 0  # rows somebody else changed since the upload
    sample: list[RowChange] = field(default_factory=list)
    digest: str = ""
    payload: Any = None

    @property
    def is_empty(self) -> bool:
        """Whether writing would change nothing."""
        return not (self.new or self.changed or self.removed)


class SheetStore(Protocol):
    """How a sheet meets the database."""

    def compare(self, sheet: SheetData, context: ImportContext) -> SheetChanges:
        """Read only. Called after every sheet is checked, with rejected rows already left out."""

    def write(self, sheet: SheetData, changes: SheetChanges, context: ImportContext) -> None:
        """Called inside the commit's transaction, in sheet order, with what ``compare`` returned."""


@dataclass(frozen=True)
class SheetSpec:
    """One sheet of the format.

    ``key``: the columns that identify a row. ``order``: sheets are read and written by rising order, so that a
    sheet refers only to earlier ones or itself. ``action``: the policy a person needs. ``check``: further findings
    across rows, given the parsed sheet; it calls ``sheet.reject``.
    """

    name: str
    title: str | Promise
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    store: SheetStore
    order: int
    required: bool = False
    substitutes: tuple[str, ...] = ()  # sheets that make a required one unnecessary
    attributes: bool = False
    aliases: tuple[str, ...] = ()
    action: str = "import.run"
    tree: tuple[str, ...] = ()  # columns that refer to this sheet's own codes and may not go in a circle
    check: Callable[[SheetData, ImportContext], None] | None = None

    def column(self, name: str) -> Column | None:
        """The declared column, or an attribute's column, or None."""
        for column in self.columns:
            if column.name == name:
                return column
        if self.attributes and name.startswith(ATTRIBUTE_PREFIX) and name != ATTRIBUTE_PREFIX:
            return Column(name)
        return None

    def match_header(self, header: str) -> Column | None:
        """The column meant by a header as written."""
        name = normalise_name(header)
        if exact := self.column(name):
            return exact
        for column in self.columns:
            if name in column.aliases:
                return column
        for column in self.columns:
            if name in COLUMN_ALIASES.get(column.name, ()):
                return column
        return None


class SheetData:
    """A parsed sheet: columns of values beside the row numbers of the file.

    ``columns[name][i]`` belongs to file row ``rows[i]``; columns absent from the file are absent here (their
    stored values stay), empty optional cells are ``EMPTY``. Rejected rows stay in place until ``drop_rejected``.
    """

    def __init__(self, spec: SheetSpec, log: FindingLog, scales: Scales) -> None:
        self.spec = spec
        self.log = log
        self.scales = scales
        self.rows: list[int] = []
        self.columns: dict[str, list[Any]] = {}
        self.rejected: set[int] = set()

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, name: str) -> list[Any]:
        return self.columns[name]

    def values(self, name: str, default: Any = None) -> list[Any]:
        """A column with ``default`` for empty cells, also when the file lacks the column."""
        if name not in self.columns:
            return [default] * len(self.rows)
        return [default if value is EMPTY else value for value in self.columns[name]]

    def array(self, name: str, dtype: Any, default: Any = 0) -> np.ndarray:
        """A column as a numpy array of ``dtype``; ``default`` for empty cells. Shape [rows]."""
        return np.fromiter(self.values(name, default), dtype=dtype, count=len(self.rows))

    def coded(self, name: str, ids: Mapping[str, int], missing: int = -1) -> np.ndarray:
        """A code column as int64 ids through ``ids``; ``missing`` for empty or unknown. Shape [rows]."""
        values = self.columns.get(name)
        if values is None:
            return np.full(len(self.rows), missing, dtype=np.int64)
        return np.fromiter((ids.get(v, missing) for v in values), dtype=np.int64, count=len(values))

    def reject(
        self, index: int, code: str, *, column: str = "", value: object = "", severity: str = "", **params: Any
    ) -> None:
        """Record a finding on the row at ``index``; an error also leaves the row out of "valid rows only"."""
        row = self.rows[index]
        self.log.add(code, sheet=self.spec.name, row=row, column=column, value=value, severity=severity, **params)
        if severity != "warning":
            self.rejected.add(index)

    def drop_rejected(self) -> None:
        """Keep the valid rows only."""
        if not self.rejected:
            return
        keep = [i for i in range(len(self.rows)) if i not in self.rejected]
        self.rows = [self.rows[i] for i in keep]
        self.columns = {name: [values[i] for i in keep] for name, values in self.columns.items()}
        self.rejected = set()


_SHEETS: dict[str, SheetSpec] = {}


def register_sheet(spec: SheetSpec) -> SheetSpec:
    """Add a sheet to the format. Raises ``ValueError`` when the name is taken by another spec."""
    if _SHEETS.setdefault(spec.name, spec) is not spec:
        raise ValueError(f"sheet {spec.name} is already registered")
    return spec


def list_sheets() -> list[SheetSpec]:
    """All sheets in the order they are read and written."""
    return sorted(_SHEETS.values(), key=lambda spec: (spec.order, spec.name))


def get_sheet(name: str) -> SheetSpec | None:
    """The sheet of that name, or None."""
    return _SHEETS.get(name)


def match_sheet(written: str) -> SheetSpec | None:
    """The sheet meant by a file's or worksheet's name: ``Products (1)``, ``产品``, ``prices_2026``."""
    for name in (normalise_name(written), strip_version(written)):
        for spec in _SHEETS.values():
            if name == spec.name or name in spec.aliases:
                return spec
    return None
