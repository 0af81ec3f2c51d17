"""The store of plain master data: one model row per sheet row, compared by natural key, written in bulk."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import models
from django.utils.translation import gettext as _

from core.errors import Conflict
from masterdata.importers.columns import EMPTY, as_text
from masterdata.importers.context import CODED_MODELS, ImportContext
from masterdata.importers.findings import FindingLog
from masterdata.importers.spec import ATTRIBUTE_PREFIX, RowChange, SheetChanges, SheetData, SheetSpec
from masterdata.models import Revised

SAMPLE = 200
_BATCH = 2_000


@dataclass
class _Plan:
    """What ``write`` needs of ``compare``: the rows to insert, the objects to change, the keys to delete."""

    new: list[int] = field(default_factory=list)
    changed: list[tuple[int, Revised]] = field(default_factory=list)
    removed: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class ModelStore:
    """Rows of one model.

    ``foreign_keys``: column → {sheet whose codes it takes: field}; by default the field has the column's name.
    ``replaces``: which stored rows a sheet that lacks them removes: None keeps them, ``()`` all, ``("product",)``
    those of the products that the sheet names.
    """

    model: type[Revised]
    foreign_keys: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    replaces: tuple[str, ...] | None = None

    def links(self, spec: SheetSpec) -> dict[str, Mapping[str, str]]:
        """Reference column → {sheet whose codes it takes: foreign key that holds it}."""
        return {
            column.name: self.foreign_keys.get(column.name, dict.fromkeys(column.refers_to, column.name))
            for column in spec.columns
            if column.refers_to
        }

    def compare(self, sheet: SheetData, context: ImportContext) -> SheetChanges:
        """New, changed, unchanged and removed rows, without writing."""
        view = _RowView(self, sheet.spec, context)
        stored = {view.key(obj): obj for obj in self.model._default_manager.all()}
        changes = SheetChanges(payload=_Plan())
        digest = hashlib.sha256()
        names = list(sheet.columns)
        for index, row in enumerate(sheet.rows):
            key = view.key_of_row(sheet, index)
            obj = stored.pop(key, None)
            cells = dict(view.differences(sheet, index, obj, names))
            change = self._note(changes, index, row, key, obj, cells, context)
            if change:
                _remember(change, changes, digest)
        groups = {view.group_of_row(sheet, i, self.replaces) for i in range(len(sheet))} if self.replaces else None
        if self.replaces is not None and len(sheet):
            for key, obj in stored.items():
                if groups is None or view.group(obj, self.replaces) in groups:
                    changes.removed += 1
                    changes.payload.removed.append(obj.pk)
                    cells = {name: (as_text(view.value(obj, name), sheet.spec.column(name)), "") for name in names}
                    _remember(RowChange("removed", key, 0, cells), changes, digest)
        changes.digest = digest.hexdigest()
        return changes

    def _note(
        self,
        changes: SheetChanges,
        index: int,
        row: int,
        key: tuple[Any, ...],
        obj: Revised | None,
        cells: dict[str, tuple[Any, Any]],
        context: ImportContext,
    ) -> RowChange | None:
        if obj is None:
            changes.new += 1
            changes.payload.new.append(index)
            return RowChange("new", key, row, cells)
        if not cells:
            changes.unchanged += 1
            return None
        changes.changed += 1
        changes.payload.changed.append((index, obj))
        is_overwrite = context.since is not None and obj.revision > context.since
        changes.overwrites += is_overwrite
        return RowChange("changed", key, row, cells, is_overwrite)

    def write(self, sheet: SheetData, changes: SheetChanges, context: ImportContext) -> None:
        """Insert, update and delete what ``compare`` found. Codes of this sheet may refer to each other."""
        view = _RowView(self, sheet.spec, context)
        plan: _Plan = changes.payload
        later = [name for name in sheet.spec.tree if name in sheet.columns]
        names = [name for name in sheet.columns if name not in later]
        if plan.removed:
            for start in range(0, len(plan.removed), _BATCH):
                self.model._default_manager.filter(pk__in=plan.removed[start : start + _BATCH]).delete()
        fresh = [(index, self.model()) for index in plan.new]
        for index, obj in fresh:
            view.assign(obj, sheet, index, names)
        created = self.model._default_manager.bulk_create([obj for _index, obj in fresh], batch_size=_BATCH)
        if sheet.spec.name in CODED_MODELS:
            context.forget_ids(sheet.spec.name)
        updates = list(plan.changed)
        if later:
            updates += [(index, obj) for (index, _old), obj in zip(fresh, created, strict=True)]
        for index, obj in updates:
            view.assign(obj, sheet, index, [*names, *later])
        self._update([obj for _index, obj in updates])

    def _update(self, objects: list[Revised]) -> None:
        """Overwrite existing rows by primary key; five to ten times faster than ``bulk_update``."""
        if objects:
            fields = [f.name for f in self.model._meta.concrete_fields if not f.primary_key]
            options: dict[str, Any] = {"update_conflicts": True, "unique_fields": ["id"], "update_fields": fields}
            self.model._default_manager.bulk_create(objects, batch_size=_BATCH, **options)


def _remember(change: RowChange, changes: SheetChanges, digest: Any) -> None:
    digest.update(repr((change.kind, change.key, sorted(change.cells.items()))).encode())
    if len(changes.sample) < SAMPLE:
        changes.sample.append(change)


def empty_value(model: type[models.Model], name: str) -> Any:
    """What an empty cell of a plain column stores: null where allowed, else the field's default."""
    model_field = model._meta.get_field(name)
    assert isinstance(model_field, models.Field)
    return None if model_field.null else model_field.get_default()


class _RowView:
    """Reads and writes model rows by column name, codes instead of ids."""

    def __init__(self, store: ModelStore, spec: SheetSpec, context: ImportContext) -> None:
        self.spec = spec
        self.context = context
        self.model = store.model
        self.links: dict[str, Mapping[str, str]] = {}
        for column in spec.columns:
            if column.refers_to:
                default = dict.fromkeys(column.refers_to, column.name)
                self.links[column.name] = store.foreign_keys.get(column.name, default)
        entities = {entity for link in self.links.values() for entity in link}
        self.codes = {e: {pk: code for code, pk in context.stored_ids(e).items()} for e in entities}

    def value(self, obj: models.Model, name: str) -> Any:
        """A stored value as the sheet's column has it; a reference as its code."""
        if name.startswith(ATTRIBUTE_PREFIX):
            return obj.attributes.get(name.removeprefix(ATTRIBUTE_PREFIX), "")  # type: ignore[attr-defined]
        if name not in self.links:
            return getattr(obj, name)
        for entity, fk in self.links[name].items():
            pk = getattr(obj, f"{fk}_id")
            if pk is not None:
                return self.codes[entity][pk]
        return None

    def cell(self, sheet: SheetData, name: str, index: int) -> Any:
        """A row's value as it would be stored: an empty cell is the field's default."""
        value = sheet.columns[name][index] if name in sheet.columns else EMPTY
        if value is not EMPTY:
            return value
        if name in self.links:
            return None
        if name.startswith(ATTRIBUTE_PREFIX):
            return ""
        return empty_value(self.model, name)

    def key(self, obj: models.Model) -> tuple[Any, ...]:
        return self.group(obj, self.spec.key)

    def group(self, obj: models.Model, names: tuple[str, ...]) -> tuple[Any, ...]:
        return tuple(self.value(obj, name) for name in names)

    def key_of_row(self, sheet: SheetData, index: int) -> tuple[Any, ...]:
        return self.group_of_row(sheet, index, self.spec.key)

    def group_of_row(self, sheet: SheetData, index: int, names: tuple[str, ...]) -> tuple[Any, ...]:
        return tuple(self.cell(sheet, name, index) for name in names)

    def differences(
        self, sheet: SheetData, index: int, obj: Revised | None, names: list[str]
    ) -> Iterator[tuple[str, tuple[Any, Any]]]:
        """(column, (before, after)) as texts, where they differ; for a new row every filled column."""
        for name in names:
            after = self.cell(sheet, name, index)
            before = None if obj is None else self.value(obj, name)
            if before != after:
                column = self.spec.column(name)
                pair = (as_text(before, column), as_text(after, column))
                if obj is not None or pair[1]:
                    yield name, pair

    def assign(self, obj: Revised, sheet: SheetData, index: int, names: list[str]) -> None:
        """Set the columns of a row on an object, codes resolved to ids."""
        obj.revision = self.context.revision
        for name in names:
            value = self.cell(sheet, name, index)
            if name in self.links:
                self._assign_link(obj, name, value)
            elif name.startswith(ATTRIBUTE_PREFIX):
                attributes = dict(obj.attributes)  # type: ignore[attr-defined]
                attributes[name.removeprefix(ATTRIBUTE_PREFIX)] = value
                obj.attributes = {k: v for k, v in attributes.items() if v}  # type: ignore[attr-defined]
            else:
                setattr(obj, name, value)

    def _assign_link(self, obj: Revised, name: str, code: str | None) -> None:
        found = False
        for entity, fk in self.links[name].items():
            pk = None if code is None or found else self.context.stored_ids(entity).get(code)
            found = found or pk is not None
            setattr(obj, f"{fk}_id", pk)
        if code is not None and not found:
            raise Conflict(
                _("“%(code)s” was removed by somebody else meanwhile. Check the import again.") % {"code": code},
                code="import_outdated",
            )


def stored_sheet(spec: SheetSpec, rows: Iterable[Revised], *, show_costs: bool) -> Iterator[list[str]]:
    """Stored rows as a sheet that imports again unchanged: the header, then texts. Costs only for who may see them."""
    assert isinstance(spec.store, ModelStore)
    view = _RowView(spec.store, spec, ImportContext(FindingLog()))
    objects = list(rows)
    names = [column.name for column in spec.columns if show_costs or not column.sensitive]
    if spec.attributes:
        found = {name for obj in objects for name in obj.attributes}  # type: ignore[attr-defined]
        names += [ATTRIBUTE_PREFIX + name for name in sorted(found)]
    columns = [spec.column(name) for name in names]
    yield names
    for obj in objects:
        yield [as_text(view.value(obj, name), column) for name, column in zip(names, columns, strict=True)]
